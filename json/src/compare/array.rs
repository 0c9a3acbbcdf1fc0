//! Arrays: items by position, the items after them, and how many there are.

use avow_budget::Exceeded;

use super::object::{CoverKinds, RestKinds};
use super::outcome::Findings;
use super::scalar::{LimitKinds, limit};
use super::{Engine, Handle, Pair};
use crate::difference::DifferenceKind as D;
use crate::model::{ArrayRules, Kind, NodeId};

impl Engine<'_> {
    pub(super) fn arrays(
        &mut self,
        findings: &mut Findings,
        pair: Pair,
        original: &ArrayRules,
        update: &ArrayRules,
    ) -> Result<(), Exceeded> {
        self.optional(findings, "items", pair, original.all_items, update.all_items)?;
        for index in 0..original.tuple.len().max(update.tuple.len()) {
            let path = format!("items/{index}");
            match (original.tuple.get(index), update.tuple.get(index)) {
                (Some(old), Some(new)) => self.optional(findings, &path, pair, Some(*old), Some(*new))?,
                (Some(old), None) => self.removed_item(findings, &path, pair, *old, update)?,
                (None, Some(new)) => self.added_item(findings, &path, pair, *new, original)?,
                (None, None) => {}
            }
        }
        self.additional_items(findings, pair, original, update)?;
        self.unevaluated(
            findings,
            "unevaluatedItems",
            pair,
            original.unevaluated,
            update.unevaluated,
            RestKinds {
                added: D::UnevaluatedItemsAdded,
                removed: D::UnevaluatedItemsRemoved,
                extended: D::UnevaluatedItemsExtended,
                narrowed: D::UnevaluatedItemsNarrowed,
            },
        )?;
        sizes(findings, original, update);
        Ok(())
    }

    fn removed_item(
        &mut self,
        findings: &mut Findings,
        path: &str,
        pair: Pair,
        old: NodeId,
        update: &ArrayRules,
    ) -> Result<(), Exceeded> {
        if self.is_open_array(pair.update, update) {
            findings.add(path, D::ItemRemovedFromOpenContentModel);
        } else if let Some(rest) = self.covering_items(pair.update, update) {
            let kinds = CoverKinds {
                covered: D::ItemRemovedIsCoveredByPartiallyOpenContentModel,
                uncovered: D::ItemRemovedNotCoveredByPartiallyOpenContentModel,
            };
            self.covered(findings, path, pair.at(old, rest), kinds)?;
        } else if let Kind::False = self.node(pair.original.of(old)).kind {
            findings.add(path, D::ItemWithFalseRemovedFromClosedContentModel);
        } else {
            findings.add(path, D::ItemRemovedFromClosedContentModel);
        }
        Ok(())
    }

    fn added_item(
        &mut self,
        findings: &mut Findings,
        path: &str,
        pair: Pair,
        new: NodeId,
        original: &ArrayRules,
    ) -> Result<(), Exceeded> {
        if self.is_open_array(pair.original, original) {
            let everything = self.node(pair.update.of(new)).accepts_all();
            findings.add(
                path,
                if everything { D::ItemWithEmptySchemaAddedToOpenContentModel } else { D::ItemAddedToOpenContentModel },
            );
        } else if let Some(rest) = self.covering_items(pair.original, original) {
            let kinds = CoverKinds {
                covered: D::ItemAddedIsCoveredByPartiallyOpenContentModel,
                uncovered: D::ItemAddedNotCoveredByPartiallyOpenContentModel,
            };
            self.covered(findings, path, pair.at(rest, new), kinds)?;
        } else {
            findings.add(path, D::ItemAddedToClosedContentModel);
        }
        Ok(())
    }

    fn is_open_array(&self, handle: Handle, rules: &ArrayRules) -> bool {
        let rest = rules.rest();
        rest.permitted
            && rest.schema.is_none()
            && rules.unevaluated.is_none_or(|schema| self.node(handle.of(schema)).accepts_all())
    }

    /// The schema of items after the last one that has its own.
    fn covering_items(&self, handle: Handle, rules: &ArrayRules) -> Option<NodeId> {
        let rest = rules.rest();
        if rest.schema.is_some() || !rest.permitted {
            return rest.schema;
        }
        rules.unevaluated.filter(|schema| self.is_constraint(handle.of(*schema)))
    }

    fn additional_items(
        &mut self,
        findings: &mut Findings,
        pair: Pair,
        original: &ArrayRules,
        update: &ArrayRules,
    ) -> Result<(), Exceeded> {
        let path = "additionalItems";
        match (original.rest(), update.rest()) {
            (old, new) if old.permitted != new.permitted => {
                findings.add(path, if new.permitted { D::AdditionalItemsAdded } else { D::AdditionalItemsRemoved });
            }
            (old, new) => match (old.schema, new.schema) {
                (None, Some(_)) => findings.add(path, D::AdditionalItemsNarrowed),
                (Some(_), None) => findings.add(path, D::AdditionalItemsExtended),
                (old, new) => self.optional(findings, path, pair, old, new)?,
            },
        }
        Ok(())
    }
}

fn sizes(findings: &mut Findings, original: &ArrayRules, update: &ArrayRules) {
    limit(
        findings,
        "maxItems",
        original.max_items,
        update.max_items,
        &LimitKinds {
            added: D::MaxItemsAdded,
            removed: D::MaxItemsRemoved,
            increased: D::MaxItemsIncreased,
            decreased: D::MaxItemsDecreased,
        },
    );
    limit(
        findings,
        "minItems",
        original.min_items,
        update.min_items,
        &LimitKinds {
            added: D::MinItemsAdded,
            removed: D::MinItemsRemoved,
            increased: D::MinItemsIncreased,
            decreased: D::MinItemsDecreased,
        },
    );
    if original.unique != update.unique {
        findings.add("uniqueItems", if original.unique { D::UniqueItemsRemoved } else { D::UniqueItemsAdded });
    }
    limit(
        findings,
        "maxContains",
        original.max_contains,
        update.max_contains,
        &LimitKinds {
            added: D::MaxContainsAdded,
            removed: D::MaxContainsRemoved,
            increased: D::MaxContainsIncreased,
            decreased: D::MaxContainsDecreased,
        },
    );
    limit(
        findings,
        "minContains",
        original.min_contains,
        update.min_contains,
        &LimitKinds {
            added: D::MinContainsAdded,
            removed: D::MinContainsRemoved,
            increased: D::MinContainsIncreased,
            decreased: D::MinContainsDecreased,
        },
    );
}
