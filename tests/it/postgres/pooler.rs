//! `PgBouncer` in transaction mode without statement tracking returns rows of other clients to a client that relies on
//! its prepared statements, without any error. Avow must not be affected.

use std::process::{Child, Command, Stdio};

use avow_registry::store::{Error, Options, Pooler, Store};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use super::database::{self, Database};
use super::support::Server;

/// A pooler in front of a database of its own; few connections, so that they are shared all the time.
struct PgBouncer {
    process: Child,
    _directory: TempDir,
    /// Through the pooler.
    url: String,
    /// Past it.
    direct: String,
}

impl PgBouncer {
    async fn start() -> Self {
        let cluster = database::shared().await;
        let name = format!("pooled_{}_{}", std::process::id(), uuid::Uuid::new_v4().as_simple());
        let mut admin = PgConnection::connect(cluster).await.expect("a database");
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut admin).await.expect("a database");
        let direct = cluster.replace("/postgres", &format!("/{name}"));
        let options: sqlx::postgres::PgConnectOptions = direct.parse().expect("a URL");
        let (host, upstream, user) = (options.get_host(), options.get_port(), options.get_username());

        let directory = TempDir::new().expect("a directory");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
        let users = directory.path().join("users");
        std::fs::write(&users, format!("\"{user}\" \"\"\n")).expect("a file");
        let settings = format!(
            "[databases]\n{name} = host={host} port={upstream} user={user}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = 4\nmax_client_conn = 500\nignore_startup_parameters = extra_float_digits\n",
            users.display()
        );
        let file = directory.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("a file");
        // Neither does it run as root.
        let script = r#"if [ "$(id -u)" = 0 ]; then
                chmod -R a+rX "$(dirname "$1")"
                exec setpriv --reuid postgres --regid postgres --clear-groups pgbouncer "$1"
            fi
            exec pgbouncer "$1""#;
        let mut process = Command::new("bash")
            .args(["-c", script, "bash", &file.display().to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell");
        let url = format!("postgres://{user}@127.0.0.1:{port}/{name}");
        while PgConnection::connect(&url).await.is_err() {
            let ended = process.try_wait().expect("a process");
            assert!(ended.is_none(), "the tests need PgBouncer: install it (Debian: pgbouncer); {ended:?}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Self { process, _directory: directory, url, direct }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_is_anybody_elses() {
    const CLIENTS: usize = 32;
    const ROUNDS: usize = 20;
    let pooler = PgBouncer::start().await;
    let migrate = ["--database-migrate-url", &pooler.direct];
    // A cache too small to help: every answer comes from the database.
    let flags = [migrate.as_slice(), &["--cache-mib", "0"]].concat();
    let nodes = [
        Server::start_on(Database::at(&pooler.url), &flags).await,
        Server::start_on(Database::at(&pooler.url), &flags).await,
    ];
    join_all((0..CLIENTS).map(async |client| {
        let connections = [nodes[0].connect(), nodes[1].connect()];
        for round in 0..ROUNDS {
            let name = format!("C{client}_{round}");
            let schema = format!(r#"{{"type":"record","name":"{name}","fields":[]}}"#);
            let body = json!({ "schema": schema });
            let (one, other) = (&connections[round % 2], &connections[(round + 1) % 2]);
            let registered = one.post(&format!("/subjects/{name}/versions"), &body).await.ok();
            for path in [format!("/subjects/{name}/versions/1"), format!("/subjects/{name}/versions/latest")] {
                let read = other.get(&path).await.ok();
                assert_eq!((&read["subject"], &read["schema"]), (&json!(name), &json!(schema)));
                assert_eq!(read["id"], registered["id"]);
            }
            let by_id = other.get(&format!("/schemas/ids/{}", registered["id"])).await.ok();
            assert_eq!(by_id["schema"], json!(schema));
            assert_eq!(other.post(&format!("/subjects/{name}"), &body).await.ok()["id"], registered["id"]);
            assert_eq!(other.get(&format!("/subjects/{name}/versions")).await.ok(), json!([1]));
            let prefix = other.get(&format!("/subjects?subjectPrefix={name}")).await.ok();
            assert!(prefix.as_array().is_some_and(|names| names.contains(&json!(name))), "{prefix}");
        }
    }))
    .await;
}

#[tokio::test]
async fn migrations_do_not_go_through_it() {
    let pooler = PgBouncer::start().await;
    let refused = Store::open(&pooler.url).await;
    assert!(matches!(refused, Err(Error::MigrateThroughPooler)), "{refused:?}");
    let options = Options { pooler: Pooler::Transaction, migrate: false, ..Options::default() };
    let refused = Store::open_with(&pooler.url, &options).await;
    assert!(matches!(refused, Err(Error::NotMigrated)), "{refused:?}");
    Store::migrate(&pooler.direct).await.expect("a database");
    Store::open_with(&pooler.url, &options).await.expect("a database that is up to date");
    Store::open(&pooler.url).await.expect("a database that is up to date");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_migrate_once() {
    let database = Database::new().await;
    let stores = join_all((0..6).map(async |_| Store::open(&database.url()).await)).await;
    for store in stores {
        store.expect("a database");
    }
}

#[tokio::test]
async fn a_database_that_a_newer_program_has_migrated_is_used_unless_it_says_no() {
    let database = Database::new().await;
    Store::migrate(&database.url()).await.expect("a new database");
    let mut connection = PgConnection::connect(&database.url()).await.expect("a database");
    let later = "INSERT INTO _sqlx_migrations VALUES (9999, 'later', now(), TRUE, '', 0)";
    sqlx::raw_sql(later).execute(&mut connection).await.expect("a statement");
    drop(Store::open(&database.url()).await.expect("a migration of a newer program does not matter"));
    let no = "UPDATE facts SET value = 9999 WHERE name = 'lowest_format'";
    sqlx::raw_sql(no).execute(&mut connection).await.expect("a statement");
    let refused = Store::open(&database.url()).await;
    assert!(matches!(refused, Err(Error::TooNew { needs: 9999, .. })), "{refused:?}");
}
