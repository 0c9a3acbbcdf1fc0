//! The content of an id: the schema text and everything that is part of its identity.

use super::{Metadata, Reference, RuleSet, SchemaType};
use md5::{Digest, Md5};
use std::fmt;

/// The MD5 that decides "same schema" (contract 3.1). Printed as a UUID it is the `guid` of answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Reads the UUID spelling, or 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        uuid::Uuid::try_parse(text).ok().map(|guid| Self(guid.into_bytes()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).as_hyphenated().fmt(f)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no fingerprint"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The key of a content. The fingerprint leaves the type out, and one text can be a schema in two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentKey {
    #[serde(rename = "guid")]
    pub fingerprint: Fingerprint,
    /// Absent in entries of the log for AVRO, as in all that are older than the other types.
    #[serde(default, skip_serializing_if = "SchemaType::is_default")]
    pub schema_type: SchemaType,
}

impl fmt::Display for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.schema_type {
            SchemaType::Avro => self.fingerprint.fmt(f),
            other => write!(f, "{} ({other})", self.fingerprint),
        }
    }
}

/// A schema's text with its references, metadata and rules: the unit that gets an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The language of the text.
    pub schema_type: SchemaType,
    /// The stored text, exactly as it is served.
    pub text: String,
    /// The references of the text, in order.
    pub references: Vec<Reference>,
    /// Metadata; an empty one is another schema than none.
    pub metadata: Option<Metadata>,
    /// Rules; stored and returned, never run here.
    pub rule_set: Option<RuleSet>,
}

impl Content {
    /// The key that identifies this content.
    pub fn key(&self) -> ContentKey {
        ContentKey { fingerprint: self.fingerprint(), schema_type: self.schema_type }
    }

    /// The hash that decides whether two contents are the same schema (contract 3.1).
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Md5::new();
        hash.update(&self.text);
        for reference in &self.references {
            hash.update(&reference.name);
            hash.update(&reference.subject);
            hash.update(reference.version.to_be_bytes());
        }
        if let Some(metadata) = &self.metadata {
            hash.update([1]);
            metadata.feed(|bytes| hash.update(bytes));
        }
        if let Some(rule_set) = &self.rule_set {
            hash.update([1]);
            rule_set.feed(|bytes| hash.update(bytes));
        }
        Fingerprint(hash.finalize().into())
    }

    /// A rough size in memory, in bytes, for bounding caches.
    pub fn weight(&self) -> usize {
        self.text.len() + 128 * (1 + self.references.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guid(text: &str, references: &[(&str, &str, i32)], metadata: Option<&str>) -> String {
        let references = references
            .iter()
            .map(|(name, subject, version)| Reference {
                name: (*name).into(),
                subject: (*subject).into(),
                version: *version,
            })
            .collect();
        let metadata = metadata.map(|json| serde_json::from_str(json).expect("the test's metadata is JSON"));
        let schema_type = SchemaType::Avro;
        Content { schema_type, text: text.into(), references, metadata, rule_set: None }.fingerprint().to_string()
    }

    #[test]
    fn the_log_leaves_out_the_type_that_came_first() {
        let fingerprint = Fingerprint([0; 16]);
        for (schema_type, json) in [
            (SchemaType::Avro, r#"{"guid":"00000000-0000-0000-0000-000000000000"}"#),
            (SchemaType::Json, r#"{"guid":"00000000-0000-0000-0000-000000000000","schemaType":"JSON"}"#),
        ] {
            let key = ContentKey { fingerprint, schema_type };
            assert_eq!(serde_json::to_string(&key).expect("a key"), json);
            assert_eq!(serde_json::from_str::<ContentKey>(json).expect("a key"), key);
        }
    }

    #[test]
    fn golden_guids_of_contract_19() {
        let r = r#"{"type":"record","name":"R","fields":[{"name":"f3","type":"string"}]}"#;
        for (text, metadata, expected) in [
            (r#""string""#, None, "095d71cf-1255-6b9d-5e33-0ad575b3df5d"),
            (r#""bytes""#, None, "b462f06c-b909-be57-c850-08867784cde6"),
            (r, None, "c3a4f721-8716-8e97-8fd6-8cf030a8d8ec"),
            (r, Some("{}"), "89760c4e-c16c-a261-297f-5d159b53c370"),
            (r, Some(r#"{"properties":{"k":"v"}}"#), "706ed7ef-1db1-8b52-64f6-874d3352bea2"),
            (
                r#""string""#,
                Some(r#"{"properties":{"confluent:version":"1"}}"#),
                "b7940658-b54f-ca8f-697b-0a306f2af8c4",
            ),
            (
                r#"{"type":"record","name":"N","fields":[]}"#,
                Some(r#"{"tags":{"a.*":["PII"]},"properties":{"o":"1"},"sensitive":["o"]}"#),
                "acaf1382-7c0b-2bf5-96b5-45ae530c8790",
            ),
        ] {
            assert_eq!(guid(text, &[], metadata), expected, "{text} {metadata:?}");
        }
        assert_eq!(
            guid(
                r#"{"type":"record","name":"User","namespace":"com.x","fields":[{"name":"a","type":"Address"}]}"#,
                &[("com.x.Address", "addr", 1)],
                None
            ),
            "36c9f5c8-d2b8-e29c-a056-4d0f51b4f767"
        );
    }
}
