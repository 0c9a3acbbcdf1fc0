//! The database is in use, too new, damaged, altered or full: a clear error, and nothing acknowledged is lost.

use std::process::{Command, Stdio};

use avow_registry::store::{self, Error, Store};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::support::{Client, Server};

const SCHEMA: &str = r#"{"type":"record","name":"R","fields":[]}"#;

fn url(directory: &TempDir) -> String {
    format!("sqlite://{}", directory.path().join("avow.db").display())
}

async fn execute(url: &str, sql: &'static str) {
    let mut connection = SqliteConnection::connect(url).await.expect("a database");
    sqlx::query(sql).execute(&mut connection).await.expect("a statement");
    connection.close().await.expect("a clean end");
}

#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused() {
    let directory = TempDir::new().expect("a directory");
    let first = Store::open(&url(&directory)).await.expect("a new file");
    let second = Store::open(&url(&directory)).await;
    assert!(matches!(second, Err(Error::InUse(_))), "{second:?}");
    let closed = first.closed();
    drop(first);
    closed.await;
    Store::open(&url(&directory)).await.expect("the file is free again");
}

#[tokio::test]
async fn a_file_in_use_is_not_restored_into() {
    let server = Server::start().await;
    let mut stream = Vec::new();
    store::backup(&server.database(), &mut stream, std::time::SystemTime::now().into())
        .await
        .expect("a backup beside the server");
    let refused = store::restore(&server.database(), &mut stream.as_slice()).await;
    assert!(matches!(refused, Err(Error::InUse(_))), "{refused:?}");
}

