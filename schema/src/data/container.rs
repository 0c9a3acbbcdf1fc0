//! Avro object container files: a header with the schema, then blocks of records.

use std::borrow::Cow;
use std::io::Read as _;

use avow_avro::Schema;
use flate2::read::DeflateDecoder;
use serde_json::Value;

use super::{Fault, Walk};

/// The first bytes of every container file.
pub const MAGIC: &[u8] = b"Obj\x01";

/// More than writers put into one block; a compressed block may claim any size.
const MOST_BLOCK_BYTES: u64 = 256 * 1024 * 1024;

/// Records of one block; those of `null` take no bytes, so the size of the file does not bound them.
const MOST_RECORDS: i64 = 10_000_000;

const SYNC_BYTES: usize = 16;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    #[error("this is not an Avro container file: it does not begin with `Obj` and the byte 01")]
    Magic,
    #[error("the file is cut off at byte {0}")]
    Truncated(usize),
    #[error("the number at byte {0} is not a length")]
    Length(usize),
    #[error("the header has no schema under `avro.schema`")]
    NoSchema,
    #[error("the codec `{0}` is not supported; write the file with the codec `null` or `deflate`")]
    Codec(String),
    #[error("the block at byte {0} cannot be decompressed")]
    Compression(usize),
    #[error("the block at byte {0} is larger than 256 MiB")]
    TooLarge(usize),
    #[error("the block at byte {0} does not end with the marker of the file")]
    Marker(usize),
}

/// The compression of the blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codec {
    Null,
    Deflate,
    /// A codec that only its blocks need: the header is readable.
    Other(String),
}

impl Codec {
    fn of(name: &str) -> Self {
        match name {
            "null" => Self::Null,
            "deflate" => Self::Deflate,
            other => Self::Other(other.to_owned()),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Deflate => "deflate",
            Self::Other(name) => name,
        }
    }
}

/// A container file: its header, and its blocks as an iterator.
#[derive(Debug)]
pub struct Container<'b> {
    pub schema: String,
    pub codec: Codec,
    marker: &'b [u8],
    input: Input<'b>,
}

/// The records of one block, decompressed.
#[derive(Debug)]
pub struct Block<'b> {
    count: i64,
    data: Cow<'b, [u8]>,
}

impl<'b> Container<'b> {
    /// Reads the header.
    pub fn open(bytes: &'b [u8]) -> Result<Self, ContainerError> {
        if !bytes.starts_with(MAGIC) {
            return Err(ContainerError::Magic);
        }
        let mut input = Input { bytes, at: MAGIC.len() };
        let (mut schema, mut codec) = (None, Codec::Null);
        loop {
            let count = input.long()?;
            if count == 0 {
                break;
            }
            if count < 0 {
                input.long()?;
            }
            // Each entry takes bytes of the file, so that no count runs for long.
            for _ in 0..count.unsigned_abs() {
                let (key, value) = (input.sized()?, input.sized()?);
                match key {
                    b"avro.schema" => schema = Some(String::from_utf8_lossy(value).into_owned()),
                    b"avro.codec" => codec = Codec::of(&String::from_utf8_lossy(value)),
                    _ => {}
                }
            }
        }
        let marker = input.take(SYNC_BYTES)?;
        Ok(Self { schema: schema.ok_or(ContainerError::NoSchema)?, codec, marker, input })
    }

    fn block(&mut self) -> Result<Block<'b>, ContainerError> {
        let start = self.input.at;
        let count = self.input.long()?;
        if !(0..=MOST_RECORDS).contains(&count) {
            return Err(ContainerError::Length(start));
        }
        let stored = self.input.sized()?;
        if self.input.take(SYNC_BYTES)? != self.marker {
            return Err(ContainerError::Marker(start));
        }
        let data = match &self.codec {
            Codec::Null => Cow::Borrowed(stored),
            Codec::Deflate => Cow::Owned(inflate(stored, start)?),
            Codec::Other(name) => return Err(ContainerError::Codec(name.clone())),
        };
        Ok(Block { count, data })
    }
}

impl<'b> Iterator for Container<'b> {
    type Item = Result<Block<'b>, ContainerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.input.at == self.input.bytes.len() {
            return None;
        }
        let block = self.block();
        if block.is_err() {
            // What follows a damaged block is indistinguishable from it.
            self.input.at = self.input.bytes.len();
        }
        Some(block)
    }
}

