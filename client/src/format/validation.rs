//! Validation of JSON, and the comparison of JSON Schemas.

use avow_budget::Budget;
use avow_json::{Newer, Policy, Reference, Schema, check};
use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

use super::json::JsonSchema;
use crate::registry::SCHEMA_LIMITS;

/// Steps back that one pattern may take in one text.
const BACKTRACK_LIMIT: usize = 100_000;
/// Bytes of a compiled pattern.
const PATTERN_SIZE_LIMIT: usize = 1 << 20;

/// A compiled JSON Schema. Nothing is fetched: a `$ref` finds the schema itself and its references.
#[derive(Debug)]
pub(super) struct Validator(jsonschema::Validator);

impl Validator {
    pub(super) fn new(schema: &JsonSchema) -> Result<Self, String> {
        let mut options = jsonschema::options().offline();
        if schema.root.get("$schema").is_none() {
            options = options.with_draft(Draft::Draft7);
        }
        let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT).size_limit(PATTERN_SIZE_LIMIT);
        let mut registry = jsonschema::Registry::new();
        for (name, document) in &schema.references {
            registry = registry.add(name, document).map_err(|error| error.to_string())?;
        }
        let registry = registry.prepare().map_err(|error| error.to_string())?;
        let options = options.with_registry(&registry).with_pattern_options(patterns);
        options.build(&schema.root).map(Self).map_err(|error| error.to_string())
    }

    /// The first violation, without the data.
    pub(super) fn validate(&self, data: &Value) -> Result<(), String> {
        self.0.validate(data).map_err(|error| format!("{} at `{}`", error.masked(), error.instance_path()))
    }
}

pub(super) fn incompatibilities(reader: &JsonSchema, writer: &JsonSchema) -> Result<Vec<String>, String> {
    let budget = Budget::new(SCHEMA_LIMITS);
    let (reader, writer) = (parse(reader, &budget)?, parse(writer, &budget)?);
    let verdict = check(&reader, &writer, Policy::Strict, &budget).map_err(|error| error.to_string())?;
    Ok(verdict.messages(Newer::Reader))
}

fn parse(schema: &JsonSchema, budget: &Budget) -> Result<Schema, String> {
    let texts: Vec<_> = schema.references.iter().map(|(name, document)| (name, document.to_string())).collect();
    let references: Vec<_> = texts.iter().map(|(name, text)| Reference { name, text }).collect();
    Schema::parse(&schema.root.to_string(), &references, budget).map_err(|error| error.to_string())
}
