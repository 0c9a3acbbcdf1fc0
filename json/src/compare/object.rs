//! Objects: which names may, must and must not be there.

use avow_budget::Exceeded;

use super::hash_order::{map_order, union_order};
use super::outcome::Findings;
use super::scalar::{LimitKinds, limit};
use super::{Engine, Handle, Pair};
use crate::difference::DifferenceKind as D;
use crate::model::{Kind, NodeId, ObjectRules};

impl Engine<'_> {
    pub(super) fn objects(
        &mut self,
        findings: &mut Findings,
        pair: Pair,
        original: &ObjectRules,
        update: &ObjectRules,
    ) -> Result<(), Exceeded> {
        let names =
            original.properties.len() + update.properties.len() + original.required.len() + update.required.len();
        self.budget.spend(names as u64)?;
        self.required(findings, pair, original, update);
        for name in union_order(original.properties.keys(), update.properties.keys()) {
            match (original.properties.get(name), update.properties.get(name)) {
                (Some(old), Some(new)) => {
                    self.optional(findings, &format!("properties/{name}"), pair, Some(*old), Some(*new))?;
                }
                (Some(old), None) => self.removed_property(findings, pair, *old, name, update)?,
                (None, Some(new)) => self.added_property(findings, pair, *new, name, original, update)?,
                (None, None) => {}
            }
        }
        self.dependencies(findings, pair, original, update)?;
        self.additional_properties(findings, pair, original, update)?;
        self.unevaluated(
            findings,
            "unevaluatedProperties",
            pair,
            original.unevaluated,
            update.unevaluated,
            RestKinds {
                added: D::UnevaluatedPropertiesAdded,
                removed: D::UnevaluatedPropertiesRemoved,
                extended: D::UnevaluatedPropertiesExtended,
                narrowed: D::UnevaluatedPropertiesNarrowed,
            },
        )?;
        limit(
            findings,
            "maxProperties",
            original.max_properties,
            update.max_properties,
            &LimitKinds {
                added: D::MaxPropertiesAdded,
                removed: D::MaxPropertiesRemoved,
                increased: D::MaxPropertiesIncreased,
                decreased: D::MaxPropertiesDecreased,
            },
        );
        limit(
            findings,
            "minProperties",
            original.min_properties,
            update.min_properties,
            &LimitKinds {
                added: D::MinPropertiesAdded,
                removed: D::MinPropertiesRemoved,
                increased: D::MinPropertiesIncreased,
                decreased: D::MinPropertiesDecreased,
            },
        );
        Ok(())
    }

    /// Only names that both sides describe are looked at.
    fn required(&self, findings: &mut Findings, pair: Pair, original: &ObjectRules, update: &ObjectRules) {
        for name in map_order(original.properties.keys()) {
            let Some(property) = update.properties.get(name) else {
                continue;
            };
            let kind = match (original.required.contains(name), update.required.contains(name)) {
                (true, false) => D::RequiredAttributeRemoved,
                (false, true) if self.has_default(pair.update.of(*property)) => D::RequiredAttributeWithDefaultAdded,
                (false, true) => D::RequiredAttributeAdded,
                _ => continue,
            };
            findings.add(&format!("required/{name}"), kind);
        }
    }

    fn has_default(&self, property: Handle) -> bool {
        self.node(property).default.is_some()
    }

    fn removed_property(
        &mut self,
        findings: &mut Findings,
        pair: Pair,
        old: NodeId,
        name: &str,
        update: &ObjectRules,
    ) -> Result<(), Exceeded> {
        let path = &format!("properties/{name}");
        if self.is_open(pair.update, update) {
            findings.add(path, D::PropertyRemovedFromOpenContentModel);
        } else if let Some(rest) = self.covering(pair.update, update, name)? {
            let kinds = CoverKinds {
                covered: D::PropertyRemovedIsCoveredByPartiallyOpenContentModel,
                uncovered: D::PropertyRemovedNotCoveredByPartiallyOpenContentModel,
            };
            self.covered(findings, path, pair.at(old, rest), kinds)?;
        } else if let Kind::False = self.node(pair.original.of(old)).kind {
            findings.add(path, D::PropertyWithFalseRemovedFromClosedContentModel);
        } else {
            findings.add(path, D::PropertyRemovedFromClosedContentModel);
        }
        Ok(())
    }

    fn added_property(
        &mut self,
        findings: &mut Findings,
        pair: Pair,
        new: NodeId,
        name: &str,
        original: &ObjectRules,
        update: &ObjectRules,
    ) -> Result<(), Exceeded> {
        let path = &format!("properties/{name}");
        let property = pair.update.of(new);
        let (required, default) = (update.required.contains(name), self.has_default(property));
        if self.is_open(pair.original, original) {
            let kind = match (required, default) {
                _ if self.node(property).accepts_all() => D::PropertyWithEmptySchemaAddedToOpenContentModel,
                (true, true) => D::RequiredPropertyWithDefaultAddedToOpenContentModel,
                (true, false) => D::RequiredPropertyAddedToOpenContentModel,
                (false, _) => D::OptionalPropertyAddedToOpenContentModel,
            };
            findings.add(path, kind);
            return Ok(());
        }
        if let Some(rest) = self.covering(pair.original, original, name)? {
            let kinds = CoverKinds {
                covered: D::PropertyAddedIsCoveredByPartiallyOpenContentModel,
                uncovered: D::PropertyAddedNotCoveredByPartiallyOpenContentModel,
            };
            self.covered(findings, path, pair.at(rest, new), kinds)?;
        }
        let kind = match (required, default) {
            (true, true) => D::RequiredPropertyWithDefaultAddedToUnopenContentModel,
            (true, false) => D::RequiredPropertyAddedToUnopenContentModel,
            (false, _) => D::OptionalPropertyAddedToUnopenContentModel,
        };
        findings.add(path, kind);
        Ok(())
    }

    /// Any other property may have any value.
    fn is_open(&self, handle: Handle, rules: &ObjectRules) -> bool {
        rules.pattern_properties.is_empty()
            && rules.additional.permitted
            && rules.additional.schema.is_none()
            && rules.unevaluated.is_none_or(|schema| self.node(handle.of(schema)).accepts_all())
    }

    /// The schema of a property that is not described by its name.
    fn covering(&self, handle: Handle, rules: &ObjectRules, name: &str) -> Result<Option<NodeId>, Exceeded> {
        for (pattern, schema) in &rules.pattern_properties {
            if pattern.finds(name, self.budget)? {
                return Ok(Some(*schema));
            }
        }
        if rules.additional.schema.is_some() || !rules.additional.permitted {
            return Ok(rules.additional.schema);
        }
        Ok(rules.unevaluated.filter(|schema| self.is_constraint(handle.of(*schema))))
    }

    /// Compares something that only one side names with the schema of the other side's rest.
    pub(super) fn covered(
        &mut self,
        findings: &mut Findings,
        path: &str,
        pair: Pair,
        kinds: CoverKinds,
    ) -> Result<(), Exceeded> {
        let outcome = self.pair(pair)?;
        findings.include(path, outcome, &self.outcomes);
        findings.add(path, if self.outcomes.is_compatible(outcome) { kinds.covered } else { kinds.uncovered });
        Ok(())
    }

    /// Neither everything nor nothing.
    pub(super) fn is_constraint(&self, handle: Handle) -> bool {
        let node = self.node(handle);
        !node.accepts_all() && !matches!(node.kind, Kind::False)
    }

    fn dependencies(
        &mut self,
        findings: &mut Findings,
        pair: Pair,
        original: &ObjectRules,
        update: &ObjectRules,
    ) -> Result<(), Exceeded> {
        let (old, new) = (&original.property_dependencies, &update.property_dependencies);
        for name in union_order(old.keys(), new.keys()) {
            let kind = match (old.get(name), new.get(name)) {
                (_, None) => D::DependencyArrayRemoved,
                (None, Some(_)) => D::DependencyArrayAdded,
                (Some(old), Some(new)) => {
                    self.budget.spend((old.len() + new.len()) as u64)?;
                    if old == new {
                        continue;
                    } else if new.is_superset(old) {
                        D::DependencyArrayExtended
                    } else if old.is_superset(new) {
                        D::DependencyArrayNarrowed
                    } else {
                        D::DependencyArrayChanged
                    }
                }
            };
            findings.add(&format!("dependencies/{name}"), kind);
        }
        let (old, new) = (&original.schema_dependencies, &update.schema_dependencies);
        for name in union_order(old.keys(), new.keys()) {
            let path = format!("dependencies/{name}");
            match (old.get(name), new.get(name)) {
                (_, None) => findings.add(&path, D::DependencySchemaRemoved),
                (None, Some(_)) => findings.add(&path, D::DependencySchemaAdded),
                (Some(old), Some(new)) => self.optional(findings, &path, pair, Some(*old), Some(*new))?,
            }
        }
        Ok(())
    }

    fn additional_properties(
        &mut self,
        findings: &mut Findings,
        pair: Pair,
        original: &ObjectRules,
        update: &ObjectRules,
    ) -> Result<(), Exceeded> {
        let path = "additionalProperties";
        match (original.additional, update.additional) {
            (old, new) if old.permitted != new.permitted => {
                findings.add(
                    path,
                    if new.permitted { D::AdditionalPropertiesAdded } else { D::AdditionalPropertiesRemoved },
                );
            }
            (old, new) => match (old.schema, new.schema) {
                (None, Some(_)) => findings.add(path, D::AdditionalPropertiesNarrowed),
                (Some(_), None) => findings.add(path, D::AdditionalPropertiesExtended),
                (old, new) => self.optional(findings, path, pair, old, new)?,
            },
        }
        Ok(())
    }

    pub(super) fn unevaluated(
        &mut self,
        findings: &mut Findings,
        path: &str,
        pair: Pair,
        original: Option<NodeId>,
        update: Option<NodeId>,
        kinds: RestKinds,
    ) -> Result<(), Exceeded> {
        let closed = |schema: &Option<NodeId>, handle: Handle| {
            schema.is_some_and(|schema| matches!(self.node(handle.of(schema)).kind, Kind::False))
        };
        let everything = |schema: &Option<NodeId>, handle: Handle| {
            schema.is_some_and(|schema| self.node(handle.of(schema)).accepts_all())
        };
        let (old_closed, new_closed) = (closed(&original, pair.original), closed(&update, pair.update));
        let (old_all, new_all) = (everything(&original, pair.original), everything(&update, pair.update));
        let kind = match (original, update) {
            (None, None) => return Ok(()),
            (None, Some(_)) if new_closed => kinds.removed,
            (None, Some(_)) => kinds.narrowed,
            (Some(_), None) if old_closed => kinds.added,
            (Some(_), None) => kinds.extended,
            _ if old_closed && !new_closed => kinds.added,
            _ if !old_closed && new_closed => kinds.removed,
            _ if old_all && !new_all => kinds.narrowed,
            _ if !old_all && new_all => kinds.extended,
            _ => return self.optional(findings, path, pair, original, update),
        };
        findings.add(path, kind);
        Ok(())
    }
}

/// The kinds for a property or item that the schema of the rest takes, or does not.
#[derive(Clone, Copy)]
pub(super) struct CoverKinds {
    pub(super) covered: D,
    pub(super) uncovered: D,
}

/// The kinds for what describes the rest: it came, went, grew or shrank.
#[derive(Clone, Copy)]
pub(super) struct RestKinds {
    pub(super) added: D,
    pub(super) removed: D,
    pub(super) extended: D,
    pub(super) narrowed: D,
}
