//! What validating one instance may cost: an upper bound, so that no stranger's schema keeps a validator busy.

use std::collections::HashMap;

use avow_budget::{Budget, Exceeded};

use crate::compare::Side;
use crate::model::{Kind, NodeId};
use crate::stack::{FRAME_BYTES, deep};

/// Levels of the instances that are tried.
const LEVELS: u8 = 3;

pub(super) fn of(side: Side, budget: &Budget) -> Result<u64, Exceeded> {
    Costs { side, budget, known: HashMap::new() }.node(side.root, LEVELS)
}

struct Costs<'a> {
    side: Side<'a>,
    budget: &'a Budget,
    /// `None` while it is computed: a schema that applies itself to the same value never ends.
    known: HashMap<(NodeId, u8), Option<u64>>,
}

impl Costs<'_> {
    fn node(&mut self, id: NodeId, levels: u8) -> Result<u64, Exceeded> {
        match self.known.get(&(id, levels)) {
            Some(known) => return Ok(known.unwrap_or(u64::MAX)),
            None => self.known.insert((id, levels), None),
        };
        self.budget.step()?;
        self.budget.hold(FRAME_BYTES)?;
        let mut same = Vec::new();
        let mut below = Vec::new();
        match &self.side.model.node(id).kind {
            Kind::Not(inner) => same.push(*inner),
            Kind::Combined(combined) => same.extend(&combined.members),
            Kind::Conditional { condition, then, otherwise } => {
                same.extend([condition, then, otherwise].into_iter().flatten());
            }
            Kind::Reference { target, .. } => same.extend(self.side.model.target(*target)),
            Kind::Object(rules) => {
                same.extend(rules.schema_dependencies.values());
                below.extend(rules.properties.values());
                below.extend(rules.pattern_properties.iter().map(|(_, schema)| schema));
                below.extend([rules.additional.schema, rules.unevaluated, rules.property_names].into_iter().flatten());
            }
            Kind::Array(rules) => {
                below.extend(&rules.tuple);
                below.extend(
                    [rules.all_items, rules.additional.schema, rules.unevaluated, rules.contains].into_iter().flatten(),
                );
            }
            _ => {}
        }
        let mut cost = 1u64;
        for inner in same {
            cost = cost.saturating_add(deep(|| self.node(inner, levels))?);
        }
        if let Some(fewer) = levels.checked_sub(1) {
            for inner in below {
                cost = cost.saturating_add(deep(|| self.node(inner, fewer))?);
            }
        }
        self.budget.release(FRAME_BYTES);
        self.known.insert((id, levels), Some(cost));
        Ok(cost)
    }
}
