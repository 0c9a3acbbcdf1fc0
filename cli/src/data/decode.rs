//! `avow decode`: what the bytes of a record mean.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use avow_client::wire::{Record, SchemaKey, inspect};
use serde_json::{Value, json};

use super::bytes::Notation;
use super::container;
use super::frame::is_bytes_alone;
use super::which::Which;
use crate::exit::{self, Exit};
use crate::target::OutputFormat;
use crate::{Error, block_on};
use avow_schema::data::{Fault, Piece, Walk};

/// Decodes a record and shows what each byte means, or where decoding fails.
///
/// The schema is the one that the frame of the record names, in the registry or in a --snapshot; or --schema. Of an Avro
/// container file (`.avro`) it prints the schema and the records.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Decode {
    /// The record, in hexadecimal or base64, or a file, as --file takes it; by default standard input.
    data: Option<String>,

    /// A file with the record, in hexadecimal, base64, or as it is; `-` is standard input.
    #[arg(long, short, value_name = "FILE", conflicts_with = "data")]
    file: Option<PathBuf>,

    /// The encoding of the data; by default it is guessed.
    #[arg(long = "as", value_enum, value_name = "NOTATION")]
    notation: Option<Notation>,

    /// The header `__key_schema_id` or `__value_schema_id` of the record, in hexadecimal or base64; then all of the
    /// payload is data.
    #[arg(long, value_name = "BYTES", conflicts_with = "bare")]
    header: Option<String>,

    /// The record has no frame.
    #[arg(long, requires = "schema")]
    bare: bool,

    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    output: OutputFormat,
}

/// One record, as far as it could be decoded.
struct Decoded {
    key: Option<SchemaKey>,
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    outcome: Result<Value, Fault>,
}

impl Decode {
    pub(crate) fn run(&self) -> Result<Exit, Error> {
        let input = self.input()?;
        if input.starts_with(container::MAGIC) && !self.bare {
            return container::decode(&input, &self.output, &self.which.target.terminal);
        }
        let records = match self.lines(&input)? {
            Some(records) => records,
            None => vec![self.decode(self.bytes(&input)?)?],
        };
        let text: Vec<String> = records.iter().map(Decoded::text).collect();
        let json: Vec<Value> = records.iter().map(Decoded::json).collect();
        let json = if let [one] = &json[..] { one.clone() } else { json.into() };
        self.output.print(&self.which.target.terminal, &text.join("\n"), &json)?;
        match records.into_iter().find_map(|record| record.outcome.err()) {
            None => Ok(Exit::Clean),
            Some(Fault { at, path, reason }) => {
                Err(Error::Input(format!("not a record of this schema: at byte {at}, in `{path}`: {reason}")))
            }
        }
    }

