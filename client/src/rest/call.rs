//! A request builder; awaiting it sends the request.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Client;
use super::address::Path;
use super::send::{Idempotency, Request, Response};
use crate::Error;

/// A request builder; awaiting it sends the request.
///
/// `T` is the response, `O` the set of options.
#[must_use = "nothing is sent until it is awaited"]
pub struct Call<'c, T, O = ()> {
    client: &'c Client,
    request: Result<Request, Error>,
    read: fn(Response) -> Result<T, Error>,
    options: PhantomData<fn() -> O>,
}

/// A response with its entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tagged<T> {
    /// The response.
    pub value: T,
    /// The `ETag`, if the registry sends one.
    pub etag: Option<String>,
}

impl<'c, T, O> Call<'c, T, O> {
    pub(super) fn new(client: &'c Client, method: Method, path: Path) -> Self
    where
        T: DeserializeOwned,
    {
        Self { client, request: Ok(Request::new(method, path)), read: json, options: PhantomData }
    }

    pub(super) fn get(client: &'c Client, path: Path) -> Self
    where
        T: DeserializeOwned,
    {
        Self::new(client, Method::GET, path)
    }

    pub(super) fn read_with(mut self, read: fn(Response) -> Result<T, Error>) -> Self {
        self.read = read;
        self
    }

    /// Reads the response in another way.
    pub(super) fn read_as<U>(self, read: fn(Response) -> Result<U, Error>) -> Call<'c, U, O> {
        Call { client: self.client, request: self.request, read, options: PhantomData }
    }

    /// The context of the client.
    pub(super) fn context(&self) -> Option<&'c str> {
        self.client.context()
    }

    pub(super) fn body(mut self, body: &impl Serialize) -> Self {
        if let Ok(request) = &mut self.request {
            match serde_json::to_vec(body) {
                Ok(bytes) => request.body = Some(Bytes::from(bytes)),
                Err(error) => self.request = Err(Error::not_understood(request.path.as_str(), error)),
            }
        }
        self
    }

    pub(super) fn idempotency(mut self, idempotency: Idempotency) -> Self {
        if let Ok(request) = &mut self.request {
            request.idempotency = idempotency;
        }
        self
    }

    /// Adds a query parameter, for options without a method.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if let Ok(request) = &mut self.request {
            request.query.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sets a query parameter that occurs once.
    pub(super) fn query_once(mut self, name: &str, value: &str) -> Self {
        if let Ok(request) = &mut self.request {
            request.query.retain(|(there, _)| there != name);
        }
        self.query(name, value)
    }

    async fn send(self) -> Result<T, Error> {
        let request = self.request?;
        let response = self.client.send(&request).await?;
        (self.read)(response)
    }

    /// Sends a conditional request; `None` if the response still has this entity tag.
    pub async fn if_changed(self, etag: Option<&str>) -> Result<Option<Tagged<T>>, Error> {
        let mut request = self.request?;
        request.if_none_match = etag.map(str::to_owned);
        let mut response = self.client.send(&request).await?;
        if response.not_modified {
            return Ok(None);
        }
        let etag = response.etag.take();
        Ok(Some(Tagged { value: (self.read)(response)?, etag }))
    }
}

impl<'c, T: Send + 'c, O: 'c> IntoFuture for Call<'c, T, O> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

pub(super) fn json<T: DeserializeOwned>(response: Response) -> Result<T, Error> {
    serde_json::from_slice(&response.body).map_err(|error| Error::not_understood(response.request_line, error))
}

pub(super) fn text(response: Response) -> Result<String, Error> {
    String::from_utf8(response.body.into()).map_err(|error| Error::not_understood(response.request_line, error))
}

/// Reads any JSON body; an empty one is `null`.
pub(super) fn any_json(response: Response) -> Result<serde_json::Value, Error> {
    if response.body.is_empty() { Ok(serde_json::Value::Null) } else { json(response) }
}

