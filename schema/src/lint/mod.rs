//! Rules for schemas that are easy to read, to use and to change later.
//!
//! Adding a rule:
//!
//! 1. write the check in the module of its subject: a function from a [`Document`] to its [`Hit`]s,
//! 2. add its line to the table in `rules.rs`, in the order of the ids, with a sentence and advice,
//! 3. break it in the example of the command line's tests, so that its output is kept.

pub mod attributes;
pub mod changes;
pub mod defaults;
pub mod logical;
pub mod names;
pub mod numbers;
pub mod rules;
pub mod shapes;
pub mod sizes;

use std::ops::Range;

use serde::Deserialize;

pub use rules::{Check, Rule, Takes, find, rule, rules};

use crate::source::{Item, Node, Text, items};

/// How much a rule of `avow lint` matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    Off,
    Warn,
    #[serde(alias = "on")]
    Error,
}

/// How names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Style {
    #[serde(rename = "PascalCase")]
    Pascal,
    #[serde(rename = "camelCase")]
    Camel,
    #[serde(rename = "snake_case")]
    Snake,
    #[serde(rename = "SCREAMING_SNAKE_CASE")]
    Screaming,
}

/// The numbers and names that a rule goes by.
#[derive(Default)]
pub struct Strictness {
    pub max: Option<usize>,
    /// A name with `*` for anything.
    pub pattern: Option<String>,
    pub style: Option<Style>,
}

/// A schema as the rules see it.
pub struct Document<'t> {
    pub root: &'t Node,
    pub items: Vec<Item<'t>>,
    /// The name of its file without the ending.
    pub stem: String,
    pub subject: &'t str,
    pub bytes: usize,
}

/// Where a rule is broken.
pub struct Hit {
    pub span: Range<usize>,
    pub path: String,
    pub title: String,
}

impl Hit {
    pub fn new(node: &Node, member: Option<&str>, path: &str, title: String) -> Self {
        Self { span: node.focus(member), path: path.to_owned(), title }
    }
}

impl<'t> Document<'t> {
    /// None where the file is not JSON.
    pub fn of(file: &'t Text, stem: String, subject: &'t str) -> Option<Self> {
        let root = file.tree()?;
        Some(Self { root, items: items(root), stem, subject, bytes: file.text.len() })
    }
}

/// The property that spares a part of a schema.
const IGNORE: &str = "x-lint-ignore";

/// Parts of a document with the rules they are spared.
pub fn spared(root: &Node) -> Vec<(Range<usize>, String)> {
    let mut spared = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if let Some(names) = node.get(IGNORE) {
            let listed = names.elements().iter().chain(Some(names)).filter_map(Node::text);
            spared.extend(listed.map(|name| (node.span.clone(), name.to_owned())));
        }
        open.extend(node.members().iter().map(|member| &member.node).chain(node.elements()));
    }
    spared
}

impl Strictness {
    /// The largest number allowed.
    pub fn max(&self, default: usize) -> usize {
        self.max.unwrap_or(default)
    }
}
