//! Snapshots: schemas in a file or in the program, for a start without a registry.
//!
//! The format is JSON Lines: a header, then one line per schema with the texts of its references. A line with a wrong
//! checksum is skipped and counted.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::registry::Content;
use crate::rest::SchemaType;
use crate::wire::{Guid, SchemaKey};

const VERSION: u32 = 1;

/// Schemas by their ids and GUIDs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    context: Option<String>,
    registry: Option<String>,
    contents: Vec<Content>,
    corrupt_lines: usize,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    avow_snapshot: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// The registry of the ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
}

/// A line with a schema.
#[derive(Serialize, Deserialize)]
struct Line<T> {
    /// FNV-1a of the schema's JSON. It detects corruption, not tampering.
    #[serde(rename = "sum")]
    checksum: String,
    schema: T,
}

/// The error of reading or writing a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file cannot be read or written.
    #[error("the snapshot cannot be read or written")]
    Io(#[from] io::Error),
    /// Not a snapshot.
    #[error("not a snapshot; delete the file, and it is created again")]
    NotASnapshot,
    /// Written by a later release.
    #[error("the snapshot has version {0}, which this program does not support; update the program or delete the file")]
    TooNew(u32),
    /// The ids belong to another context.
    #[error("the snapshot belongs to context `{found}`, not `{wanted}`; use one file per context")]
    OtherContext {
        /// Of the snapshot.
        found: String,
        /// Of the client.
        wanted: String,
    },
    /// The ids belong to another registry.
    #[error(
        "the snapshot belongs to registry `{found}`, not `{wanted}`; delete the file, or use one file per registry"
    )]
    OtherRegistry {
        /// Of the snapshot.
        found: String,
        /// Of the client.
        wanted: String,
    },
}

impl Snapshot {
    pub(crate) fn new(
        context: Option<String>,
        registry: Option<String>,
        contents: impl IntoIterator<Item = Content>,
    ) -> Self {
        // A schema is stored under its id and its GUID, but written once.
        let mut seen: HashSet<(Option<u32>, Option<Guid>)> = HashSet::new();
        let contents = contents.into_iter().filter(|content| seen.insert((content.id, content.guid))).collect();
        Self { context, registry, contents, corrupt_lines: 0 }
    }

    /// Adds an Avro schema without references, for tests and for programs that contain their schemas.
    ///
    /// ```
    /// use avow_client::wire::SchemaKey;
    /// use avow_client::{Deserializer, Registry, Snapshot};
    ///
    /// let registry = Registry::offline(Snapshot::default().with_schema(SchemaKey::Id(7), r#""string""#));
    /// let greeting = Deserializer::<String>::new(&registry).decode_now(b"\0\0\0\0\x07\x04hi")?;
    /// assert_eq!(greeting.as_deref(), Some("hi"));
    /// # Ok::<(), avow_client::Undecodable>(())
    /// ```
    pub fn with_schema(self, key: SchemaKey, text: impl Into<String>) -> Self {
        self.with_schema_of_type(SchemaType::Avro, key, text)
    }

    /// Adds a schema without references, of any format.
    pub fn with_schema_of_type(mut self, schema_type: SchemaType, key: SchemaKey, text: impl Into<String>) -> Self {
        let (id, guid) = match key {
            SchemaKey::Id(id) => (Some(id), None),
            SchemaKey::Guid(guid) => (None, Some(guid)),
        };
        let text = text.into();
        self.contents.push(Content { id, guid, schema_type, text, references: Vec::new(), rule_set: None });
        self
    }

