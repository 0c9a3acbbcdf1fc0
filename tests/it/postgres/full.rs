//! A full disk of the database: writes fail until there is room, and everything else works.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use avow_registry::store;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use super::database::{self, Cluster, Database};
use super::support::Server;

/// Schemas that cannot be made smaller, so that a few of them need more room than is left.
fn schema(number: usize) -> Value {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let doc: String = std::iter::repeat_with(|| random.alphanumeric()).take(20_000).collect();
    json!({"schema": json!({"type": "record", "name": "R", "fields": [], "doc": doc}).to_string()})
}

/// The kind of disk that fills up.
enum Disk {
    /// A small file system of its own, with a file that takes the rest of it.
    Real { _cluster: Cluster, ballast: PathBuf },
    /// Where no file system can be created, the database is instructed to report a full disk.
    Pretended { url: String },
}

impl Disk {
    async fn fill(&self) {
        match self {
            Self::Real { ballast, .. } => {
                let mut file = File::create(ballast).expect("a file");
                while file.write_all(&vec![1; 64 << 10]).is_ok() {}
            }
            Self::Pretended { url } => {
                let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
                    CREATE TRIGGER full_disk BEFORE INSERT ON contents EXECUTE FUNCTION full_disk()";
                execute(url, full).await;
            }
        }
    }

    async fn free(&self) {
        match self {
            Self::Real { ballast, .. } => fs::remove_file(ballast).expect("it was made"),
            Self::Pretended { url } => execute(url, "DROP TRIGGER full_disk ON contents").await,
        }
    }
}

async fn execute(url: &str, sql: &'static str) {
    let mut connection = PgConnection::connect(url).await.expect("a database");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect(sql);
    connection.close().await.expect("a clean end");
}

async fn out_of_room_it_says_so_and_goes_on_when_there_is_some(disk: Disk, database: Database) {
    let url = database.url();
    let node = Server::start_on(database, &["--database-timeout", "2"]).await;
    node.post("/subjects/s0/versions", &schema(0)).await.ok();
    disk.fill().await;

    let mut acknowledged = 1;
    let refused = loop {
        let answer = node.post(&format!("/subjects/s{acknowledged}/versions"), &schema(acknowledged)).await;
        if answer.status != 200 {
            break answer;
        }
        acknowledged += 1;
        assert!(acknowledged < 200, "the disk is full");
    };
    assert_eq!(refused.error(), (503, 503), "{}", refused.text());
    assert!(refused.text().contains("disk"), "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    let ready = node.get("/readyz").await.ok();
    assert_eq!(ready["status"], "degraded");
    assert!(ready["reason"].as_str().is_some_and(|reason| reason.contains("disk of the database is full")), "{ready}");
    assert!(node.get("/metrics").await.text().contains("\nschema_registry_db_up 0\n"));
    // The database still answers, so nothing is stale.
    for path in ["/schemas/ids/1", "/subjects/s0/versions/latest", "/subjects", "/config"] {
        let answer = node.get(path).await;
        assert_eq!((answer.status, answer.header("avow-stale")), (200, None), "{path}: {}", answer.text());
    }
    assert_eq!(node.post("/subjects/s0/versions", &schema(0)).await.ok()["id"], 1);
    let again = node.post(&format!("/subjects/s{acknowledged}/versions"), &schema(acknowledged)).await;
    assert_eq!(again.error(), (503, 503), "{}", again.text());

    disk.free().await;
    for number in 0..=acknowledged + 1 {
        let answer = node.post(&format!("/subjects/s{number}/versions"), &schema(number)).await;
        assert_eq!(answer.ok()["id"], number + 1, "what was acknowledged is there, and no id is skipped");
    }
    assert_eq!(node.get("/readyz").await.ok()["status"], "ok");
    node.stop().await;
    assert_eq!(store::verify(&url).await.expect("a database").faults, Vec::<String>::new());
}

/// Whether this system permits a private file system.
fn may_mount() -> bool {
    let tried = std::process::Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    tried.is_ok_and(|tried| tried.status.success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk() {
    if may_mount() {
        let cluster = Cluster::start_on_a_disk_of(&[], Some(112));
        cluster.answers().await;
        let url = database::fresh_url_in(&cluster.url).await;
        let ballast = cluster.data.with_file_name("ballast");
        out_of_room_it_says_so_and_goes_on_when_there_is_some(
            Disk::Real { _cluster: cluster, ballast },
            Database::at(&url),
        )
        .await;
    }
    let database = Database::new().await;
    let disk = Disk::Pretended { url: database.url() };
    out_of_room_it_says_so_and_goes_on_when_there_is_some(disk, database).await;
}
