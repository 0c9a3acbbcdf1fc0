//! One request, not sent yet: awaiting it sends it.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Client;
use super::address::Path;
use super::send::{Response, Request, Idempotency};
use crate::Error;

/// A request with options still to choose; awaiting it sends it.
///
/// `T` is what is answered, `O` which options there are.
#[must_use = "nothing is sent until it is awaited"]
pub struct Call<'c, T, O = ()> {
    client: &'c Client,
    request: Result<Request, Error>,
    read: fn(Response) -> Result<T, Error>,
    options: PhantomData<fn() -> O>,
}

/// An response, and the tag by which the registry tells whether it has changed since.
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

    /// Reads another thing out of the same response.
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

    /// Adds a query parameter, for an option that this crate has no word for.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if let Ok(request) = &mut self.request {
            request.query.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sets a query parameter that can be there once.
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

    /// Sends it, for an response that is another than the one with this tag; none if there is no other.
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

/// Reads a body that may be anything, or nothing.
pub(super) fn any_json(response: Response) -> Result<serde_json::Value, Error> {
    if response.body.is_empty() { Ok(serde_json::Value::Null) } else { json(response) }
}

/// Which requests have which options.
pub mod options {
    /// Lists of subjects.
    pub enum Subjects {}
    /// Lists of versions.
    pub enum Versions {}
    /// Lists of schemas.
    pub enum Schemas {}
    /// Lists that can be read in parts.
    pub enum List {}
    /// Who has an id.
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
    /// What is configured.
    pub enum Settings {}
    /// Changing the mode.
    pub enum SetMode {}
    /// Deleting a mode.
    pub enum DeleteMode {}
}

/// The options, and the requests that have them.
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
        /// With what is deleted softly.
        fn include_deleted() = "deleted" "true";
    OnlyDeletable: Subjects, Versions;
        /// Only what is deleted softly.
        fn only_deleted() = "deletedOnly" "true";
    Paged: Subjects, Versions, Schemas, Holders, List;
        /// Leaves out the first ones.
        fn offset(offset: usize) = "offset" &offset.to_string();
        /// So many at most.
        fn limit(limit: usize) = "limit" &limit.to_string();
    Latest: Schemas;
        /// Only the latest version of each subject.
        fn latest_only() = "latestOnly" "true";
    MaxId: ById;
        /// With the highest id given out so far.
        fn with_max_id() = "fetchMaxId" "true";
    Resolvable: Version, ById, Register, LookUp;
        /// With all that the schema refers to written into its text.
        fn resolved() = "format" "resolved";
    Normalizable: Register, LookUp, Check;
        /// Brings the schema into normal form first.
        fn normalize() = "normalize" "true";
    Verbose: Check;
        /// Says why not.
        fn verbose() = "verbose" "true";
    Permanent: Delete;
        /// For good; it has to be deleted softly before.
        fn permanent() = "permanent" "true";
    Inherited: Settings;
        /// What applies, where nothing is set: that of the next wider scope.
        fn default_to_global() = "defaultToGlobal" "true";
    Forced: Register, SetMode;
        /// Whatever stands in the way.
        fn force() = "force" "true";
    Recursive: DeleteMode;
        /// And those of all the subjects within.
        fn recursive() = "recursive" "true";
}

impl<T, O: sealed::Prefixed> Call<'_, T, O> {
    /// Only subjects that begin so, in the context of the client; `:*:` stands for every context.
    pub fn prefix(self, prefix: &str) -> Self {
        let prefix = self.client.qualified(prefix);
        self.query_once("subjectPrefix", &prefix)
    }
}

impl<T, O: sealed::Held> Call<'_, T, O> {
    /// As this subject has it, in the context of the client.
    pub fn for_subject(self, subject: &str) -> Self {
        let subject = self.client.qualified(subject);
        self.query_once("subject", &subject)
    }
}
