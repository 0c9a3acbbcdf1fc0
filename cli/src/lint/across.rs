//! Rules about files together: what one defines and another uses.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use super::rules::rule;
use super::settings::Settings;
use super::{Hit, finding};
use crate::Error;
use crate::project::{LOCK, Lock, Project};
use crate::report::{Outcome, State};
use crate::source::SchemaFile;
use avow_schema::source::{Item, Shape, items};

/// Finds types that two files define differently.
pub(super) fn definitions(project: &Project, outcomes: &mut [Outcome]) {
    let rule = rule("duplicate-definition-differs");
    let mut known: HashMap<String, (Rc<SchemaFile>, serde_json::Value)> = HashMap::new();
    for outcome in outcomes {
        let file = Rc::clone(&outcome.file);
        let (Some(root), Some(severity)) = (file.tree(), Settings::of(project, &file.path).severity(rule)) else {
            continue;
        };
        for item in items(root) {
            let Item::Type(found) = item else { continue };
            let Shape::Named { full, .. } = &found.shape else { continue };
            let full = full.clone();
            let Some((other, meaning)) = known.get(&full) else {
                known.insert(full, (Rc::clone(&file), found.meaning()));
                continue;
            };
            let same = *meaning == found.meaning();
            if !same && !Rc::ptr_eq(other, &file) {
                let title = format!("`{full}` is defined otherwise in `{}`", other.name());
                let hit = Hit::new(found.node, None, &found.path, title);
                outcome.findings.push(finding(&file, rule, severity, hit));
            }
        }
    }
}

/// What a file takes from others.
struct Use {
    /// The full name, as far as the file shows.
    name: String,
    span: Range<usize>,
    path: String,
}

