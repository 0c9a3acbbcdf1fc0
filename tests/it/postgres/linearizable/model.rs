//! A minimal model of a registry: the responses to requests, and their changes.

use std::collections::BTreeMap;

/// A request of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    Register(usize, usize),
    LookUp(usize, usize),
    Latest(usize),
    Versions(usize),
    Config(usize),
    SetConfig(usize, &'static str),
    DeleteConfig(usize),
    Delete(usize),
    DeleteLatest(usize),
    DeleteForGood(usize),
}

/// The response, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Response {
    Version { id: u64, version: u64 },
    Numbers(Vec<u64>),
    Level(String),
    Refused(i64),
}

/// The state of a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    subjects: BTreeMap<usize, Subject>,
    /// The ids of the schemas that any version has.
    ids: BTreeMap<usize, u64>,
    last_id: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Subject {
    versions: Vec<Version>,
    config: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Version {
    number: u64,
    schema: usize,
    id: u64,
    deleted: bool,
}

impl Version {
    fn response(&self) -> Response {
        Response::Version { id: self.id, version: self.number }
    }
}

impl Model {
    /// Answers a request, and returns whether it changed anything.
    pub(crate) fn apply(&mut self, request: Request) -> (Response, bool) {
        let (Request::Register(name, _)
        | Request::LookUp(name, _)
        | Request::Latest(name)
        | Request::Versions(name)
        | Request::Config(name)
        | Request::SetConfig(name, _)
        | Request::DeleteConfig(name)
        | Request::Delete(name)
        | Request::DeleteLatest(name)
        | Request::DeleteForGood(name)) = request;
        let subject = self.subjects.entry(name).or_default();
        let live = || subject.versions.iter().filter(|version| !version.deleted);
        let numbers = |versions: Vec<&Version>| Response::Numbers(versions.iter().map(|it| it.number).collect());
        let read = |response| (response, false);
        match request {
            Request::Register(_, schema) => {
                if let Some(known) = live().find(|version| version.schema == schema) {
                    return read(known.response());
                }
                let number = subject.versions.last().map_or(1, |last| last.number + 1);
                let last_id = &mut self.last_id;
                let id = *self.ids.entry(schema).or_insert_with(|| {
                    *last_id += 1;
                    *last_id
                });
                let version = Version { number, schema, id, deleted: false };
                let response = version.response();
                // It replaces the deleted version of the same content.
                subject.versions.retain(|other| other.schema != schema);
                subject.versions.push(version);
                (response, true)
            }
            Request::LookUp(_, schema) => read(match live().find(|version| version.schema == schema) {
                Some(found) => found.response(),
                None if live().next().is_some() => Response::Refused(40403),
                None => Response::Refused(40401),
            }),
            Request::Latest(_) => read(live().next_back().map_or(Response::Refused(40401), Version::response)),
            Request::Versions(_) => {
                let live: Vec<_> = live().collect();
                read(if live.is_empty() { Response::Refused(40401) } else { numbers(live) })
            }
            Request::Config(_) => read(match subject.config {
                Some(level) => Response::Level(level.to_owned()),
                None => Response::Refused(40408),
            }),
            Request::SetConfig(_, level) => {
                subject.config = Some(level);
                (Response::Level(level.to_owned()), true)
            }
            Request::DeleteConfig(_) => match subject.config.take() {
                Some(level) => (Response::Level(level.to_owned()), true),
                None => read(Response::Refused(40401)),
            },
            Request::Delete(_) | Request::DeleteLatest(_) if subject.versions.is_empty() => {
                read(Response::Refused(40401))
            }
            Request::Delete(_) => {
                let response = numbers(live().collect());
                if response == Response::Numbers(Vec::new()) {
                    return read(Response::Refused(40404));
                }
                subject.versions.iter_mut().for_each(|version| version.deleted = true);
                (response, true)
            }
            Request::DeleteLatest(_) => match subject.versions.iter_mut().rfind(|version| !version.deleted) {
                Some(latest) => {
                    latest.deleted = true;
                    (Response::Numbers(vec![latest.number]), true)
                }
                None => read(Response::Refused(40402)),
            },
            Request::DeleteForGood(_) => {
                if subject.versions.is_empty() {
                    return read(Response::Refused(40401));
                }
                if live().next().is_some() {
                    return read(Response::Refused(40405));
                }
                let response = numbers(subject.versions.iter().collect());
                self.subjects.remove(&name);
                let held = |schema| self.subjects.values().flat_map(|it| &it.versions).any(|it| it.schema == schema);
                let unheld: Vec<usize> = self.ids.keys().copied().filter(|schema| !held(*schema)).collect();
                for schema in unheld {
                    self.ids.remove(&schema);
                }
                (response, true)
            }
        }
    }
}
