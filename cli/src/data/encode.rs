//! `avow encode`: bytes of records that are given as JSON.

use std::path::PathBuf;

use serde_json::Value;

use super::bytes::Notation;
use super::frame::{Frame, framed};
use super::which::Which;
use crate::exit::{self, Exit};
use crate::source::SchemaFile;
use crate::{Error, block_on};
use avow_schema::data::write::record;

/// Encodes records that are given as JSON, with the frame that serializers write.
///
/// JSON in Avro's encoding, as `avow decode` and `avow sample` print it; or plain, where it is clear which branch of a
/// union is meant. Fields that are missing take their defaults.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Encode {
    /// A file of JSON documents, one for each record; `-` is standard input.
    #[arg(default_value = "-")]
    file: PathBuf,

    /// How the bytes are written; all but `raw` with a line for each record.
    #[arg(long = "as", value_enum, default_value = "hex", value_name = "NOTATION")]
    notation: Notation,

    #[command(flatten)]
    frame: Frame,
    #[command(flatten)]
    which: Which,
}

impl Encode {
    pub(crate) fn run(&self) -> Result<Exit, Error> {
        let meant = block_on(self.which.find(None))?;
        let key = self.frame.key(&meant)?;
        let file = SchemaFile::read(&self.file)?;
        let mut encoded = Vec::new();
        for (at, value) in serde_json::Deserializer::from_str(&file.text).into_iter::<Value>().enumerate() {
            let number = at + 1;
            let value = value.map_err(|error| Error::Input(format!("record {number} is not JSON: {error}")))?;
            let data = record(&meant.schema, &value)
                .map_err(|reason| Error::Input(format!("record {number} cannot be encoded: {reason}")))?;
            encoded.push(framed(key, &meant.schema, &data));
        }
        if encoded.is_empty() {
            return Err(Error::Input("there is no record to encode; give JSON".to_owned()));
        }
        // All or nothing: half a file would be taken for a whole one.
        encoded.iter().try_for_each(|bytes| self.notation.write(bytes))?;
        Ok(Exit::Clean)
    }
}
