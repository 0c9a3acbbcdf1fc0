//! A document read as a schema: its types and fields, under their full names, each with its way for people.

use std::collections::HashSet;

use super::{Node, Value};

/// A type or a field of a document.
#[derive(Debug)]
pub enum Item<'t> {
    Type(Type<'t>),
    Field(Field<'t>),
}

#[derive(Debug)]
pub struct Type<'t> {
    pub node: &'t Node,
    /// For people: `Order.items[]`.
    pub path: String,
    pub shape: Shape<'t>,
    /// The namespace around it.
    pub space: Option<String>,
    /// How many arrays, maps, records and unions are around it.
    pub depth: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Shape<'t> {
    /// A primitive type, with the object around it if it has one.
    Primitive,
    /// A type by its name, with the namespace around it.
    Name {
        full: String,
    },
    /// `record`, `error`, `enum` or `fixed`.
    Named {
        what: &'t str,
        full: String,
    },
    Array,
    Map,
    Union,
}

#[derive(Debug)]
pub struct Field<'t> {
    pub node: &'t Node,
    pub name: &'t str,
    pub kind: &'t Node,
    pub path: String,
}

pub const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// The nodes still to be visited.
struct Pending<'t> {
    node: &'t Node,
    path: String,
    space: Option<String>,
    depth: usize,
}

/// Lists every type and field in the order of the document. What is not a schema is left out.
pub fn items(root: &Node) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    let path = short(root.get_text("name").unwrap_or("value")).to_owned();
    let mut pending = vec![Pending { node: root, path, space: None, depth: 0 }];
    while let Some(next) = pending.pop() {
        let start = pending.len();
        visit(next, &mut found, &mut pending);
        pending[start..].reverse();
    }
    found.sort_by_key(|item| match item {
        Item::Type(it) => it.node.span.start,
        Item::Field(it) => it.node.span.start,
    });
    found
}

fn visit<'t>(at: Pending<'t>, found: &mut Vec<Item<'t>>, pending: &mut Vec<Pending<'t>>) {
    let Pending { node, path, space, depth } = at;
    let below = |node: &'t Node, path: String, space: &Option<String>| Pending {
        node,
        path,
        space: space.clone(),
        depth: depth + 1,
    };
    let what = match &node.value {
        Value::Array(branches) => {
            pending.extend(branches.iter().map(|branch| below(branch, path.clone(), &space)));
            found.push(Item::Type(Type { node, path, shape: Shape::Union, space, depth }));
            return;
        }
        Value::String(name) => name.as_str(),
        _ => match node.get("type") {
            Some(Node { value: Value::String(what), .. }) => what,
            // An object around a type.
            Some(inner) => {
                pending.push(Pending { node: inner, path, space, depth });
                return;
            }
            None => return,
        },
    };
    let around = space.clone();
    let shape = match what {
        _ if PRIMITIVES.contains(&what) => Shape::Primitive,
        "array" | "map" if node.text().is_none() => {
            let (member, mark, shape) =
                if what == "array" { ("items", "[]", Shape::Array) } else { ("values", "{}", Shape::Map) };
            pending.extend(node.get(member).map(|inner| below(inner, format!("{path}{mark}"), &space)));
            shape
        }
        "record" | "error" | "enum" | "fixed" if node.text().is_none() => {
            let Some(name) = node.get_text("name") else { return };
            let space = node.get_text("namespace").map(str::to_owned).or(space);
            let full = qualified(name, space.as_deref());
            let space = full.rsplit_once('.').map(|(space, _)| space.to_owned());
            for field in node.get("fields").map(Node::elements).unwrap_or_default() {
                let (Some(name), Some(kind)) = (field.get_text("name"), field.get("type")) else { continue };
                let path = format!("{path}.{name}");
                found.push(Item::Field(Field { node: field, name, kind, path: path.clone() }));
                pending.push(below(kind, path, &space));
            }
            Shape::Named { what, full }
        }
        _ => Shape::Name { full: qualified(what, space.as_deref()) },
    };
    found.push(Item::Type(Type { node, path, shape, space: around, depth }));
}

pub fn qualified(name: &str, space: Option<&str>) -> String {
    match space.filter(|space| !space.is_empty() && !name.contains('.')) {
        Some(space) => format!("{space}.{name}"),
        None => name.to_owned(),
    }
}