    /// Decodes the output of [`to_bytes`](Self::to_bytes), for example from `include_bytes!`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let header: Header =
            lines.next().and_then(|line| serde_json::from_slice(line).ok()).ok_or(SnapshotError::NotASnapshot)?;
        if header.avow_snapshot > VERSION {
            return Err(SnapshotError::TooNew(header.avow_snapshot));
        }
        let mut snapshot = Self { context: header.context, registry: header.registry, ..Self::default() };
        for line in lines {
            match read_line(line) {
                Some(content) => snapshot.contents.push(content),
                None => snapshot.corrupt_lines += 1,
            }
        }
        Ok(snapshot)
    }

    /// Reads a file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        Self::from_bytes(&fs::read(path)?)
    }

    /// The encoded snapshot, for [`from_bytes`](Self::from_bytes).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (context, registry) = (self.context.clone(), self.registry.clone());
        let header = Header { avow_snapshot: VERSION, context, registry };
        // Strings and numbers always serialize.
        push_line(&mut bytes, &header);
        for content in &self.contents {
            let schema = serde_json::value::to_raw_value(content).unwrap_or_default();
            push_line(&mut bytes, &Line { checksum: checksum(schema.get().as_bytes()), schema });
        }
        bytes
    }

    /// Writes a file atomically.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), SnapshotError> {
        // A temporary file for each call, because several threads may write at once.
        static WRITE_COUNT: AtomicU64 = AtomicU64::new(0);
        let path = path.as_ref();
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".{}.{}", std::process::id(), WRITE_COUNT.fetch_add(1, Ordering::Relaxed)));
        let written = self.write_temporary(temporary.as_ref()).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // The error that matters is returned below.
            let _ = fs::remove_file(&temporary);
        }
        Ok(written?)
    }

    fn write_temporary(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(&self.to_bytes())?;
        file.sync_all()
    }

    /// The number of schemas.
    pub fn len(&self) -> usize {
        self.contents.len()
    }

    /// Whether there are no schemas.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// The identity of the registry from `/v1/metadata/id`, if it has one.
    pub fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// The number of lines skipped because they were corrupt.
    pub fn corrupt_lines(&self) -> usize {
        self.corrupt_lines
    }

    pub(crate) fn check_context(&self, context: Option<&str>) -> Result<(), SnapshotError> {
        if self.context.as_deref() == context {
            return Ok(());
        }
        let name = |context: Option<&str>| context.unwrap_or(".").to_owned();
        Err(SnapshotError::OtherContext { found: name(self.context.as_deref()), wanted: name(context) })
    }

    pub(crate) fn into_contents(self) -> Vec<Content> {
        self.contents
    }
}

fn push_line(bytes: &mut Vec<u8>, line: &impl Serialize) {
    bytes.extend(serde_json::to_vec(line).unwrap_or_default());
    bytes.push(b'\n');
}

fn read_line(line: &[u8]) -> Option<Content> {
    let line: Line<Box<serde_json::value::RawValue>> = serde_json::from_slice(line).ok()?;
    let schema = line.schema.get();
    if checksum(schema.as_bytes()) != line.checksum {
        return None;
    }
    serde_json::from_str(schema).ok()
}

fn checksum(bytes: &[u8]) -> String {
    let checksum = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |checksum, byte| (checksum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{checksum:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(id: u32) -> Content {
        let text = format!(r#"{{"type":"record","name":"R{id}","fields":[{{"name":"a","type":"n.A"}}]}}"#);
        let references = serde_json::json!([{"name": "n.A", "subject": "a", "version": 1, "schema": "\"int\""}]);
        let guid = format!("{id:032x}");
        let content = serde_json::json!({
            "id": id, "guid": guid, "schemaType": "AVRO", "schema": text, "references": references
        });
        serde_json::from_value(content).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let snapshot =
            Snapshot::new(Some(".staging".to_owned()), Some("r".to_owned()), [content(1), content(2), content(1)]);
        assert_eq!(snapshot.len(), 2);
        assert_eq!(Snapshot::from_bytes(&snapshot.to_bytes()).unwrap(), snapshot);
    }

    #[test]
    fn writers_of_one_file_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schemas.jsonl");
        let snapshots = [1, 200].map(|count| Snapshot::new(None, None, (0..count).map(content)));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                for snapshot in &snapshots {
                    scope.spawn(|| (0..20).for_each(|_| snapshot.write(&path).unwrap()));
                }
            }
        });
        let read = Snapshot::read(&path).unwrap();
        assert!(snapshots.contains(&read), "{} whole, {} damaged", read.len(), read.corrupt_lines());
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(snapshots[0].write(&taken).is_err(), "a folder is no file");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }

    #[test]
    fn a_damaged_line_is_left_out() {
        let bytes = Snapshot::new(None, None, [content(1), content(2), content(3)]).to_bytes();
        let text = String::from_utf8(bytes).unwrap();
        let corrupt_lines = Snapshot::from_bytes(text.replace("R2", "RX").as_bytes()).unwrap();
        assert_eq!((corrupt_lines.len(), corrupt_lines.corrupt_lines()), (2, 1));
        let torn = Snapshot::from_bytes(&text.as_bytes()[..text.len() - 10]).unwrap();
        assert_eq!((torn.len(), torn.corrupt_lines()), (2, 1));
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        for bytes in [&b""[..], b"\n", b"{}", b"not JSON", b"{\"avow_snapshot\":\"x\"}"] {
            assert!(matches!(Snapshot::from_bytes(bytes), Err(SnapshotError::NotASnapshot)), "{bytes:?}");
        }
        assert!(matches!(Snapshot::from_bytes(b"{\"avow_snapshot\":2}"), Err(SnapshotError::TooNew(2))));
    }

    #[test]
    fn ids_are_those_of_a_context() {
        let snapshot = Snapshot::new(Some(".a".to_owned()), None, []);
        assert!(snapshot.check_context(Some(".a")).is_ok());
        for other in [None, Some(".b")] {
            assert!(matches!(snapshot.check_context(other), Err(SnapshotError::OtherContext { .. })));
        }
    }
}
