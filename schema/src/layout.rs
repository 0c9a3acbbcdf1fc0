//! How a schema file looks: two spaces, one field a line where it fits, everything as it was written.
//!
//! Only white space changes: keys keep their order, numbers and strings their spelling, comments their place.

use std::ops::Range;

use jsonc_parser::CollectOptions;
use jsonc_parser::CommentCollectionStrategy;
use jsonc_parser::tokens::Token;

use crate::source::{Node, OPTIONS, Value};

/// Lines are kept within this many characters where they can be broken.
const WIDTH: usize = 100;

/// A comment, and whether it stands behind something on its line.
struct Comment {
    span: Range<usize>,
    is_behind: bool,
}

struct Layout<'t> {
    text: &'t str,
    comments: Vec<Comment>,
    /// How many of the comments are out.
    emitted: usize,
    out: String,
}

/// The text laid out; none if it is not JSON.
pub fn laid_out(text: &str) -> Option<String> {
    let root = Node::parse(text)?;
    let mut layout = Layout { text, comments: comments(text)?, emitted: 0, out: String::new() };
    layout.comments_before(root.span.start, 0);
    layout.node(&root, 0, 0);
    layout.comments_behind(root.span.end, text.len());
    layout.end_of_line();
    layout.comments_before(text.len(), 0);
    Some(layout.out)
}

fn comments(text: &str) -> Option<Vec<Comment>> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
    let tokens = jsonc_parser::parse_to_ast(text, &collect, &OPTIONS).ok()?.tokens?;
    let comments = tokens.into_iter().filter(|it| matches!(it.token, Token::CommentLine(_) | Token::CommentBlock(_)));
    let behind = |start: usize| {
        let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        !text[line..start].trim().is_empty()
    };
    Some(comments.map(|it| Comment { span: it.range.start..it.range.end, is_behind: behind(it.range.start) }).collect())
}

impl Layout<'_> {
    /// A value that begins at `column`, in lines indented by `indent`.
    fn node(&mut self, node: &Node, indent: usize, column: usize) {
        if self.fits(node, column) {
            self.one_line(node);
            return;
        }
        match &node.value {
            Value::Array(elements) => {
                self.out.push('[');
                let ends = elements.iter().skip(1).map(|it| it.span.start).chain([node.span.end]);
                for (at, (element, next)) in elements.iter().zip(ends).enumerate() {
                    self.begin(element.span.start, indent + 2);
                    self.node(element, indent + 2, indent + 2);
                    self.end(element.span.end, next, at + 1 < elements.len());
                }
                self.close(node, ']', indent, elements.is_empty());
            }
            Value::Object(members) => {
                self.out.push('{');
                let ends = members.iter().skip(1).map(|it| it.key_span.start).chain([node.span.end]);
                for (at, (member, next)) in members.iter().zip(ends).enumerate() {
                    self.begin(member.key_span.start, indent + 2);
                    let key = &self.text[member.key_span.clone()];
                    let column = indent + 2 + key.chars().count() + 2;
                    self.out.push_str(key);
                    self.out.push_str(": ");
                    self.comments_between(member.node.span.start);
                    self.node(&member.node, indent + 2, column);
                    self.end(member.node.span.end, next, at + 1 < members.len());
                }
                self.close(node, '}', indent, members.is_empty());
            }
            _ => self.one_line(node),
        }
    }

    /// Whether a value is short enough for the rest of the line, and no document within a document.
    fn fits(&self, node: &Node, column: usize) -> bool {
        let has_comments = self.comments[self.emitted..].iter().any(|it| node.span.contains(&it.span.start));
        !has_comments && !has_fields(node) && column + width(node, self.text) < WIDTH
    }

    fn one_line(&mut self, node: &Node) {
        match &node.value {
            Value::Array(elements) => {
                self.out.push('[');
                for (at, element) in elements.iter().enumerate() {
                    self.out.push_str(if at == 0 { "" } else { ", " });
                    self.one_line(element);
                }
                self.out.push(']');
            }
            Value::Object(members) => {
                self.out.push('{');
                for (at, member) in members.iter().enumerate() {
                    self.out.push_str(if at == 0 { "" } else { ", " });
                    self.out.push_str(&self.text[member.key_span.clone()]);
                    self.out.push_str(": ");
                    self.one_line(&member.node);
                }
                self.out.push('}');
            }
            _ => self.out.push_str(&self.text[node.span.clone()]),
        }
    }

    /// Begins the line of an element, below the comments before it.
    fn begin(&mut self, start: usize, indent: usize) {
        self.end_of_line();
        self.comments_before(start, indent);
        self.indentation(indent);
    }

    /// Ends an element, with the comments that stand behind it on its line.
    fn end(&mut self, end: usize, next: usize, has_more: bool) {
        if has_more {
            self.out.push(',');
        }
        self.comments_behind(end, next);
    }

    fn close(&mut self, node: &Node, bracket: char, indent: usize, is_empty: bool) {
        let has_comments = self.comments.get(self.emitted).is_some_and(|it| it.span.start < node.span.end);
        if !is_empty || has_comments {
            self.end_of_line();
            self.comments_before(node.span.end, indent + 2);
            self.indentation(indent);
        }
        self.out.push(bracket);
    }

    /// Comments up to a place, each on a line of its own.
    fn comments_before(&mut self, until: usize, indent: usize) {
        while let Some(span) = self.next_comment(until) {
            self.indentation(indent);
            self.comment(&span);
            self.end_of_line();
        }
    }

    /// Comments between a key and its value stay on the line where they can.
    fn comments_between(&mut self, until: usize) {
        while let Some(span) = self.next_comment(until) {
            let is_line = self.text[span.clone()].starts_with("//");
            self.comment(&span);
            self.out.push(if is_line { '\n' } else { ' ' });
        }
    }

    /// Comments behind an element: on the same line in the text, and before whatever follows.
    fn comments_behind(&mut self, end: usize, next: usize) {
        while let Some(comment) = self.comments.get(self.emitted) {
            let span = comment.span.clone();
            if span.start >= next || !comment.is_behind || self.text[end..span.start].contains('\n') {
                return;
            }
            self.emitted += 1;
            self.out.push(' ');
            self.comment(&span);
            if self.text[span].starts_with("//") {
                return;
            }
        }
    }

    fn next_comment(&mut self, until: usize) -> Option<Range<usize>> {
        let span = self.comments.get(self.emitted).filter(|it| it.span.start < until)?.span.clone();
        self.emitted += 1;
        Some(span)
    }

    fn comment(&mut self, span: &Range<usize>) {
        self.out.push_str(self.text[span.clone()].trim_end());
    }

    fn indentation(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn end_of_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }
}

