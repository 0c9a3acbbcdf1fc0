//! Small instances at the borders of two schemas.

use std::collections::BTreeSet;
use std::sync::Arc;

use avow_budget::{Budget, Exceeded};
use serde_json::{Map, Value, json};

use crate::decimal::Decimal;
use crate::model::{ArrayRules, Kind, Model, NodeId, NumberRules, ObjectRules, StringRules};
use crate::printer;
use crate::value::Json;

/// Objects and arrays inside each other.
const LEVELS: u8 = 3;
/// Combinations and references around one value.
const NESTING: u8 = 8;
/// Instances of one place, at the root and inside.
const ROOT_LIMIT: usize = 400;
const INNER_LIMIT: usize = 24;
/// The longest string and array that is made.
const LENGTH_LIMIT: i32 = 300;

/// One place in the instance as both schemas describe it.
#[derive(Clone, Copy)]
pub(super) struct Nodes {
    pub(super) writer: Option<NodeId>,
    pub(super) reader: Option<NodeId>,
}

/// A node and the model it belongs to.
#[derive(Clone, Copy)]
struct Described<'a> {
    model: &'a Model,
    id: NodeId,
}

pub(super) struct Sampler<'a> {
    writer: &'a Model,
    reader: &'a Model,
    budget: &'a Budget,
}

impl<'a> Sampler<'a> {
    pub(super) fn new(writer: &'a Model, reader: &'a Model, budget: &'a Budget) -> Self {
        Self { writer, reader, budget }
    }

    /// Instances for the root, the simplest first.
    pub(super) fn instances(&mut self, nodes: Nodes) -> Result<Vec<Value>, Exceeded> {
        let mut places = Vec::new();
        places.extend(nodes.writer.map(|id| Described { model: self.writer, id }));
        places.extend(nodes.reader.map(|id| Described { model: self.reader, id }));
        self.place(&places, LEVELS, ROOT_LIMIT)
    }

