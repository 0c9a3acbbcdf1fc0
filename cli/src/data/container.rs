//! Avro container files: their records for `avow decode`, their schema for `avow get --from`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use avow_avro::{Schema, Strictness};
pub(super) use avow_schema::data::container::MAGIC;
use avow_schema::data::container::{Container, ContainerError};
use serde_json::{Value, json};

use crate::Error;
use crate::exit::Exit;
use crate::target::OutputFormat;
use crate::terminal::Terminal;

/// Prints the schema and the records, up to the first that cannot be read.
pub(super) fn decode(bytes: &[u8], output: &OutputFormat, terminal: &Terminal) -> Result<Exit, Error> {
    let container = Container::open(bytes)?;
    let schema = avow_avro::parse(&container.schema, &[], Strictness::Lenient)
        .map_err(|error| Error::Input(format!("the schema of the file is invalid: {error}")))?;
    let (text, codec) = (container.schema.clone(), container.codec.name().to_owned());
    let (records, outcome) = records(container, &schema);
    // Writing to a string cannot fail.
    let mut lines = format!("codec   {codec}\nschema  {text}\n\n");
    for record in &records {
        let _ = writeln!(lines, "{record}");
    }
    let schema = serde_json::from_str(&text).unwrap_or(Value::String(text));
    output.print(terminal, &lines, &json!({"codec": codec, "schema": schema, "records": records}))?;
    outcome.map(|()| Exit::Clean)
}

fn records(container: Container<'_>, schema: &Schema) -> (Vec<Value>, Result<(), Error>) {
    let mut all = Vec::new();
    for (number, block) in container.enumerate() {
        match block.map(|block| block.records(schema)) {
            Ok(Ok(records)) => all.extend(records),
            Ok(Err((records, fault))) => {
                all.extend(records);
                return (
                    all,
                    Err(Error::Input(format!(
                        "block {} of the file cannot be read: at its byte {}, in `{}`: {}",
                        number + 1,
                        fault.at,
                        fault.path,
                        fault.reason
                    ))),
                );
            }
            Err(error) => return (all, Err(error.into())),
        }
    }
    (all, Ok(()))
}

/// The schema of a container file.
pub(crate) fn schema_text(path: &Path) -> Result<String, Error> {
    let bytes = fs::read(path).map_err(Error::reading(path))?;
    let container = Container::open(&bytes);
    let container = container.map_err(|error| Error::Input(format!("`{}`: {error}", path.display())))?;
    Ok(container.schema)
}

impl From<ContainerError> for Error {
    fn from(error: ContainerError) -> Self {
        Self::Input(error.to_string())
    }
}
