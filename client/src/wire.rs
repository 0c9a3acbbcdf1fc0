//! Framing: how a record names the schema it was written with.
//!
//! | first byte | then | where |
//! |---|---|---|
//! | `00` | id, four bytes | before the data, or alone in a header |
//! | `01` | GUID, sixteen bytes | before the data, or alone in a header |
//!
//! The header is `__key_schema_id` or `__value_schema_id`. A record with the header has no prefix in its payload.
//!
//! Records of Protobuf have message indexes behind the key: a count and as many indexes, as zig-zag varints, or `00` for the
//! first message of the schema.

use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::str::FromStr;

use crate::undecodable::{Class, Undecodable};

const ID: u8 = 0;
const GUID: u8 = 1;

/// The GUID of a schema: a hash of its content, the same in all contexts and registries.
// Numbers rather than bytes, so that keys travel in registers: put together byte by byte and read as words, they cost
// more than all the rest of finding a plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guid {
    high: u64,
    low: u64,
}

impl Guid {
    /// The bytes in network order.
    #[inline]
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.high) << 64 | u128::from(self.low)).to_be_bytes()
    }
}

impl From<[u8; 16]> for Guid {
    #[inline]
    fn from(bytes: [u8; 16]) -> Self {
        let number = u128::from_be_bytes(bytes);
        Self { high: (number >> 64) as u64, low: (number << 64 >> 64) as u64 }
    }
}

impl Hash for Guid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // It is a hash already; half of it suffices.
        state.write_u64(self.high);
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.to_bytes().iter().enumerate() {
            let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error of parsing a GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a GUID: expected 32 hexadecimal digits, with or without dashes")]
pub struct NotAGuid;

impl FromStr for Guid {
    type Err = NotAGuid;

    fn from_str(text: &str) -> Result<Self, NotAGuid> {
        let mut digits = text.chars().filter(|char| *char != '-').map(|char| char.to_digit(16));
        let mut guid = 0_u128;
        for _ in 0..32 {
            let Some(Some(digit)) = digits.next() else { return Err(NotAGuid) };
            guid = guid << 4 | u128::from(digit);
        }
        if digits.next().is_some() { Err(NotAGuid) } else { Ok(guid.to_be_bytes().into()) }
    }
}

/// The key by which a record names its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaKey {
    /// An id, unique in a context of a registry.
    Id(u32),
    /// A GUID, the same in all registries.
    Guid(Guid),
}

impl SchemaKey {
    /// The encoded key, for a prefix or a header.
    pub fn to_bytes(self) -> KeyBytes {
        match self {
            Self::Id(id) => {
                let [a, b, c, d] = id.to_be_bytes();
                KeyBytes(Bytes::Id([ID, a, b, c, d]))
            }
            Self::Guid(guid) => {
                let mut bytes = [GUID; 17];
                bytes[1..].copy_from_slice(&guid.to_bytes());
                KeyBytes(Bytes::Guid(bytes))
            }
        }
    }

    /// A number that differs for most keys.
    #[inline]
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Id(id) => u64::from(id),
            Self::Guid(guid) => guid.high,
        }
    }

    /// Reads a key; returns it with the rest of the bytes.
    #[inline]
    fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        match *bytes.first()? {
            ID => {
                let (id, rest) = bytes[1..].split_first_chunk()?;
                Some((Self::Id(u32::from_be_bytes(*id)), rest))
            }
            GUID => {
                let (guid, rest) = bytes[1..].split_first_chunk()?;
                Some((Self::Guid((*guid).into()), rest))
            }
            _ => None,
        }
    }
}

impl Hash for SchemaKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.number());
    }
}

impl fmt::Display for SchemaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id {id}"),
            Self::Guid(guid) => write!(f, "GUID {guid}"),
        }
    }
}

/// An encoded [`SchemaKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyBytes(Bytes);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bytes {
    Id([u8; 5]),
    Guid([u8; 17]),
}

impl KeyBytes {
    /// The bytes: five of an id, seventeen of a GUID.
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Bytes::Id(bytes) => bytes,
            Bytes::Guid(bytes) => bytes,
        }
    }

    /// Appends the bytes; each branch has a constant length.
    #[inline]
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Bytes::Id(bytes) => out.extend_from_slice(bytes),
            Bytes::Guid(bytes) => out.extend_from_slice(bytes),
        }
    }
}

/// The part of a record: key or value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    #[default]
    Value,
}

