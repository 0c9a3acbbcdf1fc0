//! Databases and backups of format 1, whose contents have no type: they open, with unchanged contents.

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr as _;

use avow_registry::store;
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::database::Database;
use super::support::Server;

/// A backup of a registry with references, metadata, settings, a second context and a soft-deleted version.
const BACKUP: &str = include_str!("../../vectors/backup-format-1.jsonl");

/// The last migration that belongs to format 1.
const LAST_OF_FORMAT_1: i64 = 19;

async fn migrations_of_format_1(folder: &str) -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let all = Migrator::new(folder).await.expect("migrations");
    let old = all.migrations.iter().filter(|migration| migration.version <= LAST_OF_FORMAT_1).cloned().collect();
    let mut migrator = Migrator { migrations: Cow::Owned(old), ..Migrator::DEFAULT };
    migrator.set_locking(false);
    migrator
}

/// The rows of the backup as statements on the tables of format 1. `blob` spells bytes; `receipt` goes with each change.
fn rows(blob: impl Fn(&str) -> String, receipt: Option<&str>) -> Vec<String> {
    let mut statements = Vec::new();
    for line in BACKUP.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let (kind, row) = line.as_object().expect("an object").iter().next().expect("a row");
        let (table, conflict) = match kind.as_str() {
            "avowBackup" => {
                statements.push(format!("UPDATE log_head SET seq = {}", row["seq"]));
                continue;
            }
            "end" => continue,
            "context" => ("contexts", " ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id"),
            "id" => ("schemas", ""),
            "change" => ("changes", ""),
            "content" => ("contents", ""),
            "version" => ("versions", ""),
            "use" => ("uses", ""),
            "scope" => ("scopes", ""),
            other => panic!("rows of the kind {other}"),
        };
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for (column, value) in row.as_object().expect("an object") {
            columns.push(match column.as_str() {
                "guid" if kind != "change" => "fingerprint".to_owned(),
                camel => camel.chars().fold(String::new(), |snake, c| match c.is_ascii_uppercase() {
                    true => format!("{snake}_{}", c.to_ascii_lowercase()),
                    false => format!("{snake}{c}"),
                }),
            });
            values.push(match value {
                Value::String(guid) if matches!(column.as_str(), "guid" | "shape") => blob(&guid.replace('-', "")),
                Value::String(text) => format!("'{}'", text.replace('\'', "''")),
                Value::Object(_) | Value::Array(_) => format!("'{value}'"),
                plain => plain.to_string(),
            });
        }
        if let ("changes", Some(receipt)) = (table, receipt) {
            columns.push("receipt".to_owned());
            values.push(format!("'{receipt}'"));
        }
        statements.push(format!(
            "INSERT INTO {table} ({}) VALUES ({}){conflict}",
            columns.join(", "),
            values.join(", ")
        ));
    }
    statements
}

/// The receipt of a change that touched nothing; only Postgres keeps them.
const RECEIPT: &str = r#"{"unit":"old","id":null,"scopes":[],"ids":[],"contexts":false}"#;

async fn fill_in_format_1(url: &str) {
    macro_rules! fill {
        ($options:expr, $folder:literal, $blob:expr, $receipt:expr) => {{
            let mut connection = $options.connect().await.expect("a database");
            migrations_of_format_1($folder).await.run(&mut connection).await.expect("tables");
            for sql in rows($blob, $receipt) {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("a row");
            }
            connection.close().await.expect("a clean end");
        }};
    }
    if url.starts_with("sqlite") {
        let options = SqliteConnectOptions::from_str(url).expect("a URL").create_if_missing(true);
        fill!(options, "sqlite", |hex| format!("X'{hex}'"), None);
    } else {
        let options = PgConnectOptions::from_str(url).expect("a URL");
        fill!(options, "postgres", |hex| format!("'\\x{hex}'"), Some(RECEIPT));
    }
}

async fn holds_what_it_held(database: Database) {
    let url = database.url();
    let server = Server::start_on(database, &[]).await;
    let order = server.get("/subjects/order/versions/1").await.json();
    assert_eq!(order["schemaType"], "AVRO");
    assert_eq!(order["guid"], "21993118-7f45-5ada-daf7-c1238fee8ab0");
    assert_eq!(order["metadata"], json!({"properties": {"owner": "team"}}));
    assert_eq!(server.get("/subjects/address/versions/1/referencedby").await.json(), json!([2]));
    assert_eq!(server.get("/subjects/number/versions?deleted=true").await.json(), json!([1, 2]));
    assert_eq!(server.get("/config/number").await.json()["compatibilityLevel"], "FULL");
    let past = server.get("/avow/v1/subjects/number?as_of=4").await.json();
    assert_eq!(past["versions"].as_array().map(Vec::len), Some(2), "{past}");
    assert_eq!(server.register("again", "\"int\"").await, 3, "a known content keeps its id");
    assert_eq!(server.register(":.dev:again", "\"int\"").await, 1);
    assert_eq!(server.register("new", "\"double\"").await, 5, "the counter goes on");
    let _database = server.stop().await;
    assert_eq!(store::verify(&url).await.expect("a database").faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_database_of_format_1_is_migrated() {
    let database = Database::new().await;
    fill_in_format_1(&database.url()).await;
    holds_what_it_held(database).await;
}

#[tokio::test]
async fn a_backup_of_format_1_is_restored() {
    let database = Database::new().await;
    store::restore(&database.url(), &mut BACKUP.as_bytes()).await.expect("a whole backup");
    holds_what_it_held(database).await;
}
