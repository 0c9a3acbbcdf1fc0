//! The keywords of drafts 2019-09 and 2020-12, each as a schema of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::uri::Uri;
use super::super::{LoadError, Result, invalid};
use super::anchors::is_keyword;
use super::join::Parent;
use super::{Key, Loader};
use crate::decimal::Decimal;
use crate::model::{
    ArrayRules, Combined, Criterion, Kind, Node, NodeId, NumberRules, ObjectRules, Origin, Rest, StringRules,
};
use crate::pattern::Pattern;
use crate::value::{Json, Object};

impl Loader<'_> {
    /// All keywords of `object` joined: first in document order, then what describes the rest.
    pub(super) fn keywords(&mut self, object: &Object, base: &Uri) -> Result<Node> {
        let mut joined = None;
        for (keyword, json) in object {
            if let Some(part) = self.keyword(keyword, json, object, base)? {
                joined = Some(self.join(Parent::Object, joined, part)?);
            }
        }
        let mut joined = Some(joined.unwrap_or_else(|| combined(Criterion::All, Vec::new(), Origin::Generated)));
        if let Some(json) = object.get("properties") {
            let mut rules = ObjectRules::default();
            for (name, json) in members(json)? {
                rules.properties.insert(Arc::clone(name), self.child(json, base)?);
            }
            if !rules.properties.is_empty() {
                joined = Some(self.join(Parent::Object, joined, rules.into())?);
            }
        }
        if let Some(json) = object.get("patternProperties") {
            let mut rules = ObjectRules::default();
            for (source, json) in members(json)? {
                let schema = self.child(json, base)?;
                rules.pattern_properties.push((pattern(source)?, schema));
            }
            if !rules.pattern_properties.is_empty() {
                joined = Some(self.join(Parent::Object, joined, rules.into())?);
            }
        }
        if let Some(json) = object.get("unevaluatedItems") {
            let unevaluated = Some(self.child(json, base)?);
            joined =
                Some(self.join(Parent::Object, joined, ArrayRules { unevaluated, ..ArrayRules::default() }.into())?);
        }
        if let Some(json) = object.get("unevaluatedProperties") {
            let unevaluated = Some(self.child(json, base)?);
            joined = Some(self.join(
                Parent::Object,
                joined,
                ObjectRules { unevaluated, ..ObjectRules::default() }.into(),
            )?);
        }
        Ok(joined.expect("it starts with a node"))
    }

    fn keyword(&mut self, keyword: &str, json: &Json, object: &Object, base: &Uri) -> Result<Option<Node>> {
        let node = match keyword {
            "$ref" => {
                let reference = string(json)?;
                let uri = self.anchors.resolve(&reference, base)?;
                self.reference(reference, Key::Anchor(uri))
            }
            "type" => self.types(json)?,
            "enum" => Kind::Enum(array(json)?).into(),
            "const" => Kind::Const(json.clone()).into(),
            "not" => Kind::Not(self.child(json, base)?).into(),
            "if" => Kind::Conditional {
                condition: Some(self.child(json, base)?),
                then: object.get("then").map(|json| self.child(json, base)).transpose()?,
                otherwise: object.get("else").map(|json| self.child(json, base)).transpose()?,
            }
            .into(),
            "allOf" => self.combination(Criterion::All, json, base)?,
            "anyOf" => self.combination(Criterion::Any, json, base)?,
            "oneOf" => self.combination(Criterion::One, json, base)?,
            // These say nothing about the value, but they stand between keywords that do.
            "format" => {
                string(json)?;
                combined(Criterion::All, Vec::new(), Origin::Generated)
            }
            "readOnly" | "writeOnly" => match boolean(json)? {
                true => combined(Criterion::All, Vec::new(), Origin::Generated),
                false => return Ok(None),
            },
            _ => return self.value_keyword(keyword, json, object, base),
        };
        Ok(Some(node))
    }

    /// The keywords about values of one type.
    fn value_keyword(&mut self, keyword: &str, json: &Json, object: &Object, base: &Uri) -> Result<Option<Node>> {
        let node = match keyword {
            "minLength" => StringRules { min_length: Some(integer(json)?), ..StringRules::default() }.into(),
            "maxLength" => StringRules { max_length: Some(integer(json)?), ..StringRules::default() }.into(),
            "pattern" => StringRules { pattern: Some(pattern(&string(json)?)?), ..StringRules::default() }.into(),
            "minimum" => NumberRules { minimum: Some(number(json)?), ..NumberRules::default() }.into(),
            "maximum" => NumberRules { maximum: Some(number(json)?), ..NumberRules::default() }.into(),
            "exclusiveMinimum" => {
                NumberRules { exclusive_minimum: Some(number(json)?), ..NumberRules::default() }.into()
            }
            "exclusiveMaximum" => {
                NumberRules { exclusive_maximum: Some(number(json)?), ..NumberRules::default() }.into()
            }
            "multipleOf" => NumberRules { multiple_of: Some(number(json)?), ..NumberRules::default() }.into(),
            "minProperties" => ObjectRules { min_properties: Some(integer(json)?), ..ObjectRules::default() }.into(),
            "maxProperties" => ObjectRules { max_properties: Some(integer(json)?), ..ObjectRules::default() }.into(),
            "required" => ObjectRules { required: strings(json)?, ..ObjectRules::default() }.into(),
            "additionalProperties" => {
                ObjectRules { additional: self.rest(json, base)?, ..ObjectRules::default() }.into()
            }
            "propertyNames" => {
                ObjectRules { property_names: Some(self.child(json, base)?), ..ObjectRules::default() }.into()
            }
            "dependentRequired" => {
                let mut rules = ObjectRules::default();
                for (name, json) in members(json)? {
                    let names = strings(json)?;
                    if !names.is_empty() {
                        rules.property_dependencies.insert(Arc::clone(name), names);
                    }
                }
                rules.into()
            }
            "dependentSchemas" => {
                let mut rules = ObjectRules::default();
                for (name, json) in members(json)? {
                    rules.schema_dependencies.insert(Arc::clone(name), self.child(json, base)?);
                }
                rules.into()
            }
            "minItems" => ArrayRules { min_items: Some(integer(json)?), ..ArrayRules::default() }.into(),
            "maxItems" => ArrayRules { max_items: Some(integer(json)?), ..ArrayRules::default() }.into(),
            "uniqueItems" => ArrayRules { unique: boolean(json)?, ..ArrayRules::default() }.into(),
            "prefixItems" => {
                let items = array(json)?;
                let tuple = items.iter().map(|item| self.child(item, base)).collect::<Result<_>>()?;
                ArrayRules { tuple, ..ArrayRules::default() }.into()
            }
            "items" => self.items(json, object, base)?.into(),
            "contains" => {
                let count = |keyword| match object.get(keyword) {
                    Some(Json::Number(number)) => Some(number.wrapping_i32()),
                    _ => None,
                };
                ArrayRules {
                    contains: Some(self.child(json, base)?),
                    min_contains: Some(count("minContains").unwrap_or(1)),
                    max_contains: count("maxContains"),
                    ..ArrayRules::default()
                }
                .into()
            }
            _ => return Ok(None),
        };
        Ok(Some(node))
    }

    fn items(&mut self, json: &Json, object: &Object, base: &Uri) -> Result<ArrayRules> {
        let prefix = object.get("prefixItems").and_then(Json::as_array).map_or(0, <[Json]>::len);
        let rest = self.rest(json, base)?;
        Ok(match rest.schema {
            Some(schema) if prefix == 0 => ArrayRules { all_items: Some(schema), ..ArrayRules::default() },
            _ => ArrayRules { additional: rest, ..ArrayRules::default() },
        })
    }

    /// `true` and `false` open and close; `{}` is a schema like any other.
    fn rest(&mut self, json: &Json, base: &Uri) -> Result<Rest> {
        let node = self.schema(json, base, None)?;
        Ok(match node.kind {
            Kind::True => Rest::default(),
            Kind::False => Rest { permitted: false, schema: None },
            _ => Rest { permitted: true, schema: Some(self.model.add(node)) },
        })
    }

    fn types(&mut self, json: &Json) -> Result<Node> {
        match json {
            Json::String(name) => Ok(typed(name)?.into()),
            Json::Array(names) => {
                let mut members: Vec<NodeId> = Vec::new();
                for name in names.iter() {
                    let kind = typed(&string(name)?)?;
                    members.push(self.model.add(kind));
                }
                Ok(combined(Criterion::Any, members, Origin::Generated))
            }
            other => invalid(format!("expected string or array, found {}", other.type_name())),
        }
    }

    fn combination(&mut self, criterion: Criterion, json: &Json, base: &Uri) -> Result<Node> {
        let mut node = combined(criterion, Vec::new(), Origin::Keyword);
        for json in array(json)?.iter() {
            let member = self.schema(json, base, None)?;
            node = self.join(Parent::Combined, Some(node), member)?;
        }
        Ok(node)
    }
}

