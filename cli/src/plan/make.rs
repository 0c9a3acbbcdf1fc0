//! Making a plan: every file before what the registry holds of its subject.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use avow_avro::Strictness;

use super::document::{Action, Document, Entry, Setting, State, Step};
use super::held::{self, DEFAULTS, Held, Seen};
use super::prune::{self, Prune};
use super::refer::{Referred, Settled};
use super::same::Whole;
use super::settings;
use super::tree::Tree;
use super::verdict::{self, Proposal};
use crate::project::{Broken, Declared, Documents, Project, Resolved};
use crate::remote::{Remote, ask_all};
use crate::source::{SchemaFile, slashed};
use crate::terminal::Talk;
use crate::{Error, diff};
use avow_domain::{Config, Content, Mode, Reference};

/// Where a plan is made, and for what.
pub(super) struct Maker<'a> {
    pub(super) project: &'a Project,
    pub(super) remote: &'a Remote,
    pub(super) talk: &'a Talk,
    pub(super) prune: Prune,
    /// Whether to find out what the registry will say.
    pub(super) judged: bool,
}

/// What was found out about the files.
#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    registrations: Vec<Step>,
    proposals: Vec<Proposal>,
    settled: Vec<Settled>,
}

/// What holds for a subject while its schema is registered.
struct Conditions {
    /// As it is, and as it will be.
    before: Config,
    after: Config,
    /// What may be written; none if anything may.
    shut: Option<String>,
}

