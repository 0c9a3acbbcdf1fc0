//! The endpoints of the registry, one method each.

use http::Method;
use serde::Serialize;
use serde_json::Value;

use super::Client;
use super::address::Path;
use super::call::{Call, any_json, json, options, text};
use super::compatibility::Compatibility;
use super::enums::Mode;
use super::send::{Idempotency, Response};
use super::settings::{Config, ConfigUpdate};
use super::types::{
    Association, ClusterId, ContextId, Identified, NewSchema, Registered, Schema, ServerVersion, SubjectVersion,
    Version,
};
use crate::Error;

/// The scope of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// The whole registry or, for a client with a context, that context.
    Global,
    /// One context.
    Context(&'a str),
    /// One subject.
    Subject(&'a str),
}

impl<'a> From<&'a str> for Scope<'a> {
    fn from(subject: &'a str) -> Self {
        Self::Subject(subject)
    }
}

/// Subjects and their versions.
impl Client {
    /// All subjects, or those of the client's context.
    pub fn subjects(&self) -> Call<'_, Vec<String>, options::Subjects> {
        let call = Call::get(self, Path::of("/subjects"));
        match &self.context {
            Some(_) => call.prefix(""),
            None => call,
        }
    }

    /// The version numbers of a subject.
    pub fn versions(&self, subject: &str) -> Call<'_, Vec<i32>, options::Versions> {
        Call::get(self, self.subject(subject).literal("/versions"))
    }

    /// A version of a subject.
    pub fn version(&self, subject: &str, version: i32) -> Call<'_, Version, options::Version> {
        Call::get(self, self.versioned(subject, version))
    }

    /// The latest version that is not deleted.
    pub fn latest(&self, subject: &str) -> Call<'_, Version, options::Version> {
        Call::get(self, self.subject(subject).literal("/versions/latest"))
    }

    /// The latest version whose metadata has all these properties.
    pub fn latest_with_metadata<'p>(
        &self,
        subject: &str,
        properties: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Call<'_, Version, options::Version> {
        let call = Call::get(self, self.subject(subject).literal("/metadata"));
        properties.into_iter().fold(call, |call, (key, value)| call.query("key", key).query("value", value))
    }

    /// The stored text of a version.
    pub fn version_text(&self, subject: &str, version: i32) -> Call<'_, String, options::Version> {
        Call::get(self, self.versioned(subject, version).literal("/schema")).read_with(text)
    }

    /// The ids of schemas that refer to a version.
    pub fn referenced_by(&self, subject: &str, version: i32) -> Call<'_, Vec<u32>, options::List> {
        Call::get(self, self.versioned(subject, version).literal("/referencedby"))
    }

    /// Registers a schema unless the subject already has it.
    pub fn register(&self, subject: &str, schema: &NewSchema) -> Call<'_, Registered, options::Register> {
        let idempotency = if schema.is_idempotent() { Idempotency::Idempotent } else { Idempotency::Unsafe };
        Call::new(self, Method::POST, self.subject(subject).literal("/versions")).body(schema).idempotency(idempotency)
    }

    /// The version of a subject that has this schema.
    pub fn look_up(&self, subject: &str, schema: &NewSchema) -> Call<'_, Version, options::LookUp> {
        Call::new(self, Method::POST, self.subject(subject)).body(schema)
    }

    /// Deletes a subject; returns the deleted version numbers.
    pub fn delete_subject(&self, subject: &str) -> Call<'_, Vec<i32>, options::Delete> {
        self.deletion(self.subject(subject))
    }

    /// Deletes a version; returns its number.
    pub fn delete_version(&self, subject: &str, version: i32) -> Call<'_, i32, options::Delete> {
        self.deletion(self.versioned(subject, version))
    }
}

