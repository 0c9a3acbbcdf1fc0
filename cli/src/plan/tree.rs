//! The files of a project with their subjects, each after those it uses.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::Error;
use crate::project::{Assignment, Project};
use crate::source::{Item, SchemaFile, Shape, items};

/// A file, and what it stands for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) file: Rc<SchemaFile>,
    pub(super) assignment: Assignment,
    /// The types it uses and does not define, in the order in which it does.
    pub(super) uses: Vec<String>,
}

/// What the files of a project are.
#[derive(Debug)]
pub(super) struct Tree {
    /// Each after those it uses.
    pub(super) wanted: Vec<Wanted>,
    /// Where types are defined.
    by_name: HashMap<String, usize>,
    by_subject: HashMap<String, usize>,
}

impl Tree {
    pub(super) fn read(project: &Project) -> Result<Self, Error> {
        Self::of(project, project.files_to_check(&[])?)
    }

    pub(super) fn of(project: &Project, files: Vec<Rc<SchemaFile>>) -> Result<Self, Error> {
        let mut wanted = Vec::with_capacity(files.len());
        for file in files {
            let assignment = project.assignment(&file.path, &file.text)?;
            let uses = uses(&file);
            wanted.push(Wanted { file, assignment, uses });
        }
        let mut tree = Self { wanted, by_name: HashMap::new(), by_subject: HashMap::new() };
        tree.index()?;
        let order = tree.order()?;
        let mut places: Vec<Option<Wanted>> = tree.wanted.drain(..).map(Some).collect();
        tree.wanted = order.into_iter().filter_map(|at| places[at].take()).collect();
        tree.index()?;
        Ok(tree)
    }

    fn index(&mut self) -> Result<(), Error> {
        self.by_name.clear();
        self.by_subject.clear();
        for (at, wanted) in self.wanted.iter().enumerate() {
            if let Some(name) = wanted.file.full_name() {
                self.by_name.entry(name).or_insert(at);
            }
            if let Some(other) = self.by_subject.insert(wanted.assignment.subject.clone(), at) {
                let (a, b) = (self.wanted[other].file.name(), wanted.file.name());
                let subject = &wanted.assignment.subject;
                return Err(Error::Input(format!(
                    "`{a}` and `{b}` both belong to the subject `{subject}`; give one of them another `name` in avow.toml"
                )));
            }
        }
        Ok(())
    }

    /// The file that defines a type.
    pub(super) fn defining(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).or_else(|| self.by_name.get(short(name))).copied()
    }

    /// The file of a subject.
    pub(super) fn of_subject(&self, subject: &str) -> Option<usize> {
        self.by_subject.get(subject).copied()
    }

    /// The files that have to be there before another.
    fn needs(&self, at: usize) -> Vec<usize> {
        let Wanted { assignment, uses, .. } = &self.wanted[at];
        let mut needs = Vec::new();
        for reference in assignment.references.iter().filter(|reference| reference.version == -1) {
            needs.extend(self.of_subject(&reference.subject));
        }
        for name in uses {
            if assignment.references.iter().all(|reference| reference.name != *name) {
                needs.extend(self.defining(name));
            }
        }
        needs.retain(|need| *need != at);
        needs
    }

    fn order(&self) -> Result<Vec<usize>, Error> {
        let mut order = Vec::with_capacity(self.wanted.len());
        let mut done = HashSet::new();
        for start in 0..self.wanted.len() {
            // Files on the way to here, each with what it still has to wait for.
            let mut way = vec![(start, self.needs(start))];
            while let Some((at, needs)) = way.last_mut() {
                let at = *at;
                if done.contains(&at) {
                    way.pop();
                    continue;
                }
                let Some(need) = needs.pop() else {
                    done.insert(at);
                    order.push(at);
                    way.pop();
                    continue;
                };
                if let Some(from) = way.iter().position(|(on_the_way, _)| *on_the_way == need) {
                    let names: Vec<_> = way[from..].iter().map(|(at, _)| self.wanted[*at].file.name()).collect();
                    let first = names[0].clone();
                    return Err(Error::Input(format!(
                        "schemas refer to one another in a circle, and no registry takes that: {} -> {first}; put the \
                         types that need each other into one file",
                        names.join(" -> ")
                    )));
                }
                if !done.contains(&need) {
                    let needs = self.needs(need);
                    way.push((need, needs));
                }
            }
        }
        Ok(order)
    }
}

/// The types that a file uses and does not define.
fn uses(file: &SchemaFile) -> Vec<String> {
    let items = file.tree().map(items).unwrap_or_default();
    let mut defined = HashSet::new();
    let mut used = Vec::new();
    for item in items {
        match item {
            Item::Type(it) => match it.shape {
                Shape::Named { full, .. } => drop(defined.insert(full)),
                Shape::Name { full } => used.push(full),
                _ => {}
            },
            Item::Field(_) => {}
        }
    }
    used.retain(|name| !defined.contains(name) && !defined.contains(short(name)));
    let mut seen = HashSet::new();
    used.retain(|name| seen.insert(name.clone()));
    used
}

/// A name without its namespace: what a type of no namespace is called within one.
pub(super) fn short(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}