impl Block<'_> {
    /// The records in Avro's JSON encoding, up to the first that cannot be read.
    pub fn records(&self, schema: &Schema) -> Result<Vec<Value>, (Vec<Value>, Fault)> {
        let mut walk = Walk::new(schema, &self.data, 0, Vec::new());
        let mut records = Vec::new();
        for _ in 0..self.count {
            match walk.next_record() {
                Ok(record) => records.push(record),
                Err(fault) => return Err((records, fault)),
            }
            walk.pieces.clear();
        }
        match walk.end() {
            Ok(()) => Ok(records),
            Err(fault) => Err((records, fault)),
        }
    }
}

fn inflate(stored: &[u8], start: usize) -> Result<Vec<u8>, ContainerError> {
    let mut data = Vec::new();
    let read = DeflateDecoder::new(stored).take(MOST_BLOCK_BYTES + 1).read_to_end(&mut data);
    match read {
        Ok(length) if length as u64 > MOST_BLOCK_BYTES => Err(ContainerError::TooLarge(start)),
        Ok(_) => Ok(data),
        Err(_) => Err(ContainerError::Compression(start)),
    }
}

/// Bytes, read from the front.
#[derive(Debug)]
struct Input<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Input<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], ContainerError> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..length).ok_or(ContainerError::Truncated(self.bytes.len()))?;
        self.at += length;
        Ok(taken)
    }

    fn long(&mut self) -> Result<i64, ContainerError> {
        let start = self.at;
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        Err(ContainerError::Length(start))
    }

    fn sized(&mut self) -> Result<&'b [u8], ContainerError> {
        let start = self.at;
        let length = usize::try_from(self.long()?).map_err(|_| ContainerError::Length(start))?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use avow_avro::{Strictness, parse};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    // Both were written by the Python package `avro`: a schema `{"type":"record","name":"A",…}`, three records.
    const NULL: &str = include_str!("../../tests/container/null.hex");
    const DEFLATE: &str = include_str!("../../tests/container/deflate.hex");

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|it| u8::try_from(it).ok()).expect("a digit");
        digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    fn records(bytes: &[u8]) -> Result<Vec<Value>, String> {
        let container = Container::open(bytes).map_err(|error| error.to_string())?;
        let schema = parse(&container.schema, &[], Strictness::Lenient).map_err(|error| error.to_string())?;
        let mut all = Vec::new();
        for block in container {
            let block = block.map_err(|error| error.to_string())?;
            all.extend(block.records(&schema).map_err(|(_, fault)| fault.reason)?);
        }
        Ok(all)
    }

    #[test]
    fn files_of_another_writer_are_read() {
        for (hex, codec) in [(NULL, "null"), (DEFLATE, "deflate")] {
            let bytes = bytes(hex);
            assert_eq!(Container::open(&bytes).expect("a header").codec.name(), codec);
            let expected = [(1, "one"), (2, "two"), (3, "three")].map(|(id, name)| json!({"id": id, "name": name}));
            assert_eq!(records(&bytes).expect(codec), expected);
        }
    }

    #[test]
    fn damage_is_named() {
        let good = bytes(NULL);
        let mut marker = good.clone();
        *marker.last_mut().expect("a byte") ^= 1;
        let codec = String::from_utf8_lossy(&good).contains("avro.codec");
        assert!(codec, "the writer names its codec");
        for (bytes, expected) in [
            (b"PAR1".to_vec(), "not an Avro container file"),
            (good[..good.len() - 1].to_vec(), "cut off"),
            (good[..20].to_vec(), "cut off"),
            (marker, "does not end with the marker"),
            ([MAGIC, &[0xff; 12]].concat(), "not a length"),
            ([MAGIC, &[0; 17]].concat(), "no schema"),
        ] {
            let error = records(&bytes).expect_err(expected);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn an_unknown_codec_is_refused_by_its_name() {
        let header = b"\x04\x16avro.schema\x0a\"int\"\x14avro.codec\x0csnappy\x00";
        let file = [MAGIC, header, &[7; 16], b"\x02\x02\x02", &[7; 16]].concat();
        assert_eq!(Container::open(&file).expect("a header").schema, "\"int\"");
        assert!(records(&file).expect_err("snappy").contains("`snappy` is not supported"));
    }

    proptest! {
        #[test]
        fn no_damage_is_a_panic(at in 0_usize..400, byte in any::<u8>()) {
            for hex in [NULL, DEFLATE] {
                let mut bytes = bytes(hex);
                let at = at % bytes.len();
                bytes[at] = byte;
                let _ = records(&bytes);
            }
        }
    }
}
