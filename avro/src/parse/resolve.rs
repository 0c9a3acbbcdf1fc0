//! What happens at the end of a document: names that were used before they were known find their types.

use super::{Parser, Strictness};
use crate::ParseError;
use crate::model::{Id, Kind, Node};
use crate::positions::{FastMap, FastSet};

impl Parser<'_> {
    /// Resolves the names of the nodes from `first` on; returns the root, which a known type may replace.
    pub(super) fn resolve(&mut self, first: Id, root: Id) -> Result<Id, ParseError> {
        let mut targets = FastMap::default();
        for id in std::mem::take(&mut self.unresolved) {
            self.budget.step()?;
            if let Kind::Unresolved(name) = &self.nodes[id].kind {
                let target = self.lookup(name.key()).ok_or_else(|| ParseError::Undefined(name.to_string()))?;
                targets.insert(id, target);
            }
        }
        if !targets.is_empty() {
            if self.strictness != Strictness::Lenient {
                self.check_late_defaults(first, root)?;
            }
            self.replace(first, &targets);
            for node in self.nodes.since(first) {
                if let Kind::Union(branches) = &node.kind {
                    self.check_union(branches)?;
                }
            }
        }
        let root = targets.get(&root).copied().unwrap_or(root);
        // A second definition of a known name is read and dropped.
        Ok(self.redefinitions.get(&root).copied().unwrap_or(root))
    }

    fn replace(&mut self, first: Id, targets: &FastMap<Id, Id>) {
        let follow = |id: &mut Id| {
            if let Some(target) = targets.get(id) {
                *id = *target;
            }
        };
        for node in self.nodes.since_mut(first) {
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
        let is_start = |(id, node): &(Id, &Node)| {
            *id >= first && node.kind.named().is_some() && !self.redefinitions.contains_key(id)
        };
        let mut starts: Vec<Id> = self.nodes.iter().filter(is_start).map(|(id, _)| id).collect();
        starts.push(root);
        let mut entered = FastSet::default();
        let mut finished = FastSet::default();
        for start in starts {
            let mut walks = vec![Walk { seen: FastSet::default(), steps: vec![Step::Enter(start)] }];
            while let Some(walk) = walks.last_mut() {
                self.budget.step()?;
                match walk.steps.pop() {
                    None => {
                        walks.pop();
                    }
                    Some(Step::Enter(id)) if id < first || finished.contains(&id) => {}
                    Some(Step::Enter(id)) => match &self.nodes[id].kind {
                        Kind::Unresolved(name) => {
                            if let Some(target) = self.lookup(name.key())
                                && !entered.contains(&target)
                            {
                                walks.push(Walk { seen: FastSet::default(), steps: vec![Step::Enter(target)] });
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
        if let Kind::Record(record) = &self.nodes[id].kind {
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
    seen: FastSet<Id>,
    steps: Vec<Step>,
}

enum Step {
    Enter(Id),
    Leave(Id),
}