impl Maker<'_> {
    pub(super) async fn make(&self, command: &str, tree: &Tree) -> Result<Document, Error> {
        let mut subjects: Vec<String> = tree.wanted.iter().map(|it| it.assignment.subject.clone()).collect();
        subjects.push(DEFAULTS.to_owned());
        let looked = ask_all(self.talk, &subjects, |at| held::look(self.remote, &subjects[at])).await?;
        let mut held: HashMap<String, Held> = subjects.into_iter().zip(looked).collect();

        let mut found = Found::default();
        let mut all_settings = self.defaults(&held, &mut found);
        for at in 0..tree.wanted.len() {
            self.file(tree, at, &held, &mut found).await?;
            let assignment = &tree.wanted[at].assignment;
            let seen = &held[&assignment.subject].seen;
            let entry = found.entries.last_mut().expect("the line before added it");
            all_settings.extend(declare(entry, &assignment.declared, seen));
        }
        if self.judged {
            verdict::judge(self.remote, self.talk, &found.proposals, &mut found.entries).await?;
        }
        let pruned = prune::find(self, tree, &mut held).await?;
        for entry in &mut found.entries {
            entry.states.sort_unstable();
            if entry.states.is_empty() {
                entry.states.push(State::Unchanged);
            }
        }
        found.entries.extend(pruned.entries);
        found.entries.sort_by(|a, b| a.subject.cmp(&b.subject));

        let mut steps = ordered(all_settings);
        let closing = steps.split_off(steps.iter().take_while(|step| !closes(step)).count());
        steps.extend(found.registrations);
        steps.extend(pruned.steps);
        steps.extend(closing);
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        if !steps.is_empty() {
            seen.insert(DEFAULTS.to_owned(), held[DEFAULTS].seen.clone());
        }
        for step in &steps {
            seen.entry(step.subject.clone()).or_insert_with(|| held[&step.subject].seen.clone());
        }
        let context = self.remote.client.context().map(str::to_owned);
        let mut document = Document::new(command, self.remote.url(), context, found.entries, steps, seen);
        if self.judged {
            verdict::rehearse(self.remote, &mut document).await?;
        }
        Ok(document)
    }

    /// The settings of everything.
    fn defaults(&self, held: &HashMap<String, Held>, found: &mut Found) -> Vec<Step> {
        let declared = &self.project.defaults;
        if *declared == Declared::default() {
            return Vec::new();
        }
        let mut entry = Entry { subject: DEFAULTS.to_owned(), ..Entry::default() };
        let steps = declare(&mut entry, declared, &held[DEFAULTS].seen);
        if !steps.is_empty() {
            found.entries.push(entry);
        }
        steps
    }

    fn conditions(&self, declared: &Declared, held: &HashMap<String, Held>, subject: &str) -> Conditions {
        let (own, everywhere) = (&held[subject].seen, &held[DEFAULTS].seen);
        let before = held::in_force(own.config.as_ref(), everywhere.config.as_ref());
        let own_after = settings::after(declared, own.config.as_ref());
        let everywhere_after = settings::after(&self.project.defaults, everywhere.config.as_ref());
        let after = held::in_force(own_after.as_ref(), everywhere_after.as_ref());
        let opened = |declared: &Declared, seen: &Seen| match declared.mode {
            Some(Mode::ReadWrite) => Some(Mode::ReadWrite.as_str().to_owned()),
            _ => seen.mode.clone(),
        };
        let mode = opened(declared, own).or_else(|| opened(&self.project.defaults, everywhere));
        Conditions { before, after, shut: mode.filter(|mode| Mode::parse(mode) != Some(Mode::ReadWrite)) }
    }

    /// Compares the file with what its subject holds.
    async fn file(&self, tree: &Tree, at: usize, held: &HashMap<String, Held>, found: &mut Found) -> Result<(), Error> {
        let wanted = &tree.wanted[at];
        let subject = &wanted.assignment.subject;
        let (seen, latest) = (&held[subject].seen, held[subject].latest.as_ref());
        let conditions = self.conditions(&wanted.assignment.declared, held, subject);
        let mut entry = Entry {
            subject: subject.clone(),
            file: Some(slashed(&wanted.file.path)),
            latest: seen.versions.last().copied(),
            ..Entry::default()
        };
        let referred = Referred::of(self.remote, tree, &found.settled, at).await?;
        let strict = referred.documents.resolve(&wanted.file.text, Strictness::Strict);
        let lenient = match &strict {
            // What would be refused today may have been taken long ago.
            Err(_) => referred.documents.resolve(&wanted.file.text, Strictness::Lenient).ok(),
            Ok(_) => None,
        };
        let schema = strict.as_ref().ok().or(lenient.as_ref()).map(|resolved| &resolved.schema);
        let content = Content {
            schema_type: avow_domain::SchemaType::Avro,
            text: String::new(),
            references: referred.references.clone(),
            metadata: wanted.assignment.beside.metadata.clone(),
            rule_set: wanted.assignment.beside.rule_set.clone(),
        };
        let offered = schema.map(|schema| Whole::offered(schema, content.clone(), &conditions.after));
        let stored = match latest {
            Some(latest) => Whole::stored(self.remote, latest).await?,
            None => None,
        };
        let is_latest = offered
            .as_ref()
            .zip(stored.as_ref())
            .zip(entry.latest)
            .is_some_and(|((offered, stored), number)| offered.is(stored, number, Some(stored), &conditions.after));
        if is_latest {
            entry.version = entry.latest;
        } else {
            self.place(subject, &held[subject], offered.as_ref(), stored.as_ref(), &conditions.after, &mut entry)
                .await?;
        }
        let is_there = entry.states.iter().all(|state| *state == State::Older);
        if !is_there {
            missing(&mut entry, &referred.missing);
            match strict {
                Ok(resolved) => {
                    tell_changes(&mut entry, offered.as_ref(), stored.as_ref());
                    entry.refusals.extend(conditions.shut.as_ref().map(|mode| shut(mode)));
                    let Content { metadata, rule_set, references, .. } = content;
                    found.registrations.push(Step {
                        subject: subject.clone(),
                        action: Action::Register {
                            becomes: entry.version.unwrap_or(1),
                            schema: wanted.file.text.clone(),
                            references,
                            metadata,
                            rule_set,
                        },
                    });
                    found.proposals.extend(proposal(tree, at, resolved, &referred, &conditions, &entry));
                }
                Err(broken) => invalid(&mut entry, &wanted.file, &broken),
            }
        }
        let mut documents = Documents::default();
        documents.add(&wanted.file);
        found.settled.push(Settled {
            version: entry.version.unwrap_or(1),
            registered: is_there,
            documents: Rc::new(documents.with(&referred.documents)),
        });
        found.entries.push(entry);
        Ok(())
    }

    /// Looks for the file among the earlier versions; else it becomes the next one.
    async fn place(
        &self,
        subject: &str,
        held: &Held,
        offered: Option<&Whole>,
        latest: Option<&Whole>,
        config: &Config,
        entry: &mut Entry,
    ) -> Result<(), Error> {
        let seen = &held.seen;
        let history = held::history(self.remote, subject, held).await?;
        let next = history.first().map_or(1, |newest| newest.version + 1);
        for version in &history {
            let Some(stored) = Whole::stored(self.remote, version).await? else { continue };
            if !offered.is_some_and(|offered| offered.is(&stored, version.version, latest, config)) {
                continue;
            }
            if version.schema.deleted {
                entry.deleted_version = entry.deleted_version.or(Some(version.version));
                continue;
            }
            entry.states.push(State::Older);
            entry.version = Some(version.version);
            entry.versions = seen.versions.iter().copied().filter(|it| *it > version.version).collect();
            let last = entry.versions.last().copied().unwrap_or_default();
            entry.notes.push(format!(
                "registering it changes nothing; take the latest over with `avow pull {subject} --force`, or delete the \
                 versions after it, as in `avow delete {subject}@{last}`"
            ));
            return Ok(());
        }
        entry.states.push(if seen.versions.is_empty() { State::Create } else { State::NewVersion });
        entry.version = Some(next);
        if let Some(deleted) = entry.deleted_version {
            entry.notes.push(format!(
                "it is version {deleted}, which was deleted softly; `avow undelete {subject}@{deleted}` brings that back"
            ));
        } else if seen.versions.is_empty() && !history.is_empty() {
            entry.notes.push(format!("the subject was deleted softly; `avow versions {subject} --deleted` shows it"));
        }
        Ok(())
    }
}