/// Schemas by id and GUID.
impl Client {
    /// All versions of all subjects.
    pub fn schemas(&self) -> Call<'_, Vec<Version>, options::Schemas> {
        let call = Call::get(self, Path::of("/schemas"));
        match &self.context {
            Some(_) => call.prefix(""),
            None => call,
        }
    }

    /// The schema formats that the registry supports.
    pub fn schema_types(&self) -> Call<'_, Vec<String>> {
        Call::get(self, Path::of("/schemas/types"))
    }

    /// A schema by its id.
    pub fn schema_by_id(&self, id: u32) -> Call<'_, Identified, options::ById> {
        Call::get(self, identified(id)).within_context()
    }

    /// The stored text of a schema by its id.
    pub fn text_by_id(&self, id: u32) -> Call<'_, String, options::ById> {
        Call::get(self, identified(id).literal("/schema")).within_context().read_with(text)
    }

    /// The subjects that have the schema with an id.
    pub fn subjects_by_id(&self, id: u32) -> Call<'_, Vec<String>, options::Holders> {
        Call::get(self, identified(id).literal("/subjects")).within_context()
    }

    /// The versions that have the schema with an id.
    pub fn versions_by_id(&self, id: u32) -> Call<'_, Vec<SubjectVersion>, options::Holders> {
        Call::get(self, identified(id).literal("/versions")).within_context()
    }

    /// A schema by its GUID, in any context.
    pub fn schema_by_guid(&self, guid: &str) -> Call<'_, Schema> {
        Call::get(self, Path::of("/schemas/guids").segment(guid))
    }

    /// The ids of the schema with a GUID, by context.
    pub fn ids_by_guid(&self, guid: &str) -> Call<'_, Vec<ContextId>> {
        Call::get(self, Path::of("/schemas/guids").segment(guid).literal("/ids"))
    }
}

/// Compatibility checks.
impl Client {
    /// Checks a schema against one version.
    pub fn check_version(
        &self,
        subject: &str,
        version: i32,
        schema: &NewSchema,
    ) -> Call<'_, Compatibility, options::Check> {
        let path = Path::of("/compatibility").literal(self.versioned(subject, version).as_str());
        Call::new(self, Method::POST, path).body(schema)
    }

    /// Checks a schema against the latest version. It is compatible if there is none.
    pub fn check_latest(&self, subject: &str, schema: &NewSchema) -> Call<'_, Compatibility, options::Check> {
        let path = Path::of("/compatibility").literal(self.subject(subject).as_str()).literal("/versions/latest");
        Call::new(self, Method::POST, path).body(schema)
    }

    /// Checks a schema against the versions that the compatibility level demands.
    pub fn check(&self, subject: &str, schema: &NewSchema) -> Call<'_, Compatibility, options::Check> {
        let path = Path::of("/compatibility").literal(self.subject(subject).as_str()).literal("/versions");
        Call::new(self, Method::POST, path).body(schema)
    }
}

/// Settings.
impl Client {
    /// The configuration of a scope.
    pub fn config<'s>(&self, scope: impl Into<Scope<'s>>) -> Call<'_, Config, options::Settings> {
        Call::get(self, self.scoped("/config", scope.into()))
    }

    /// Updates a configuration; returns it whole.
    pub fn set_config<'s>(&self, scope: impl Into<Scope<'s>>, update: &ConfigUpdate) -> Call<'_, Config> {
        Call::new(self, Method::PUT, self.scoped("/config", scope.into())).body(update)
    }

    /// Deletes a configuration; returns the old one.
    pub fn delete_config<'s>(&self, scope: impl Into<Scope<'s>>) -> Call<'_, Config> {
        self.deletion(self.scoped("/config", scope.into()))
    }

    /// The mode of a scope, if one is set.
    pub fn mode<'s>(&self, scope: impl Into<Scope<'s>>) -> Call<'_, Option<Mode>, options::Settings> {
        Call::get(self, self.scoped("/mode", scope.into())).read_with(mode)
    }

    /// Sets the mode of a scope.
    pub fn set_mode<'s>(
        &self,
        scope: impl Into<Scope<'s>>,
        to: impl Into<Mode>,
    ) -> Call<'_, Option<Mode>, options::SetMode> {
        let body = serde_json::json!({ "mode": to.into() });
        Call::new(self, Method::PUT, self.scoped("/mode", scope.into())).body(&body).read_with(mode)
    }

    /// Deletes a mode; returns the old one.
    pub fn delete_mode<'s>(&self, scope: impl Into<Scope<'s>>) -> Call<'_, Option<Mode>, options::DeleteMode> {
        self.deletion(self.scoped("/mode", scope.into())).read_with(mode)
    }
}

