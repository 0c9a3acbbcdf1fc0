//! Texts of other languages, taken for Avro schemas.

use avow_schema::source::Node;

/// What a text is instead, and what to do with it.
pub(super) fn hint(text: &str) -> Option<&'static str> {
    match Node::parse(text) {
        Some(root) if root.get("protocol").is_some() => Some(
            "This is an Avro protocol (.avpr), not a schema: put each of its `types` into a file of its own, as \
             `avro-tools idl2schemata` does.",
        ),
        Some(root) if root.get("$schema").is_some() || root.get("properties").is_some() => {
            Some("This is a JSON Schema, not an Avro schema: register it with `--type JSON`.")
        }
        None if text.contains("syntax = \"proto") || text.trim_start().starts_with("message ") => {
            Some("This is Protobuf, not an Avro schema: register it with `--type PROTOBUF`.")
        }
        None if ["protocol ", "record ", "namespace ", "schema "].iter().any(|word| begins_with(text, word)) => {
            Some("This is Avro IDL (.avdl), not a schema: convert it with `avro-tools idl2schemata FILE.avdl FOLDER`.")
        }
        _ => None,
    }
}

/// Whether a line of the text begins with a word, as declarations of Avro IDL do.
fn begins_with(text: &str, word: &str) -> bool {
    text.lines().any(|line| line.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn other_languages_are_recognised() {
        for (text, expected) in [
            (r#"{"protocol":"P","types":[]}"#, Some("This is an Avro protocol")),
            (r#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#, Some("This is a JSON Schema")),
            (r#"{"type":"object","properties":{}}"#, Some("This is a JSON Schema")),
            ("syntax = \"proto3\";\nmessage A {}", Some("This is Protobuf")),
            ("@namespace(\"a\")\nprotocol P {\n}", Some("This is Avro IDL")),
            (r#"{"type":"record"}"#, None),
            ("{", None),
        ] {
            assert_eq!(
                hint(text).map(|hint| hint.split([',', '(']).next().unwrap_or_default().trim()),
                expected,
                "{text}"
            );
        }
    }
}