/// Title, description, default, identifier, and what no keyword accounts for.
pub(super) fn annotate(node: &mut Node, object: &Object) -> Result<()> {
    for (key, json) in object {
        match &**key {
            "title" => node.title = Some(string(json)?),
            "description" => node.description = Some(string(json)?),
            "deprecated" => drop(boolean(json)?),
            "$dynamicAnchor" => drop(string(json)?),
            "default" if *json != Json::Null => node.default = Some(json.clone()),
            _ => {}
        }
    }
    let unprocessed: Vec<_> = object
        .iter()
        .filter(|(key, _)| !is_keyword(key) || &***key == "$defs")
        .map(|(key, json)| (Arc::clone(key), json.clone()))
        .collect();
    if !unprocessed.is_empty() {
        node.unprocessed = unprocessed;
        forget_extensions(&mut node.kind);
    }
    Ok(())
}

/// The reference keeps what drafts up to 7 do not know among the members that no keyword accounts for. Where the object
/// has such members, they take that place.
fn forget_extensions(kind: &mut Kind) {
    match kind {
        Kind::Array(rules) => {
            rules.unevaluated = None;
            rules.min_contains = None;
            rules.max_contains = None;
        }
        Kind::Object(rules) => rules.unevaluated = None,
        _ => {}
    }
}

