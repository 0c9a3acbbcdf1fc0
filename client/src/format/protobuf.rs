//! Protobuf: messages of `prost`, and dynamic messages of `prost-reflect`.

use avow_budget::Budget;
use avow_proto::{MessageIndexes, ReferenceText, Schema, Side, Strictness};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::{Message, Name};
use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, MessageDescriptor, ReflectMessage};

use super::{Decode, Encode, Format, SchemaText, Unusable};
use crate::codec::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind, Limits};
use crate::registry::SCHEMA_LIMITS;
use crate::rest::SchemaType;
use crate::wire::Framed;
use crate::{LoadedSchema, LocalSchema, PrepareError};

/// Directories of the files that every schema may import without a reference.
const KNOWN_FILES: [&str; 3] = ["google/protobuf/", "google/type/", "confluent/"];

/// The format of Protobuf messages, for types of `prost` with their full names (`enable_type_names` of `prost-build`).
#[derive(Debug, Clone, Copy)]
pub enum Protobuf {}

/// The format of Protobuf messages, for [`DynamicMessage`].
#[derive(Debug, Clone, Copy)]
pub enum DynamicProtobuf {}

#[derive(Debug, Clone, Default)]
pub struct ProtobufOptions {
    /// The full name of the message.
    pub(crate) message: Option<String>,
}

/// A message of the schema, and its encoded indexes.
#[derive(Debug)]
pub struct Encoder {
    message: String,
    indexes: Vec<u8>,
}

/// A schema, and the encoded indexes of the message to read.
#[derive(Debug)]
pub struct Decoder {
    schema: Schema,
    message: Option<String>,
    indexes: Option<Vec<u8>>,
}

/// A schema, and its descriptors.
#[derive(Debug)]
pub struct DynamicDecoder {
    messages: Decoder,
    pool: DescriptorPool,
}

impl SchemaText for Schema {
    const TYPE: SchemaType = SchemaType::Protobuf;

    fn parse(text: &str, references: &[(&str, &str)]) -> Result<Self, String> {
        let budget = Budget::new(SCHEMA_LIMITS);
        let references: Vec<_> =
            references.iter().map(|(name, text)| ReferenceText { name, text, origin: None }).collect();
        let schema = Self::parse(text, &references, &budget).map_err(|error| error.to_string())?;
        schema.validate(Strictness::Lenient, &budget).map_err(|error| error.to_string())?;
        Ok(schema)
    }

    fn of(schema: &LoadedSchema) -> Result<&Self, Unusable> {
        schema.parsed_protobuf()
    }

    fn name(&self) -> Option<String> {
        self.name()
    }

    fn incompatibilities(reader: &Self, writer: &Self) -> Result<Vec<String>, String> {
        let budget = Budget::new(SCHEMA_LIMITS);
        let verdict = Self::check(reader, writer, &budget).map_err(|error| error.to_string())?;
        Ok(verdict.incompatibilities().map(|difference| difference.description(Side::New)).collect())
    }