    /// Instances for a place that all of `described` describe.
    fn place(&mut self, described: &[Described<'a>], levels: u8, limit: usize) -> Result<Vec<Value>, Exceeded> {
        let mut parts = Vec::new();
        for one in described {
            self.unfold(*one, NESTING, &mut parts)?;
        }
        let mut values = Instances::new(limit);
        for part in &parts {
            let node = part.model.node(part.id);
            values.extend(node.default.as_ref().and_then(value));
            match &node.kind {
                Kind::Enum(members) => values.extend(members.iter().take(INNER_LIMIT).filter_map(value)),
                Kind::Const(member) => values.extend(value(member)),
                Kind::String(rules) => strings(rules, &mut values),
                Kind::Number(rules) => numbers(rules, &mut values),
                Kind::Boolean => values.extend([json!(true), json!(false)]),
                Kind::Null => values.extend([Value::Null]),
                _ => {}
            }
        }
        let arrays: Vec<(&Model, &ArrayRules)> = parts.iter().filter_map(|part| part.array()).collect();
        if !arrays.is_empty() {
            self.arrays(&arrays, levels, &mut values)?;
        }
        let objects: Vec<(&Model, &ObjectRules)> = parts.iter().filter_map(|part| part.object()).collect();
        if !objects.is_empty() {
            self.objects(&objects, levels, &mut values)?;
        }
        values.extend([
            json!("a"),
            json!(""),
            json!(1),
            json!(0.5),
            Value::Null,
            json!(true),
            json!({}),
            json!([]),
            json!(-1),
        ]);
        values.extend([json!({"a": 1}), json!([1, "a", null])]);
        Ok(values.list)
    }

    /// The schemas that apply to the same value, through references and combinations.
    fn unfold(&self, one: Described<'a>, nesting: u8, parts: &mut Vec<Described<'a>>) -> Result<(), Exceeded> {
        self.budget.step()?;
        if parts.len() >= 64 {
            return Ok(());
        }
        parts.push(one);
        let Some(nesting) = nesting.checked_sub(1) else {
            return Ok(());
        };
        let inner: Vec<NodeId> = match &one.model.node(one.id).kind {
            Kind::Combined(combined) => combined.members.iter().take(INNER_LIMIT).copied().collect(),
            Kind::Not(inner) => vec![*inner],
            Kind::Conditional { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().flatten().copied().collect()
            }
            Kind::Reference { target, .. } => one.model.target(*target).into_iter().collect(),
            _ => Vec::new(),
        };
        for id in inner {
            self.unfold(Described { model: one.model, id }, nesting, parts)?;
        }
        Ok(())
    }

    fn arrays(
        &mut self,
        rules: &[(&'a Model, &'a ArrayRules)],
        levels: u8,
        values: &mut Instances,
    ) -> Result<(), Exceeded> {
        let mut items = vec![json!(1), json!("a")];
        if let Some(fewer) = levels.checked_sub(1) {
            let inner: Vec<_> = rules
                .iter()
                .flat_map(|(model, rules)| {
                    let schemas = [rules.all_items, rules.contains, rules.additional.schema, rules.unevaluated];
                    schemas.into_iter().flatten().chain(rules.tuple.iter().copied()).map(|id| Described { model, id })
                })
                .collect();
            items = self.place(&inner, fewer, INNER_LIMIT)?;
        }
        let sizes: BTreeSet<i32> = rules
            .iter()
            .flat_map(|(_, rules)| [rules.min_items, rules.max_items, rules.min_contains, rules.max_contains])
            .flatten()
            .flat_map(|size| [size.saturating_sub(1), size, size.saturating_add(1)])
            .chain([1, 2])
            .filter(|size| (0..=LENGTH_LIMIT).contains(size))
            .collect();
        for item in &items {
            values.extend([json!([item])]);
        }
        for size in sizes {
            let size = usize::try_from(size).unwrap_or(0);
            values.extend([Value::Array(vec![items[0].clone(); size])]);
            values.extend([Value::Array(items.iter().cycle().take(size).cloned().collect())]);
            values.extend([Value::Array((0..size).map(|index| json!(index)).collect())]);
        }
        // Tuples: the first instance of every position, and each of them bent.
        let length = rules.iter().map(|(_, rules)| rules.tuple.len()).max().unwrap_or(0).min(INNER_LIMIT);
        if let (Some(fewer), 1..) = (levels.checked_sub(1), length) {
            let mut positions = Vec::new();
            for index in 0..length {
                let inner: Vec<_> = rules
                    .iter()
                    .filter_map(|(model, rules)| Some(Described { model, id: *rules.tuple.get(index)? }))
                    .collect();
                positions.push(self.place(&inner, fewer, INNER_LIMIT)?);
            }
            let base: Vec<Value> = positions.iter().map(|position| position[0].clone()).collect();
            for size in 0..=length {
                values.extend([json!(base[..size])]);
            }
            for extra in items.iter().take(4) {
                values.extend([json!([base.as_slice(), std::slice::from_ref(extra)].concat())]);
            }
            for (index, position) in positions.iter().enumerate() {
                for other in position {
                    let mut bent = base.clone();
                    bent[index] = other.clone();
                    values.extend([Value::Array(bent)]);
                }
            }
        }
        Ok(())
    }

    fn objects(
        &mut self,
        rules: &[(&'a Model, &'a ObjectRules)],
        levels: u8,
        values: &mut Instances,
    ) -> Result<(), Exceeded> {
        let mut names: Vec<&Arc<str>> = Vec::new();
        let mut required: BTreeSet<&str> = BTreeSet::new();
        for (_, rules) in rules {
            let dependent =
                rules.property_dependencies.iter().flat_map(|(name, names)| [name].into_iter().chain(names));
            let all =
                rules.properties.keys().chain(&rules.required).chain(dependent).chain(rules.schema_dependencies.keys());
            for name in all.take(64) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            required.extend(rules.required.iter().map(|name| &**name));
        }
        let mut members: Vec<(&str, Vec<Value>)> = Vec::new();
        for name in names.into_iter().take(64) {
            members.push((name, self.property(rules, name, levels)?));
        }
        let extra = self.property(rules, "", levels)?;
        let collect = |members: &[(&str, Vec<Value>)], keep: &dyn Fn(&str) -> bool| -> Map<String, Value> {
            let kept = members.iter().filter(|(name, _)| keep(name));
            kept.map(|(name, values)| ((*name).to_owned(), values[0].clone())).collect()
        };
        let least = collect(&members, &|name| required.contains(name));
        let most = collect(&members, &|_| true);
        values.extend([Value::Object(least.clone()), Value::Object(most.clone()), json!({})]);
        for (name, _) in &members {
            for object in [&least, &most] {
                let mut without = object.clone();
                without.remove(*name);
                values.extend([Value::Object(without)]);
            }
        }
        for round in 0..INNER_LIMIT {
            for (name, candidates) in &members {
                let Some(candidate) = candidates.get(round) else { continue };
                for object in [&least, &most] {
                    let mut bent = object.clone();
                    bent.insert((*name).to_owned(), candidate.clone());
                    values.extend([Value::Object(bent)]);
                }
            }
            for (name, candidate) in ["zz", "x-a", "a1", "A"].into_iter().zip(extra.get(round).into_iter().cycle()) {
                let mut bent = least.clone();
                bent.insert(name.to_owned(), candidate.clone());
                values.extend([Value::Object(bent)]);
            }
        }
        for count in rules.iter().flat_map(|(_, rules)| [rules.min_properties, rules.max_properties]).flatten() {
            for size in [count.saturating_sub(1), count, count.saturating_add(1)] {
                if let Ok(size) = usize::try_from(size.min(LENGTH_LIMIT)) {
                    let mut filled = least.clone();
                    for index in 0..size.saturating_sub(least.len()) {
                        filled.insert(format!("p{index}"), extra[0].clone());
                    }
                    values.extend([Value::Object(filled)]);
                }
            }
        }
        Ok(())
    }

    /// Values for the property `name`, or for one that no schema names.
    fn property(
        &mut self,
        rules: &[(&'a Model, &'a ObjectRules)],
        name: &str,
        levels: u8,
    ) -> Result<Vec<Value>, Exceeded> {
        let Some(fewer) = levels.checked_sub(1) else {
            return Ok(vec![json!(1), json!("a")]);
        };
        let inner: Vec<_> = rules
            .iter()
            .flat_map(|(model, rules)| {
                let own = rules.properties.get(name).copied();
                let others = rules.pattern_properties.iter().map(|(_, id)| *id);
                let rest = [rules.additional.schema, rules.unevaluated].into_iter().flatten();
                let others = others.chain(rest).filter(move |_| own.is_none());
                own.into_iter().chain(others).map(|id| Described { model, id })
            })
            .collect();
        self.place(&inner, fewer, INNER_LIMIT)
    }
}

impl<'a> Described<'a> {
    fn array(self) -> Option<(&'a Model, &'a ArrayRules)> {
        match &self.model.node(self.id).kind {
            Kind::Array(rules) => Some((self.model, rules)),
            _ => None,
        }
    }

