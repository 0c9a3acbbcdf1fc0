//! Schema files as people wrote them: their text, where each thing stands in it, and how to change it gently.

mod edit;
mod meaning;
mod tree;
mod walk;

use std::cell::OnceCell;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(super) use edit::{Edit, apply, between};
pub(super) use tree::{Member, Node, OPTIONS, Value};
pub(super) use walk::{Field, Item, Names, Shape, Type, follow, items, short};

use super::Error;

/// A file that ought to hold a schema.
#[derive(Debug)]
pub(super) struct SchemaFile {
    /// As a person in the current folder would name it.
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// A byte order mark came before the text.
    has_mark: bool,
    /// Why there is no text: the file could not be read.
    pub(super) fault: Option<String>,
    tree: OnceCell<Option<Node>>,
}

/// Text in UTF-8, without a byte order mark; else what it is instead.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, String> {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(_) if is_utf16 => Err("it is UTF-16, not UTF-8; save it as UTF-8".to_owned()),
        Err(_) => Err("it is not text in UTF-8; save it as UTF-8".to_owned()),
    }
}

/// Longer files are no schemas; no registry takes one.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// A place in a text, as editors count: lines and columns from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

impl SchemaFile {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let bytes = if path == Path::new("-") { bounded(std::io::stdin().lock()) } else { regular(path) };
        let bytes = bytes.map_err(Error::reading(path))?;
        let has_mark = bytes.starts_with("\u{feff}".as_bytes());
        let text = text(bytes);
        let text = text.map_err(|reason| Error::Input(format!("cannot read `{}`: {reason}", path.display())))?;
        Ok(Self { has_mark, ..Self::new(path, text) })
    }

    /// Reads a file that is one of several: that it cannot be read must not hide what is found in the others.
    pub(super) fn read_or_fault(path: &Path) -> Result<Self, Error> {
        match Self::read(path) {
            // A name that was misspelt.
            Err(error @ Error::File { .. }) if !path.is_symlink() && !path.exists() => Err(error),
            Err(error) if path == Path::new("-") => Err(error),
            Err(error) => {
                let fault = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
                Ok(Self { fault: Some(format!("{error}{fault}")), ..Self::new(path, String::new()) })
            }
            file => file,
        }
    }

    pub(super) fn new(path: impl Into<PathBuf>, text: String) -> Self {
        Self { path: path.into(), text, has_mark: false, fault: None, tree: OnceCell::new() }
    }

    /// The same file with another text.
    pub(super) fn with_text(&self, text: String) -> Self {
        Self { has_mark: self.has_mark, ..Self::new(self.path.clone(), text) }
    }

    /// A text with the line ends of this file.
    pub(super) fn with_line_ends(&self, text: String) -> String {
        let is_crlf = self.text.find('\n').is_some_and(|at| self.text[..at].ends_with('\r'));
        if is_crlf { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text }
    }

    /// Writes another text to the file, with the byte order mark that it had.
    pub(super) fn write(&self, text: &str) -> Result<(), Error> {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        fs::write(&self.path, format!("{mark}{text}")).map_err(Error::writing(&self.path))
    }

    /// The path with forward slashes, for reports.
    pub(super) fn name(&self) -> String {
        slashed(&self.path)
    }

    /// The full name of the type that the file defines.
    pub(super) fn full_name(&self) -> Option<String> {
        self.names().root
    }

    /// The types it defines and uses; none where it is not a schema.
    pub(super) fn names(&self) -> Names {
        self.tree().map(Names::of).unwrap_or_default()
    }

    /// What stands where; none if the text is not JSON.
    pub(super) fn tree(&self) -> Option<&Node> {
        self.tree.get_or_init(|| Node::parse(&self.text)).as_ref()
    }

    /// Where the thing stands that a JSON pointer into the stored text means; the start of the file if nowhere.
    pub(super) fn find(&self, pointer: Option<&str>, member: Option<&str>) -> Range<usize> {
        let Some(root) = self.tree() else { return 0..self.text.len().min(1) };
        let node = pointer.and_then(|pointer| walk::follow(root, pointer)).unwrap_or(root);
        node.focus(member)
    }

    /// Where a way for people, such as `Order.to.zip`, leads to; as far as it leads within this file.
    pub(super) fn find_path(&self, path: &str) -> Range<usize> {
        let found = self.tree().and_then(|root| {
            let fields = items(root).into_iter().filter_map(|item| match item {
                Item::Field(field) => Some(field),
                Item::Type(_) => None,
            });
            let leads = |field: &Field<'_>| {
                path.strip_prefix(&field.path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{']))
            };
            let nearest = fields.filter(leads).max_by_key(|field| field.path.len());
            nearest.map(|field| field.node.focus(None))
        });
        found.unwrap_or_else(|| self.find(None, None))
    }

    /// Where the schema is to blame for being refused, as far as the refusal tells.
    pub(super) fn blame(&self, error: &avow_avro::ParseError) -> Range<usize> {
        use avow_avro::ParseError as E;
        let text_of = |text: &str| self.tree().and_then(|root| root.find_text(text));
        let place = match error {
            E::Json { line, column, .. } => Some(self.offset(*line, *column)),
            E::Undefined(name) => text_of(name).or_else(|| text_of(name.rsplit('.').next().unwrap_or(name))),
            E::NamedLikePrimitive(name) | E::Redefined(name) => {
                text_of(name).or_else(|| text_of(name.rsplit('.').next().unwrap_or(name)))
            }
            E::DuplicateSymbol(symbol) => text_of(symbol),
            E::EnumDefault { default, .. } => text_of(default),
            E::Default { field, .. } => self.tree().and_then(|root| {
                let fields = items(root).into_iter().filter_map(|item| match item {
                    Item::Field(found) if found.name == field => Some(found.node),
                    _ => None,
                });
                fields.filter(|field| field.get("default").is_some()).map(|field| field.focus(Some("default"))).next()
            }),
            E::DuplicateField(text) => {
                text.strip_prefix("Duplicate field ").and_then(|rest| text_of(rest.split(' ').next()?))
            }
            E::Name(avow_avro::NameError::Character(name) | avow_avro::NameError::Initial(name)) => text_of(name),
            E::Order(order) => text_of(order),
            _ => None,
        };
        place.unwrap_or_else(|| self.find(None, None))
    }

    fn offset(&self, line: usize, column: usize) -> Range<usize> {
        let start: usize = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let rest = &self.text[start.min(self.text.len())..];
        let at = start + rest.char_indices().nth(column - 1).map_or(rest.trim_end().len(), |(at, _)| at);
        let end = self.text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        at..end
    }

    /// Lines and columns of a range of bytes.
    pub(super) fn place(&self, range: &Range<usize>) -> Place {
        let (line, column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end);
        Place { line, column, end_line, end_column }
    }

    fn position(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at.min(self.text.len())];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// Reads a regular file: pipes and devices may never end.
fn regular(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file; pipe it into the command and give `-` instead"));
    }
    bounded(fs::File::open(path)?)
}

fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("it is longer than 64 MiB"));
    }
    Ok(bytes)
}

/// The path from the root on, whether or not anything is there.
///
/// The system is asked once where this process is: there may be many paths.
pub(super) fn absolute(path: &Path) -> std::io::Result<PathBuf> {
    static HERE: OnceLock<PathBuf> = OnceLock::new();
    if path.is_absolute() {
        return std::path::absolute(path);
    }
    let here = if let Some(here) = HERE.get() {
        here
    } else {
        let here = std::env::current_dir()?;
        HERE.get_or_init(|| here)
    };
    std::path::absolute(here.join(path))
}

/// A path with forward slashes, without a leading `./`.
pub(super) fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SchemaFile {
        SchemaFile::new("a.avsc", text.to_owned())
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let file = file("{\n \"ü\": \"x\"}");
        let at = file.text.find("\"x\"").expect("it is there");
        assert_eq!(file.place(&(at..at + 3)), Place { line: 2, column: 7, end_line: 2, end_column: 10 });
    }

    #[test]
    fn refusals_point_at_what_is_wrong() {
        for (text, blamed) in [
            (r#"{"type":"record","name":"A","fields":[{"name":"x","type":"Gone"}]}"#, "\"Gone\""),
            (r#"{"type":"record","name":"A","fields":[{"name":"x","type":"int","default":"no"}]}"#, "\"no\""),
            (r#"{"type":"enum","name":"A","symbols":["X","Y","Y"]}"#, "\"Y\""),
            (r#"{"type":"record","name":"A","fields":[{"name":"9x","type":"int"}]}"#, "\"9x\""),
            (r#"{"type":"record" "name":"A"}"#, "\""),
        ] {
            let file = file(text);
            let error = avow_avro::parse(text, &[], avow_avro::Strictness::Strict).expect_err("it is wrong");
            assert_eq!(&text[file.blame(&error)], blamed, "{error}");
        }
    }
}
