//! Types within a stored text, with their pointers and their paths for people.

use std::collections::HashMap;

use crate::source::{Node, Value};

/// A place in one of the two texts.
#[derive(Clone)]
pub(super) struct Located<'t> {
    pub(super) node: &'t Node,
    pub(super) pointer: String,
    pub(super) path: String,
    pub(super) space: Option<String>,
}

/// The types that a text defines.
pub(super) struct Text<'t> {
    pub(super) definitions: HashMap<String, Located<'t>>,
}

pub(super) fn root(node: &Node) -> Located<'_> {
    let name = node.get_text("name").unwrap_or("value");
    Located { node, pointer: String::new(), path: short(name).to_owned(), space: None }
}

impl<'t> Text<'t> {
    pub(super) fn of(root_node: &'t Node) -> Self {
        let mut definitions = HashMap::new();
        let mut open = vec![root(root_node)];
        while let Some(at) = open.pop() {
            let inner = at.inside();
            if let Some(full) = at.full_name() {
                definitions.entry(full).or_insert(at);
            }
            open.extend(inner.into_iter().rev());
        }
        Self { definitions }
    }

    /// The type itself where a name stands for it.
    pub(super) fn follow(&self, at: &Located<'t>) -> Option<Located<'t>> {
        let name = qualified(at.node.text()?, at.space.as_deref());
        let found = self.definitions.get(&name)?;
        // The way there is the way of its use.
        Some(Located { path: at.path.clone(), ..found.clone() })
    }
}

impl<'t> Located<'t> {
    pub(super) fn below(&self, node: &'t Node, pointer: &str, path: &str) -> Self {
        Self {
            node,
            pointer: format!("{}{pointer}", self.pointer),
            path: format!("{}{path}", self.path),
            space: self.inner_space(),
        }
    }

    /// `record`, `int`, a name; `union` for a list.
    pub(super) fn kind(&self) -> &'t str {
        match &self.node.value {
            Value::Array(_) => "union",
            Value::String(name) => name,
            _ => self.node.get_text("type").unwrap_or_default(),
        }
    }

    pub(super) fn is_definition(&self) -> bool {
        self.node.text().is_none() && matches!(self.kind(), "record" | "error" | "enum" | "fixed")
    }

    pub(super) fn full_name(&self) -> Option<String> {
        if !self.is_definition() {
            return None;
        }
        let space = self.node.get_text("namespace").or(self.space.as_deref());
        self.node.get_text("name").map(|name| qualified(name, space))
    }

    pub(super) fn inner_space(&self) -> Option<String> {
        match self.full_name() {
            Some(full) => full.rsplit_once('.').map(|(space, _)| space.to_owned()),
            None => self.space.clone(),
        }
    }

    /// The types directly within.
    pub(super) fn inside(&self) -> Vec<Self> {
        match self.kind() {
            "union" => self.branches(),
            "array" => self.node.get("items").map(|node| self.below(node, "/items", "[]")).into_iter().collect(),
            "map" => self.node.get("values").map(|node| self.below(node, "/values", "{}")).into_iter().collect(),
            _ => self.fields().into_iter().filter_map(|field| field.kind_of_field()).collect(),
        }
    }

    pub(super) fn branches(&self) -> Vec<Self> {
        let elements = self.node.elements().iter().enumerate();
        elements.map(|(at, node)| self.below(node, &format!("/{at}"), "")).collect()
    }

    pub(super) fn fields(&self) -> Vec<Self> {
        let fields = self.node.get("fields").map(Node::elements).unwrap_or_default().iter().enumerate();
        fields
            .map(|(at, node)| {
                let name = node.get_text("name").unwrap_or_default();
                self.below(node, &format!("/fields/{at}"), &format!(".{name}"))
            })
            .collect()
    }

    pub(super) fn kind_of_field(&self) -> Option<Self> {
        let node = self.node.get("type")?;
        Some(Self { node, pointer: format!("{}/type", self.pointer), ..self.clone() })
    }

    pub(super) fn name(&self) -> &'t str {
        self.node.get_text("name").unwrap_or_default()
    }

    /// What a union knows its branch by.
    pub(super) fn branch_name(&self) -> String {
        match (&self.node.value, self.full_name()) {
            (_, Some(full)) => full,
            (Value::String(name), _) => qualified(name, self.space.as_deref()),
            _ => self.kind().to_owned(),
        }
    }

    /// As in speech: `array of int`, `record Order`.
    pub(super) fn spoken(&self) -> String {
        match self.kind() {
            "union" => {
                let names: Vec<_> = self.branches().iter().map(|it| short(&it.branch_name()).to_owned()).collect();
                format!("union of {}", names.join(", "))
            }
            kind @ ("array" | "map") => {
                let inner = self.inside();
                format!(
                    "{kind} of {}",
                    inner.first().map_or_else(String::new, |it| short(&it.branch_name()).to_owned())
                )
            }
            kind if self.is_definition() => format!("{kind} {}", self.name()),
            kind => match self.node.get_text("logicalType") {
                Some(logical) => format!("{kind} ({logical})"),
                None => short(kind).to_owned(),
            },
        }
    }

    pub(super) fn aliases(&self) -> Vec<&'t str> {
        self.node.get("aliases").map(Node::elements).unwrap_or_default().iter().filter_map(Node::text).collect()
    }
}

pub(super) fn qualified(name: &str, space: Option<&str>) -> String {
    const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];
    match space.filter(|space| !space.is_empty() && !name.contains('.') && !PRIMITIVES.contains(&name)) {
        Some(space) => format!("{space}.{name}"),
        None => name.to_owned(),
    }
}

pub(super) fn short(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}

impl Located<'_> {
    pub(super) fn is_record(&self) -> bool {
        matches!(self.kind(), "record" | "error")
    }
}
