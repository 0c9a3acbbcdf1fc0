//! What comparing a pair of schemas found, shared between all places where the pair is met.

use avow_budget::{Budget, Exceeded};

use crate::difference::{Difference, DifferenceKind, Policy};

/// The place of an outcome in [`Outcomes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutcomeId(usize);

/// A path relative to the pair, and what was found there.
enum Item {
    Difference(Box<str>, DifferenceKind),
    Outcome(Box<str>, OutcomeId),
}

/// The differences of one pair while they are collected.
pub(super) struct Findings {
    policy: Policy,
    items: Vec<Item>,
    compatible: bool,
}

impl Findings {
    pub(super) fn new(policy: Policy) -> Self {
        Self { policy, items: Vec::new(), compatible: true }
    }

    pub(super) fn add(&mut self, path: &str, kind: DifferenceKind) {
        self.compatible &= kind.is_compatible(self.policy);
        self.items.push(Item::Difference(path.into(), kind));
    }

    /// Adds all differences of another pair below `path`.
    pub(super) fn include(&mut self, path: &str, outcome: OutcomeId, outcomes: &Outcomes) {
        if !outcomes.is_empty(outcome) {
            self.compatible &= outcomes.is_compatible(outcome);
            self.items.push(Item::Outcome(path.into(), outcome));
        }
    }
}

/// All outcomes of a comparison. An outcome refers to those of the pairs inside it, so none is copied.
#[derive(Default)]
pub(super) struct Outcomes {
    finished: Vec<Findings>,
}

impl Outcomes {
    pub(super) fn add(&mut self, findings: Findings, budget: &Budget) -> Result<OutcomeId, Exceeded> {
        budget.hold(findings.items.len() * size_of::<Item>())?;
        self.finished.push(findings);
        Ok(OutcomeId(self.finished.len() - 1))
    }

    /// An outcome without differences.
    pub(super) fn nothing(&mut self) -> OutcomeId {
        self.finished.push(Findings::new(Policy::Strict));
        OutcomeId(self.finished.len() - 1)
    }

    pub(super) fn is_compatible(&self, outcome: OutcomeId) -> bool {
        self.finished[outcome.0].compatible
    }

    fn is_empty(&self, outcome: OutcomeId) -> bool {
        self.finished[outcome.0].items.is_empty()
    }

    /// All differences in order, with their full paths.
    pub(super) fn flatten(&self, root: OutcomeId, budget: &Budget) -> Result<Vec<Difference>, Exceeded> {
        let mut differences = Vec::new();
        let mut path: Vec<&str> = Vec::new();
        let mut open = vec![(self.finished[root.0].items.iter(), 0)];
        while let Some((items, depth)) = open.last_mut() {
            let depth = *depth;
            path.truncate(depth);
            match items.next() {
                None => drop(open.pop()),
                Some(Item::Outcome(below, outcome)) => {
                    budget.step()?;
                    path.extend((!below.is_empty()).then_some(&**below));
                    open.push((self.finished[outcome.0].items.iter(), path.len()));
                }
                Some(Item::Difference(below, kind)) => {
                    path.extend((!below.is_empty()).then_some(&**below));
                    let text = format!("#/{}", path.join("/"));
                    budget.spend(1 + text.len() as u64 / 64)?;
                    budget.hold(text.len() + size_of::<Difference>())?;
                    differences.push(Difference { kind: *kind, path: text });
                }
            }
        }
        Ok(differences)
    }
}
