//! What a document defines, whether or not the documents that it refers to are at hand.

use std::rc::Rc;

use crate::Limits;
use crate::json::{self, Object, Value};
use crate::model::Name;

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
    let mut found = Definitions::default();
    let Ok(Some(document)) = json::read(text, &Limits::default()) else { return found };
    let mut pending: Vec<(&Value, Option<Rc<str>>)> = vec![(&document.value, None)];
    while let Some((value, space)) = pending.pop() {
        match value {
            Value::Array(branches) => pending.extend(branches.iter().rev().map(|branch| (branch, space.clone()))),
            Value::Object(object) => visit(object, space, &mut found, &mut pending),
            _ => {}
        }
    }
    found
}

fn visit<'d>(
    object: &'d Object,
    space: Option<Rc<str>>,
    found: &mut Definitions,
    pending: &mut Vec<(&'d Value, Option<Rc<str>>)>,
) {
    let member = |key: &str| object.get(key).and_then(Value::as_str);
    match object.get("type") {
        Some(Value::String(what)) => match what.as_str() {
            "array" => pending.extend(object.get("items").map(|inner| (inner, space))),
            "map" => pending.extend(object.get("values").map(|inner| (inner, space))),
            "record" | "error" | "enum" | "fixed" => {
                let Some(name) = member("name") else { return };
                let name = Name::new(name, member("namespace").or(space.as_deref()));
                let space: Option<Rc<str>> = name.space().map(Rc::from);
                found.types.push(name.full().to_owned());
                let Some(Value::Array(fields)) = object.get("fields") else { return };
                let fields: Vec<&Object> = fields.iter().filter_map(Value::as_object).collect();
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