/// Contexts, associations, and the registry itself.
impl Client {
    /// All contexts.
    pub fn contexts(&self) -> Call<'_, Vec<String>, options::List> {
        Call::get(self, Path::of("/contexts"))
    }

    /// Deletes an empty context.
    pub fn delete_context(&self, context: &str) -> Call<'_, ()> {
        self.deletion::<Value, _>(Path::of("/contexts").segment(context)).read_as(|_| Ok(()))
    }

    /// The subjects associated with a topic's key or value, in one cluster or in any.
    ///
    /// `kind` is `key` or `value`.
    pub fn associations(&self, cluster: Option<&str>, topic: &str, kind: &str) -> Call<'_, Vec<Association>> {
        Call::get(self, Path::of("/associations/resources").segment(cluster.unwrap_or("-")).segment(topic))
            .query("resourceType", "topic")
            .query("associationType", kind)
    }

    /// The identity of the registry.
    pub fn cluster_id(&self) -> Call<'_, ClusterId> {
        Call::get(self, Path::of("/v1/metadata/id"))
    }

    /// The version of the registry's software.
    pub fn server_version(&self) -> Call<'_, ServerVersion> {
        Call::get(self, Path::of("/v1/metadata/version"))
    }

    /// Sends JSON to an endpoint that this crate has no method for. An empty response is read as `null`.
    ///
    /// The path has to be percent-encoded. `POST`, `DELETE` and `PATCH` are not repeated when the response was lost.
    pub fn send_json<'q, B: Serialize + ?Sized>(
        &self,
        method: Method,
        path: &str,
        query: impl IntoIterator<Item = (&'q str, &'q str)>,
        body: Option<&B>,
    ) -> Call<'_, Value> {
        let idempotency = match method {
            Method::POST | Method::DELETE | Method::PATCH => Idempotency::Unsafe,
            _ => Idempotency::Idempotent,
        };
        let call = Call::new(self, method, Path::of(path)).idempotency(idempotency).read_with(any_json);
        let call = query.into_iter().fold(call, |call, (name, value)| call.query(name, value));
        match body {
            Some(body) => call.body(&body),
            None => call,
        }
    }
}

impl Client {
    fn deletion<T: serde::de::DeserializeOwned, O>(&self, path: Path) -> Call<'_, T, O> {
        Call::new(self, Method::DELETE, path).idempotency(Idempotency::Unsafe)
    }

    /// A subject qualified with the context of this client, unless it has a context already.
    pub(crate) fn qualified(&self, subject: &str) -> String {
        match &self.context {
            Some(context) if !subject.starts_with(":.") && !subject.starts_with(":*:") => {
                format!(":{context}:{subject}")
            }
            _ => subject.to_owned(),
        }
    }

    fn subject(&self, subject: &str) -> Path {
        Path::of("/subjects").segment(&self.qualified(subject))
    }

    fn versioned(&self, subject: &str, version: i32) -> Path {
        self.subject(subject).literal("/versions").segment(&version.to_string())
    }

    fn scoped(&self, root: &str, scope: Scope<'_>) -> Path {
        match (scope, &self.context) {
            (Scope::Global, None) => Path::of(root),
            (Scope::Global, Some(context)) => Path::of(root).segment(&format!(":{context}:")),
            (Scope::Context(context), _) => {
                let context = context.trim_matches(':').trim_start_matches('.');
                Path::of(root).segment(&format!(":.{context}:"))
            }
            (Scope::Subject(subject), _) => Path::of(root).segment(&self.qualified(subject)),
        }
    }
}

impl<T, O> Call<'_, T, O> {
    /// Adds the context, without which an id is ambiguous.
    fn within_context(self) -> Self {
        match self.context() {
            Some(context) => self.query_once("subject", &format!(":{context}:")),
            None => self,
        }
    }
}

fn identified(id: u32) -> Path {
    Path::of("/schemas/ids").segment(&id.to_string())
}

fn mode(response: Response) -> Result<Option<Mode>, Error> {
    #[derive(serde::Deserialize)]
    struct Body {
        mode: Option<Mode>,
    }

    json::<Body>(response).map(|body| body.mode)
}