    fn is_equal(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Format for Protobuf {
    type Schema = Schema;
    type EncodeOptions = ProtobufOptions;
    type DecodeOptions = ProtobufOptions;
    type Encoder = Encoder;
    type Decoder = Decoder;

    const MESSAGE_INDEXES: bool = true;

    fn encoder(schema: &LoadedSchema, options: &ProtobufOptions) -> Result<Encoder, PrepareError> {
        Encoder::new(Schema::of(schema)?, options)
    }

    fn decoder(schema: &LoadedSchema, options: &ProtobufOptions) -> Result<Decoder, Unusable> {
        Ok(Decoder::new(Schema::of(schema)?, options))
    }

    #[inline]
    fn message_indexes(encoder: &Encoder) -> &[u8] {
        &encoder.indexes
    }
}

impl<T: Message + Name> Encode<T> for Protobuf {
    fn encode_options() -> ProtobufOptions {
        ProtobufOptions { message: Some(T::full_name()) }
    }

    #[inline]
    fn encode(_: &Encoder, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        value.encode(out).map_err(EncodeError::refused)
    }
}

impl<T: Message + Name + Default> Decode<T> for Protobuf {
    fn decode_options() -> ProtobufOptions {
        ProtobufOptions { message: Some(T::full_name()) }
    }

    #[inline]
    fn decode(decoder: &Decoder, framed: Framed<'_>, limits: &Limits) -> Result<T, DecodeError> {
        check_length(framed, limits)?;
        let data = decoder.skip_indexes(framed)?;
        T::decode(data).map_err(|error| malformed(&error))
    }
}

impl Format for DynamicProtobuf {
    type Schema = Schema;
    type EncodeOptions = ProtobufOptions;
    type DecodeOptions = ProtobufOptions;
    type Encoder = Encoder;
    type Decoder = DynamicDecoder;

    const MESSAGE_INDEXES: bool = true;

    fn encoder(schema: &LoadedSchema, options: &ProtobufOptions) -> Result<Encoder, PrepareError> {
        Protobuf::encoder(schema, options)
    }

    fn decoder(schema: &LoadedSchema, options: &ProtobufOptions) -> Result<DynamicDecoder, Unusable> {
        let pool = descriptors(schema).map_err(Unusable::Invalid)?;
        Ok(DynamicDecoder { messages: Protobuf::decoder(schema, options)?, pool })
    }

    #[inline]
    fn message_indexes(encoder: &Encoder) -> &[u8] {
        &encoder.indexes
    }
}

impl Encode<DynamicMessage> for DynamicProtobuf {
    #[inline]
    fn encode(encoder: &Encoder, value: &DynamicMessage, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let descriptor = value.descriptor();
        if descriptor.full_name() != encoder.message {
            let why = format!("the message is a `{}`, not a `{}`", descriptor.full_name(), encoder.message);
            return Err(EncodeError::of(EncodeErrorKind::Type, why));
        }
        value.encode(out).map_err(EncodeError::refused)
    }
}

impl Decode<DynamicMessage> for DynamicProtobuf {
    fn decode(decoder: &DynamicDecoder, framed: Framed<'_>, limits: &Limits) -> Result<DynamicMessage, DecodeError> {
        check_length(framed, limits)?;
        let (name, data) = decoder.messages.message(framed)?;
        let descriptor = decoder.pool.get_message_by_name(&name).ok_or_else(unknown_message)?;
        DynamicMessage::decode(descriptor, data).map_err(|error| malformed(&error))
    }
}

impl Encoder {
    fn new(schema: &Schema, options: &ProtobufOptions) -> Result<Self, PrepareError> {
        let message = options.message.clone().or_else(|| schema.name()).unwrap_or_default();
        match indexes_of(schema, &message) {
            Some(indexes) => Ok(Self { indexes: indexes.encode(), message }),
            None => Err(PrepareError::unknown_message(message)),
        }
    }
}

impl Decoder {
    fn new(schema: &Schema, options: &ProtobufOptions) -> Self {
        let message = options.message.clone();
        let indexes = message.as_deref().and_then(|message| indexes_of(schema, message));
        Self { schema: schema.clone(), message, indexes: indexes.map(|indexes| indexes.encode()) }
    }

    /// The data after the indexes, which must be those of the expected message.
    #[inline]
    fn skip_indexes<'m>(&self, framed: Framed<'m>) -> Result<&'m [u8], DecodeError> {
        if let Some(expected) = &self.indexes {
            match framed.message_indexes {
                Some(indexes) if indexes == expected => return Ok(framed.data),
                None if framed.data.starts_with(expected) => return Ok(&framed.data[expected.len()..]),
                _ => {}
            }
        }
        self.message(framed).map(|(_, data)| data)
    }

