//! What a producer holds.

mod error;
mod prepare;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;

use crate::codec::{EncodeError, EncodePlan};
use crate::wire::KeyBytes;
use crate::{LoadedSchema, Registry, Subject};

pub use error::PrepareError;
use prepare::Settings;
pub use prepare::{OwnSchema, SerializerBuilder};

/// Makes records of values, all of one schema.
///
/// Everything that may take time or fail for others' reasons has happened when it is there: the subject is known, the
/// schema is registered, its id is bound. A handle belongs to one task; a clone for another one is cheap.
pub struct Serializer<T: ?Sized> {
    bound: Arc<Bound>,
    scratch: Vec<u8>,
    of: PhantomData<fn(&T)>,
}

struct Bound {
    settings: Settings,
    registry: Registry,
    subject: String,
    schema: Arc<LoadedSchema>,
    plan: EncodePlan,
    /// Before every payload.
    prefix: Option<KeyBytes>,
    /// Beside every payload.
    header: Option<(&'static str, KeyBytes)>,
    /// A record of bytes alone is the bytes, without their length.
    bytes_alone: bool,
}

/// A record, ready to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded<'b> {
    /// The key or the value.
    pub payload: &'b [u8],
    /// The header that names the schema, if the payload does not.
    pub header: Option<(&'static str, &'b [u8])>,
}

impl<T: Serialize + ?Sized> Serializer<T> {
    /// Begins with the registry and the subject of the schema.
    pub fn builder(registry: &Registry, subject: Subject) -> SerializerBuilder<T> {
        SerializerBuilder::new(registry, subject)
    }

    /// Encodes a value into a buffer that is lent until the next call: without an allocation, once it has grown.
    pub fn serialize(&mut self, value: &T) -> Result<Encoded<'_>, EncodeError> {
        self.scratch.clear();
        self.bound.append(value, &mut self.scratch)?;
        let header = self.bound.header.as_ref().map(|(name, key)| (*name, key.as_slice()));
        Ok(Encoded { payload: &self.scratch, header })
    }

    /// Appends a payload to `out`, which is left as it was if there is an error.
    ///
    /// The header of a record whose payload does not name its schema is [`header`](Self::header).
    pub fn append(&self, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let before = out.len();
        self.bound.append(value, out).inspect_err(|_| out.truncate(before))
    }

    /// Encodes a value into a buffer of its own.
    pub fn to_vec(&self, value: &T) -> Result<Vec<u8>, EncodeError> {
        let mut payload = Vec::new();
        self.bound.append(value, &mut payload)?;
        Ok(payload)
    }
}

impl<T: ?Sized> Serializer<T> {
    /// The subject that the schema is under.
    pub fn subject(&self) -> &str {
        &self.bound.subject
    }

    /// The schema that records are written with.
    pub fn schema(&self) -> &Arc<LoadedSchema> {
        &self.bound.schema
    }

    /// The header that names the schema beside every payload, if the payload does not.
    pub fn header(&self) -> Option<(&'static str, &[u8])> {
        self.bound.header.as_ref().map(|(name, key)| (*name, key.as_slice()))
    }

    /// Prepares anew: with `use_latest_version`, the version that is latest by now. True if that is another schema.
    ///
    /// An error leaves the serializer as it is, so that it goes on with the schema it has.
    pub async fn refresh(&mut self) -> Result<bool, PrepareError> {
        let bound = self.bound.settings.bind(&self.bound.registry).await?;
        let changed = (bound.prefix, bound.header) != (self.bound.prefix, self.bound.header);
        if changed {
            self.bound = Arc::new(bound);
        }
        Ok(changed)
    }
}

impl Bound {
    #[inline]
    fn append<T: Serialize + ?Sized>(&self, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(prefix) = &self.prefix {
            prefix.append_to(out);
        }
        let begin = out.len();
        self.plan.encode(value, out)?;
        if self.bytes_alone {
            cut_length(out, begin);
        }
        Ok(())
    }
}

/// Takes out the length that begins at `begin`.
#[cold]
fn cut_length(out: &mut Vec<u8>, begin: usize) {
    let length = out[begin..].iter().position(|byte| byte & 0x80 == 0).map_or(0, |last| last + 1);
    out.drain(begin..begin + length);
}

impl<T: ?Sized> Clone for Serializer<T> {
    fn clone(&self) -> Self {
        Self { bound: Arc::clone(&self.bound), scratch: Vec::new(), of: PhantomData }
    }
}

impl<T: ?Sized> fmt::Debug for Serializer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bound { subject, prefix, header, .. } = &*self.bound;
        f.debug_struct("Serializer")
            .field("subject", subject)
            .field("prefix", prefix)
            .field("header", header)
            .finish_non_exhaustive()
    }
}