fn combined(criterion: Criterion, members: Vec<NodeId>, origin: Origin) -> Node {
    Kind::Combined(Combined { criterion, members, origin }).into()
}

fn typed(name: &str) -> Result<Kind> {
    Ok(match name {
        "string" => Kind::String(StringRules { typed: true, ..StringRules::default() }),
        "integer" => Kind::Number(NumberRules { typed: true, integer: true, ..NumberRules::default() }),
        "number" => Kind::Number(NumberRules { typed: true, ..NumberRules::default() }),
        "boolean" => Kind::Boolean,
        "null" => Kind::Null,
        "array" => Kind::Array(Box::new(ArrayRules { typed: true, ..ArrayRules::default() })),
        "object" => Kind::Object(Box::new(ObjectRules { typed: true, ..ObjectRules::default() })),
        _ => return invalid(format!("unknown type: [{name}]")),
    })
}

impl From<StringRules> for Node {
    fn from(rules: StringRules) -> Self {
        Kind::String(rules).into()
    }
}

impl From<NumberRules> for Node {
    fn from(rules: NumberRules) -> Self {
        Kind::Number(rules).into()
    }
}

impl From<ObjectRules> for Node {
    fn from(rules: ObjectRules) -> Self {
        Kind::Object(Box::new(rules)).into()
    }
}

impl From<ArrayRules> for Node {
    fn from(rules: ArrayRules) -> Self {
        Kind::Array(Box::new(rules)).into()
    }
}

fn expected<T>(expected: &str, found: &Json) -> Result<T> {
    invalid(format!("expected {expected}, found {}", found.type_name()))
}

fn string(json: &Json) -> Result<Arc<str>> {
    match json {
        Json::String(text) => Ok(Arc::clone(text)),
        other => expected("string", other),
    }
}

fn boolean(json: &Json) -> Result<bool> {
    match json {
        Json::Bool(value) => Ok(*value),
        other => expected("boolean", other),
    }
}

fn number(json: &Json) -> Result<Decimal> {
    match json {
        Json::Number(number) => Ok(number.clone()),
        other => expected("number", other),
    }
}

fn integer(json: &Json) -> Result<i32> {
    number(json).map(|number| number.wrapping_i32())
}

fn array(json: &Json) -> Result<Arc<Vec<Json>>> {
    match json {
        Json::Array(items) => Ok(Arc::clone(items)),
        other => expected("array", other),
    }
}

fn members(json: &Json) -> Result<&Object> {
    match json {
        Json::Object(object) => Ok(object),
        other => expected("object", other),
    }
}

fn strings(json: &Json) -> Result<BTreeSet<Arc<str>>> {
    array(json)?.iter().map(string).collect()
}

fn pattern(source: &Arc<str>) -> Result<Pattern> {
    Pattern::parse(source)
        .map_err(|message| LoadError::Invalid(format!("the pattern `{source}` is refused: {message}")))
}
