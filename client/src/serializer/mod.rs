//! The serializer of a producer.

mod error;
mod local_schema;
mod prepare;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::codec::EncodeError;
use crate::format::{Avro, Encode, Format};
use crate::wire::KeyBytes;
use crate::{LoadedSchema, Registry, Subject};

pub use error::PrepareError;
pub use local_schema::LocalSchema;
pub use prepare::SerializerBuilder;
use prepare::Settings;

/// Encodes values into records of one schema.
///
/// Everything that takes a request happened in [`prepare`](SerializerBuilder::prepare): the subject, the schema and its id
/// are known. A handle belongs to one task; clones are cheap.
pub struct Serializer<T: ?Sized, F: Format = Avro> {
    bound: Arc<Bound<F>>,
    scratch: Vec<u8>,
    of: PhantomData<fn(&T)>,
}

struct Bound<F: Format> {
    settings: Settings<F>,
    registry: Registry,
    subject: String,
    schema: Arc<LoadedSchema>,
    encoder: F::Encoder,
    /// The prefix of every payload, before the message indexes.
    prefix: Option<KeyBytes>,
    /// The header of every record: the key and the message indexes.
    header: Option<(&'static str, Vec<u8>)>,
}

/// An encoded key or value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded<'b> {
    /// The bytes of the key or the value.
    pub payload: &'b [u8],
    /// The header that names the schema, if the payload does not.
    pub header: Option<(&'static str, &'b [u8])>,
}

impl<T: ?Sized, F: Encode<T>> Serializer<T, F> {
    /// A builder for a subject of the registry.
    pub fn builder(registry: &Registry, subject: Subject) -> SerializerBuilder<T, F> {
        SerializerBuilder::new(registry, subject)
    }

    /// Encodes a value into an internal buffer that is reused by the next call. Does not allocate once the buffer has grown.
    pub fn serialize(&mut self, value: &T) -> Result<Encoded<'_>, EncodeError> {
        self.scratch.clear();
        self.bound.append(value, &mut self.scratch)?;
        Ok(Encoded { payload: &self.scratch, header: self.bound.header() })
    }

    /// Appends a payload to `out`, which is unchanged on an error.
    ///
    /// With [`guid_in_header`](SerializerBuilder::guid_in_header) the record also needs [`header`](Self::header).
    pub fn append(&self, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let before = out.len();
        self.bound.append(value, out).inspect_err(|_| out.truncate(before))
    }

    /// Encodes a value into a new buffer.
    pub fn to_vec(&self, value: &T) -> Result<Vec<u8>, EncodeError> {
        let mut payload = Vec::new();
        self.bound.append(value, &mut payload)?;
        Ok(payload)
    }
}

impl<T: ?Sized, F: Format> Serializer<T, F> {
    /// The subject of the schema.
    pub fn subject(&self) -> &str {
        &self.bound.subject
    }

    /// The schema that records are written with.
    pub fn schema(&self) -> &Arc<LoadedSchema> {
        &self.bound.schema
    }

    /// The header that names the schema, if the payload does not.
    pub fn header(&self) -> Option<(&'static str, &[u8])> {
        self.bound.header()
    }

    /// Prepares again, for example to take up a newer latest version. Returns true if the schema changed.
    ///
    /// On an error the serializer keeps its schema.
    pub async fn refresh(&mut self) -> Result<bool, PrepareError> {
        let bound = self.bound.settings.bind(&self.bound.registry).await?;
        let changed = (bound.prefix, &bound.header) != (self.bound.prefix, &self.bound.header);
        if changed {
            self.bound = Arc::new(bound);
        }
        Ok(changed)
    }
}

impl<F: Format> Bound<F> {
    #[inline]
    fn append<T: ?Sized>(&self, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError>
    where
        F: Encode<T>,
    {
        if let Some(prefix) = &self.prefix {
            prefix.append_to(out);
            out.extend_from_slice(F::message_indexes(&self.encoder));
        }
        F::encode(&self.encoder, value, out)
    }

    fn header(&self) -> Option<(&'static str, &[u8])> {
        self.header.as_ref().map(|(name, bytes)| (*name, bytes.as_slice()))
    }
}

impl<T: ?Sized, F: Format> Clone for Serializer<T, F> {
    fn clone(&self) -> Self {
        Self { bound: Arc::clone(&self.bound), scratch: Vec::new(), of: PhantomData }
    }
}

impl<T: ?Sized, F: Format> fmt::Debug for Serializer<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bound { subject, prefix, header, .. } = &*self.bound;
        f.debug_struct("Serializer")
            .field("subject", subject)
            .field("prefix", prefix)
            .field("header", header)
            .finish_non_exhaustive()
    }
}
