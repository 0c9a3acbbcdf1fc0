//! Making a plan: every file before what the registry holds of its subject.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use avow_avro::Strictness;

use super::document::{Action, Document, Entry, Setting, State, Step};
use super::equivalence::FullSchema;
use super::prune::{self, Prune};
use super::references::{ResolvedReferences, Settled};
use super::remote_state::{self, DEFAULTS, Observed, SubjectState};
use super::settings;
use super::tree::Tree;
use super::verdict::{self, Proposal};
use crate::project::{Broken, Declared, Documents, Project, Resolved};
use crate::remote::{Remote, ask_all};
use crate::source::{SchemaFile, slashed};
use crate::terminal::Terminal;
use crate::{Error, diff};
use avow_domain::{Config, Content, Mode, Reference};

/// Where a plan is made, and for what.
pub(super) struct Planner<'a> {
    pub(super) project: &'a Project,
    pub(super) remote: &'a Remote,
    pub(super) terminal: &'a Terminal,
    pub(super) prune: Prune,
    /// Whether to find out what the registry will say.
    pub(super) evaluated: bool,
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

impl Planner<'_> {
    pub(super) async fn make(&self, command: &str, tree: &Tree) -> Result<Document, Error> {
        let mut subjects: Vec<String> = tree.wanted.iter().map(|it| it.assignment.subject.clone()).collect();
        subjects.push(DEFAULTS.to_owned());
        let looked = ask_all(self.terminal, &subjects, |at| remote_state::look(self.remote, &subjects[at])).await?;
        let mut states: HashMap<String, SubjectState> = subjects.into_iter().zip(looked).collect();

        let mut found = Found::default();
        let mut all_settings = self.defaults(&states, &mut found);
        for at in 0..tree.wanted.len() {
            self.file(tree, at, &states, &mut found).await?;
            let assignment = &tree.wanted[at].assignment;
            let seen = &states[&assignment.subject].seen;
            let entry = found.entries.last_mut().expect("the line before added it");
            all_settings.extend(declare(entry, &assignment.declared, seen));
        }
        if self.evaluated {
            verdict::evaluate(
                self.remote,
                self.terminal,
                &found.proposals,
                &mut found.entries,
                self.project.check.meaning,
            )
            .await?;
        }
        let pruned = prune::find(self, tree, &mut states).await?;
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
        let mut seen: BTreeMap<String, Observed> = BTreeMap::new();
        if !steps.is_empty() {
            seen.insert(DEFAULTS.to_owned(), states[DEFAULTS].seen.clone());
        }
        for step in &steps {
            seen.entry(step.subject.clone()).or_insert_with(|| states[&step.subject].seen.clone());
        }
        let context = self.remote.client.context().map(str::to_owned);
        let mut document = Document::new(command, self.remote.url(), context, found.entries, steps, seen);
        if self.evaluated {
            verdict::rehearse(self.remote, &mut document).await?;
        }
        Ok(document)
    }

    /// The settings of everything.
    fn defaults(&self, states: &HashMap<String, SubjectState>, found: &mut Found) -> Vec<Step> {
        let declared = &self.project.defaults;
        if *declared == Declared::default() {
            return Vec::new();
        }
        let mut entry = Entry { subject: DEFAULTS.to_owned(), ..Entry::default() };
        let steps = declare(&mut entry, declared, &states[DEFAULTS].seen);
        if !steps.is_empty() {
            found.entries.push(entry);
        }
        steps
    }

    fn conditions(&self, declared: &Declared, states: &HashMap<String, SubjectState>, subject: &str) -> Conditions {
        let (own, everywhere) = (&states[subject].seen, &states[DEFAULTS].seen);
        let before = remote_state::in_force(own.config.as_ref(), everywhere.config.as_ref());
        let own_after = settings::after(declared, own.config.as_ref());
        let everywhere_after = settings::after(&self.project.defaults, everywhere.config.as_ref());
        let after = remote_state::in_force(own_after.as_ref(), everywhere_after.as_ref());
        let opened = |declared: &Declared, seen: &Observed| match declared.mode {
            Some(Mode::ReadWrite) => Some(Mode::ReadWrite.as_str().to_owned()),
            _ => seen.mode.clone(),
        };
        let mode = opened(declared, own).or_else(|| opened(&self.project.defaults, everywhere));
        Conditions { before, after, shut: mode.filter(|mode| Mode::parse(mode) != Some(Mode::ReadWrite)) }
    }

    /// Compares the file with what its subject holds.
    async fn file(
        &self,
        tree: &Tree,
        at: usize,
        states: &HashMap<String, SubjectState>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let wanted = &tree.wanted[at];
        let subject = &wanted.assignment.subject;
        let (seen, latest) = (&states[subject].seen, states[subject].latest.as_ref());
        let conditions = self.conditions(&wanted.assignment.declared, states, subject);
        let mut entry = Entry {
            subject: subject.clone(),
            file: Some(slashed(&wanted.file.path)),
            latest: seen.versions.last().copied(),
            ..Entry::default()
        };
        let resolved_references = ResolvedReferences::of(self.remote, tree, &found.settled, at).await?;
        let strictness = match conditions.after.validate_new_schemas {
            Some(false) => Strictness::Lenient,
            _ => Strictness::Strict,
        };
        let strict = match wanted.fault() {
            Some(fault) => Err(fault),
            None => resolved_references.documents.resolve(&wanted.file.text, strictness),
        };
        let lenient = match &strict {
            // What would be refused today may have been taken long ago.
            Err(_) if wanted.fault().is_none() => {
                resolved_references.documents.resolve(&wanted.file.text, Strictness::Lenient).ok()
            }
            _ => None,
        };
        let schema = strict.as_ref().ok().or(lenient.as_ref()).map(|resolved| &resolved.schema);
        let content = Content {
            schema_type: avow_domain::SchemaType::Avro,
            text: String::new(),
            references: resolved_references.references.clone(),
            metadata: wanted.assignment.beside.metadata.clone(),
            rule_set: wanted.assignment.beside.rule_set.clone(),
        };
        let offered = schema.map(|schema| FullSchema::offered(schema, content.clone(), &conditions.after));
        let stored = match latest {
            Some(latest) => FullSchema::stored(self.remote, latest).await?,
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
            self.place(subject, &states[subject], offered.as_ref(), stored.as_ref(), &conditions.after, &mut entry)
                .await?;
        }
        let is_there = entry.states.iter().all(|state| *state == State::Older);
        if !is_there {
            missing(&mut entry, &resolved_references.missing);
            match strict {
                Ok(resolved) => {
                    note_changes(&mut entry, offered.as_ref(), stored.as_ref());
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
                    found.proposals.extend(proposal(
                        tree,
                        at,
                        strictness,
                        resolved,
                        &resolved_references,
                        &conditions,
                        &entry,
                    ));
                }
                Err(broken) => invalid(&mut entry, &wanted.file, &broken),
            }
        }
        let mut documents = Documents::default();
        documents.list(&wanted.file.text);
        found.settled.push(Settled {
            version: entry.version.unwrap_or(1),
            registered: is_there,
            documents: Rc::new(documents.with(&resolved_references.documents)),
        });
        found.entries.push(entry);
        Ok(())
    }

    /// Looks for the file among the earlier versions; else it becomes the next one.
    async fn place(
        &self,
        subject: &str,
        states: &SubjectState,
        offered: Option<&FullSchema>,
        latest: Option<&FullSchema>,
        config: &Config,
        entry: &mut Entry,
    ) -> Result<(), Error> {
        let seen = &states.seen;
        let history = remote_state::history(self.remote, subject, states).await?;
        let next = history.first().map_or(1, |newest| newest.version + 1);
        for version in &history {
            let Some(stored) = FullSchema::stored(self.remote, version).await? else { continue };
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
                "it is version {deleted}, which was soft-deleted; `avow undelete {subject}@{deleted}` brings that back"
            ));
        } else if seen.versions.is_empty() && !history.is_empty() {
            entry.notes.push(format!("the subject was soft-deleted; `avow versions {subject} --deleted` shows it"));
        }
        Ok(())
    }
}

/// The compatibility check of a file that becomes a version.
fn proposal(
    tree: &Tree,
    at: usize,
    strictness: Strictness,
    resolved: Resolved,
    resolved_references: &ResolvedReferences,
    conditions: &Conditions,
    entry: &Entry,
) -> Option<Proposal> {
    // Nothing to be compatible with; or refused anyway, for want of what it refers to.
    if entry.latest.is_none() || !resolved_references.missing.is_empty() {
        return None;
    }
    let wanted = &tree.wanted[at];
    let (before, after) = (remote_state::level(&conditions.before), remote_state::level(&conditions.after));
    Some(Proposal {
        subject: wanted.assignment.subject.clone(),
        file: Rc::clone(&wanted.file),
        assignment: wanted.assignment.clone(),
        strictness,
        resolved,
        references: resolved_references.references.clone(),
        registered: resolved_references.registered.clone(),
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
fn declare(entry: &mut Entry, declared: &Declared, seen: &Observed) -> Vec<Step> {
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
fn note_changes(entry: &mut Entry, offered: Option<&FullSchema>, stored: Option<&FullSchema>) {
    let (Some(offered), Some(stored)) = (offered, stored) else { return };
    entry.changes.extend(diff::summarize(&stored.schema, &offered.schema));
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
