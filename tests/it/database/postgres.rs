//! A private Postgres: a cluster on a free port, with a database schema for each test.
//!
//! `TEST_POSTGRES_URL` names another one instead. Without either, tests fail; they are never skipped.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

/// A running cluster; it and its files are removed when it is dropped, or when this process ends in any way.
pub(crate) struct Cluster {
    pub(crate) url: String,
    pub(crate) data: PathBuf,
    /// The shell that supervises the cluster. It cleans up once its standard input is closed.
    keeper: Child,
    input: Option<ChildStdin>,
}

/// Starts the server, prints its process id, and stops it when the other end of the pipe is closed.
const KEEPER: &str = r#"
    trap '' INT TERM
    as_user "$bin/postgres" -D "$data" "$@" </dev/null >"$data/log" 2>&1 &
    echo $!
    cat >/dev/null
    kill -KILL $(head -1 "$data/postmaster.pid" 2>/dev/null) 2>/dev/null
    wait
    [ -z "$mib" ] || umount "$home"
    rm -rf "$home"
"#;

impl Cluster {
    /// Makes a cluster and starts it with further settings, each `name=value`.
    pub(crate) fn start(settings: &[&str]) -> Self {
        Self::start_on_a_disk_of(settings, None)
    }

    /// The same on a private disk of that many mebibytes, which needs a system that permits mounts.
    pub(crate) fn start_on_a_disk_of(settings: &[&str], mib: Option<u32>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let home = TempDir::new().expect("a directory").keep();
        let data = home.join("data");
        let bin = programs();
        let arguments = settings.iter().flat_map(|setting| ["-c", setting]);
        let port_argument = port.to_string();
        // Postgres refuses to run as root.
        let script = format!(
            r#"[ -z "$mib" ] || mount -t tmpfs -o size="$mib"m tmpfs "$home" || exit 1
               if [ "$(id -u)" = 0 ]; then
                   chown postgres "$home"
                   as_user() {{ exec setpriv --reuid postgres --regid postgres --clear-groups "$@"; }}
               else
                   as_user() {{ exec "$@"; }}
               fi
               (as_user "$bin/initdb" -D "$data" -U avow -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions) >&2 || exit 1
               {KEEPER}"#
        );
        let mut shell = Command::new(if mib.is_some() { "unshare" } else { "bash" });
        if mib.is_some() {
            // Only the cluster sees its disk, and it is removed with it.
            shell.args(["-m", "bash"]);
        }
        let mut keeper = shell
            .args(["-c", &script, "bash", "-p", &port_argument, "-k", ""])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=400", "-c", "fsync=off"])
            .args(arguments)
            .envs([("bin", &bin), ("data", &data), ("home", &home)])
            .env("mib", mib.map_or(String::new(), |mib| mib.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let input = keeper.stdin.take();
        let mut process = String::new();
        let started = BufReader::new(keeper.stdout.as_mut().expect("a pipe")).read_line(&mut process);
        if !started.is_ok_and(|bytes| bytes > 0) {
            let mut said = String::new();
            let _ = keeper.stderr.take().expect("a pipe").read_to_string(&mut said);
            panic!("no Postgres could be started: {said}");
        }
        let data = match mib {
            None => data,
            // As that process sees it.
            Some(_) => PathBuf::from(format!("/proc/{}/root{}", process.trim(), data.display())),
        };
        Self { url: format!("postgres://avow@127.0.0.1:{port}/postgres"), data, keeper, input }
    }

    /// Waits until it accepts connections.
    pub(crate) async fn answers(&self) {
        for _ in 0..600 {
            if let Ok(connection) = PgConnection::connect(&self.url).await {
                let _ = connection.close().await;
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let log = std::fs::read_to_string(self.data.join("log")).unwrap_or_default();
        panic!("Postgres does not take connections: {log}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.keeper.wait();
    }
}

/// Where Debian and others keep the newest `initdb`.
pub(crate) fn programs() -> PathBuf {
    let listed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = listed
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin): &(u32, PathBuf)| bin.join("initdb").exists())
        .collect();
    found.sort();
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder: &PathBuf| Path::new(folder).join("initdb").exists())
    };
    found
        .pop()
        .map(|(_, bin)| bin)
        .or_else(on_path)
        .unwrap_or_else(|| panic!("the tests need Postgres: install it (Debian: postgresql), or set TEST_POSTGRES_URL"))
}

/// The cluster that all tests of this process share.
pub(crate) async fn shared() -> &'static str {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static URL: OnceLock<String> = OnceLock::new();
    if URL.get().is_none() {
        let url = if let Ok(url) = std::env::var("TEST_POSTGRES_URL") {
            url
        } else {
            let cluster = CLUSTER.get_or_init(|| Cluster::start(&[]));
            cluster.answers().await;
            cluster.url.clone()
        };
        let _ = URL.set(url);
    }
    URL.get().expect("it was set above")
}

/// The URL of a new, empty and private database schema in the shared cluster.
pub(crate) async fn fresh_url() -> String {
    fresh_url_in(shared().await).await
}

/// The same in any cluster.
pub(crate) async fn fresh_url_in(cluster: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let schema = format!("t{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(cluster).await.expect("a database");
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::raw_sql(create).execute(&mut connection).await.expect("a schema");
    connection.close().await.expect("a clean end");
    let joint = if cluster.contains('?') { '&' } else { '?' };
    format!("{cluster}{joint}options=-c%20search_path%3D{schema}")
}

/// A new, empty database. It is removed with the cluster; a clone is the same database.
#[derive(Clone)]
pub(crate) struct Database {
    url: String,
}

impl Database {
    pub(crate) async fn new() -> Self {
        Self { url: fresh_url().await }
    }

    /// The one at `url`, which others may use at the same time.
    pub(crate) fn at(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }
}