/// The names in a file that it does not define itself, each once.
fn uses(file: &SchemaFile) -> Vec<Use> {
    let items = file.tree().map(items).unwrap_or_default();
    let mut own: HashSet<&str> = items
        .iter()
        .filter_map(|item| match item {
            Item::Type(avow_schema::source::Type { shape: Shape::Named { full, .. }, .. }) => Some(full.as_str()),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    for item in &items {
        let Item::Type(it) = item else { continue };
        let Shape::Name { full } = &it.shape else { continue };
        if own.insert(full) {
            found.push(Use { name: full.clone(), span: it.node.span.clone(), path: it.path.clone() });
        }
    }
    found
}

/// Every file of a project by the type it is about.
struct Files {
    by_name: HashMap<String, Rc<SchemaFile>>,
    uses: HashMap<String, Vec<Use>>,
}

impl Files {
    fn of(project: &Project, outcomes: &[Outcome]) -> Result<Self, Error> {
        let mut files = Self { by_name: HashMap::new(), uses: HashMap::new() };
        for outcome in outcomes {
            files.add(Rc::clone(&outcome.file));
        }
        for path in project.files(&[])?.into_iter().chain(project.all_files()?) {
            // A file that cannot be read is reported where it is checked.
            if let Ok(file) = SchemaFile::read(&path) {
                files.add(Rc::new(file));
            }
        }
        Ok(files)
    }

    /// The first of a name stays.
    fn add(&mut self, file: Rc<SchemaFile>) {
        let Some(name) = file.full_name() else { return };
        if !self.by_name.contains_key(&name) {
            self.uses.insert(name.clone(), uses(&file));
            self.by_name.insert(name, file);
        }
    }

    /// The name of the file that is meant.
    fn meant(&self, name: &str) -> Option<&str> {
        let short = name.rsplit('.').next().unwrap_or(name);
        [name, short].into_iter().find_map(|name| self.by_name.get_key_value(name)).map(|(name, _)| name.as_str())
    }

    fn needs(&self, name: &str) -> impl Iterator<Item = (&str, &Use)> {
        let uses = self.uses.get(name).into_iter().flatten();
        uses.filter_map(|it| Some((self.meant(&it.name)?, it)))
    }

    /// The shortest way from a file back to itself: the use it begins with, and the names on it.
    fn circle(&self, start: &str) -> Option<(&Use, Vec<&str>)> {
        for (first, begin) in self.needs(start) {
            let mut reached: HashMap<&str, &str> = HashMap::new();
            let mut open = VecDeque::from([first]);
            while let Some(name) = open.pop_front() {
                if name == start {
                    let mut way = vec![name];
                    while let Some(before) = reached.get(way[way.len() - 1]).copied().filter(|_| way.len() < 100) {
                        way.push(before);
                        if before == first {
                            break;
                        }
                    }
                    way.reverse();
                    return Some((begin, way));
                }
                for (next, _) in self.needs(name) {
                    if next != first && !reached.contains_key(next) {
                        reached.insert(next, name);
                        open.push_back(next);
                    }
                }
            }
        }
        None
    }
}

/// Finds files that need each other, and those that nobody needs.
pub(super) fn needs(project: &Project, outcomes: &mut Vec<Outcome>, is_whole: bool) -> Result<(), Error> {
    let (circular, unused) = (rule("reference-cycle"), rule("unused-named-type"));
    let listed: Vec<Option<String>> = outcomes.iter().map(|outcome| outcome.file.full_name()).collect();
    let is_alone = outcomes.iter().all(|outcome| uses(&outcome.file).is_empty());
    let all = if is_whole { project.all_files()? } else { Vec::new() };
    let is_listed = |path: &Path| outcomes.iter().any(|outcome| outcome.file.path == path);
    let lying_about: Vec<_> = all.into_iter().filter(|path| !is_listed(path)).collect();
    if is_alone && lying_about.is_empty() {
        return Ok(());
    }
    let files = Files::of(project, outcomes)?;
    for (outcome, name) in outcomes.iter_mut().zip(&listed) {
        let severity = Settings::of(project, &outcome.file.path).severity(circular);
        let (Some(name), Some(severity)) = (name, severity) else { continue };
        if let Some((begin, way)) = files.circle(name) {
            let way: Vec<String> = way.iter().map(|name| format!("`{name}`")).collect();
            let title = format!("`{name}` needs {}", way.join(", which needs "));
            let hit = Hit { span: begin.span.clone(), path: begin.path.clone(), title };
            outcome.findings.push(finding(&outcome.file, circular, severity, hit));
        }
    }
    let mut needed: HashSet<&str> = HashSet::new();
    let mut open: Vec<&str> = listed.iter().flatten().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        open.extend(files.needs(name).map(|(needs, _)| needs).filter(|needs| needed.insert(needs)));
    }
    for path in lying_about {
        let Some(severity) = Settings::of(project, &path).severity(unused) else { continue };
        let Ok(file) = SchemaFile::read(&path).map(Rc::new) else { continue };
        let Some(name) = file.full_name().filter(|name| !needed.contains(name.as_str())) else { continue };
        let Some(root) = file.tree() else { continue };
        let short = name.rsplit('.').next().unwrap_or(&name);
        let title = format!("`{name}` belongs to no subject, and none uses it");
        let findings = vec![finding(&file, unused, severity, Hit::new(root, None, short, title))];
        let state = State::Checked;
        outcomes.push(Outcome { file, subject: None, level: None, against: Vec::new(), state, findings });
    }
    Ok(())
}

/// Finds references to versions that are not the latest, as far as `avow.lock` knows.
pub(super) fn outdated(project: &Project, outcomes: &mut [Outcome]) -> Result<(), Error> {
    let rule = rule("reference-outdated");
    let path = project.path(LOCK.as_ref());
    if !path.is_file() {
        return Ok(());
    }
    let mut lock = None;
    for outcome in outcomes {
        let file = Rc::clone(&outcome.file);
        let (Some(root), Some(severity)) = (file.tree(), Settings::of(project, &file.path).severity(rule)) else {
            continue;
        };
        for reference in project.assignment_to(&file.path, String::new()).references {
            let lock = match &lock {
                Some(lock) => lock,
                None => lock.insert(Lock::read(&path)?),
            };
            let latest = lock.subjects.get(&reference.subject).and_then(|subject| subject.versions.last());
            if let Some(latest) = latest.filter(|latest| (1..latest.version).contains(&reference.version)) {
                let (name, subject) = (&reference.name, &reference.subject);
                let (used, latest) = (reference.version, latest.version);
                let title = format!("`{name}` is version {used} of `{subject}`, whose latest is {latest}");
                let way = name.rsplit('.').next().unwrap_or(name);
                outcome.findings.push(finding(&file, rule, severity, Hit::new(root, None, way, title)));
            }
        }
    }
    Ok(())
}
