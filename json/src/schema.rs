//! A schema as the registry handles it.

use std::collections::BTreeSet;
use std::fmt;

use avow_budget::{Budget, Exceeded};

use crate::compare::{self, Side};
use crate::difference::{Difference, Newer, Policy};
use crate::load::{self, LoadError, Loaded};
use crate::model::{Kind, Model, NodeId};
use crate::printer;
use crate::reader::{self, ReadError, SyntaxError};
use crate::value::{Json, Object};

/// A document that a schema refers to by `$ref`.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// The URI, absolute or relative, that `$ref` uses.
    pub name: &'a str,
    pub text: &'a str,
}

/// Why a text is not a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// It is not JSON.
    Syntax(SyntaxError),
    /// It is JSON, but not a JSON Schema.
    Invalid(String),
    /// It costs more than the budget allows.
    Exceeded(Exceeded),
}

/// The step at which the reference refuses a text. The HTTP answer depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Parse,
    Validate,
}

impl ParseError {
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Self::Syntax(_) => Some(Stage::Parse),
            Self::Invalid(_) => Some(Stage::Validate),
            Self::Exceeded(_) => None,
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "Invalid JSON schema: {error}"),
            Self::Invalid(message) => write!(f, "Invalid JSON: {message}"),
            Self::Exceeded(exceeded) => exceeded.fmt(f),
        }
    }
}

impl std::error::Error for ParseError {}

impl From<ReadError> for ParseError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Syntax(error) => Self::Syntax(error),
            ReadError::Exceeded(exceeded) => Self::Exceeded(exceeded),
        }
    }
}

impl From<LoadError> for ParseError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Invalid(message) => Self::Invalid(message),
            LoadError::Exceeded(exceeded) => Self::Exceeded(exceeded),
        }
    }
}

/// A JSON text that may be a schema or not: what the registry stores when it imports.
#[derive(Clone, Debug)]
pub struct Document {
    json: Json,
    text: String,
}

impl Document {
    /// Reads any JSON.
    pub fn parse(text: &str, budget: &Budget) -> Result<Self, ParseError> {
        let json = reader::read(text, budget)?.unwrap_or(Json::Null);
        let text = printer::compact(&json);
        budget.hold(text.len()).map_err(ParseError::Exceeded)?;
        Ok(Self { json, text })
    }

    /// The text that is stored and served.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn json(&self) -> &Json {
        &self.json
    }

    /// The text with the keys of all objects sorted.
    pub fn normalized(&self) -> String {
        printer::normal(&self.json)
    }

    /// The properties that the root object describes.
    pub fn top_level_fields(&self) -> impl Iterator<Item = &str> {
        names(self.json.get("properties"))
    }

    /// The names of the schemas under `definitions` and `$defs` of the root.
    pub fn definitions(&self) -> impl Iterator<Item = &str> {
        let definitions = names(self.json.get("definitions"));
        definitions.chain(names(self.json.get("$defs")))
    }

    /// The properties that any object of the document describes.
    pub fn properties(&self) -> BTreeSet<&str> {
        self.objects().flat_map(|object| names(object.get("properties"))).collect()
    }

    /// The inline tags of all schemas: the members of every `confluent:tags`.
    pub fn tags(&self) -> BTreeSet<&str> {
        let lists = self.objects().filter_map(|object| match object.get("confluent:tags") {
            Some(Json::Array(values)) => Some(values),
            _ => None,
        });
        lists.flat_map(|values| values.iter().filter_map(Json::as_str).map(|tag| &**tag)).collect()
    }

    /// The JSON pointer and the text of the value at the path of a difference, if the path leads through this document.
    pub fn value_at(&self, path: &str) -> Option<(String, String)> {
        let mut pointer = String::new();
        let mut value = &self.json;
        for segment in path.trim_start_matches("#/").split('/').filter(|segment| !segment.is_empty()) {
            value = match value {
                Json::Object(object) => object.get(segment)?,
                Json::Array(items) => items.get(segment.parse::<usize>().ok()?)?,
                _ => return None,
            };
            pointer.push('/');
            pointer.push_str(&segment.replace('~', "~0"));
        }
        Some((pointer, printer::compact(value)))
    }

    fn objects(&self) -> impl Iterator<Item = &Object> {
        let mut open = vec![&self.json];
        std::iter::from_fn(move || {
            while let Some(json) = open.pop() {
                match json {
                    Json::Object(object) => {
                        open.extend(object.values());
                        return Some(&**object);
                    }
                    Json::Array(items) => open.extend(items.iter()),
                    _ => {}
                }
            }
            None
        })
    }
}

fn names(json: Option<&Json>) -> impl Iterator<Item = &str> {
    json.and_then(Json::as_object).into_iter().flat_map(|object| object.keys().map(|key| &**key))
}

/// A JSON Schema of any draft, with its references.
#[derive(Debug)]
pub struct Schema {
    document: Document,
    model: Model,
    root: NodeId,
}

/// A property name that strict validation refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedName(pub String);

impl fmt::Display for ReservedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#/properties/{}: field names cannot start with $$; rename the property", self.0)
    }
}

impl std::error::Error for ReservedName {}

impl Schema {
    /// Reads a schema. References are the whole closure; of those with one name the first counts.
    pub fn parse(text: &str, references: &[Reference], budget: &Budget) -> Result<Self, ParseError> {
        let document = Document::parse(text, budget)?;
        let references: Vec<(&str, &str)> =
            references.iter().map(|reference| (reference.name, reference.text)).collect();
        let Loaded { model, root } = load::load(&document.json, &references, budget)?;
        Ok(Self { document, model, root })
    }

    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The text that is stored and served.
    pub fn text(&self) -> &str {
        self.document.text()
    }

    /// The text with the keys of all objects sorted.
    pub fn normalized(&self) -> String {
        self.document.normalized()
    }

    /// Refuses names of top-level properties that are kept for the registry.
    pub fn validate_strict(&self) -> Result<(), ReservedName> {
        let Kind::Object(rules) = &self.model.node(self.root).kind else {
            return Ok(());
        };
        match rules.properties.keys().find(|name| name.starts_with("$$")) {
            Some(name) => Err(ReservedName(name.to_string())),
            None => Ok(()),
        }
    }

    pub(crate) fn side(&self) -> Side<'_> {
        Side { model: &self.model, root: self.root }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    policy: Policy,
    /// All differences, allowed ones too, in the order of the reference.
    pub differences: Vec<Difference>,
}

impl Verdict {
    pub fn is_compatible(&self) -> bool {
        self.findings().next().is_none()
    }

    /// The differences that the policy does not allow.
    pub fn findings(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| !difference.kind.is_compatible(self.policy))
    }

    /// The findings in the words of the reference.
    pub fn messages(&self, newer: Newer) -> Vec<String> {
        self.findings().map(|difference| difference.message(newer)).collect()
    }
}

/// Whether `reader` reads what was written with `writer`, by the rules of the reference.
pub fn check(reader: &Schema, writer: &Schema, policy: Policy, budget: &Budget) -> Result<Verdict, Exceeded> {
    let differences = compare::compare(writer.side(), reader.side(), policy, budget)?;
    Ok(Verdict { policy, differences })
}