impl Part {
    /// The header that names the schema, where the payload does not.
    pub fn header(self) -> &'static str {
        match self {
            Self::Key => "__key_schema_id",
            Self::Value => "__value_schema_id",
        }
    }

    /// The name in the registry's API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
        }
    }
}

/// The key or the value of one record, as a consumer gets it.
///
/// A payload alone is one; the bytes of the header with [`Part::header`]'s name are added with
/// [`with_header`](Self::with_header).
#[derive(Debug, Clone, Copy, Default)]
pub struct Record<'m> {
    payload: Option<&'m [u8]>,
    header: Option<&'m [u8]>,
}

impl<'m> Record<'m> {
    /// A payload, or a tombstone.
    pub fn new(payload: Option<&'m [u8]>) -> Self {
        Self { payload, header: None }
    }

    /// Adds the last header that names the schema; none if there is none.
    pub fn with_header(mut self, header: Option<&'m [u8]>) -> Self {
        self.header = header;
        self
    }

    /// Adds the header that names the schema, out of all that the record has: the last of its name that has a value.
    pub fn with_headers<'h>(self, part: Part, headers: impl IntoIterator<Item = (&'h str, Option<&'m [u8]>)>) -> Self {
        let named = headers.into_iter().filter(|(name, _)| *name == part.header());
        self.with_header(named.filter_map(|(_, value)| value).last())
    }

    /// The payload; none of a tombstone.
    pub fn payload(&self) -> Option<&'m [u8]> {
        self.payload
    }
}

impl<'m> From<Option<&'m [u8]>> for Record<'m> {
    fn from(payload: Option<&'m [u8]>) -> Self {
        Self::new(payload)
    }
}

impl<'m> From<&'m [u8]> for Record<'m> {
    fn from(payload: &'m [u8]) -> Self {
        Self::new(Some(payload))
    }
}

impl<'m, const N: usize> From<&'m [u8; N]> for Record<'m> {
    fn from(payload: &'m [u8; N]) -> Self {
        Self::new(Some(payload))
    }
}

impl<'m> From<&'m Vec<u8>> for Record<'m> {
    fn from(payload: &'m Vec<u8>) -> Self {
        Self::new(Some(payload))
    }
}

/// A record split into schema key and data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Framed<'m> {
    /// The schema it was written with.
    pub key: SchemaKey,
    /// The bytes behind the key in the header: the message indexes of Protobuf, nothing in other formats. `None` without a
    /// header.
    pub message_indexes: Option<&'m [u8]>,
    /// The data. Those of Protobuf start with the message indexes, unless there is a header.
    pub data: &'m [u8],
}

/// Splits a record into schema key and data, without a request. `None` for a tombstone.
#[inline]
pub fn inspect<'m>(record: impl Into<Record<'m>>) -> Result<Option<Framed<'m>>, Undecodable> {
    let record = record.into();
    let Some(payload) = record.payload else { return Ok(None) };
    if let Some(header) = record.header {
        return match SchemaKey::split(header) {
            Some((key, rest)) => Ok(Some(Framed { key, message_indexes: Some(rest), data: payload })),
            None => Err(Undecodable::framing(Class::UnknownFraming, "the header is neither an id nor a GUID")),
        };
    }
    match SchemaKey::split(payload) {
        Some((key, data)) => Ok(Some(Framed { key, message_indexes: None, data })),
        None => Err(not_framed(payload)),
    }
}

/// Describes a payload without a frame.
#[cold]
fn not_framed(payload: &[u8]) -> Undecodable {
    let (class, hint) = match payload {
        [] => (Class::NotFramed, "an empty payload (a tombstone has none)"),
        [ID | GUID, ..] => (Class::NotFramed, "too short for a schema id"),
        [b'O', b'b', b'j', 1, ..] => (Class::NotFramed, "an Avro container file"),
        [0xc3, 1, ..] => (Class::UnknownFraming, "Avro's single-object encoding"),
        [3, 0 | 5, ..] if payload.len() >= 18 => (Class::UnknownFraming, "framed for AWS Glue"),
        [b'{' | b'[', ..] => (Class::NotFramed, "JSON"),
        [b'<', ..] => (Class::NotFramed, "XML"),
        _ if payload.iter().take(64).all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')) => {
            (Class::NotFramed, "text")
        }
        _ => (Class::NotFramed, "bytes without a frame"),
    };
    Undecodable::framing(class, hint)
}

/// A hasher for keys, which are numbers or hashes already: one multiplication.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

pub(crate) type BuildKeyHasher = BuildHasherDefault<KeyHasher>;

