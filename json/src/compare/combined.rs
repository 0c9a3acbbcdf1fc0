//! `allOf`, `anyOf` and `oneOf` against each other.

use std::collections::HashSet;

use avow_budget::Exceeded;

use super::matching::maximum_matching;
use super::outcome::Findings;
use super::{Engine, Handle, Pair};
use crate::difference::DifferenceKind as D;
use crate::model::{Combined, Criterion, NodeId};

impl Engine<'_> {
    pub(super) fn combinations(
        &mut self,
        findings: &mut Findings,
        pair: Pair,
        original: &Combined,
        update: &Combined,
    ) -> Result<(), Exceeded> {
        if original.criterion != update.criterion {
            if !can_become(original, update) {
                findings.add("", D::CombinedTypeChanged);
                return Ok(());
            }
            findings.add("", D::CombinedTypeExtended);
        }
        let originals = self.distinct(pair.original, &original.members)?;
        let updates = self.distinct(pair.update, &update.members)?;
        if originals.len() < updates.len() {
            let product = update.criterion == Criterion::All;
            findings.add("", if product { D::ProductTypeExtended } else { D::SumTypeExtended });
        } else if originals.len() > updates.len() {
            let product = original.criterion == Criterion::All;
            findings.add("", if product { D::ProductTypeNarrowed } else { D::SumTypeNarrowed });
        }
        let mut edges = Vec::with_capacity(originals.len());
        for member in &originals {
            let mut compatible = Vec::new();
            for (index, other) in updates.iter().enumerate() {
                let outcome = self.pair(pair.at(*member, *other))?;
                if self.outcomes.is_compatible(outcome) {
                    compatible.push(index);
                }
            }
            edges.push(compatible);
        }
        let matching = maximum_matching(&edges, updates.len(), self.budget)?;
        for (index, other) in &matching {
            let outcome = self.pair(pair.at(originals[*index], updates[*other]))?;
            let path = format!("{}/{index}", original.criterion.as_str());
            findings.include(&path, outcome, &self.outcomes);
        }
        if matching.len() < originals.len().min(updates.len()) {
            findings.add("", D::CombinedTypeSubschemasChanged);
        }
        Ok(())
    }

    /// The members without those that repeat an earlier one.
    fn distinct(&mut self, parent: Handle, members: &[NodeId]) -> Result<Vec<NodeId>, Exceeded> {
        let mut seen = HashSet::new();
        let mut distinct = Vec::with_capacity(members.len());
        for member in members {
            if seen.insert(self.shapes[parent.side].of(self.models[parent.side], *member, self.budget)?) {
                distinct.push(*member);
            }
        }
        Ok(distinct)
    }
}

/// The criterion may change without a single value being lost.
fn can_become(original: &Combined, update: &Combined) -> bool {
    let (from_one, to_one) = (original.members.len() == 1, update.members.len() == 1);
    update.criterion == Criterion::Any
        || (from_one && to_one)
        || (from_one && update.criterion == Criterion::One)
        || (to_one && original.criterion == Criterion::All)
}