    fn object(self) -> Option<(&'a Model, &'a ObjectRules)> {
        match &self.model.node(self.id).kind {
            Kind::Object(rules) => Some((self.model, rules)),
            _ => None,
        }
    }
}

/// Different values, up to a limit.
struct Instances {
    list: Vec<Value>,
    seen: BTreeSet<String>,
    limit: usize,
}

impl Instances {
    fn new(limit: usize) -> Self {
        Self { list: Vec::new(), seen: BTreeSet::new(), limit }
    }

    fn extend(&mut self, values: impl IntoIterator<Item = Value>) {
        for value in values {
            if self.list.len() < self.limit && self.seen.insert(value.to_string()) {
                self.list.push(value);
            }
        }
    }
}

fn value(json: &Json) -> Option<Value> {
    serde_json::from_str(&printer::compact(json)).ok()
}

fn strings(rules: &StringRules, values: &mut Instances) {
    let lengths = [rules.min_length, rules.max_length].into_iter().flatten();
    for length in lengths.flat_map(|length| [length, length.saturating_sub(1), length.saturating_add(1)]).chain([1, 0])
    {
        if let Ok(length) = usize::try_from(length.min(LENGTH_LIMIT)) {
            values.extend([json!("a".repeat(length))]);
        }
    }
    values.extend(
        ["A1", "2020-01-01", "2020-01-01T00:00:00Z", "a@b.co", "http://a.b/", "123", "a b", "é"]
            .map(|text| json!(text)),
    );
}

fn numbers(rules: &NumberRules, values: &mut Instances) {
    let limits =
        [&rules.minimum, &rules.maximum, &rules.exclusive_minimum, &rules.exclusive_maximum, &rules.multiple_of];
    for limit in limits.into_iter().flatten().map(Decimal::to_f64) {
        for number in [limit, limit + 1.0, limit - 1.0, limit + 0.5, limit - 0.5, limit * 2.0, limit * 3.0, 0.0] {
            // Whole numbers are written as integers, which more validators take for them.
            let whole = number.fract() == 0.0 && number.abs() < 1e15;
            values.extend([if whole {
                serde_json::from_str(&format!("{number:.0}")).unwrap_or(json!(0))
            } else {
                json!(number)
            }]);
        }
    }
    values.extend([json!(1), json!(0), json!(-1), json!(1.5), json!(100), json!(7)]);
}
