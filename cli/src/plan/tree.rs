//! The files of a project with their subjects, each after those it uses.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::Error;
use crate::project::{Assignment, Broken, Project, one_file_each};
use crate::source::SchemaFile;
use avow_schema::source::{Names, short};

/// A file, and what it stands for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) file: Rc<SchemaFile>,
    pub(super) assignment: Assignment,
    /// Why the file has no subject of its own.
    pub(super) unnamed: Option<Broken>,
    pub(super) names: Names,
}

/// What the files of a project are.
#[derive(Debug)]
pub(super) struct Tree {
    /// Each after those it uses.
    pub(super) wanted: Vec<Wanted>,
    /// Files by their top-level types.
    by_name: HashMap<String, usize>,
    /// Files by all the types they define.
    nested: HashMap<String, usize>,
    by_subject: HashMap<String, usize>,
}

impl Wanted {
    /// Why the file cannot be used, whatever is in it.
    pub(super) fn fault(&self) -> Option<Broken> {
        let fault = self.file.fault.clone().map(Broken::Unreadable);
        fault.or_else(|| self.unnamed.as_ref().map(|broken| Broken::Unreadable(broken.sentence())))
    }
}

impl Tree {
    pub(super) fn read(project: &Project) -> Result<Self, Error> {
        Self::of(project, project.files_to_check(&[])?)
    }

    pub(super) fn of(project: &Project, files: Vec<Rc<SchemaFile>>) -> Result<Self, Error> {
        let mut wanted = Vec::with_capacity(files.len());
        for file in files {
            for (assignment, unnamed) in project.assignments(&file) {
                let (file, names) = (Rc::clone(&file), file.names());
                wanted.push(Wanted { file, assignment, unnamed, names });
            }
        }
        let mut tree = Self { wanted, by_name: HashMap::new(), nested: HashMap::new(), by_subject: HashMap::new() };
        tree.index()?;
        let order = tree.order()?;
        let mut places: Vec<Option<Wanted>> = tree.wanted.drain(..).map(Some).collect();
        tree.wanted = order.into_iter().filter_map(|at| places[at].take()).collect();
        tree.index()?;
        Ok(tree)
    }

    /// Keeps the files with these names, and those that they use.
    pub(super) fn keep(&mut self, names: &HashSet<String>) -> Result<(), Error> {
        let chosen = |wanted: &Wanted| names.contains(&wanted.file.name());
        let known: HashSet<String> = self.wanted.iter().map(|it| it.file.name()).collect();
        if let Some(unknown) = names.difference(&known).min() {
            return Err(Error::Usage(format!("`{unknown}` is not a file of the project; list it in avow.toml")));
        }
        let mut open: Vec<usize> = (0..self.wanted.len()).filter(|at| chosen(&self.wanted[*at])).collect();
        let mut kept = HashSet::new();
        while let Some(at) = open.pop() {
            if kept.insert(at) {
                open.extend(self.needs(at));
            }
        }
        let all = std::mem::take(&mut self.wanted).into_iter().enumerate();
        self.wanted = all.filter(|(at, _)| kept.contains(at)).map(|(_, wanted)| wanted).collect();
        self.index()
    }

    fn index(&mut self) -> Result<(), Error> {
        self.by_name.clear();
        self.nested.clear();
        self.by_subject.clear();
        for (at, wanted) in self.wanted.iter().enumerate() {
            if let Some(name) = &wanted.names.root {
                self.by_name.entry(name.clone()).or_insert(at);
            }
            for name in &wanted.names.defines {
                self.nested.entry(name.clone()).or_insert(at);
            }
            self.by_subject.insert(wanted.assignment.subject.clone(), at);
        }
        one_file_each(self.wanted.iter().map(|it| (it.assignment.subject.as_str(), &*it.file)))?;
        Ok(())
    }

    /// The file that defines a type.
    pub(super) fn defining(&self, name: &str) -> Option<usize> {
        let find = |name: &str| self.by_name.get(name).or_else(|| self.nested.get(name)).copied();
        find(name).or_else(|| find(short(name)))
    }

    /// The file of a subject.
    pub(super) fn of_subject(&self, subject: &str) -> Option<usize> {
        self.by_subject.get(subject).copied()
    }

    /// The files that have to be there before another.
    fn needs(&self, at: usize) -> Vec<usize> {
        let Wanted { assignment, names, .. } = &self.wanted[at];
        let mut needs = Vec::new();
        for reference in assignment.references.iter().filter(|reference| reference.version == -1) {
            needs.extend(self.of_subject(&reference.subject));
        }
        for name in &names.uses {
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
