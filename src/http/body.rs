//! Request bodies, read with the tolerance clients rely on (contract 1.2): unknown fields, coerced scalars, trailing bytes.

use super::State;
use crate::domain::{ConfigUpdate, Level, Metadata, Patch, Reference, Rule, RuleSet};
use crate::registry::{Draft, Error};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The bytes of a body, no more of them than the limit allows.
#[derive(Debug)]
pub(super) struct RawBody(pub(super) Bytes);

impl FromRequest<State> for RawBody {
    type Rejection = Error;

    async fn from_request(request: Request, state: &State) -> Result<Self, Error> {
        read(request.into_body(), state.max_body_bytes).await.map(Self)
    }
}

/// Reads a body of no more than `limit` bytes.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, Error> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        let source = std::error::Error::source(&error);
        match source.is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>) {
            true => Error::BodyTooLarge(limit),
            false => Error::BadRequest("the request body ended early".to_owned()),
        }
    })
}

impl RawBody {
    /// The JSON object in the body; bytes after it do not matter. `argument` names what is missing in an empty one.
    pub(super) fn object(&self, argument: &'static str) -> Result<Object, Error> {
        let mut values = serde_json::Deserializer::from_slice(&self.0).into_iter::<Value>();
        match values.next() {
            None | Some(Ok(Value::Null)) => Err(Error::MissingBody(argument)),
            Some(Ok(Value::Object(fields))) => Ok(Object(fields)),
            Some(Ok(other)) => Err(wrong_kind("the request body", "an object", &other)),
            Some(Err(error)) => Err(Error::BadRequest(format!("the request body is no JSON: {error}"))),
        }
    }
}

fn wrong_kind(what: &str, wanted: &str, found: &Value) -> Error {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Error::BadRequest(format!("{what} must be {wanted}, not {found}"))
}

/// A JSON object of a request.
#[derive(Debug)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    fn from(value: Value, what: &str) -> Result<Self, Error> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            other => Err(wrong_kind(what, "an object", &other)),
        }
    }

    /// Takes a field out; `null` counts as absent.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// Whether a field is there and `null`.
    pub(super) fn is_null(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_null)
    }

    /// A text field; numbers and booleans are taken for their text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        self.take(name).map(|value| text(value, name)).transpose()
    }

    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i32>, Error> {
        self.take(name).map(|value| integer(&value, name)).transpose()
    }

    /// A whole number that may be larger than what the contract knows.
    pub(super) fn whole(&mut self, name: &str) -> Result<Option<i64>, Error> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = value.as_i64().filter(|number| *number >= 0);
        number.map(Some).ok_or_else(|| Error::BadRequest(format!("{name} must be a whole number, 0 or more")))
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Error> {
        self.take(name).map(|value| flag(&value, name)).transpose()
    }

    fn list<T>(&mut self, name: &str, each: impl Fn(Value) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(entries)) => entries.into_iter().filter(|entry| !entry.is_null()).map(each).collect(),
            Some(other) => Err(wrong_kind(name, "an array", &other)),
        }
    }

    /// A field that is an object.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, Error> {
        self.take(name).map(|value| Self::from(value, name)).transpose()
    }

    /// A field that is a list of objects.
    pub(super) fn objects(&mut self, name: &str) -> Result<Vec<Self>, Error> {
        self.list(name, |entry| Self::from(entry, name))
    }

    fn texts(&mut self, name: &str) -> Result<BTreeSet<String>, Error> {
        Ok(self.list(name, |entry| text(entry, name))?.into_iter().collect())
    }

    fn pairs(&mut self, name: &str) -> Result<BTreeMap<String, String>, Error> {
        let Some(value) = self.take(name) else { return Ok(BTreeMap::new()) };
        let Self(fields) = Self::from(value, name)?;
        fields.into_iter().map(|(key, value)| Ok((text(Value::String(key), name)?, text(value, name)?))).collect()
    }

    /// What an update says of a field: nothing, `null`, or a value.
    fn patch<T>(&mut self, name: &str, read: impl Fn(Value) -> Result<T, Error>) -> Result<Patch<T>, Error> {
        match self.0.remove(name) {
            None => Ok(Patch::Keep),
            Some(Value::Null) => Ok(Patch::Clear),
            Some(value) => Ok(Patch::Set(read(value)?)),
        }
    }
}

/// A text that every database can hold. A schema needs none of this: what may not be in it its parser tells.
fn text(value: Value, what: &str) -> Result<String, Error> {
    let text = document(value, what)?;
    if text.contains('\0') {
        return Err(Error::BadRequest(format!(
            "{what} contains the character NUL, which cannot be stored; leave it out"
        )));
    }
    Ok(text)
}

fn document(value: Value, what: &str) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(wrong_kind(what, "a string", &other)),
    }
}

fn integer(value: &Value, what: &str) -> Result<i32, Error> {
    let out_of_range = || Error::BadRequest(format!("{what} must lie between -2^31 and 2^31-1"));
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => i32::try_from(integer).map_err(|_| out_of_range()),
            // A fraction is cut off, as the reference does.
            (None, Some(float)) if float.abs() < 2_147_483_648.0 => {
                format!("{:.0}", float.trunc()).parse().map_err(|_| out_of_range())
            }
            _ => Err(out_of_range()),
        },
        Value::String(text) if text.trim().is_empty() => Ok(0),
        Value::String(text) => {
            text.trim().parse().map_err(|_| Error::BadRequest(format!("{what} must be an integer, not \"{text}\"")))
        }
        other => Err(wrong_kind(what, "an integer", other)),
    }
}

fn flag(value: &Value, what: &str) -> Result<bool, Error> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.is_empty() || text.eq_ignore_ascii_case("false") => Ok(false),
        Value::Number(number) if number.is_i64() => Ok(number.as_i64() != Some(0)),
        other => Err(wrong_kind(what, "true or false", other)),
    }
}

