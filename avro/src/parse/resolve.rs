//! What happens at the end of a document: names that were used before they were known find their types.

use std::collections::{HashMap, HashSet};

use super::{Parser, Strictness};
use crate::ParseError;
use crate::model::{Id, Kind};

impl Parser<'_> {
    /// Resolves the names of the nodes from `first` on; returns the root, which a known type may replace.
    pub(super) fn resolve(&mut self, first: Id, root: Id) -> Result<Id, ParseError> {
        let mut targets = HashMap::new();
        for (at, node) in self.nodes.iter().enumerate().skip(first.0 as usize) {
            if let Kind::Unresolved(name) = &node.kind {
                let target = self.table.get(name).ok_or_else(|| ParseError::Undefined(name.clone()))?;
                targets.insert(at, *target);
            }
        }
        if !targets.is_empty() {
            if self.strictness != Strictness::Lenient {
                self.check_late_defaults(first, root)?;
            }
            self.replace(first, &targets);
            for node in &self.nodes[first.0 as usize..] {
                if let Kind::Union(branches) = &node.kind {
                    self.check_union(branches)?;
                }
            }
        }
        let root = targets.get(&(root.0 as usize)).copied().unwrap_or(root);
        // A second definition of a known name is read and dropped.
        let known = self.nodes[root.0 as usize].kind.named().and_then(|named| self.table.get(named.name.full()));
        Ok(known.copied().unwrap_or(root))
    }

    fn replace(&mut self, first: Id, targets: &HashMap<usize, Id>) {
        let follow = |id: &mut Id| {
            if let Some(target) = targets.get(&(id.0 as usize)) {
                *id = *target;
            }
        };
        for node in &mut self.nodes[first.0 as usize..] {
            match &mut node.kind {
                Kind::Array(inner) | Kind::Map(inner) => follow(inner),
                Kind::Union(branches) => branches.iter_mut().for_each(follow),
                Kind::Record(record) => record.fields.iter_mut().for_each(|field| follow(&mut field.kind)),
                Kind::Primitive(_) | Kind::Enum(_) | Kind::Fixed(_) | Kind::Unresolved(_) => {}
            }
        }
    }

    /// Checks defaults once more, now that all names are known.
    ///
    /// Java copies every type when it resolves names, innermost first, and checks the defaults of each copy. A default
    /// that holds a record whose copy is not finished is an error, so the order of the copying decides: depth first,
    /// where a name that was not known starts a walk of its own.
    fn check_late_defaults(&self, first: Id, root: Id) -> Result<(), ParseError> {
        let mut starts: Vec<Id> = self.table.values().copied().filter(|id| *id >= first).collect();
        starts.sort_unstable();
        starts.push(root);
        let mut entered = HashSet::new();
        let mut finished = HashSet::new();
        for start in starts {
            let mut walks = vec![Walk { seen: HashSet::new(), steps: vec![Step::Enter(start)] }];
            while let Some(walk) = walks.last_mut() {
                match walk.steps.pop() {
                    None => {
                        walks.pop();
                    }
                    Some(Step::Enter(id)) if id < first || finished.contains(&id) => {}
                    Some(Step::Enter(id)) => match &self.nodes[id.0 as usize].kind {
                        Kind::Unresolved(name) => {
                            if let Some(target) = self.table.get(name)
                                && !entered.contains(target)
                            {
                                walks.push(Walk { seen: HashSet::new(), steps: vec![Step::Enter(*target)] });
                            }
                        }
                        Kind::Record(record) => {
                            if walk.seen.insert(id) {
                                entered.insert(id);
                                walk.steps.push(Step::Leave(id));
                                walk.steps.extend(record.fields.iter().rev().map(|field| Step::Enter(field.kind)));
                            }
                        }
                        Kind::Array(inner) | Kind::Map(inner) => walk.steps.push(Step::Enter(*inner)),
                        Kind::Union(branches) => walk.steps.extend(branches.iter().copied().map(Step::Enter)),
                        Kind::Primitive(_) | Kind::Enum(_) | Kind::Fixed(_) => {}
                    },
                    Some(Step::Leave(id)) => {
                        if !finished.contains(&id) {
                            self.check_defaults_of(id, &|id| id < first || finished.contains(&id))?;
                            finished.insert(id);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn check_defaults_of(&self, id: Id, is_finished: &dyn Fn(Id) -> bool) -> Result<(), ParseError> {
        if let Kind::Record(record) = &self.nodes[id.0 as usize].kind {
            for field in &record.fields {
                if let Some(default) = &field.default {
                    self.check_default(&field.name, field.kind, default, Some(is_finished))?;
                }
            }
        }
        Ok(())
    }
}

struct Walk {
    seen: HashSet<Id>,
    steps: Vec<Step>,
}

enum Step {
    Enter(Id),
    Leave(Id),
}
