//! The documents of a tree by the types they define, and schemas resolved against them.

use std::collections::HashMap;
use std::rc::Rc;

use avow_avro::{ParseError, Schema, Strictness};

use crate::report::Finding;
use crate::source::SchemaFile;
use avow_domain::Reference;
use avow_schema::source::{Names, short};

/// Documents by the full names of all the types they define, nested ones included. The first of a name wins, and a
/// document whose top-level type has the name wins over one that nests it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Documents {
    all: Vec<Rc<Document>>,
    /// Top-level types.
    roots: HashMap<String, usize>,
    nested: HashMap<String, usize>,
    /// Documents that are parsed whether or not a name asks for them, as the references of a registration are.
    listed: Vec<usize>,
}

#[derive(Debug)]
struct Document {
    /// The full name of its top-level type, or of the first type it defines.
    name: String,
    text: String,
    names: Names,
    /// What avow.toml lists for its file.
    references: Vec<Reference>,
}

/// A schema and what it was resolved against.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) schema: Schema,
    /// Names of the documents it needs, each after those it needs itself.
    pub(crate) needs: Vec<String>,
}

/// Why a text cannot be resolved.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Not a schema; a name that no document defines is `Undefined`.
    Invalid(ParseError),
    /// A document that it needs is invalid, or needs it in turn.
    Document { name: String, reason: String },
    /// A reference that could not be loaded.
    Reference { name: String, reason: String },
    /// The file cannot be read, or no subject can be made of it.
    Unreadable(String),
    /// A name that nothing defines, and where it was looked for.
    Undefined { name: String, searched: String },
}

impl Broken {
    /// What is wrong, without a place.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Invalid(error) => error.to_string(),
            Self::Document { name, reason } => format!("The document that defines {name} cannot be used: {reason}"),
            Self::Reference { name, reason } => format!("The reference {name} cannot be loaded: {reason}"),
            Self::Undefined { name, .. } => ParseError::Undefined(name.clone()).to_string(),
            Self::Unreadable(reason) => reason.clone(),
        }
    }

    /// The same, as a finding about a file.
    pub(crate) fn finding(&self, file: &SchemaFile) -> Finding {
        match self {
            Self::Invalid(error) => Finding::invalid(file, error),
            Self::Unreadable(reason) => Finding::unreadable(file, reason.clone()),
            Self::Undefined { name, searched } => {
                let error = ParseError::Undefined(name.clone());
                Finding { why: searched.clone(), ..Finding::invalid(file, &error) }
            }
            Self::Document { name, .. } | Self::Reference { name, .. } => {
                let error = ParseError::Undefined(name.clone());
                Finding { title: self.sentence(), why: String::new(), ..Finding::invalid(file, &error) }
            }
        }
    }
}

impl Documents {
    /// Adds a file, with the references that avow.toml lists for it.
    pub(crate) fn add(&mut self, file: &SchemaFile, references: &[Reference]) {
        self.insert(file, references, false);
    }

    /// Adds a document that is parsed even if no name asks for it.
    pub(crate) fn list(&mut self, text: &str) {
        self.insert(&SchemaFile::new("", text.to_owned()), &[], true);
    }

    fn insert(&mut self, file: &SchemaFile, references: &[Reference], is_listed: bool) {
        let names = file.names();
        let Some(name) = names.root.clone().or_else(|| names.defines.first().cloned()) else { return };
        let (text, references) = (file.text.clone(), references.to_vec());
        self.push(Rc::new(Document { name, text, names, references }), is_listed);
    }

    fn push(&mut self, document: Rc<Document>, is_listed: bool) {
        let at = self.all.len();
        if let Some(root) = &document.names.root {
            self.roots.entry(root.clone()).or_insert(at);
        }
        for name in &document.names.defines {
            self.nested.entry(name.clone()).or_insert(at);
        }
        if is_listed {
            self.listed.push(at);
        }
        self.all.push(document);
    }

