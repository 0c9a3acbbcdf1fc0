//! Loading of a schema with its references.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use moka::sync::Cache;

use super::loaded::{Content, ResolvedReference};
use crate::error::Kind;
use crate::rest::{self, Client, Reference};
use crate::wire::SchemaKey;
use crate::{Error, LoadedSchema};

/// The maximum number of references of a schema, direct and indirect.
const MAX_REFERENCES: usize = 1000;

/// Referenced versions, by subject and number.
pub(super) type Versions = Cache<(String, i32), Arc<rest::Version>>;

pub(super) async fn schema(client: &Client, versions: &Versions, key: SchemaKey) -> Result<LoadedSchema, Error> {
    match key {
        SchemaKey::Id(id) => {
            let answer = client.schema_by_id(id).await?;
            // References without a context are in that of the schema.
            with_references(client, versions, Some(id), answer.schema).await
        }
        SchemaKey::Guid(guid) => {
            let mut answer = client.schema_by_guid(&guid.to_string()).await?;
            answer.guid = Some(guid.to_string());
            with_references(client, versions, None, answer).await
        }
    }
}

/// Loads the references of a schema.
pub(super) async fn with_references(
    client: &Client,
    versions: &Versions,
    id: Option<u32>,
    schema: rest::Schema,
) -> Result<LoadedSchema, Error> {
    let references = references(client, versions, &schema.references).await?;
    // An invalid GUID is ignored.
    let guid = schema.guid.and_then(|guid| guid.parse().ok());
    let (schema_type, text, rule_set) = (schema.schema_type, schema.text, schema.rule_set);
    Ok(LoadedSchema::new(Content { id, guid, schema_type, text, references, rule_set }))
}

/// The transitive references, dependencies first.
pub(super) async fn references(
    client: &Client,
    versions: &Versions,
    direct: &[Reference],
) -> Result<Vec<ResolvedReference>, Error> {
    let mut fetched: HashMap<(String, i32), Arc<rest::Version>> = HashMap::new();
    let mut to_fetch: VecDeque<Reference> = direct.iter().cloned().collect();
    while let Some(reference) = to_fetch.pop_front() {
        let key = (reference.subject, reference.version);
        if fetched.contains_key(&key) {
            continue;
        }
        if fetched.len() >= MAX_REFERENCES {
            let why = format!("the schema has more than {MAX_REFERENCES} references");
            return Err(Error::not_understood(format!("loading `{}` version {}", key.0, key.1), why));
        }
        let version = version(client, versions, &key).await?;
        to_fetch.extend(version.schema.references.iter().cloned());
        fetched.insert(key, version);
    }
    Ok(dependency_order(direct, &fetched))
}

/// Depth-first post-order, iterative; cycles are cut.
fn dependency_order(
    direct: &[Reference],
    fetched: &HashMap<(String, i32), Arc<rest::Version>>,
) -> Vec<ResolvedReference> {
    enum Step {
        Enter(Reference),
        Leave(Reference),
    }

    let mut seen = std::collections::HashSet::new();
    let mut ordered = Vec::new();
    let mut steps: Vec<_> = direct.iter().rev().cloned().map(Step::Enter).collect();
    while let Some(step) = steps.pop() {
        match step {
            Step::Enter(reference) => {
                let key = (reference.subject.clone(), reference.version);
                let Some(version) = fetched.get(&key) else { continue };
                if seen.insert(key) {
                    steps.push(Step::Leave(reference));
                    steps.extend(version.schema.references.iter().rev().cloned().map(Step::Enter));
                }
            }
            Step::Leave(reference) => {
                if let Some(version) = fetched.get(&(reference.subject.clone(), reference.version)) {
                    ordered.push(ResolvedReference { reference, text: version.schema.text.clone() });
                }
            }
        }
    }
    ordered
}

async fn version(client: &Client, versions: &Versions, key: &(String, i32)) -> Result<Arc<rest::Version>, Error> {
    if let Some(version) = versions.get(key) {
        return Ok(version);
    }
    let (subject, number) = key;
    // A referenced version may be soft-deleted.
    let version = match number {
        -1 => client.latest(subject).await,
        _ => client.version(subject, *number).include_deleted().await,
    };
    let version = Arc::new(version.map_err(|error| missing_reference(error, subject, *number))?);
    if *number > 0 {
        versions.insert(key.clone(), Arc::clone(&version));
    }
    Ok(version)
}

/// A missing reference is not a missing schema: the 404 is wrapped.
fn missing_reference(error: Error, subject: &str, number: i32) -> Error {
    if !error.is_not_found() {
        return error;
    }
    let asked = format!("loading the reference `{subject}` version {number}");
    Error::new(asked, Kind::NotUnderstood(Box::new(error)))
}
