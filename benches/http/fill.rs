//! Filling a database with generated versions, to measure a large registry.

use std::str::FromStr as _;

use avow_domain::{Content, Fingerprint, SchemaType};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// The number of rows inserted at once.
const CHUNK: u32 = 5_000;

/// Adds `subjects` subjects named `fill-…` of `versions` versions each, every version a schema of its own.
///
/// The file must have been created by the registry, without a version in it, and no server may have it open.
pub(crate) async fn fill(url: &str, subjects: u32, versions: u32) -> Result<(), sqlx::Error> {
    const CONTENTS: &str = "INSERT INTO contents (fingerprint, schema_type, shape, text)
        SELECT unhex(value->>'f'), 'AVRO', unhex(value->>'s'), value->>'t' FROM json_each($1)";
    const SCHEMAS: &str = "INSERT INTO schema_ids (context, id, fingerprint, schema_type, subject, version, written)
        SELECT '.', value->>'i', unhex(value->>'f'), 'AVRO', value->>'n', value->>'v', value->>'i' FROM json_each($1)";
    const SCOPES: &str = "INSERT INTO scopes (subject, context, revision)
        SELECT value->>'n', '.', 1 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING";
    const VERSIONS: &str = "INSERT INTO versions (subject, version, context, id, deleted, time, written)
        SELECT value->>'n', value->>'v', '.', value->>'i', FALSE, 0, value->>'i' FROM json_each($1)";
    const CHANGES: &str = "INSERT INTO changes (seq, time, actor, request_id, kind, subject, after)
        SELECT value->>'i', 0, '', '', 'register', value->>'n',
            json_object('id', value->>'i', 'version', value->>'v', 'guid', value->>'f') FROM json_each($1)";
    let mut connection = SqliteConnectOptions::from_str(url)?.connect().await?;
    let last = subjects.saturating_mul(versions);
    let mut next = 0;
    while next < last {
        let rows: Vec<_> = (next..last.min(next + CHUNK)).map(|number| row(number, versions)).collect();
        next += CHUNK;
        let rows = json!(rows).to_string();
        let mut tx = connection.begin().await?;
        for sql in [CONTENTS, SCHEMAS, SCOPES, VERSIONS, CHANGES] {
            sqlx::query(sql).bind(&rows).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    for sql in ["UPDATE contexts SET last_id = $1 WHERE name = '.'", "UPDATE log_head SET seq = $1"] {
        sqlx::query(sql).bind(i64::from(last)).execute(&mut connection).await?;
    }
    connection.close().await
}

fn row(number: u32, versions: u32) -> serde_json::Value {
    let (subject, version) = (number / versions, number % versions + 1);
    let fields: Vec<_> = (0..version.min(20))
        .map(|field| json!({"name": format!("field_{field}"), "type": ["null", "string"], "default": null}))
        .collect();
    let doc = format!("made up, number {number}");
    let schema = json!({"type": "record", "name": "Filled", "doc": doc, "fields": fields});
    let content = Content {
        schema_type: SchemaType::Avro,
        text: schema.to_string(),
        references: vec![],
        metadata: None,
        rule_set: None,
    };
    let Fingerprint(fingerprint) = content.fingerprint();
    let hex = uuid::Uuid::from_bytes(fingerprint).as_simple().to_string();
    // Every text is different, so its fingerprint can stand in for the structural one.
    json!({"f": hex, "s": hex, "t": content.text, "i": number + 1, "n": format!("fill-{subject}"), "v": version})
}
