//! Whether two schemas are the same to a registry: by what they say, never by how they are written.

use avow_avro::{Schema, Strictness};
use avow_client::rest::Version;

use crate::Error;
use crate::project::Documents;
use crate::remote::Remote;
use avow_domain::{Config, Content, Reference};

/// A schema put together, with all that makes it the one it is.
#[derive(Debug, Clone)]
pub(super) struct FullSchema {
    pub(super) schema: Schema,
    pub(super) content: Content,
}

impl FullSchema {
    /// A schema as a registry with these settings would store it.
    pub(super) fn offered(schema: &Schema, mut content: Content, config: &Config) -> Self {
        let mut schema = schema.clone();
        if config.normalize.unwrap_or_default()
            && let Ok(normal) = schema.normalized()
        {
            schema = normal;
            content.references.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
            content.references.dedup();
        }
        content.text = schema.text();
        Self { schema, content }
    }

    /// A version that is stored; none where it is not a schema of Avro that can be read.
    pub(super) async fn stored(remote: &Remote, version: &Version) -> Result<Option<Self>, Error> {
        if version.schema.schema_type != avow_client::rest::SchemaType::Avro {
            return Ok(None);
        }
        let content = content(version)?;
        let mut documents = Documents::default();
        remote.gather(&content.references, &mut documents).await?;
        let resolved = documents.resolve(&content.text, Strictness::Lenient);
        Ok(resolved.ok().map(|resolved| Self { schema: resolved.schema, content }))
    }

    /// Whether registering this would find that version, where `latest` is the newest one.
    pub(super) fn is(&self, stored: &Self, number: i32, latest: Option<&Self>, config: &Config) -> bool {
        if !self.is_equivalent(stored) {
            return false;
        }
        let same = |content: &Content| {
            let Some(number) = avow_domain::Version::new(number.into()) else { return false };
            avow_domain::Metadata::equal_but_for_version(
                content.metadata.as_ref(),
                stored.content.metadata.as_ref(),
                number,
            ) && content.rule_set == stored.content.rule_set
        };
        // What a registration leaves out is taken from the latest version and from the settings.
        let (metadata, rule_set) =
            config.apply_defaults_and_overrides(&self.content, latest.map(|latest| &latest.content));
        (!config.has_defaults_or_overrides() && same(&self.content))
            || same(&Content { metadata, rule_set, ..self.content.clone() })
    }

    fn is_equivalent(&self, stored: &Self) -> bool {
        if self.content.references.is_empty() && !stored.content.references.is_empty() {
            return self.schema.resolved_shape() == stored.schema.resolved_shape();
        }
        // A registry writes types nested in a reference out again: then the texts are the same, and the shapes are not.
        let is_same = self.schema.shape() == stored.schema.shape() || self.content.text == stored.content.text;
        is_same && self.content.references == stored.content.references
    }
}

/// What a version is, in the words of the server.
pub(super) fn content(version: &Version) -> Result<Content, Error> {
    let schema = &version.schema;
    let unreadable = |error: serde_json::Error| {
        Error::Input(format!("version {} of `{}` cannot be read: {error}", version.version, version.subject))
    };
    let reference = |it: &avow_client::rest::Reference| Reference {
        name: it.name.clone(),
        subject: it.subject.clone(),
        version: it.version,
    };
    Ok(Content {
        schema_type: avow_domain::SchemaType::Avro,
        text: schema.text.clone(),
        references: schema.references.iter().map(reference).collect(),
        metadata: schema.metadata.as_ref().map(convert).transpose().map_err(unreadable)?,
        rule_set: schema.rule_set.as_ref().map(convert).transpose().map_err(unreadable)?,
    })
}

/// The same in the words of the server, or of the client.
pub(super) fn convert<A: serde::Serialize, B: serde::de::DeserializeOwned>(value: &A) -> Result<B, serde_json::Error> {
    serde_json::from_value(serde_json::to_value(value)?)
}