/// A name without its namespace: what a type of no namespace is called within one.
pub fn short(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}

/// The full names of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The top-level type, if it has a name.
    pub root: Option<String>,
    /// Every type it defines.
    pub defines: Vec<String>,
    /// The types it uses and does not define, each once, in the order of the document.
    pub uses: Vec<String>,
}

impl Names {
    pub fn of(root: &Node) -> Self {
        let mut names = Self::default();
        for item in items(root) {
            match item {
                Item::Type(Type { shape: Shape::Named { full, .. }, depth, .. }) => {
                    if depth == 0 {
                        names.root = Some(full.clone());
                    }
                    names.defines.push(full);
                }
                Item::Type(Type { shape: Shape::Name { full }, .. }) => names.uses.push(full),
                _ => {}
            }
        }
        let defined: HashSet<&str> = names.defines.iter().map(String::as_str).collect();
        let mut seen = HashSet::new();
        names.uses.retain(|name| {
            !defined.contains(name.as_str()) && !defined.contains(short(name)) && seen.insert(name.clone())
        });
        names
    }
}

/// Follows a JSON pointer into the stored text through the text as it was written, which may wrap types in objects and
/// define them at another of their uses.
pub fn follow<'t>(root: &'t Node, pointer: &str) -> Option<&'t Node> {
    let mut node = root;
    for token in pointer.split('/').skip(1) {
        node = enter(root, node, token)?;
    }
    Some(node)
}

fn enter<'t>(root: &'t Node, node: &'t Node, token: &str) -> Option<&'t Node> {
    match &node.value {
        Value::Array(elements) => elements.get(token.parse::<usize>().ok()?),
        Value::Object(_) => match node.get(token) {
            // The pointer means a type; this one is wrapped.
            Some(inner) if token != "type" || node.get("name").is_some() => Some(inner),
            inner => match node.get("type") {
                Some(wrapped) if matches!(wrapped.value, Value::Object(_) | Value::Array(_)) => {
                    enter(root, wrapped, token)
                }
                _ => inner,
            },
        },
        Value::String(name) => {
            let definition = items(root).into_iter().find_map(|item| match item {
                Item::Type(Type { node, shape: Shape::Named { full, .. }, .. }) if short(&full) == short(name) => {
                    Some(node)
                }
                _ => None,
            });
            definition.and_then(|definition| definition.get(token))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_the_namespace_around_them() {
        let text = r#"{"type":"record","name":"a.b.Order","fields":[
            {"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[
                {"name":"of","type":["null","Order","c.Other"]}]}}}]}"#;
        let root = Node::parse(text).expect("JSON");
        let shown: Vec<String> = items(&root)
            .into_iter()
            .map(|item| match item {
                Item::Field(field) => format!("field {}", field.path),
                Item::Type(it) => format!("{} {:?}", it.path, it.shape),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "Order Named { what: \"record\", full: \"a.b.Order\" }",
                "field Order.lines",
                "Order.lines Array",
                "Order.lines[] Named { what: \"record\", full: \"a.b.Line\" }",
                "field Order.lines[].of",
                "Order.lines[].of Union",
                "Order.lines[].of Primitive",
                "Order.lines[].of Name { full: \"a.b.Order\" }",
                "Order.lines[].of Name { full: \"c.Other\" }",
            ]
        );
    }

    #[test]
    fn pointers_into_the_stored_text_find_their_way() {
        let text = r#"{"type":{"type":"record","name":"A","fields":[
            {"name":"x","type":"B"},
            {"name":"y","type":{"type":"record","name":"B","fields":[{"name":"z","type":{"type":"int"}}]}}]}}"#;
        let root = Node::parse(text).expect("JSON");
        for (pointer, expected) in [
            ("/fields/0", r#"{"name":"x","type":"B"}"#),
            ("/fields/0/type/fields/0", r#"{"name":"z","type":{"type":"int"}}"#),
            ("/fields/1/type/fields/0/type", r#"{"type":"int"}"#),
        ] {
            let node = follow(&root, pointer).expect("a place");
            assert_eq!(&text[node.span.clone()], expected, "{pointer}");
        }
        assert_eq!(follow(&root, "/fields/7"), None);
    }
}