impl Hasher for KeyHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        // Fibonacci hashing: the map takes the upper bits too, and ids that follow one another must differ there.
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "2f7c1d90-0000-4a5b-8c6d-0102030405ff";

    #[test]
    fn a_guid_is_written_as_it_is_read() {
        let guid: Guid = TEXT.parse().unwrap();
        assert_eq!(guid.to_string(), TEXT);
        assert_eq!(TEXT.replace('-', "").to_uppercase().parse(), Ok(guid));
        for wrong in ["", "2f7c", &TEXT[1..], &format!("{TEXT}0"), &TEXT.replace('f', "g"), "é".repeat(16).as_str()] {
            assert_eq!(wrong.parse::<Guid>(), Err(NotAGuid), "{wrong}");
        }
    }

    #[test]
    fn frames_are_read_as_they_are_written() {
        let guid = SchemaKey::Guid(TEXT.parse().unwrap());
        for key in [SchemaKey::Id(0), SchemaKey::Id(258), SchemaKey::Id(u32::MAX), guid] {
            let bytes = key.to_bytes();
            let mut payload = bytes.as_slice().to_vec();
            payload.extend(b"data");
            let framed = inspect(&payload).unwrap().unwrap();
            assert_eq!((framed.key, framed.data), (key, b"data".as_slice()));
            let record = Record::from(b"data").with_header(Some(bytes.as_slice()));
            assert_eq!(inspect(record).unwrap().unwrap(), Framed { message_indexes: Some(&[]), ..framed });
        }
        assert_eq!(SchemaKey::Id(258).to_bytes().as_slice(), [0, 0, 0, 1, 2]);
        assert_eq!(inspect(None).unwrap(), None);
    }

    #[test]
    fn the_header_counts_before_the_payload() {
        let id = SchemaKey::Id(7).to_bytes();
        let payload = [0, 0, 0, 0, 9, 1];
        let framed = inspect(Record::from(&payload).with_header(Some(id.as_slice()))).unwrap().unwrap();
        assert_eq!((framed.key, framed.data), (SchemaKey::Id(7), payload.as_slice()));
    }

    #[test]
    fn the_last_header_with_a_value_counts() {
        let (old, new) = (SchemaKey::Id(7).to_bytes(), SchemaKey::Id(8).to_bytes());
        let headers = [
            ("__value_schema_id", Some(old.as_slice())),
            ("__value_schema_id", Some(new.as_slice())),
            ("__value_schema_id", None),
            ("__key_schema_id", Some(old.as_slice())),
        ];
        for (part, id) in [(Part::Value, 8), (Part::Key, 7)] {
            let record = Record::from(b"data").with_headers(part, headers);
            assert_eq!(inspect(record).unwrap().unwrap().key, SchemaKey::Id(id));
        }
        assert!(inspect(Record::from(b"data").with_headers(Part::Key, [])).is_err());
    }

    #[test]
    fn unframed_data_is_recognised_by_its_bytes() {
        let glue = [&[3, 0][..], &[7; 20]].concat();
        let rows: [(&[u8], Class, &str); 10] = [
            (b"", Class::NotFramed, "empty"),
            (&[0, 0, 0], Class::NotFramed, "too short"),
            (&[1; 16], Class::NotFramed, "too short"),
            (b"{\"a\":1}", Class::NotFramed, "JSON"),
            (b"Obj\x01abc", Class::NotFramed, "container"),
            (&[0xc3, 1, 0], Class::UnknownFraming, "single-object"),
            (&glue, Class::UnknownFraming, "Glue"),
            (b"hello", Class::NotFramed, "text"),
            (b"<a/>", Class::NotFramed, "XML"),
            (&[0xff, 0, 1], Class::NotFramed, "bytes"),
        ];
        for (payload, class, hint) in rows {
            let error = inspect(payload).unwrap_err();
            assert_eq!(error.class(), class, "{payload:?}");
            assert!(error.to_string().contains(hint), "{error}");
        }
        let error = inspect(Record::from(b"data").with_header(Some(&[0, 1]))).unwrap_err();
        assert_eq!(error.class(), Class::UnknownFraming);
    }

    #[test]
    fn keys_spread_over_a_table() {
        use std::hash::BuildHasher;
        let hashes = |shift: u32| {
            let build = BuildKeyHasher::default();
            (1..=128)
                .map(|id| build.hash_one(SchemaKey::Id(id)) >> shift & 127)
                .collect::<std::collections::HashSet<_>>()
        };
        assert!(hashes(57).len() > 64 && hashes(0).len() > 64);
    }
}