    /// The name of the message and its data.
    #[cold]
    fn message<'m>(&self, framed: Framed<'m>) -> Result<(String, &'m [u8]), DecodeError> {
        let mut bytes = framed.message_indexes.unwrap_or(framed.data);
        let indexes = MessageIndexes::decode(&mut bytes).map_err(|_| {
            DecodeError::of(DecodeErrorKind::MessageIndex, "the message indexes are no varints in bounds", 0)
        })?;
        let data = match framed.message_indexes {
            Some(_) if bytes.is_empty() => framed.data,
            Some(_) => return Err(DecodeError::of(DecodeErrorKind::MessageIndex, "bytes follow the indexes", 0)),
            None => bytes,
        };
        let name = self.schema.message_at(&indexes).ok_or_else(unknown_message)?;
        match &self.message {
            Some(expected) if *expected != name => {
                let why = format!("the message is a `{name}`, not a `{expected}`");
                Err(DecodeError::of(DecodeErrorKind::DoesNotFit, why, 0))
            }
            _ => Ok((name, data)),
        }
    }
}

/// The indexes of a message. The name is looked up without its package first: parts of the package may have the names of
/// messages.
fn indexes_of(schema: &Schema, full_name: &str) -> Option<MessageIndexes> {
    let local = full_name.strip_prefix(schema.file().package()).and_then(|rest| rest.strip_prefix('.'));
    let candidates = local.into_iter().chain([full_name]).map(|name| schema.message_indexes(name));
    // A name that is not in the schema has the indexes of the parts that are.
    candidates.into_iter().find(|indexes| schema.message_at(indexes).as_deref() == Some(full_name))
}

fn check_length(framed: Framed<'_>, limits: &Limits) -> Result<(), DecodeError> {
    match framed.data.len() > limits.bytes {
        true => Err(DecodeError::over("the message is larger than `Limits::bytes`")),
        false => Ok(()),
    }
}

#[cold]
fn unknown_message() -> DecodeError {
    DecodeError::of(DecodeErrorKind::MessageIndex, "the schema has no message at these indexes", 0)
}

#[cold]
fn malformed(error: &prost::DecodeError) -> DecodeError {
    DecodeError::of(DecodeErrorKind::Malformed, error.to_string(), 0)
}

/// The descriptors of a schema and its references.
fn descriptors(schema: &LoadedSchema) -> Result<DescriptorPool, String> {
    let budget = Budget::new(SCHEMA_LIMITS);
    let references = schema.named_references();
    let texts: Vec<_> = references.iter().map(|(name, text)| ReferenceText { name, text, origin: None }).collect();
    let mut files = Vec::with_capacity(references.len() + 1);
    for (name, text) in references.iter().copied().chain([(ROOT_NAME, schema.text())]) {
        // A file does not import itself.
        let others: Vec<_> = texts.iter().filter(|other| other.name != name).copied().collect();
        let parsed = Schema::parse(text, &others, &budget).map_err(|error| error.to_string())?;
        let encoded = parsed.serialized(&budget).map_err(|error| error.to_string())?;
        let bytes = STANDARD.decode(encoded).map_err(|error| error.to_string())?;
        let mut file = FileDescriptorProto::decode(&*bytes).map_err(|error| error.to_string())?;
        file.name = Some(name.to_owned());
        files.push(file);
    }
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_protos(files).map_err(|error| error.to_string())?;
    Ok(pool)
}

/// The name of the schema itself among its files.
const ROOT_NAME: &str = "default";

impl LocalSchema {
    /// The schema of the file that defines a message, with the files that it imports as references. The subject of a
    /// reference is its path; files that every registry knows, such as `google/protobuf/timestamp.proto`, are left out.
    pub fn of_message(message: &MessageDescriptor) -> Self {
        Self::of_file(&message.parent_file())
    }

    /// The schema of a file, with its imports as references. A pool of descriptors has no cycles of imports.
    fn of_file(file: &FileDescriptor) -> Self {
        let descriptor = STANDARD.encode(file.encode_to_vec());
        // Readable text, where it can be printed; registries take either.
        let printed = Schema::parse(&descriptor, &[], &Budget::new(SCHEMA_LIMITS));
        let schema = Self::new(printed.map_or(descriptor, |schema| schema.text().to_owned()));
        let imports = file.dependencies().filter(|import| !is_known(import.name()));
        imports.fold(schema, |schema, import| schema.with(import.name(), import.name(), Self::of_file(&import)))
    }
}

fn is_known(path: &str) -> bool {
    KNOWN_FILES.iter().any(|directory| path.starts_with(directory))
}
