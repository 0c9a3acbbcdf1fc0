//! Rules about unions, nulls, defaults and enums.

use super::Strictness;
use super::{Document, Hit};
use crate::source::{Field, Item, Node, Shape, Type, Value};

pub fn fields<'d, 't>(document: &'d Document<'t>) -> impl Iterator<Item = &'d Field<'t>> {
    document.items.iter().filter_map(|item| match item {
        Item::Field(field) => Some(field),
        Item::Type(_) => None,
    })
}

fn is_null(branch: &Node) -> bool {
    branch.text().or_else(|| branch.get_text("type")) == Some("null")
}

/// The place of null among the branches of a field's union.
fn null_at(field: &Field<'_>) -> Option<usize> {
    field.kind.elements().iter().position(is_null)
}

pub fn null_not_first(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    // A default that is not null wants its own branch first.
    let late = fields(document).filter(|field| null_at(field).is_some_and(|at| at > 0));
    let late = late.filter(|field| field.node.get("default").is_none());
    late.map(|field| {
        Hit::new(field.node, Some("type"), &field.path, format!("null is not the first branch of `{}`", field.name))
    })
    .collect()
}

pub fn nullable_without_default(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let bare = fields(document).filter(|field| null_at(field).is_some() && field.node.get("default").is_none());
    bare.map(|field| {
        Hit::new(field.node, None, &field.path, format!("`{}` may be null and has no default", field.name))
    })
    .collect()
}

pub fn default_of_a_later_branch(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let mut hits = Vec::new();
    for field in fields(document) {
        let (Some(default), [first, ..]) = (field.node.get("default"), field.kind.elements()) else { continue };
        if is_null(first) != (default.value == Value::Null) || !may_be(first, default) {
            let title = format!("The default of `{}` is not one of its first branch", field.name);
            hits.push(Hit::new(field.node, Some("default"), &field.path, title));
        }
    }
    hits
}

/// Whether a default can be one of a type, judging by its kind of JSON.
pub fn may_be(kind: &Node, default: &Node) -> bool {
    let name = kind.text().or_else(|| kind.get_text("type")).unwrap_or_default();
    match (name, &default.value) {
        ("null", value) => *value == Value::Null,
        ("boolean", value) => matches!(value, Value::Bool(_)),
        ("int" | "long" | "float" | "double", value) => matches!(value, Value::Number(_)),
        ("bytes" | "string" | "fixed" | "enum", value) => matches!(value, Value::String(_)),
        ("array", value) => matches!(value, Value::Array(_)),
        ("map" | "record" | "error", value) => matches!(value, Value::Object(_)),
        // A name: the parser has looked at it.
        _ => true,
    }
}

pub fn top_level_union(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    match document.root.value {
        Value::Array(_) => {
            let span = document.root.span.start..document.root.span.start + 1;
            vec![Hit { span, path: String::new(), title: "The document is a union".to_owned() }]
        }
        _ => Vec::new(),
    }
}

pub fn nested_union(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let mut hits = Vec::new();
    let unions = document.items.iter().filter_map(|item| match item {
        Item::Type(it) if it.shape == Shape::Union => Some(it),
        _ => None,
    });
    for outer in unions.clone() {
        for inner in outer.node.elements().iter().filter_map(union_within) {
            let Some(inner) = unions.clone().find(|it| it.node.span == inner.span) else { continue };
            let title = format!("`{}` is a union within the union `{}`", inner.path, outer.path);
            hits.push(Hit::new(inner.node, None, &inner.path, title));
        }
    }
    hits
}

/// The nearest union below the arrays and maps of a branch. A record is the way out: its fields have names of their own.
fn union_within(branch: &Node) -> Option<&Node> {
    let mut node = branch;
    loop {
        node = match (node.get_text("type"), &node.value) {
            (_, Value::Array(_)) => return Some(node),
            (Some("array"), _) => node.get("items")?,
            (Some("map"), _) => node.get("values")?,
            (Some(_), _) => return None,
            (None, _) => node.get("type")?,
        };
    }
}

pub fn enum_without_default(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let enums = document.items.iter().filter_map(|item| match item {
        Item::Type(it @ Type { shape: Shape::Named { what: "enum", full }, .. }) => Some((it, full)),
        _ => None,
    });
    let bare = enums.filter(|(it, _)| it.node.get("default").is_none());
    bare.map(|(it, full)| Hit::new(it.node, None, &it.path, format!("The enum `{full}` has no default"))).collect()
}
