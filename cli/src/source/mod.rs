//! Schema files as people wrote them: their text, where each thing stands in it, and how to change it gently.

mod edit;
mod tree;
mod walk;

use std::cell::OnceCell;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(super) use edit::{Edit, apply, between};
pub(super) use tree::{Member, Node, OPTIONS, Value};
pub(super) use walk::{Field, Item, Names, Shape, Type, items, short};

use super::Error;

/// A file that ought to hold a schema.
#[derive(Debug)]
pub(super) struct SchemaFile {
    /// As a person in the current folder would name it.
    pub(super) path: PathBuf,
    pub(super) text: String,
    tree: OnceCell<Option<Node>>,
}

/// Text in UTF-8. The byte order mark that some editors put in front is none of it; Java's parser of files thinks so, too.
pub(super) fn text(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

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
        let bytes = if path == Path::new("-") { stdin() } else { fs::read(path) };
        let bytes = bytes.map_err(Error::reading(path))?;
        let text = text(bytes).ok_or_else(|| Error::Input(format!("`{}` is not text in UTF-8", path.display())))?;
        Ok(Self::new(path, text))
    }

    pub(super) fn new(path: impl Into<PathBuf>, text: String) -> Self {
        Self { path: path.into(), text, tree: OnceCell::new() }
    }

    /// The path with forward slashes, for reports.
    pub(super) fn name(&self) -> String {
        slashed(&self.path)
    }

    /// The full name of the type that the file defines.
    pub(super) fn full_name(&self) -> Option<String> {
        Names::of(self.tree()?).root
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

fn stdin() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)?;
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
