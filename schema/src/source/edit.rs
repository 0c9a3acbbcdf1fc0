//! Changing a text as a careful person would: only where it has to change, in the style that is there.

use std::ops::Range;

use super::tree::quoted;
use super::{Node, Text, Value, walk};

/// A piece of text to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Range<usize>,
    pub text: String,
}

/// The edits that bring a change of the stored text into the text as it was written.
///
/// None if there is a change that has no place in it.
pub fn between(file: &Text, stored: &str, changed: &str) -> Option<Vec<Edit>> {
    let (stored, changed) = (Node::parse(stored)?, Node::parse(changed)?);
    let mut edits = Vec::new();
    compare(file, file.tree()?, "", &stored, &changed, &mut edits)?;
    edits.sort_by_key(|edit| edit.span.start);
    Some(edits)
}

fn compare(
    file: &Text,
    root: &Node,
    pointer: &str,
    stored: &Node,
    changed: &Node,
    edits: &mut Vec<Edit>,
) -> Option<()> {
    if stored.says_same(changed) {
        return Some(());
    }
    let place = walk::follow(root, pointer)?;
    match (&stored.value, &changed.value) {
        (Value::Object(members), Value::Object(after))
            if members.iter().all(|member| changed.get(&member.key).is_some()) =>
        {
            for member in after {
                match stored.get(&member.key) {
                    Some(before) => {
                        compare(file, root, &format!("{pointer}/{}", member.key), before, &member.node, edits)?;
                    }
                    None => edits.push(insert(file, place, &member.key, &member.node)?),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() <= after.len() => {
            let starts = before.iter().zip(after).all(|(a, b)| a.says_same(b));
            if before.len() == after.len() {
                for (at, (a, b)) in before.iter().zip(after).enumerate() {
                    compare(file, root, &format!("{pointer}/{at}"), a, b, edits)?;
                }
            } else if starts && !place.elements().is_empty() {
                let end = place.elements().last()?.span.end;
                edits.push(Edit { span: end..end, text: format!(", {}", listed(&after[before.len()..])) });
            } else {
                edits.push(Edit { span: place.span.clone(), text: changed.compact() });
            }
        }
        // A type that becomes one branch of a union stays as it is written.
        (_, Value::Array(after)) if after.iter().filter(|node| node.says_same(stored)).count() == 1 => {
            let at = after.iter().position(|node| node.says_same(stored))?;
            let (before, behind) = (listed(&after[..at]), listed(&after[at + 1..]));
            let before = if before.is_empty() { "[".to_owned() } else { format!("[{before}, ") };
            let behind = if behind.is_empty() { "]".to_owned() } else { format!(", {behind}]") };
            edits.push(Edit { span: place.span.start..place.span.start, text: before });
            edits.push(Edit { span: place.span.end..place.span.end, text: behind });
        }
        _ => edits.push(Edit { span: place.span.clone(), text: changed.compact() }),
    }
    Some(())
}

fn listed(nodes: &[Node]) -> String {
    nodes.iter().map(Node::compact).collect::<Vec<_>>().join(", ")
}

/// A new member after the last one, on a line of its own if the others have theirs.
fn insert(file: &Text, object: &Node, key: &str, value: &Node) -> Option<Edit> {
    let last = object.members().last()?;
    let end = last.node.span.end;
    let colon = if file.text[..last.node.span.start].ends_with(' ') { ": " } else { ":" };
    let first = object.members().first()?;
    let before_first = &file.text[object.span.start + 1..first.node.span.start];
    let blank = before_first.split('"').next().unwrap_or_default();
    let line_start = blank.rfind('\n').map(|at| if blank[..at].ends_with('\r') { at - 1 } else { at });
    let separator = match line_start.map(|start| &blank[start..]) {
        Some(indentation) if indentation.trim().is_empty() => format!(",{indentation}"),
        _ if colon == ": " => ", ".to_owned(),
        _ => ",".to_owned(),
    };
    Some(Edit { span: end..end, text: format!("{separator}{}{colon}{}", quoted(key), value.compact()) })
}

/// The text with the edits made.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(&text[at..edit.span.start]);
        out.push_str(&edit.text);
        at = edit.span.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_touched() {
        let text = "{\n  \"type\": \"record\", // an order\n  \"name\": \"A\",\n  \"fields\": [\n    {\"name\": \"x\", \"type\": \"int\"},\n    {\n      \"name\": \"e\",\n      \"type\": {\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"P\"]}\n    }\n  ]\n}\n";
        let stored = r#"{"type":"record","name":"A","fields":[{"name":"x","type":"int"},{"name":"e","type":{"type":"enum","name":"E","symbols":["P"]}}]}"#;
        for (from, to, old, new) in [
            (r#""int"}"#, r#""int","default":0}"#, "\"int\"}", "\"int\", \"default\": 0}"),
            (r#""int"}"#, r#"["null","int"],"default":null}"#, "\"int\"}", "[\"null\", \"int\"], \"default\": null}"),
            (r#""int"}"#, r#""long"}"#, "\"int\"}", "\"long\"}"),
            (r#"["P"]"#, r#"["P","Q"]"#, "[\"P\"]", "[\"P\", \"Q\"]"),
            (r#"["P"]}}"#, r#"["P"]},"default":"P"}"#, "[\"P\"]}\n", "[\"P\"]},\n      \"default\": \"P\"\n"),
        ] {
            let file = Text::new(text.to_owned());
            let edits = between(&file, stored, &stored.replace(from, to)).expect("a place for it");
            assert_eq!(apply(text, &edits), text.replace(old, new), "{to}");
            let crlf = |text: &str| text.replace('\n', "\r\n");
            let file = Text::new(crlf(text));
            let edits = between(&file, stored, &stored.replace(from, to)).expect("a place for it");
            assert_eq!(apply(&file.text, &edits), crlf(&text.replace(old, new)), "line ends of {to}");
        }
    }
}