/// What is to be judged of a file that becomes a version.
fn proposal(
    tree: &Tree,
    at: usize,
    resolved: Resolved,
    referred: &Referred,
    conditions: &Conditions,
    entry: &Entry,
) -> Option<Proposal> {
    // Nothing to be compatible with; or refused anyway, for want of what it refers to.
    if entry.latest.is_none() || !referred.missing.is_empty() {
        return None;
    }
    let wanted = &tree.wanted[at];
    let (before, after) = (held::level(&conditions.before), held::level(&conditions.after));
    Some(Proposal {
        subject: wanted.assignment.subject.clone(),
        file: Rc::clone(&wanted.file),
        assignment: wanted.assignment.clone(),
        resolved,
        references: referred.references.clone(),
        registered: referred.registered.clone(),
        level: (before != after).then_some(after),
    })
}

fn invalid(entry: &mut Entry, file: &Rc<SchemaFile>, broken: &Broken) {
    entry.states = vec![State::Invalid];
    entry.version = None;
    entry.refusals.push(broken.sentence());
    entry.notes.push(format!("`avow validate {}` shows the place", file.name()));
    entry.findings.push(serde_json::json!(broken.finding(file)));
}

/// Notes what is to be set, and gives the steps that do it.
fn declare(entry: &mut Entry, declared: &Declared, seen: &Seen) -> Vec<Step> {
    let subject = entry.subject.clone();
    let mut steps = Vec::new();
    let changed = settings::changed(declared, seen.config.as_ref());
    if let Some(step) = settings::step(&subject, &changed) {
        entry.states.push(State::Config);
        entry.settings.extend(changed);
        steps.push(step);
    }
    if let Some(mode) = declared.mode.map(Mode::as_str).filter(|mode| seen.mode.as_deref() != Some(mode)) {
        entry.states.push(State::Mode);
        let from = seen.mode.clone().map_or(serde_json::Value::Null, Into::into);
        entry.settings.push(Setting { name: "mode".to_owned(), from, to: mode.into() });
        steps.push(Step { subject, action: Action::SetMode { mode: mode.to_owned() } });
    }
    steps
}

/// Whether nothing can be written after this.
fn closes(step: &Step) -> bool {
    matches!(&step.action, Action::SetMode { mode } if mode != Mode::ReadWrite.as_str())
}

/// What opens comes first, what is wide before what is narrow; what closes comes last, the other way round.
fn ordered(mut steps: Vec<Step>) -> Vec<Step> {
    let rank = |step: &Step| match &step.action {
        Action::SetMode { .. } if closes(step) && step.subject != DEFAULTS => 2,
        Action::SetMode { .. } if closes(step) => 3,
        Action::SetMode { .. } => 0,
        _ => 1,
    };
    // Stable: the defaults were noted first.
    steps.sort_by_key(rank);
    steps
}

fn missing(entry: &mut Entry, missing: &[Reference]) {
    for Reference { name, subject, version } in missing {
        let version = if *version == -1 { "latest".to_owned() } else { version.to_string() };
        entry.refusals.push(format!("{name} is to come from {subject}@{version}, which the registry does not have"));
    }
}

fn shut(mode: &str) -> String {
    format!("the mode is {mode}; declare `mode = \"READWRITE\"` in avow.toml, or set it with `avow mode`")
}

/// What is different from the latest version.
fn tell_changes(entry: &mut Entry, offered: Option<&Whole>, stored: Option<&Whole>) {
    let (Some(offered), Some(stored)) = (offered, stored) else { return };
    entry.changes.extend(diff::told(&stored.schema, &offered.schema));
    let spelled = |references: &[Reference]| -> Vec<String> {
        references.iter().map(|it| format!("{} from {}@{}", it.name, it.subject, it.version)).collect()
    };
    let (old, new) = (spelled(&stored.content.references), spelled(&offered.content.references));
    entry.changes.extend(old.iter().filter(|it| !new.contains(it)).map(|it| format!("- reference: {it}")));
    entry.changes.extend(new.iter().filter(|it| !old.contains(it)).map(|it| format!("+ reference: {it}")));
    if offered.content.metadata.is_some() && offered.content.metadata != stored.content.metadata {
        entry.changes.push("~ metadata".to_owned());
    }
    if offered.content.rule_set.is_some() && offered.content.rule_set != stored.content.rule_set {
        entry.changes.push("~ rules".to_owned());
    }
    if entry.changes.is_empty() {
        entry.changes.push("~ order of references or properties".to_owned());
    }
}