    /// These documents, and those others that define something else.
    pub(crate) fn with(mut self, others: &Self) -> Self {
        for (at, document) in others.all.iter().enumerate() {
            self.push(Rc::clone(document), others.listed.contains(&at));
        }
        self
    }

    pub(crate) fn defines(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<usize> {
        let find = |name: &str| self.roots.get(name).or_else(|| self.nested.get(name)).copied();
        find(name).or_else(|| find(short(name)))
    }

    /// Parses a text with the listed documents, and with those that define what these and the text do not.
    ///
    /// Everything the text needs is parsed before it, as a registry does: a default may be a symbol of an enum that
    /// another document defines.
    pub(crate) fn resolve(&self, text: &str, strictness: Strictness) -> Result<Resolved, Broken> {
        let file = SchemaFile::new("", text.to_owned());
        let uses = file.names().uses;
        let order = self.order(text, &uses)?;
        let texts: Vec<&str> = order.iter().map(|at| self.all[*at].text.as_str()).collect();
        match avow_avro::parse(text, &texts, strictness) {
            Ok(schema) => {
                let needs = order.iter().map(|at| self.all[*at].name.clone()).collect();
                Ok(Resolved { schema, needs })
            }
            Err(error) => Err(self.blame(&order, &texts, &uses, error)),
        }
    }

    /// The references that avow.toml lists for the documents a text needs.
    pub(crate) fn references_of(&self, text: &str) -> Vec<Reference> {
        let uses = SchemaFile::new("", text.to_owned()).names().uses;
        let needs = self.order(text, &uses).unwrap_or_default();
        needs.into_iter().flat_map(|at| self.all[at].references.clone()).collect()
    }

    /// The documents to parse before a text, each after those it needs itself.
    fn order(&self, text: &str, uses: &[String]) -> Result<Vec<usize>, Broken> {
        let mut order = Vec::new();
        let mut state = vec![Visit::Not; self.all.len()];
        let first = self.listed.iter().copied();
        for start in first.chain(uses.iter().filter_map(|name| self.find(name))).collect::<Vec<_>>() {
            let mut way = vec![(start, 0)];
            while let Some((at, next)) = way.last_mut() {
                let (document, here) = (&self.all[*at], *at);
                if state[here] == Visit::Done {
                    way.pop();
                    continue;
                }
                if document.text == text {
                    return Err(Broken::Document { name: document.name.clone(), reason: "it needs itself".to_owned() });
                }
                state[here] = Visit::Open;
                let Some(name) = document.names.uses.get(*next) else {
                    state[here] = Visit::Done;
                    order.push(here);
                    way.pop();
                    continue;
                };
                *next += 1;
                match self.find(name) {
                    Some(need) if state[need] == Visit::Open && need != here => {
                        let name = self.all[need].name.clone();
                        return Err(Broken::Document { name, reason: "it needs itself".to_owned() });
                    }
                    Some(need) if state[need] == Visit::Not => way.push((need, 0)),
                    _ => {}
                }
            }
        }
        Ok(order)
    }

    /// What a refusal is about: a document that the text needs, a name that nothing defines, or the text itself.
    fn blame(&self, order: &[usize], texts: &[&str], uses: &[String], error: ParseError) -> Broken {
        for (at, text) in texts.iter().enumerate() {
            match avow_avro::parse(text, &texts[..at], Strictness::Lenient) {
                Ok(_) => {}
                Err(ParseError::Undefined(name)) => return Broken::Invalid(ParseError::Undefined(name)),
                Err(error) => {
                    let name = self.all[order[at]].name.clone();
                    return Broken::Document { name, reason: error.to_string() };
                }
            }
        }
        // A default cannot be checked against a type that is not known.
        let unknown = uses.iter().find(|name| !self.defines(name));
        match (error, unknown) {
            (ParseError::Default { .. }, Some(name)) => Broken::Invalid(ParseError::Undefined(name.clone())),
            (error, _) => Broken::Invalid(error),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    Not,
    Open,
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, of: &str) -> String {
        format!(r#"{{"type":"record","name":"{name}","namespace":"a","fields":[{{"name":"x","type":{of}}}]}}"#)
    }

    fn documents(files: &[(&str, &str)]) -> Documents {
        let mut documents = Documents::default();
        for (name, of) in files {
            documents.add(&SchemaFile::new(*name, record(name, of)), &[]);
        }
        documents
    }

    #[test]
    fn documents_come_after_those_they_need() {
        let documents = documents(&[("B", "\"C\""), ("C", "\"int\""), ("L", "\"M\""), ("M", "\"L\"")]);
        let resolved = documents.resolve(&record("A", r#"["null","a.B","C"]"#), Strictness::Strict).expect("a schema");
        assert_eq!(resolved.needs, ["a.C", "a.B"]);
        assert!(matches!(
            documents.resolve(&record("A", "\"Gone\""), Strictness::Strict),
            Err(Broken::Invalid(ParseError::Undefined(name))) if name == "a.Gone"
        ));
        assert!(matches!(
            documents.resolve(&record("A", "\"L\""), Strictness::Strict),
            Err(Broken::Document { reason, .. }) if reason == "it needs itself"
        ));
    }

    #[test]
    fn defaults_are_checked_once_the_types_of_other_documents_are_known() {
        let color = r#"{"type":"enum","name":"Color","namespace":"a","symbols":["RED"]}"#;
        for (of, default) in [
            ("\"Color\"", "\"RED\""),
            (r#"["Color","null"]"#, "\"RED\""),
            (r#"{"type":"array","items":"Color"}"#, "[\"RED\"]"),
            (r#"{"type":"map","values":"a.Color"}"#, "{\"k\":\"RED\"}"),
        ] {
            let text = format!(
                r#"{{"type":"record","name":"A","namespace":"a","fields":[{{"name":"x","type":{of},"default":{default}}}]}}"#
            );
            let mut documents = Documents::default();
            assert!(matches!(
                documents.resolve(&text, Strictness::Strict),
                Err(Broken::Invalid(ParseError::Undefined(name))) if name == "a.Color"
            ));
            documents.add(&SchemaFile::new("color.avsc", color.to_owned()), &[]);
            let resolved = documents.resolve(&text, Strictness::Strict);
            assert!(resolved.is_ok_and(|it| it.needs == ["a.Color"]), "{of}");
        }
    }

    #[test]
    fn a_nested_type_is_found_unless_a_document_of_its_own_defines_it() {
        let nesting = record("Order", r#"{"type":"enum","name":"State","symbols":["NEW"]}"#);
        let mut documents = Documents::default();
        documents.add(&SchemaFile::new("order.avsc", nesting), &[]);
        let invoice = record("Invoice", "\"State\"");
        let resolved = documents.resolve(&invoice, Strictness::Strict).expect("a schema");
        assert_eq!(resolved.needs, ["a.Order"]);
        documents.add(
            &SchemaFile::new("state.avsc", r#"{"type":"enum","name":"a.State","symbols":["NEW"]}"#.to_owned()),
            &[],
        );
        let resolved = documents.resolve(&invoice, Strictness::Strict).expect("a schema");
        assert_eq!(resolved.needs, ["a.State"]);
    }

    #[test]
    fn listed_documents_win_whatever_they_are_called() {
        let mut listed = Documents::default();
        listed.list(&record("Money", "\"long\""));
        let others = documents(&[("Money", "\"string\"")]);
        let resolved =
            listed.with(&others).resolve(&record("Bill", "\"Money\""), Strictness::Strict).expect("a schema");
        let expected =
            avow_avro::parse(&record("Bill", &record("Money", "\"long\"")), &[], Strictness::Strict).expect("a schema");
        assert_eq!(resolved.schema.resolved_shape(), expected.resolved_shape());
    }
}
