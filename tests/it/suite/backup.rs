//! Backup and restore: the same registry again, from one snapshot, completely or not at all.

use std::process::{Command, Stdio};

use avow_registry::store::{self, Error, Summary};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::database::Database;
use super::replay::step;
use super::support::Server;

const SCHEMA: &str = r#"{"type":"record","name":"R","fields":[]}"#;

/// Everything that clients can see.
const SIGHTS: [&str; 13] = [
    "/schemas?deleted=true&subjectPrefix=:*:",
    "/subjects?deleted=true",
    "/subjects/a/versions?deleted=true",
    "/contexts",
    "/config",
    "/config/a",
    "/config/:.x:",
    "/mode",
    "/mode/a",
    "/mode/b",
    "/avow/v1/changes?limit=1000",
    "/avow/v1/subjects/a?as_of=50",
    "/v1/metadata/id",
];

async fn sights(server: &Server) -> Vec<(u16, Value)> {
    let mut seen = Vec::new();
    for path in SIGHTS {
        let answer = server.get(path).await;
        seen.push((answer.status, answer.json()));
    }
    seen
}

async fn backup(url: &str) -> (Vec<u8>, Summary) {
    let mut stream = Vec::new();
    let summary = store::backup(url, &mut stream, std::time::SystemTime::now().into()).await.expect("a backup");
    (stream, summary)
}

/// A server on which much has happened.
async fn eventful(seed: u64) -> Server {
    let server = Server::start_with(&["--compatibility", "NONE"]).await;
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..300 {
        step(&server, &mut random).await;
    }
    server
}