    fn input(&self) -> Result<Vec<u8>, Error> {
        let named = self.data.as_ref().map(PathBuf::from).filter(|path| path.is_file() || is_container(path));
        match (&self.data, named.as_ref().or(self.file.as_ref())) {
            (Some(data), None) => Ok(data.clone().into_bytes()),
            (_, Some(path)) if path != Path::new("-") => fs::read(path).map_err(Error::reading(path)),
            (_, _) => {
                let mut bytes = Vec::new();
                std::io::stdin().lock().read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }

    fn bytes(&self, input: &[u8]) -> Result<Vec<u8>, Error> {
        let is_argument = self.data.as_ref().is_some_and(|data| data.as_bytes() == input);
        match self.notation {
            Some(notation) => notation.read(input),
            None => Notation::guess(input, !is_argument),
        }
    }

    /// A record a line, as `avow sample` and `avow encode` write them: if each line is one.
    fn lines(&self, input: &[u8]) -> Result<Option<Vec<Decoded>>, Error> {
        let Ok(text) = std::str::from_utf8(input) else { return Ok(None) };
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if lines.len() < 2 || self.notation == Some(Notation::Raw) {
            return Ok(None);
        }
        let mut records = Vec::with_capacity(lines.len());
        for line in lines {
            let bytes = match self.notation {
                Some(notation) => notation.read(line.as_bytes()),
                None => Notation::guess(line.as_bytes(), false),
            };
            let Ok(bytes) = bytes else { return Ok(None) };
            let record = self.decode(bytes)?;
            if record.outcome.is_err() {
                return Ok(None);
            }
            records.push(record);
        }
        Ok(Some(records))
    }

    fn decode(&self, bytes: Vec<u8>) -> Result<Decoded, Error> {
        let header = self.header.as_ref().map(|header| Notation::guess(header.as_bytes(), false)).transpose()?;
        let (key, data) = if self.bare {
            (None, &bytes[..])
        } else {
            let record = Record::new(Some(&bytes)).with_header(header.as_deref());
            let framed = inspect(record).map_err(|error| {
                Error::Input(format!("{error}; if it is Avro without a frame, give --bare and --schema"))
            })?;
            framed.map_or((None, &bytes[..]), |framed| (Some(framed.key), framed.data))
        };
        let meant = block_on(self.which.find(key))?;
        let from = bytes.len() - data.len();
        let frame = key.filter(|_| from > 0).map(frame).unwrap_or_default();
        let mut walk = Walk::new(&meant.schema, &bytes, from, frame);
        let outcome = match key.is_some() && is_bytes_alone(&meant.schema) {
            true => Ok(walk.bytes_alone()),
            false => walk.record(),
        };
        let pieces = walk.pieces;
        Ok(Decoded { key, bytes, pieces, outcome })
    }
}

impl Decoded {
    fn text(&self) -> String {
        let mut text = listing(&self.bytes, &self.pieces);
        // Writing to a string cannot fail.
        let _ = match &self.outcome {
            Ok(record) => writeln!(text, "\n{record}"),
            Err(Fault { at, path, reason }) => {
                let rest = self.bytes.get(*at..).unwrap_or_default();
                writeln!(text, "{at:>6}  {}  {path}: {reason}", shown(rest, PER_LINE))
            }
        };
        text
    }

    fn json(&self) -> Value {
        let mut json = json!({"pieces": self.pieces});
        match self.key {
            Some(SchemaKey::Id(id)) => json["schema"] = json!({"id": id}),
            Some(SchemaKey::Guid(guid)) => json["schema"] = json!({"guid": guid.to_string()}),
            None => {}
        }
        match &self.outcome {
            Ok(record) => json["record"] = record.clone(),
            Err(Fault { at, path, reason }) => json["fault"] = json!({"at": at, "path": path, "reason": reason}),
        }
        json
    }
}

/// Whether a file is an Avro container file, by its name.
fn is_container(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("avro"))
}

fn frame(key: SchemaKey) -> Vec<Piece> {
    let piece = |at, length, meaning: String| Piece { at, length, path: String::new(), meaning };
    match key {
        SchemaKey::Id(id) => {
            vec![piece(0, 1, "frame: an id follows".to_owned()), piece(1, 4, format!("id of the schema: {id}"))]
        }
        SchemaKey::Guid(guid) => {
            vec![piece(0, 1, "frame: a GUID follows".to_owned()), piece(1, 16, format!("GUID of the schema: {guid}"))]
        }
    }
}

/// Bytes shown on a line.
const PER_LINE: usize = 8;

fn listing(bytes: &[u8], pieces: &[Piece]) -> String {
    let mut text = String::new();
    for Piece { at, length, path, meaning } in pieces {
        let mut chunks = bytes[*at..at + length].chunks(PER_LINE);
        let first = shown(chunks.next().unwrap_or_default(), PER_LINE);
        let colon = if path.is_empty() { "" } else { ": " };
        let _ = writeln!(text, "{at:>6}  {first}  {path}{colon}{meaning}");
        for (line, chunk) in chunks.enumerate() {
            let _ = writeln!(text, "{:>6}  {}", at + (line + 1) * PER_LINE, shown(chunk, PER_LINE).trim_end());
        }
    }
    text
}

fn shown(bytes: &[u8], most: usize) -> String {
    let shown: Vec<String> = bytes.iter().take(most).map(|byte| hex::encode([*byte])).collect();
    format!("{:width$}", shown.join(" "), width = most * 3 - 1)
}