/// Markers of the options of a request.
pub mod options {
    /// Lists of subjects.
    pub enum Subjects {}
    /// Lists of versions.
    pub enum Versions {}
    /// Lists of schemas.
    pub enum Schemas {}
    /// Paged lists.
    pub enum List {}
    /// Subjects or versions of an id.
    pub enum Holders {}
    /// One version.
    pub enum Version {}
    /// One schema by its id.
    pub enum ById {}
    /// Registering.
    pub enum Register {}
    /// Looking up.
    pub enum LookUp {}
    /// Checking.
    pub enum Check {}
    /// Deleting.
    pub enum Delete {}
    /// Reading a configuration or a mode.
    pub enum Settings {}
    /// Changing the mode.
    pub enum SetMode {}
    /// Deleting a mode.
    pub enum DeleteMode {}
}

/// The options and the requests that have them.
macro_rules! options {
    ($($trait:ident: $($of:ident),+; $($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) = $query:literal $value:expr;)+)*) => {
        mod sealed {
            pub trait Prefixed {}
            impl Prefixed for super::options::Subjects {}
            impl Prefixed for super::options::Schemas {}
            pub trait Held {}
            impl Held for super::options::ById {}
            impl Held for super::options::Holders {}
            $(pub trait $trait {} $(impl $trait for super::options::$of {})+)* }
        $(impl<T, O: sealed::$trait> Call<'_, T, O> {
            $($(#[$doc])* pub fn $name(self, $($arg: $type),*) -> Self { self.query_once($query, $value) })+
        })*
    };
}

options! {
    Deletable: Subjects, Versions, Schemas, Holders, Version, LookUp;
        /// Includes soft-deleted versions.
        fn include_deleted() = "deleted" "true";
    OnlyDeletable: Subjects, Versions;
        /// Soft-deleted versions only.
        fn only_deleted() = "deletedOnly" "true";
    Paged: Subjects, Versions, Schemas, Holders, List;
        /// Skips the first `offset` items.
        fn offset(offset: usize) = "offset" &offset.to_string();
        /// At most `limit` items.
        fn limit(limit: usize) = "limit" &limit.to_string();
    Latest: Schemas;
        /// The latest version of each subject only.
        fn latest_only() = "latestOnly" "true";
    MaxId: ById;
        /// Includes the highest id assigned so far.
        fn with_max_id() = "fetchMaxId" "true";
    Resolvable: Version, ById, Register, LookUp;
        /// Inlines the references of the schema into its text.
        fn resolved() = "format" "resolved";
    Normalizable: Register, LookUp, Check;
        /// Normalizes the schema first.
        fn normalize() = "normalize" "true";
    Verbose: Check;
        /// Includes the reasons of an incompatibility.
        fn verbose() = "verbose" "true";
    Permanent: Delete;
        /// Deletes permanently what is soft-deleted already.
        fn permanent() = "permanent" "true";
    Inherited: Settings;
        /// The effective setting, inherited where none is set.
        fn default_to_global() = "defaultToGlobal" "true";
    Forced: Register, SetMode;
        /// Overrides the checks that would refuse the request.
        fn force() = "force" "true";
    Recursive: DeleteMode;
        /// Includes the subjects in the scope.
        fn recursive() = "recursive" "true";
}

impl<T, O: sealed::Prefixed> Call<'_, T, O> {
    /// Subjects with this prefix only, in the context of the client; `:*:` stands for all contexts.
    pub fn prefix(self, prefix: &str) -> Self {
        let prefix = self.client.qualified(prefix);
        self.query_once("subjectPrefix", &prefix)
    }
}

impl<T, O: sealed::Held> Call<'_, T, O> {
    /// The schema of the id as this subject has it, in the context of the client.
    pub fn for_subject(self, subject: &str) -> Self {
        let subject = self.client.qualified(subject);
        self.query_once("subject", &subject)
    }
}
