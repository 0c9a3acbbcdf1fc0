//! Which schema a URI means in drafts 2019-09 and 2020-12.

use std::collections::HashMap;
use std::sync::Arc;

use avow_budget::Budget;

use super::super::documents::{Documents, bridge_definitions};
use super::super::uri::{Uri, form_decode};
use super::super::{Result, invalid, unreachable_document};
use crate::value::{Json, Object};

/// Keywords whose values are looked through for identifiers in a document that a reference was followed to.
const KEYWORDS: [&str; 54] = [
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$ref",
    "$defs",
    "$schema",
    "$vocabulary",
    "minLength",
    "maxLength",
    "allOf",
    "anyOf",
    "oneOf",
    "additionalProperties",
    "properties",
    "patternProperties",
    "title",
    "description",
    "readOnly",
    "writeOnly",
    "deprecated",
    "default",
    "enum",
    "const",
    "false",
    "true",
    "type",
    "not",
    "required",
    "maximum",
    "minimum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "multipleOf",
    "uniqueItems",
    "items",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependentRequired",
    "unevaluatedItems",
    "unevaluatedProperties",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "pattern",
    "format",
];

/// Keywords whose values are collections of schemas.
const COLLECTIONS: [&str; 6] = ["$defs", "allOf", "anyOf", "oneOf", "properties", "patternProperties"];

pub(super) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

#[derive(Clone)]
pub(super) struct Anchor {
    pub(super) json: Json,
    /// What references inside are resolved against.
    pub(super) base: Uri,
}

pub(super) struct Anchors<'a> {
    documents: Documents<'a>,
    budget: &'a Budget,
    by_uri: HashMap<String, Anchor>,
    /// The base of documents without an identifier, by their URI.
    sources: HashMap<String, Uri>,
}

impl<'a> Anchors<'a> {
    /// The anchors of the root document, and the URI of its root.
    pub(super) fn new(root: &Json, documents: Documents<'a>, budget: &'a Budget) -> Result<(Self, String)> {
        // The reference's name for a document that was not read from anywhere.
        let source = Uri::parse("UNKNOWN")?;
        let mut anchors = Self { documents, budget, by_uri: HashMap::new(), sources: HashMap::new() };
        anchors.register_identifiers(root, &source, Depth::All)?;
        let base = match root {
            Json::Object(object) => adjust(&source, object)?,
            _ => source.clone(),
        };
        let uri = base.to_string();
        anchors.register(&uri, root)?;
        let uri = normalize(&uri);
        anchors.sources.insert(uri.clone(), source);
        Ok((anchors, uri))
    }

    pub(super) fn get(&self, uri: &str) -> Option<&Anchor> {
        self.by_uri.get(uri)
    }

    /// Finds what `reference` means inside `base`, and returns the URI it is known by.
    pub(super) fn resolve(&mut self, reference: &str, base: &Uri) -> Result<String> {
        self.budget.step()?;
        let uri = match Uri::parse(reference) {
            Ok(uri) if uri.is_absolute() || self.documents.contains(&uri.without_fragment()) => uri,
            _ => resolve_against(base, reference)?,
        };
        let text = uri.to_string();
        let key = normalize(&text);
        if !self.by_uri.contains_key(&key) {
            let anchor = self.find(&uri, &text)?;
            self.by_uri.insert(key.clone(), anchor);
        }
        Ok(key)
    }

    fn find(&mut self, uri: &Uri, text: &str) -> Result<Anchor> {
        let whole = uri.without_fragment();
        let document = normalize(&whole.to_string());
        let root = match self.by_uri.get(&document) {
            Some(anchor) => anchor.json.clone(),
            None => self.read(uri, &whole, &document)?,
        };
        match uri.fragment() {
            None | Some("") => Ok(Anchor { json: root, base: whole }),
            Some(fragment) => match self.by_uri.get(&normalize(text)) {
                Some(anchor) => Ok(Anchor { json: anchor.json.clone(), base: uri.clone() }),
                None => self.evaluate(&root, fragment, &document),
            },
        }
    }

    fn read(&mut self, uri: &Uri, whole: &Uri, document: &str) -> Result<Json> {
        let Some(json) = self.documents.get(whole, self.budget)? else {
            return unreachable_document(whole);
        };
        let root = bridge_definitions(&json);
        self.register(document, &root)?;
        self.sources.insert(document.to_owned(), whole.clone());
        let base = match &root {
            Json::Object(object) => adjust(uri, object)?,
            _ => uri.clone(),
        };
        self.register_identifiers(&root, &base, Depth::Keywords)?;
        Ok(root)
    }