#[tokio::test]
async fn what_is_restored_is_what_was_backed_up() {
    let server = eventful(7).await;
    let (stream, summary) = backup(&server.database()).await;
    let target = Database::new().await;
    let url = target.url();
    assert_eq!(store::restore(&url, &mut stream.as_slice()).await.expect("a whole backup"), summary);
    assert_eq!(store::verify(&url).await.expect("a database").faults, Vec::<String>::new());
    let (again, same) = backup(&url).await;
    assert_eq!(same, summary);
    let lines = |stream: &[u8]| stream.split(|byte| *byte == b'\n').skip(1).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (rows, rows_again) = (lines(&stream), lines(&again));
    assert_eq!(rows[..rows.len() - 2], rows_again[..rows.len() - 2], "all but the time of the first line and the sum");

    let restored = Server::start_on(target, &["--compatibility", "NONE"]).await;
    assert_eq!(sights(&restored).await, sights(&server).await);
    for server in [&server, &restored] {
        server.delete("/mode?recursive=true").await;
        server.delete("/mode/:.x:?recursive=true").await;
    }
    for subject in ["new", ":.x:new"] {
        let body = json!({"schema": r#"{"type":"record","name":"New","fields":[]}"#});
        let path = format!("/subjects/{subject}/versions");
        let (here, there) = (server.post(&path, &body).await.ok(), restored.post(&path, &body).await.ok());
        assert_eq!(here, there, "counters go on where they stood");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_a_busy_server_is_of_one_moment() {
    let server = Server::start().await;
    server.register("s0", SCHEMA).await;
    let client = server.connect();
    let writing = tokio::spawn(async move {
        for number in 1.. {
            let schema = format!(r#"{{"type":"record","name":"R{number}","fields":[]}}"#);
            client.post(&format!("/subjects/s{number}/versions"), &json!({ "schema": schema })).await;
        }
    });
    let mut sizes = Vec::new();
    for _ in 0..5 {
        let (stream, summary) = backup(&server.database()).await;
        let target = Database::new().await;
        let url = target.url();
        store::restore(&url, &mut stream.as_slice()).await.expect("a whole backup");
        assert_eq!(store::verify(&url).await.expect("a database").faults, Vec::<String>::new());
        assert_eq!(summary.count("versions"), summary.count("changes"), "each version came with its change");
        sizes.push(summary.count("changes"));
    }
    assert!(sizes.is_sorted() && sizes[0] >= 1, "{sizes:?}");
    writing.abort();
}

#[tokio::test]
async fn a_backup_that_is_not_whole_is_refused_and_leaves_nothing() {
    let server = eventful(3).await;
    let (stream, summary) = backup(&server.database()).await;
    let text = String::from_utf8(stream).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.iter().flat_map(|line| [line, "\n"]).collect::<String>();
    let (first, last) = (lines[0], lines[lines.len() - 1]);
    let without = |place: usize| joined(&[&lines[..place], &lines[place + 1..]].concat());
    let target = Database::new().await;
    let url = target.url();
    for (damaged, expected) in [
        (String::new(), "no lines"),
        ("{}\n".to_owned(), "first line"),
        (first.replace(r#""format":2"#, r#""format":99"#) + "\n", "is newer than this one"),
        (joined(&lines[..lines.len() - 1]), "last line is missing"),
        (text[..text.len() / 2].to_owned(), "cut off"),
        (without(1), "SHA-256"),
        (without(lines.len() - 2), "SHA-256"),
        (text.replacen("register", "REGISTER", 1), "SHA-256"),
        (text.replacen(r#"{"version":"#, r#"{"version":"x","#, 1), "cannot be read"),
        (joined(&[&lines[..lines.len() - 1], &[&last.replacen(r#""ids":"#, r#""ids":1"#, 1)]].concat()), "counts"),
        (format!("{text}{last}\n"), "goes on"),
    ] {
        let refused = store::restore(&url, &mut damaged.as_bytes()).await;
        let Err(Error::BadBackup(reason)) = refused else { panic!("{expected}: {refused:?}") };
        assert!(reason.contains(expected), "{expected}: {reason}");
    }
    // None of these left anything behind, so the complete one can still be restored.
    assert_eq!(store::restore(&url, &mut text.as_bytes()).await.expect("a whole backup"), summary);
    let refused = store::restore(&url, &mut text.as_bytes()).await;
    assert!(matches!(refused, Err(Error::NotEmpty)), "{refused:?}");
}

#[tokio::test]
async fn a_database_with_anything_in_it_is_not_restored_into() {
    let server = Server::start().await;
    let (stream, _) = backup(&server.database()).await;
    server.put("/config", &json!({"compatibility": "FULL"})).await.ok();
    let database = server.stop().await;
    let refused = store::restore(&database.url(), &mut stream.as_slice()).await;
    assert!(matches!(refused, Err(Error::NotEmpty)), "{refused:?}");
}

/// Through a file of SQLite and back: each database reads the backups of the other.
#[tokio::test]
async fn a_registry_moves_from_one_database_to_another() {
    let server = eventful(5).await;
    let (stream, summary) = backup(&server.database()).await;
    let directory = TempDir::new().expect("a directory");
    let file = format!("sqlite://{}", directory.path().join("avow.db").display());
    assert_eq!(store::restore(&file, &mut stream.as_slice()).await.expect("a whole backup"), summary);
    assert_eq!(store::verify(&file).await.expect("a database").faults, Vec::<String>::new());
    let (stream, same) = backup(&file).await;
    assert_eq!(same, summary);
    let target = Database::new().await;
    assert_eq!(store::restore(&target.url(), &mut stream.as_slice()).await.expect("a whole backup"), summary);
    let restored = Server::start_on(target, &["--compatibility", "NONE"]).await;
    assert_eq!(sights(&restored).await, sights(&server).await);
}

#[tokio::test]
async fn the_commands_pass_a_registry_on() {
    let server = eventful(11).await;
    let directory = TempDir::new().expect("a directory");
    let target = Database::new().await;
    let url = target.url();
    let file = directory.path().join("backup.jsonl");
    let avow = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_avow"));
        command.args(arguments).env("AVOW_DATABASE_URL", "sqlite:///nowhere").stderr(Stdio::piped());
        command.output().expect("it runs")
    };
    let path = file.to_str().expect("a path");
    let source = server.database();
    let backed_up = avow(&["backup", "--database-url", &source, "--output", path]);
    assert!(backed_up.status.success() && backed_up.stdout.is_empty(), "{backed_up:?}");
    let streamed = avow(&["backup", "--database-url", &source]);
    let rows = |stream: &[u8]| stream.split(|byte| *byte == b'\n').count();
    assert_eq!(rows(&streamed.stdout), rows(&std::fs::read(&file).expect("a file")));

    let restored = avow(&["restore", "--database-url", &url, "--verify", path]);
    assert!(restored.status.success(), "{restored:?}");
    assert!(String::from_utf8_lossy(&restored.stdout).contains("is sound"), "{restored:?}");
    let again = avow(&["restore", "--database-url", &url, path]);
    let stderr = String::from_utf8_lossy(&again.stderr);
    assert!(!again.status.success() && stderr.contains("restore into a new one"), "{stderr}");
    let missing = avow(&["backup", "--database-url", &source, "--output", "/nowhere/at/all"]);
    assert!(
        !missing.status.success() && String::from_utf8_lossy(&missing.stderr).contains("cannot write"),
        "{missing:?}"
    );
}
