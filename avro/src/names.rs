//! What a document defines, whether or not the documents that it refers to are at hand.

use avow_budget::{Budget, Exceeded};

use crate::json::{self, Object, Value};
use crate::name::{Name, Space};
use crate::{Limits, ParseError};

/// The names that a document defines itself, each as often as it does so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// Full names of records, enums and fixed types.
    pub types: Vec<String>,
    /// Names of fields.
    pub fields: Vec<String>,
}

/// Lists what a document defines; nothing where it is no schema.
///
/// ```
/// let found = avow_avro::definitions(
///     r#"{"type":"record","name":"a.Order","fields":[{"name":"by","type":"b.Customer"}]}"#,
/// );
/// assert_eq!((found.types, found.fields), (vec!["a.Order".to_owned()], vec!["by".to_owned()]));
/// ```
pub fn definitions(text: &str) -> Definitions {
    definitions_within(text, &Budget::unlimited()).unwrap_or_default()
}

/// [`definitions`] within a budget, which the names that are spelled out take most of.
pub fn definitions_within(text: &str, budget: &Budget) -> Result<Definitions, Exceeded> {
    let mut found = Definitions::default();
    let document = match json::read(text, Limits::default().depth, budget) {
        Ok(Some(document)) => document,
        Err(ParseError::Exceeded(exceeded)) => return Err(exceeded),
        Ok(None) | Err(_) => return Ok(found),
    };
    let mut held = budget.scope();
    let mut pending: Vec<(&Value<'_>, Option<Space>)> = vec![(&document.value, None)];
    while let Some((value, space)) = pending.pop() {
        let types = found.types.len();
        match value {
            Value::Array(branches) => pending.extend(branches.iter().rev().map(|branch| (branch, space.clone()))),
            Value::Object(object) => visit(object, space, &mut found, &mut pending),
            _ => {}
        }
        if let Some(name) = found.types.get(types) {
            budget.spend(name.len() as u64)?;
            held.hold(name.len())?;
        }
    }
    Ok(found)
}

fn visit<'d>(
    object: &'d Object<'d>,
    space: Option<Space>,
    found: &mut Definitions,
    pending: &mut Vec<(&'d Value<'d>, Option<Space>)>,
) {
    let member = |key: &str| object.get(key).and_then(Value::as_str);
    match object.get("type") {
        Some(Value::String(what)) => match &**what {
            "array" => pending.extend(object.get("items").map(|inner| (inner, space))),
            "map" => pending.extend(object.get("values").map(|inner| (inner, space))),
            "record" | "error" | "enum" | "fixed" => {
                let Some(name) = member("name") else { return };
                let own_space = member("namespace").map(|own| (!own.is_empty()).then(|| Space::new(own)));
                let name = Name::new(name, own_space.as_ref().unwrap_or(&space).as_ref());
                let space = name.space().cloned();
                found.types.push(name.to_string());
                let Some(Value::Array(fields)) = object.get("fields") else { return };
                let fields: Vec<&Object<'_>> = fields.iter().filter_map(Value::as_object).collect();
                let names = fields.iter().filter_map(|field| field.get("name").and_then(Value::as_str));
                found.fields.extend(names.map(str::to_owned));
                let kinds = fields.iter().rev().filter_map(|field| field.get("type"));
                pending.extend(kinds.map(|kind| (kind, space.clone())));
            }
            _ => {}
        },
        // An object around a type.
        Some(inner) => pending.push((inner, space)),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_the_namespace_around_them() {
        let found = definitions(
            r#"{"type":"record","name":"Order","namespace":"a.b","fields":[
                {"name":"lines","type":{"type":"array","items":["null",{"type":"record","name":"Line","fields":[
                    {"name":"of","type":{"type":{"type":"enum","name":"c.Kind","symbols":["X"]}}}]}]}},
                {"name":"hash","type":{"type":"map","values":{"type":"fixed","name":"Hash","namespace":"","size":2}}},
                {"name":"by","type":"x.Customer"}]}"#,
        );
        assert_eq!(found.types, ["a.b.Order", "a.b.Line", "c.Kind", "Hash"]);
        assert_eq!(found.fields, ["lines", "hash", "by", "of"]);
    }

    #[test]
    fn what_is_no_schema_defines_nothing() {
        for text in ["", "{", "\"string\"", "7", r#"{"type":"record"}"#, r#"{"name":"A"}"#, r#"{"type":"array"}"#] {
            assert_eq!(definitions(text), Definitions::default(), "{text}");
        }
    }
}
