//! Schemas in a file, or in the program: what a consumer starts with while every registry is down.
//!
//! One line of JSON says what it is, then comes one line per schema, with the texts of all that it refers to. A line
//! that was damaged is left out and counted.

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
    damaged: usize,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    avow_snapshot: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// Which registry the ids are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
}

/// Every other one.
#[derive(Serialize, Deserialize)]
struct Line<T> {
    /// FNV-1a of the schema as it is written here: finds damage, not malice.
    sum: String,
    schema: T,
}

/// Why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file cannot be read or written.
    #[error("the snapshot cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// These bytes are something else.
    #[error("not a snapshot of schemas; delete the file, and it is written anew")]
    NotASnapshot,
    /// A later release wrote it.
    #[error("the snapshot has version {0}, which is newer than this program knows; update, or delete it")]
    TooNew(u32),
    /// Its ids are those of another context.
    #[error("the snapshot is of context `{found}`, but `{wanted}` is asked for; give each context a file of its own")]
    OtherContext {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
    /// Its ids are those of another registry.
    #[error(
        "the snapshot is of registry `{found}`, but `{wanted}` answers, under which ids mean something else; delete the \
         file, and it is written anew, or give each registry a file of its own"
    )]
    OtherRegistry {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
}

impl Snapshot {
    pub(crate) fn new(
        context: Option<String>,
        registry: Option<String>,
        contents: impl IntoIterator<Item = Content>,
    ) -> Self {
        // A schema is held under its id and its GUID, but written once.
        let mut seen: HashSet<(Option<u32>, Option<Guid>)> = HashSet::new();
        let contents = contents.into_iter().filter(|content| seen.insert((content.id, content.guid))).collect();
        Self { context, registry, contents, damaged: 0 }
    }

    /// Adds a schema in Avro that refers to nothing; for tests, and for programs that bring their schemas along.
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
    pub fn with_schema(mut self, key: SchemaKey, text: impl Into<String>) -> Self {
        let (id, guid) = match key {
            SchemaKey::Id(id) => (Some(id), None),
            SchemaKey::Guid(guid) => (None, Some(guid)),
        };
        let (schema_type, text) = (SchemaType::Avro, text.into());
        self.contents.push(Content { id, guid, schema_type, text, references: Vec::new(), rule_set: None });
        self
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; such as by `include_bytes!`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let head: Head =
            lines.next().and_then(|line| serde_json::from_slice(line).ok()).ok_or(SnapshotError::NotASnapshot)?;
        if head.avow_snapshot > VERSION {
            return Err(SnapshotError::TooNew(head.avow_snapshot));
        }
        let mut snapshot = Self { context: head.context, registry: head.registry, ..Self::default() };
        for line in lines {
            match read_line(line) {
                Some(content) => snapshot.contents.push(content),
                None => snapshot.damaged += 1,
            }
        }
        Ok(snapshot)
    }

    /// Reads a file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        Self::from_bytes(&fs::read(path)?)
    }

    /// What [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (context, registry) = (self.context.clone(), self.registry.clone());
        let head = Head { avow_snapshot: VERSION, context, registry };
        // Neither a string nor a number fails to become JSON.
        push_line(&mut bytes, &head);
        for content in &self.contents {
            let schema = serde_json::value::to_raw_value(content).unwrap_or_default();
            push_line(&mut bytes, &Line { sum: sum(schema.get().as_bytes()), schema });
        }
        bytes
    }

    /// Writes a file: whole or not at all, whatever happens meanwhile.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), SnapshotError> {
        // A file for each writing: several of one process may be under way at once.
        static WRITINGS: AtomicU64 = AtomicU64::new(0);
        let path = path.as_ref();
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.{}", std::process::id(), WRITINGS.fetch_add(1, Ordering::Relaxed)));
        let written = self.write_beside(beside.as_ref()).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // It may not be there at all; what was wrong is told already.
            let _ = fs::remove_file(&beside);
        }
        Ok(written?)
    }

    fn write_beside(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(&self.to_bytes())?;
        file.sync_all()
    }

    /// How many schemas there are.
    pub fn len(&self) -> usize {
        self.contents.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// Which registry it is of, if that one tells: what it answers under `/v1/metadata/id`.
    pub fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// How many schemas were left out, because their lines were damaged.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    pub(crate) fn must_be_of(&self, context: Option<&str>) -> Result<(), SnapshotError> {
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
    if sum(schema.as_bytes()) != line.sum {
        return None;
    }
    serde_json::from_str(schema).ok()
}

fn sum(bytes: &[u8]) -> String {
    let sum = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{sum:016x}")
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
        assert!(snapshots.contains(&read), "{} whole, {} damaged", read.len(), read.damaged());
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(snapshots[0].write(&taken).is_err(), "a folder is no file");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }

    #[test]
    fn a_damaged_line_is_left_out() {
        let bytes = Snapshot::new(None, None, [content(1), content(2), content(3)]).to_bytes();
        let text = String::from_utf8(bytes).unwrap();
        let damaged = Snapshot::from_bytes(text.replace("R2", "RX").as_bytes()).unwrap();
        assert_eq!((damaged.len(), damaged.damaged()), (2, 1));
        let torn = Snapshot::from_bytes(&text.as_bytes()[..text.len() - 10]).unwrap();
        assert_eq!((torn.len(), torn.damaged()), (2, 1));
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
        assert!(snapshot.must_be_of(Some(".a")).is_ok());
        for other in [None, Some(".b")] {
            assert!(matches!(snapshot.must_be_of(other), Err(SnapshotError::OtherContext { .. })));
        }
    }
}
