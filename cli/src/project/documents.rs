//! The documents of a tree by the types they define, and schemas put together from them.

use std::collections::HashMap;
use std::rc::Rc;

use avow_avro::{ParseError, Schema, Strictness};

use crate::report::Finding;
use crate::source::SchemaFile;

/// Documents by the full names of their top-level types. The first of a name stays.
#[derive(Debug, Default, Clone)]
pub(crate) struct Documents {
    by_name: HashMap<String, Rc<str>>,
}

/// A schema and what it was put together from.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) schema: Schema,
    /// Full names of the documents it needs, each after those it needs itself.
    pub(crate) needs: Vec<String>,
}

/// Why a text cannot be put together.
#[derive(Debug)]
pub(crate) enum Broken {
    /// It is no schema; a name that no document has is `Undefined`.
    Invalid(ParseError),
    /// A document that it needs is none, or needs it in turn.
    Document { name: String, reason: String },
}

impl Broken {
    /// What is wrong, without a place.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Invalid(error) => error.to_string(),
            Self::Document { name, reason } => format!("The document that defines {name} cannot be used: {reason}"),
        }
    }

    /// The same, as something found in a file.
    pub(crate) fn finding(&self, file: &SchemaFile) -> Finding {
        match self {
            Self::Invalid(error) => Finding::invalid(file, error),
            Self::Document { name, .. } => {
                let error = ParseError::Undefined(name.clone());
                Finding { title: self.sentence(), why: String::new(), ..Finding::invalid(file, &error) }
            }
        }
    }
}

/// Documents that may need one another, one below the other.
const MOST_DEPTH: usize = 100;

impl Documents {
    pub(crate) fn add(&mut self, file: &SchemaFile) {
        if let Some(name) = file.full_name() {
            self.add_as(name, &file.text);
        }
    }

    /// These documents, and those others that define something else.
    pub(crate) fn with(mut self, others: &Self) -> Self {
        for (name, text) in &others.by_name {
            self.by_name.entry(name.clone()).or_insert_with(|| Rc::clone(text));
        }
        self
    }

    /// Adds a document under the name that others know it by.
    pub(crate) fn add_as(&mut self, name: String, text: &str) {
        self.by_name.entry(name).or_insert_with(|| Rc::from(text));
    }

    pub(crate) fn define(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Parses a text, with the documents that define what it does not.
    pub(crate) fn resolve(&self, text: &str, strictness: Strictness) -> Result<Resolved, Broken> {
        let mut needs = Vec::new();
        let schema = self.collect(text, strictness, &mut needs, 0)?;
        Ok(Resolved { schema, needs })
    }

    fn collect(
        &self,
        text: &str,
        strictness: Strictness,
        needs: &mut Vec<String>,
        depth: usize,
    ) -> Result<Schema, Broken> {
        loop {
            let texts: Vec<&str> = needs.iter().filter_map(|name| self.by_name.get(name).map(|text| &**text)).collect();
            let undefined = match avow_avro::parse(text, &texts, strictness) {
                Ok(schema) => return Ok(schema),
                Err(ParseError::Undefined(name)) => name,
                Err(error) => return Err(Broken::Invalid(error)),
            };
            let short = undefined.rsplit('.').next().unwrap_or(&undefined).to_owned();
            let found = [undefined.clone(), short].into_iter().find_map(|name| {
                let text = self.by_name.get(&name)?;
                Some((name, Rc::clone(text)))
            });
            let Some((name, document)) = found else { return Err(Broken::Invalid(ParseError::Undefined(undefined))) };
            let reason = if needs.contains(&name) {
                "it does not define the type it is named after".to_owned()
            } else if depth > MOST_DEPTH || &*document == text {
                "it needs itself".to_owned()
            } else {
                match self.collect(&document, Strictness::Lenient, needs, depth + 1) {
                    Ok(_) => {
                        needs.push(name);
                        continue;
                    }
                    Err(Broken::Invalid(ParseError::Undefined(name))) => {
                        return Err(Broken::Invalid(ParseError::Undefined(name)));
                    }
                    Err(Broken::Invalid(error)) => error.to_string(),
                    Err(broken @ Broken::Document { .. }) => return Err(broken),
                }
            };
            return Err(Broken::Document { name, reason });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, of: &str) -> String {
        format!(r#"{{"type":"record","name":"{name}","namespace":"a","fields":[{{"name":"x","type":{of}}}]}}"#)
    }

    #[test]
    fn documents_come_after_those_they_need() {
        let mut documents = Documents::default();
        for (name, of) in [("B", "\"C\""), ("C", "\"int\""), ("L", "\"M\""), ("M", "\"L\"")] {
            documents.add(&SchemaFile::new(name, record(name, of)));
        }
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
}
