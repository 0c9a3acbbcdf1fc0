//! Conversions between the wire model and the domain.

use super::error::Error;
use crate::domain::{ConfigUpdate, Content, Fingerprint, Reference, Version};
use crate::registry::{self, Described, Draft, Explained, Tagged};
use avow_api::{
    Cause, Finding, Fix, ListedSchema, RegisterSchemaRequest, Registered, Schema, SchemaContent, SchemaString, Side,
    Witness,
};

pub(super) fn draft(request: RegisterSchemaRequest) -> Draft {
    Draft {
        schema: request.schema,
        schema_type: request.schema_type,
        references: request.references.into_iter().map(Into::into).collect(),
        metadata: request.metadata.map(Into::into),
        rule_set: request.rule_set.map(Into::into),
        version: request.version.unwrap_or(0),
        id: request.id.unwrap_or(-1),
    }
}

pub(super) fn config_update(request: avow_api::ConfigUpdate) -> Result<ConfigUpdate, Error> {
    ConfigUpdate::try_from(request).map_err(|avow_api::UnknownLevel| registry::Error::InvalidLevel.into())
}

pub(super) fn content(fingerprint: Fingerprint, content: Content) -> SchemaContent {
    SchemaContent {
        guid: fingerprint.to_string(),
        schema_type: content.schema_type.as_str().to_owned(),
        references: content.references.into_iter().map(Into::into).collect(),
        metadata: content.metadata.map(Into::into),
        rule_set: content.rule_set.map(Into::into),
        schema: content.text,
    }
}

/// A version with its text in the requested format.
pub(super) fn schema(described: &Described, text: String) -> Schema {
    let with_text = Content { text, ..Content::clone(&described.content) };
    Schema {
        subject: described.subject.to_string(),
        version: described.version.get(),
        id: described.id.get(),
        content: content(described.key.fingerprint, with_text),
        ts: described.stored.map(|(time, _)| time.0),
        deleted: described.stored.map(|(_, deleted)| deleted),
    }
}

pub(super) fn schema_string(described: &Described, text: String) -> SchemaString {
    let Schema { subject, version, id: _, content, ts, deleted } = schema(described, text);
    SchemaString { subject: Some(subject), version: Some(version), content, max_id: None, ts, deleted }
}

pub(super) fn registered(described: &Described, text: String) -> Registered {
    let Schema { subject: _, version, id, content, ts, deleted } = schema(described, text);
    Registered { id, version, content, ts, deleted }
}

pub(super) fn listed(Tagged { listed, aliases }: Tagged) -> ListedSchema {
    let schema = Schema {
        subject: listed.subject.to_string(),
        version: listed.version.get(),
        id: listed.id.get(),
        content: content(listed.key.fingerprint, listed.content),
        ts: Some(listed.time.0),
        deleted: Some(listed.deleted),
    };
    ListedSchema { schema, aliases }
}

/// Qualifies the subject of each reference by the schema's context (contract 4.5).
pub(super) fn qualify_references(content: &mut SchemaContent, described: &Described) {
    let context = described.subject.context();
    for reference in &mut content.references {
        reference.subject = Reference::from(reference.clone()).target(&context).to_string();
    }
}

pub(super) fn findings(explained: Vec<Explained>) -> Vec<Finding> {
    explained.into_iter().map(finding).collect()
}

fn witness(witness: avow_schema::Witness) -> Witness {
    match witness {
        avow_schema::Witness::Record { json, bytes, error } => {
            Witness { record: json, bytes: Some(bytes), decode_error: Some(error), read: None }
        }
        avow_schema::Witness::Instance { json, error } => {
            Witness { record: json, bytes: None, decode_error: Some(error), read: None }
        }
        avow_schema::Witness::Message { bytes, written, read } => {
            Witness { record: written, bytes: Some(bytes), decode_error: None, read: Some(read) }
        }
    }
}

fn finding(Explained { finding, direction, versions }: Explained) -> Finding {
    let side = |side: avow_schema::Side| Side { pointer: side.pointer, fragment: side.fragment };
    let cause = |cause: avow_schema::Cause| Cause {
        rule: cause.rule.id().to_owned(),
        path: cause.path,
        title: cause.title,
        why: cause.why,
    };
    let fix = |fix: avow_schema::Fix| Fix { title: fix.title, schema: fix.schema, resolves_all: fix.resolves_all };
    let mut ascending: Vec<i32> = versions.iter().map(|version| version.get()).collect();
    ascending.sort_unstable();
    Finding {
        rule: finding.rule.id().to_owned(),
        severity: finding.severity.as_str().to_owned(),
        direction: direction.name().to_owned(),
        who: direction.affected("version", &ascending),
        versions: versions.into_iter().map(Version::get).collect(),
        path: finding.path,
        reader: side(finding.reader),
        writer: side(finding.writer),
        title: finding.title,
        why: finding.why,
        causes: finding.causes.into_iter().map(cause).collect(),
        witness: finding.witness.map(witness),
        fixes: finding.fixes.into_iter().map(fix).collect(),
        fingerprint: finding.fingerprint,
        confluent: finding.confluent,
    }
}