    fn register(&mut self, uri: &str, json: &Json) -> Result<()> {
        let key = normalize(uri);
        if let Some(known) = self.by_uri.get(&key) {
            if same_value(&known.json, json) {
                return Ok(());
            }
            return invalid(format!("two schemas have the identifier `{uri}`"));
        }
        let anchor = Anchor { json: json.clone(), base: Uri::parse(uri)? };
        self.by_uri.insert(key, anchor);
        Ok(())
    }

    /// Registers all objects of a document that have an identifier or an anchor.
    fn register_identifiers(&mut self, root: &Json, base: &Uri, depth: Depth) -> Result<()> {
        let mut open = vec![Visit { json: root.clone(), base: base.clone(), collection: false }];
        while let Some(visit) = open.pop() {
            self.budget.step()?;
            match &visit.json {
                Json::Object(object) => {
                    let base = adjust(&visit.base, object)?;
                    if let Some(Json::String(_)) = object.get("$id") {
                        self.register(&base.to_string(), &visit.json)?;
                    }
                    if let Some(Json::String(name)) = object.get("$anchor") {
                        let uri = resolve_against(&base, &format!("#{name}"))?;
                        self.register(&uri.to_string(), &visit.json)?;
                    }
                    if let Some(Json::String(name)) = object.get("$dynamicAnchor") {
                        let uri = resolve_against(&base, &format!("#{name}"))?;
                        let anchor = Anchor { json: visit.json.clone(), base: uri.clone() };
                        self.by_uri.insert(normalize(&uri.to_string()), anchor);
                    }
                    for (key, json) in object.iter().rev() {
                        let schemas = match depth {
                            Depth::All => true,
                            Depth::Keywords => is_keyword(key) || visit.collection,
                        };
                        if schemas && &**key != "enum" && &**key != "const" {
                            open.push(Visit::below(key, json, &base));
                        }
                    }
                }
                Json::Array(items) => {
                    for item in items.iter().rev() {
                        if depth == Depth::All || visit.collection {
                            open.push(Visit::below("", item, &visit.base));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The value at a JSON pointer below `root`.
    fn evaluate(&self, root: &Json, fragment: &str, document: &str) -> Result<Anchor> {
        let mut segments = fragment.split('/');
        if segments.next() != Some("") {
            return invalid(format!("invalid json pointer: #{fragment}"));
        }
        let mut base = match root.get("$id") {
            Some(Json::String(id)) => Uri::parse(id)?,
            Some(other) => return invalid(format!("expected string, found {}", other.type_name())),
            None => match self.sources.get(document) {
                Some(source) => source.clone(),
                None => Uri::parse(document)?,
            },
        };
        let mut json = root.clone();
        loop {
            self.budget.step()?;
            if let Json::Object(object) = &json {
                base = adjust(&base, object)?;
            }
            let Some(segment) = segments.next() else {
                return Ok(Anchor { json, base });
            };
            let Some(decoded) = form_decode(segment) else {
                return invalid(format!("`{segment}` has a malformed escape"));
            };
            let name = decoded.replace("~1", "/").replace("~0", "~");
            let found = match &json {
                Json::Object(object) => object.get(&*name),
                Json::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            };
            json = match found {
                Some(json) => json.clone(),
                None => return invalid(format!("could not evaluate pointer `#{fragment}`, `{name}` not found")),
            };
        }
    }
}

/// How far identifiers are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    All,
    Keywords,
}

struct Visit {
    json: Json,
    base: Uri,
    /// The keys below are names, not keywords.
    collection: bool,
}

impl Visit {
    fn below(key: &str, json: &Json, base: &Uri) -> Self {
        let collection = COLLECTIONS.contains(&key);
        Self { json: json.clone(), base: base.clone(), collection }
    }
}

/// The base inside `object`, which may have an identifier of its own.
pub(super) fn adjust(base: &Uri, object: &Object) -> Result<Uri> {
    match object.get("$id") {
        Some(Json::String(id)) if !base.to_string().ends_with(&**id) => resolve_against(base, id),
        _ => Ok(base.clone()),
    }
}

fn resolve_against(base: &Uri, reference: &str) -> Result<Uri> {
    match base.scheme() {
        Some("urn" | "tag") => Ok(Uri::parse(&format!("{base}{reference}"))?),
        _ => Ok(base.resolve(reference)?),
    }
}

/// An empty fragment adds nothing.
fn normalize(uri: &str) -> String {
    uri.strip_suffix('#').unwrap_or(uri).to_owned()
}

/// The very same value of a document, not one that is equal.
fn same_value(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Object(left), Json::Object(right)) => Arc::ptr_eq(left, right),
        (Json::Array(left), Json::Array(right)) => Arc::ptr_eq(left, right),
        _ => left == right,
    }
}