/// A record has a line for each of its fields, however short.
fn has_fields(node: &Node) -> bool {
    match &node.value {
        Value::Object(members) => {
            node.get("fields").is_some_and(|fields| !fields.elements().is_empty())
                || members.iter().any(|member| has_fields(&member.node))
        }
        Value::Array(elements) => elements.iter().any(has_fields),
        _ => false,
    }
}

/// The width of a value on one line.
fn width(node: &Node, text: &str) -> usize {
    let separators = |count: usize| 2 + 2 * count.saturating_sub(1);
    match &node.value {
        Value::Array(elements) => separators(elements.len()) + elements.iter().map(|it| width(it, text)).sum::<usize>(),
        Value::Object(members) => {
            let member =
                |it: &crate::source::Member| text[it.key_span.clone()].chars().count() + 2 + width(&it.node, text);
            separators(members.len()) + members.iter().map(member).sum::<usize>()
        }
        _ => text[node.span.clone()].chars().count(),
    }
}

#[cfg(test)]
mod tests {
    use super::laid_out;
    use crate::source::Node;
    use proptest::prelude::*;

    #[test]
    fn layout() {
        let text = "// about it\n{\"type\":\"record\", \"name\":\"A\" , /* why */\"fields\":[\n\n{\"name\":\"x\",\"type\":\"int\"}, // first\n// alone\n{\"name\":\"y\",\"type\":[\"null\",\"string\"],\"default\":null, \"doc\":\"a long sentence that will not fit on one line with the rest\"} ] } // end\n";
        let expected = "// about it\n{\n  \"type\": \"record\",\n  \"name\": \"A\", /* why */\n  \"fields\": [\n    {\"name\": \"x\", \"type\": \"int\"}, // first\n    // alone\n    {\n      \"name\": \"y\",\n      \"type\": [\"null\", \"string\"],\n      \"default\": null,\n      \"doc\": \"a long sentence that will not fit on one line with the rest\"\n    }\n  ]\n} // end\n";
        assert_eq!(laid_out(text).as_deref(), Some(expected));
        for (text, expected) in [
            ("\"int\"", "\"int\"\n"),
            ("[ ]", "[]\n"),
            ("{ /* x */ }", "{\n  /* x */\n}\n"),
            ("[\"\\u0061\",1.50]", "[\"\\u0061\", 1.50]\n"),
        ] {
            assert_eq!(laid_out(text).as_deref(), Some(expected));
        }
        assert_eq!(laid_out("{"), None);
    }

    fn json() -> impl Strategy<Value = String> {
        let blank = "( |\n|\t| // c\n| /[*] d [*]/ ){0,3}";
        let leaf = prop_oneof![Just("null".to_owned()), "-?[1-9][0-9]{0,3}", "\"[a-z]{0,30}\""];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            let spaced = (blank, inner.clone(), blank).prop_map(|(a, it, b)| format!("{a}{it}{b}"));
            let key = prop_oneof![Just("fields".to_owned()), "[a-z]{1,8}"];
            let member =
                (blank, key, blank, spaced.clone()).prop_map(|(a, key, b, it)| format!("{a}\"{key}\"{b}:{it}"));
            prop_oneof![
                prop::collection::vec(spaced, 0..5).prop_map(|list| format!("[{}]", list.join(","))),
                prop::collection::vec(member, 0..5).prop_map(|list| format!("{{{}}}", list.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_twice_is_once(text in json()) {
            let once = laid_out(&text).expect("JSON");
            let (before, after) = (Node::parse(&text).expect("JSON"), Node::parse(&once).expect("still JSON"));
            prop_assert_eq!(before.compact(), after.compact());
            for mark in ["// c", "/* d */"] {
                prop_assert_eq!(text.matches(mark).count(), once.matches(mark).count());
            }
            let twice = laid_out(&once).expect("JSON");
            prop_assert_eq!(&twice, &once);
        }
    }
}
