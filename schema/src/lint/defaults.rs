//! The rule about defaults that the parser lets pass, and that are no values of their types.

use std::collections::HashMap;

use super::Strictness;
use super::shapes::{fields, may_be};
use super::{Document, Hit};
use crate::source::{Item, Node, Shape, Type, Value};

pub fn no_value(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let types = Types::of(document);
    let mut hits = Vec::new();
    for field in fields(document) {
        let Some(default) = field.node.get("default") else { continue };
        if let Some(fault) = types.fault(field.kind, default) {
            let title = format!("The default of `{}` {fault}", field.name);
            hits.push(Hit::new(field.node, Some("default"), &field.path, title));
        }
    }
    hits
}

/// The types of a document, by where they stand and by their names.
struct Types<'d, 't> {
    at: HashMap<usize, &'d Type<'t>>,
    named: HashMap<&'d str, &'d Type<'t>>,
}

impl<'d, 't> Types<'d, 't> {
    fn of(document: &'d Document<'t>) -> Self {
        let mut types = Self { at: HashMap::new(), named: HashMap::new() };
        for item in &document.items {
            let Item::Type(it) = item else { continue };
            types.at.insert(it.node.span.start, it);
            if let Shape::Named { full, .. } = &it.shape {
                types.named.insert(full, it);
            }
        }
        types
    }

    /// The type that stands somewhere, or that is meant by the name that stands there; none if another file defines it.
    fn meant(&self, mut kind: &'t Node) -> Option<&'d Type<'t>> {
        loop {
            match self.at.get(&kind.span.start) {
                Some(Type { shape: Shape::Name { full }, .. }) => return self.named.get(full.as_str()).copied(),
                Some(it) => return Some(it),
                // An object around a type.
                None => kind = kind.get("type")?,
            }
        }
    }

    /// Why a default is not a value of a type.
    fn fault(&self, kind: &'t Node, default: &Node) -> Option<String> {
        let Type { node, shape, .. } = self.meant(kind)?;
        match (shape, &default.value) {
            (Shape::Union, _) => {
                let fitting = node.elements().iter().filter(|branch| may_be(branch, default));
                let faults: Vec<Option<String>> = fitting.map(|branch| self.fault(branch, default)).collect();
                if faults.contains(&None) { None } else { faults.into_iter().flatten().next() }
            }
            (Shape::Array, Value::Array(elements)) => {
                let items = node.get("items")?;
                elements.iter().find_map(|element| self.fault(items, element))
            }
            (Shape::Map, Value::Object(members)) => {
                let values = node.get("values")?;
                members.iter().find_map(|member| self.fault(values, &member.node))
            }
            (Shape::Primitive, Value::String(text)) if node.text().or(node.get_text("type")) == Some("bytes") => {
                no_bytes(text)
            }
            (Shape::Named { what, full }, value) => match (*what, value) {
                ("enum", Value::String(symbol)) => {
                    let is_listed = node.get("symbols")?.elements().iter().any(|it| it.text() == Some(symbol));
                    (!is_listed).then(|| format!("is `{symbol}`, which the enum `{full}` does not list"))
                }
                ("fixed", Value::String(text)) => no_bytes(text).or_else(|| {
                    let Value::Number(size) = &node.get("size")?.value else { return None };
                    let length = text.chars().count();
                    let is_other = size.parse::<usize>().is_ok_and(|size| size != length);
                    is_other.then(|| format!("has the length {length}, and the fixed type `{full}` the size {size}"))
                }),
                ("record" | "error", Value::Object(members)) => {
                    let fields = node.get("fields")?.elements();
                    members.iter().find_map(|member| {
                        match fields.iter().find(|field| field.get_text("name") == Some(&member.key)) {
                            Some(field) => self.fault(field.get("type")?, &member.node),
                            None => Some(format!("names `{}`, which the record `{full}` does not have", member.key)),
                        }
                    })
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Bytes are written as text, a character each.
fn no_bytes(text: &str) -> Option<String> {
    let stray = text.chars().find(|c| u32::from(*c) > 0xff)?;
    Some(format!("holds `{stray}`, which is not a byte"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    fn finding_of(kind: &str, default: &str) -> Option<String> {
        let text = format!(
            r#"{{"type":"record","name":"a.R","fields":[
                {{"name":"e","type":{{"type":"enum","name":"E","symbols":["A","B"]}}}},
                {{"name":"s","type":{{"type":"record","name":"S","fields":[{{"name":"x","type":"E","default":"A"}}]}}}},
                {{"name":"f","type":{{"type":"fixed","name":"F","size":2}}}},
                {{"name":"it","type":{kind},"default":{default}}}]}}"#
        );
        let file = Text::new(text);
        let document = Document::of(&file, "r".to_owned(), "r").expect("JSON");
        let mut hits = no_value(&document, &Strictness::default());
        assert!(hits.len() < 2);
        hits.pop().map(|hit| hit.title.replace("The default of `it` ", ""))
    }

    #[test]
    fn what_the_parser_lets_pass() {
        for (kind, default, expected) in [
            (r#""E""#, r#""C""#, "is `C`, which the enum `a.E` does not list"),
            (r#"["E","null"]"#, r#""C""#, "is `C`, which the enum `a.E` does not list"),
            (r#"{"type":"array","items":"E"}"#, r#"["A","C"]"#, "is `C`, which the enum `a.E` does not list"),
            (r#"{"type":"map","values":{"type":"E"}}"#, r#"{"k":"C"}"#, "is `C`, which the enum `a.E` does not list"),
            (r#""a.S""#, r#"{"x":"C"}"#, "is `C`, which the enum `a.E` does not list"),
            (r#""S""#, r#"{"y":1}"#, "names `y`, which the record `a.S` does not have"),
            (r#""F""#, r#""abc""#, "has the length 3, and the fixed type `a.F` the size 2"),
            (r#""F""#, r#""\u20ac\u0001""#, "holds `\u{20ac}`, which is not a byte"),
            (
                r#"{"type":"bytes","logicalType":"decimal","precision":4}"#,
                r#""\u0100""#,
                "holds `\u{100}`, which is not a byte",
            ),
        ] {
            assert_eq!(finding_of(kind, default).as_deref(), Some(expected), "{kind} {default}");
        }
    }

    #[test]
    fn values_of_their_types() {
        for (kind, default) in [
            (r#""E""#, r#""B""#),
            (r#""S""#, "{}"),
            (r#""F""#, r#""\u00ff\u0000""#),
            (r#""bytes""#, r#""\u00ff""#),
            (r#""string""#, r#""\u20ac""#),
            (r#"["string","E"]"#, r#""C""#),
            (r#"["E","string"]"#, r#""C""#),
            (r#"{"type":"array","items":["null","S"]}"#, r#"[null,{"x":"A"}]"#),
            (r#""of.another.File""#, r#"{"y":"C"}"#),
            (r#""double""#, r#""NaN""#),
        ] {
            assert_eq!(finding_of(kind, default), None, "{kind} {default}");
        }
    }
}
