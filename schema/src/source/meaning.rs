//! The meaning of a definition, independent of its spelling.

use serde_json::{Map, Value as Json, json};

use super::walk::{PRIMITIVES, qualified};
use super::{Node, Type, Value};

impl Type<'_> {
    /// The definition with full names, types within by their names, and without documentation.
    pub fn meaning(&self) -> Json {
        definition(self.node, self.space.as_deref())
    }
}

fn definition(node: &Node, space: Option<&str>) -> Json {
    let space = node.get_text("namespace").or(space);
    let full = qualified(node.get_text("name").unwrap_or_default(), space);
    let inner = full.rsplit_once('.').map(|(space, _)| space);
    let mut out = Map::new();
    for member in node.members() {
        let value = match member.key.as_str() {
            "doc" | "namespace" => continue,
            "name" => full.clone().into(),
            "fields" => member.node.elements().iter().map(|it| field(it, inner)).collect(),
            _ => plain(&member.node),
        };
        out.insert(member.key.clone(), value);
    }
    sorted(out)
}

fn field(node: &Node, space: Option<&str>) -> Json {
    let mut out = Map::new();
    for member in node.members() {
        let value = match member.key.as_str() {
            "doc" => continue,
            "order" if member.node.text() == Some("ascending") => continue,
            "type" => of_type(&member.node, space),
            _ => plain(&member.node),
        };
        out.insert(member.key.clone(), value);
    }
    sorted(out)
}

fn of_type(node: &Node, space: Option<&str>) -> Json {
    match &node.value {
        Value::String(name) if PRIMITIVES.contains(&name.as_str()) => name.as_str().into(),
        Value::String(name) => qualified(name, space).into(),
        Value::Array(branches) => branches.iter().map(|branch| of_type(branch, space)).collect(),
        _ => match node.get("type") {
            Some(Node { value: Value::String(what), .. }) => match what.as_str() {
                "record" | "error" | "enum" | "fixed" => {
                    let space = node.get_text("namespace").or(space);
                    qualified(node.get_text("name").unwrap_or_default(), space).into()
                }
                _ => with_properties(node, what, space),
            },
            Some(inner) => of_type(inner, space),
            None => plain(node),
        },
    }
}

/// An array, a map, a primitive type or a name, with what else is said about it.
fn with_properties(node: &Node, what: &str, space: Option<&str>) -> Json {
    let mut out = Map::new();
    for member in node.members() {
        let value = match member.key.as_str() {
            "doc" | "type" => continue,
            "items" | "values" => of_type(&member.node, space),
            _ => plain(&member.node),
        };
        out.insert(member.key.clone(), value);
    }
    let name = match what {
        "array" | "map" => what.to_owned(),
        _ if PRIMITIVES.contains(&what) => what.to_owned(),
        _ => qualified(what, space),
    };
    if out.is_empty() {
        return name.into();
    }
    out.insert("type".to_owned(), name.into());
    sorted(out)
}

fn plain(node: &Node) -> Json {
    serde_json::from_str(&node.compact()).unwrap_or_else(|_| json!(node.compact()))
}

fn sorted(mut object: Map<String, Json>) -> Json {
    object.sort_keys();
    Json::Object(object)
}

#[cfg(test)]
mod tests {
    use super::super::{Item, items};
    use super::*;

    fn meaning(text: &str, name: &str) -> Json {
        let root = Node::parse(text).expect("JSON");
        let found = items(&root).into_iter().find_map(|item| match item {
            Item::Type(it) if it.node.get_text("name").is_some_and(|it| it.ends_with(name)) => Some(it.meaning()),
            _ => None,
        });
        found.expect("a type of that name")
    }

    #[test]
    fn a_definition_means_the_same_wherever_it_is_written() {
        let nested = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
            {"name":"state","type":{"name":"State","type":"enum","symbols":["NEW"],"doc":"how far it is"}}]}"#;
        let alone = r#"{"type":"enum","name":"State","namespace":"shop","symbols":["NEW"]}"#;
        assert_eq!(meaning(nested, "State"), meaning(alone, "State"));
        let user = r#"{"type":"record","name":"shop.Order","fields":[{"type":"shop.State","name":"state","order":"ascending"}]}"#;
        assert_eq!(meaning(nested, "Order"), meaning(user, "Order"));
        assert_ne!(meaning(alone, "State"), meaning(&alone.replace("NEW", "OLD"), "State"));
        assert_ne!(meaning(user, "Order"), meaning(&user.replace("shop.State", "State2"), "Order"));
    }
}
