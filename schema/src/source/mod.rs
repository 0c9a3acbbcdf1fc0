//! Schemas as people wrote them: the text, the position of everything in it, and edits that leave the rest alone.

pub mod edit;
pub mod meaning;
pub mod tree;
pub mod walk;

use std::cell::OnceCell;
use std::ops::Range;

pub use edit::{Edit, apply, between};
pub use tree::{Member, Node, OPTIONS, Value};
pub use walk::{Field, Item, Names, Shape, Type, follow, items, short};

/// The text of a schema.
#[derive(Debug)]
pub struct Text {
    pub text: String,
    tree: OnceCell<Option<Node>>,
}

/// A place in a text, as editors count: lines and columns from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

impl Text {
    pub fn new(text: String) -> Self {
        Self { text, tree: OnceCell::new() }
    }

    /// A text with the line ends of this file.
    pub fn with_line_ends(&self, text: String) -> String {
        let is_crlf = self.text.find('\n').is_some_and(|at| self.text[..at].ends_with('\r'));
        if is_crlf { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text }
    }

    /// The full name of the type that the file defines.
    pub fn full_name(&self) -> Option<String> {
        self.names().root
    }

    /// The types it defines and uses; none where it is not a schema.
    pub fn names(&self) -> Names {
        self.tree().map(Names::of).unwrap_or_default()
    }

    /// The syntax tree; none if the text is not JSON.
    pub fn tree(&self) -> Option<&Node> {
        self.tree.get_or_init(|| Node::parse(&self.text)).as_ref()
    }

    /// Where the thing stands that a JSON pointer into the stored text means; the start of the file if nowhere.
    pub fn find(&self, pointer: Option<&str>, member: Option<&str>) -> Range<usize> {
        let Some(root) = self.tree() else { return 0..self.text.len().min(1) };
        let node = pointer.and_then(|pointer| walk::follow(root, pointer)).unwrap_or(root);
        node.focus(member)
    }

    /// Where a way for people, such as `Order.to.zip`, leads to; as far as it leads within this file.
    pub fn find_path(&self, path: &str) -> Range<usize> {
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

    /// The part of the text that a parse error is about.
    pub fn blame(&self, error: &avow_avro::ParseError) -> Range<usize> {
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
    pub fn place(&self, range: &Range<usize>) -> Place {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Text {
        Text::new(text.to_owned())
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