fn reference(value: Value) -> Result<Reference, Error> {
    let mut fields = Object::from(value, "a reference")?;
    Ok(Reference {
        name: fields.text("name")?.unwrap_or_default(),
        subject: fields.text("subject")?.unwrap_or_default(),
        // No version is 0, so a reference without one is refused where references are resolved.
        version: fields.integer("version")?.unwrap_or(0),
    })
}

fn metadata(value: Value) -> Result<Metadata, Error> {
    let mut fields = Object::from(value, "metadata")?;
    let mut tags = BTreeMap::new();
    if let Some(value) = fields.take("tags") {
        let mut by_path = Object::from(value, "tags")?;
        let paths: Vec<String> = by_path.0.keys().cloned().collect();
        for path in paths {
            let of_path = by_path.texts(&path)?;
            tags.insert(text(Value::String(path), "tags")?, of_path);
        }
    }
    Ok(Metadata { tags, properties: fields.pairs("properties")?, sensitive: fields.texts("sensitive")? })
}

/// A field whose value is one of a few words.
fn word<T: serde::de::DeserializeOwned + Default>(fields: &mut Object, name: &str) -> Result<T, Error> {
    let Some(word) = fields.text(name)? else { return Ok(T::default()) };
    serde_json::from_value(Value::String(word.clone()))
        .map_err(|_| Error::BadRequest(format!("a rule's {name} cannot be \"{word}\"")))
}

fn rule(value: Value) -> Result<Rule, Error> {
    let mut fields = Object::from(value, "a rule")?;
    Ok(Rule {
        name: fields.text("name")?.unwrap_or_default(),
        doc: fields.text("doc")?,
        kind: word(&mut fields, "kind")?,
        mode: word(&mut fields, "mode")?,
        rule_type: fields.text("type")?.unwrap_or_default(),
        tags: fields.texts("tags")?,
        params: fields.pairs("params")?,
        expr: fields.text("expr")?,
        on_success: fields.text("onSuccess")?,
        on_failure: fields.text("onFailure")?,
        disabled: fields.flag("disabled")?.unwrap_or(false),
    })
}

fn rule_set(value: Value) -> Result<RuleSet, Error> {
    let mut fields = Object::from(value, "a rule set")?;
    let enable_at = fields.text("enableAt")?;
    if let Some(place) = enable_at.as_deref().filter(|place| !ENABLED_AT.contains(place)) {
        return Err(Error::BadRequest(format!(
            "enableAt cannot be \"{place}\"; it is one of {}",
            ENABLED_AT.join(", ")
        )));
    }
    Ok(RuleSet {
        migration_rules: fields.list("migrationRules", rule)?,
        domain_rules: fields.list("domainRules", rule)?,
        encoding_rules: fields.list("encodingRules", rule)?,
        enable_at,
    })
}

/// Where rules can be enabled (contract 2.3).
const ENABLED_AT: [&str; 5] = ["ALL", "CLIENT", "GATEWAY", "SERVER", "NONE"];

/// A schema as requests to register, look up and check carry it (contract 2.5).
pub(super) fn draft(mut fields: Object) -> Result<Draft, Error> {
    Ok(Draft {
        schema: fields.take("schema").map(|schema| document(schema, "schema")).transpose()?,
        schema_type: fields.text("schemaType")?,
        references: fields.list("references", reference)?,
        metadata: fields.take("metadata").map(metadata).transpose()?,
        rule_set: fields.take("ruleSet").map(rule_set).transpose()?,
        version: fields.integer("version")?.unwrap_or(0),
        id: fields.integer("id")?.unwrap_or(-1),
    })
}

/// An update of settings (contract 2.8).
pub(super) fn config_update(mut fields: Object) -> Result<ConfigUpdate, Error> {
    let flag = |name: &'static str| move |value: Value| flag(&value, name);
    let level = |value| text(value, "compatibility").and_then(|text| Level::parse(&text).ok_or(Error::InvalidLevel));
    let named = |name: &'static str| move |value: Value| text(value, name);
    let policy = fields.patch("compatibilityPolicy", named("compatibilityPolicy"))?;
    Ok(ConfigUpdate {
        alias: fields.patch("alias", named("alias"))?,
        alias_for_deks: fields.patch("aliasForDeks", named("aliasForDeks"))?,
        normalize: fields.patch("normalize", flag("normalize"))?,
        validate_fields: fields.patch("validateFields", flag("validateFields"))?,
        validate_new_schemas: fields.patch("validateNewSchemas", flag("validateNewSchemas"))?,
        validate_rules: fields.patch("validateRules", flag("validateRules"))?,
        refuse_warnings: fields.patch("refuseWarnings", flag("refuseWarnings"))?,
        compatibility_policy: match policy {
            Patch::Set(policy) => match POLICIES.iter().find(|known| known.eq_ignore_ascii_case(&policy)) {
                Some(known) => Patch::Set((*known).to_owned()),
                // The reference stores what it does not know as null.
                None => Patch::Clear,
            },
            other => other,
        },
        compatibility_group: fields.patch("compatibilityGroup", named("compatibilityGroup"))?,
        default_metadata: fields.patch("defaultMetadata", metadata)?,
        override_metadata: fields.patch("overrideMetadata", metadata)?,
        default_rule_set: fields.patch("defaultRuleSet", rule_set)?,
        override_rule_set: fields.patch("overrideRuleSet", rule_set)?,
        compatibility_level: fields.patch("compatibility", level)?,
    })
}

/// The compatibility policies there are; none has an effect on Avro.
const POLICIES: [&str; 3] = ["STRICT", "LENIENT", "LOGICAL"];