#[tokio::test]
async fn a_database_that_needs_a_newer_program_is_refused_and_one_it_merely_touched_is_not() {
    let directory = TempDir::new().expect("a directory");
    let url = url(&directory);
    Store::migrate(&url).await.expect("a new file");
    execute(&url, "INSERT INTO _sqlx_migrations VALUES (9999, 'later', current_timestamp, TRUE, x'00', 0)").await;
    Store::migrate(&url).await.expect("a migration of a newer program does not matter");
    execute(&url, "UPDATE facts SET value = 9999 WHERE name = 'lowest_format'").await;
    let refused = Store::open(&url).await;
    assert!(matches!(refused, Err(Error::TooNew { needs: 9999, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let directory = TempDir::new().expect("a directory");
    let garbage = b"this was never a database, and it is long enough to be looked at".repeat(8);
    std::fs::write(directory.path().join("avow.db"), &garbage).expect("a file");
    let refused = Store::open(&url(&directory)).await;
    assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");
    assert_eq!(std::fs::read(directory.path().join("avow.db")).expect("a file"), garbage);
}

#[tokio::test]
async fn urls_that_name_no_file_are_refused() {
    for url in ["mysql://localhost/avow", "sqlite::memory:", "sqlite://", "avow.db"] {
        assert!(matches!(Store::open(url).await, Err(Error::BadUrl(_))), "{url}");
    }
}

#[tokio::test]
async fn verify_finds_rows_altered_behind_the_registry() {
    let server = Server::start().await;
    server.register("a", SCHEMA).await;
    let database = server.stop().await;
    let url = database.url();
    let sound = store::verify(&url).await.expect("a database");
    assert_eq!((sound.contents, sound.versions, sound.changes), (1, 1, 1));
    assert_eq!(sound.faults, Vec::<String>::new());

    for (sql, expected) in [
        ("UPDATE contexts SET last_id = 0", "would be assigned again"),
        ("DELETE FROM changes", "missing from the log"),
        ("UPDATE contents SET text = replace(text, 'R', 'S')", "its text was altered"),
    ] {
        execute(&url, sql).await;
        let report = store::verify(&url).await.expect("a database");
        assert!(report.faults.iter().any(|fault| fault.contains(expected)), "{sql}: {:?}", report.faults);
    }
}

#[tokio::test]
async fn every_difference_between_log_and_state_is_found() {
    let server = Server::start().await;
    let one = r#"{"type":"record","name":"R","fields":[]}"#;
    let two = r#"{"type":"record","name":"S","fields":[{"name":"r","type":"R"}]}"#;
    server.register("one", one).await;
    let body = json!({"schema": two, "references": [{"name": "R", "subject": "one", "version": 1}]});
    server.post("/subjects/two/versions", &body).await.ok();
    server.put("/config/one", &json!({"compatibility": "NONE"})).await.ok();
    server.put("/mode/one", &json!({"mode": "READONLY"})).await.ok();
    let database = server.stop().await;
    let url = database.url();

    for (sql, expected) in [
        ("UPDATE versions SET deleted = TRUE WHERE subject = 'one'", "the version 1 of one differs from the log"),
        ("UPDATE versions SET time = time + 1 WHERE subject = 'one'", "the version 1 of one differs from the log"),
        ("UPDATE versions SET id = 1 WHERE subject = 'two'", "the version 1 of two differs from the log"),
        ("UPDATE schema_ids SET subject = 'x' WHERE id = 1", "the id 1 of the context . differs from the log"),
        ("INSERT INTO schema_ids SELECT context, 7, fingerprint, schema_type, subject, 1, 1 FROM schema_ids WHERE id = 1", "the id 7 of"),
        ("DELETE FROM uses", "the reference of two to one is missing"),
        ("UPDATE uses SET target_version = 2", "the reference of two to one"),
        ("UPDATE scopes SET config = NULL WHERE subject = 'one'", "the config of `one` is missing"),
        ("UPDATE scopes SET mode = 'IMPORT' WHERE subject = 'one'", "the mode of `one` differs from the log"),
        ("DELETE FROM scopes WHERE subject = 'two'", "the subject two has versions, but no revision"),
        ("DELETE FROM scopes WHERE subject = 'one'", "settings of `one` are missing"),
        ("INSERT INTO contexts VALUES ('.x', TRUE, 0)", "the context .x is there"),
        ("UPDATE contexts SET last_id = 9", "the context . differs from the log"),
        ("DELETE FROM changes WHERE seq = 2", "changes are missing in between"),
        ("UPDATE changes SET kind = 'x' WHERE seq = 1", "of a kind this program does not know"),
        ("UPDATE changes SET after = '{}' WHERE seq = 1", "has a `after` that cannot be read"),
        ("UPDATE changes SET after = NULL WHERE seq = 3", "the config of `one`"),
        ("UPDATE log_head SET seq = 5", "1 changes are missing from the log"),
    ] {
        let mut connection = SqliteConnection::connect(&url).await.expect("a database");
        // Altered in a copy, as another connection only sees what is committed.
        let path = url.strip_prefix("sqlite://").expect("a path");
        let copy = format!("{path}.copy");
        let _ = std::fs::remove_file(&copy);
        let whole = format!("VACUUM INTO '{copy}'");
        sqlx::query(sqlx::AssertSqlSafe(whole)).execute(&mut connection).await.expect("a copy");
        let mut altered = SqliteConnection::connect(&format!("sqlite://{copy}")).await.expect("a database");
        sqlx::raw_sql("PRAGMA foreign_keys = OFF").execute(&mut altered).await.expect("a pragma");
        sqlx::query(sql).execute(&mut altered).await.expect(sql);
        altered.close().await.expect("a clean end");
        let report = store::verify(&format!("sqlite://{copy}")).await.expect("a database");
        assert!(report.faults.iter().any(|fault| fault.contains(expected)), "{sql}: {:?}", report.faults);
    }
    assert_eq!(store::verify(&url).await.expect("a database").faults, Vec::<String>::new());
}

/// A limit on the size of its files stands in for a full disk: it needs no file system of its own.
#[tokio::test]
async fn out_of_room_it_says_so_reads_on_and_recovers_without_a_restart() {
    let directory = TempDir::new().expect("a directory");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let mut child = Command::new("bash")
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -S -f 1024; exec \"$@\"")
        .args(["bash", env!("CARGO_BIN_EXE_avow"), "serve", "--listen", &address.to_string()])
        .args(["--database-url", &url(&directory)])
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let client = Client::new(address);
    // It listens before it answers.
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::task::yield_now().await;
    }

    let schema = |number: usize| {
        json!({"schema": json!({"type": "record", "name": "R", "fields": [],
        "doc": format!("{number}{}", "x".repeat(20_000))}).to_string()})
    };
    let mut acknowledged = 0;
    let refused = loop {
        let answer = client.post(&format!("/subjects/s{acknowledged}/versions"), &schema(acknowledged)).await;
        if answer.status != 200 {
            break answer;
        }
        acknowledged += 1;
        assert!(acknowledged < 1_000, "the limit holds");
    };
    assert_eq!((refused.status, refused.json()["error_code"].as_i64()), (503, Some(503)), "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    assert_eq!(client.get("/readyz").await.json()["status"], "degraded");
    assert_eq!(client.get("/schemas/ids/1").await.status, 200);

    let raised = Command::new("prlimit").args(["--fsize=unlimited", "--pid", &child.id().to_string()]).status();
    assert!(raised.expect("util-linux is installed").success());
    for number in 0..=acknowledged {
        let answer = client.post(&format!("/subjects/s{number}/versions"), &schema(number)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["id"], number + 1, "what was acknowledged is there, and no id is skipped");
    }
    assert_eq!(client.get("/readyz").await.json()["status"], "ok");
    child.kill().expect("it runs");
    child.wait().expect("it ran");
    let report = store::verify(&url(&directory)).await.expect("a database");
    assert_eq!(report.faults, Vec::<String>::new());
}
