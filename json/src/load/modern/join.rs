//! Joining the small schemas of one object.

use std::mem::discriminant;

use super::Loader;
use crate::load::Result;
use crate::model::{
    ArrayRules, Combined, Criterion, Kind, Node, NodeId, NumberRules, ObjectRules, Origin, StringRules,
};

/// What the joined schemas are children of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    Object,
    Combined,
}

impl Loader<'_> {
    /// Joins `right` to what stands left of it.
    pub(super) fn join(&mut self, parent: Parent, left: Option<Node>, right: Node) -> Result<Node> {
        self.budget.step()?;
        let Some(left) = left else {
            return Ok(right);
        };
        let (left, right) = match merge(left, right) {
            Ok(merged) => return Ok(merged),
            Err(different) => *different,
        };
        if let Some(any) = self.generated_any_with(&left, &right) {
            return self.extended_any(any, right);
        }
        if let Some(any) = self.generated_any_with(&right, &left) {
            return self.extended_any(any, left);
        }
        if parent == Parent::Combined
            && let Kind::Combined(mut combined) = left.kind
        {
            let members = self.flattened(right);
            combined.members.extend(members);
            return Ok(Kind::Combined(Combined { origin: Origin::Keyword, ..combined }).into());
        }
        let mut members = self.flattened(left);
        for member in self.flattened(right) {
            let node = self.model.node(member).clone();
            self.accumulate(&mut members, node, Some(member))?;
        }
        Ok(Kind::Combined(Combined { criterion: Criterion::All, members, origin: Origin::Generated }).into())
    }

    /// The members of a list of types that has one of the kind of `other`.
    fn generated_any_with(&self, node: &Node, other: &Node) -> Option<Vec<NodeId>> {
        let Kind::Combined(Combined { criterion: Criterion::Any, members, origin: Origin::Generated }) = &node.kind
        else {
            return None;
        };
        let kind = discriminant(&other.kind);
        members.iter().any(|member| discriminant(&self.model.node(*member).kind) == kind).then(|| members.clone())
    }

    fn extended_any(&mut self, mut members: Vec<NodeId>, node: Node) -> Result<Node> {
        self.accumulate(&mut members, node, None)?;
        Ok(Kind::Combined(Combined { criterion: Criterion::Any, members, origin: Origin::Generated }).into())
    }

    /// The members of a generated `allOf`, or the schema itself.
    fn flattened(&mut self, node: Node) -> Vec<NodeId> {
        match node.kind {
            Kind::Combined(Combined { criterion: Criterion::All, members, origin: Origin::Generated }) => members,
            _ => vec![self.model.add(node)],
        }
    }

    /// Merges `node` into the member of its kind, or appends it (as `id`, if it has a place in the model).
    fn accumulate(&mut self, members: &mut Vec<NodeId>, mut node: Node, id: Option<NodeId>) -> Result<()> {
        for member in members.iter_mut() {
            self.budget.step()?;
            let known = self.model.node(*member);
            if discriminant(&known.kind) == discriminant(&node.kind) {
                match merge(known.clone(), node) {
                    Ok(merged) => {
                        *member = self.model.add(merged);
                        return Ok(());
                    }
                    Err(different) => node = different.1,
                }
            }
        }
        members.push(match id {
            Some(id) => id,
            None => self.model.add(node),
        });
        Ok(())
    }
}

/// One node for two of the same kind, if that kind can be merged.
fn merge(left: Node, right: Node) -> std::result::Result<Node, Box<(Node, Node)>> {
    let kind = match (left.kind, right.kind) {
        (Kind::Array(left), Kind::Array(right)) => Kind::Array(Box::new(merge_arrays(*left, *right))),
        (Kind::Number(left), Kind::Number(right)) => Kind::Number(merge_numbers(left, right)),
        (Kind::Object(left), Kind::Object(right)) => Kind::Object(Box::new(merge_objects(*left, *right))),
        (Kind::String(left), Kind::String(right)) => Kind::String(merge_strings(left, right)),
        (left_kind, right_kind) => {
            return Err(Box::new((Node { kind: left_kind, ..left }, Node { kind: right_kind, ..right })));
        }
    };
    Ok(Node {
        id: right.id.or(left.id),
        title: right.title.or(left.title),
        description: right.description.or(left.description),
        default: right.default.or(left.default),
        unprocessed: if right.unprocessed.is_empty() { left.unprocessed } else { right.unprocessed },
        kind,
    })
}

fn merge_arrays(left: ArrayRules, right: ArrayRules) -> ArrayRules {
    let mut tuple = left.tuple;
    tuple.extend(right.tuple);
    ArrayRules {
        typed: left.typed || right.typed,
        all_items: right.all_items.or(left.all_items),
        tuple,
        additional: crate::model::Rest {
            permitted: left.additional.permitted && right.additional.permitted,
            schema: right.additional.schema.or(left.additional.schema),
        },
        unevaluated: right.unevaluated.or(left.unevaluated),
        contains: right.contains.or(left.contains),
        min_contains: right.min_contains.or(left.min_contains),
        max_contains: right.max_contains.or(left.max_contains),
        min_items: right.min_items.or(left.min_items),
        max_items: right.max_items.or(left.max_items),
        unique: left.unique || right.unique,
    }
}

fn merge_numbers(left: NumberRules, right: NumberRules) -> NumberRules {
    NumberRules {
        typed: left.typed || right.typed,
        integer: left.integer || right.integer,
        minimum: right.minimum.or(left.minimum),
        maximum: right.maximum.or(left.maximum),
        exclusive_minimum: right.exclusive_minimum.or(left.exclusive_minimum),
        exclusive_maximum: right.exclusive_maximum.or(left.exclusive_maximum),
        multiple_of: right.multiple_of.or(left.multiple_of),
        excluded: [false; 2],
    }
}

fn merge_objects(left: ObjectRules, right: ObjectRules) -> ObjectRules {
    let mut merged = left;
    merged.typed |= right.typed;
    merged.properties.extend(right.properties);
    merged.required.extend(right.required);
    for (pattern, schema) in right.pattern_properties {
        match merged.pattern_properties.iter_mut().find(|(known, _)| *known == pattern) {
            Some((_, known)) => *known = schema,
            None => merged.pattern_properties.push((pattern, schema)),
        }
    }
    merged.additional.permitted &= right.additional.permitted;
    merged.additional.schema = right.additional.schema.or(merged.additional.schema);
    merged.unevaluated = right.unevaluated.or(merged.unevaluated);
    for (name, names) in right.property_dependencies {
        merged.property_dependencies.entry(name).or_default().extend(names);
    }
    merged.schema_dependencies.extend(right.schema_dependencies);
    merged.property_names = right.property_names.or(merged.property_names);
    merged.min_properties = right.min_properties.or(merged.min_properties);
    merged.max_properties = right.max_properties.or(merged.max_properties);
    merged
}

fn merge_strings(left: StringRules, right: StringRules) -> StringRules {
    StringRules {
        typed: left.typed || right.typed,
        min_length: right.min_length.or(left.min_length),
        max_length: right.max_length.or(left.max_length),
        pattern: right.pattern.or(left.pattern),
        format: right.format.or(left.format),
    }
}
