//! A Postgres that keeps its promises (fsync on), can be killed like a machine that loses power, and have a standby.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::harness::programs;

/// A cluster in a directory of its own.
pub(crate) struct Postgres {
    port: u16,
    home: TempDir,
    server: Option<Child>,
}

impl Postgres {
    /// A new cluster, started.
    pub(crate) async fn start() -> Self {
        let mut new = Self::unstarted();
        let data = new.data();
        let data = data.to_str().expect("a path in UTF-8");
        new.run("initdb", &["-D", data, "-U", "avow", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        new.start_again().await;
        new
    }

    /// A copy that follows this one from now on; commits of this one wait for it.
    pub(crate) async fn standby(&self) -> Self {
        let mut standby = Self::unstarted();
        let data = standby.data();
        let source = format!("host=127.0.0.1 port={} user=avow", self.port);
        let data_text = data.to_str().expect("a path in UTF-8");
        standby.run("pg_basebackup", &["-D", data_text, "-d", &source, "--checkpoint=fast", "--no-sync"]);
        // Settings of the primary do not apply to the standby.
        let follow = format!("primary_conninfo = '{source}'\n");
        std::fs::write(data.join("postgresql.auto.conf"), follow).expect("the copy is there");
        std::fs::write(data.join("standby.signal"), "").expect("the copy is there");
        standby.start_again().await;
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        self.execute("SELECT pg_reload_conf()").await;
        let synchronous = "SELECT 1 / count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        while self.try_execute(synchronous).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        standby
    }

    /// Makes a standby the primary.
    pub(crate) async fn promote(&self) {
        self.execute("SELECT pg_promote(TRUE, 60)").await;
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://avow@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends all of its processes at once, with nothing said or written.
    pub(crate) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let id = server.id().to_string();
            // Stopped, it cannot make new ones while the old ones end.
            for (program, arguments) in
                [("kill", vec!["-STOP", &id]), ("pkill", vec!["-KILL", "-P", &id]), ("kill", vec!["-KILL", &id])]
            {
                let _ = Command::new(program).args(arguments).status();
            }
            let _ = server.wait();
        }
    }

    /// Starts it, and waits until it has recovered and takes connections.
    pub(crate) async fn start_again(&mut self) {
        let log = std::fs::File::create(self.home.path().join("log")).expect("a file");
        let server = self
            .command("postgres")
            .args(["-D".as_ref(), self.data().as_os_str()])
            .args(["-p", &self.port.to_string(), "-k", "", "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "max_connections=200"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("setpriv (Debian: util-linux)");
        self.server = Some(server);
        for _ in 0..1200 {
            if self.try_execute("SELECT 1").await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
        panic!("Postgres does not take connections: {log}");
    }

    fn unstarted() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let home = TempDir::new().expect("a directory");
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(home.path()).status();
            assert!(owned.expect("coreutils").success());
        }
        Self { port, home, server: None }
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// One of its programs, as a user it accepts, that does not outlive these tests.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).current_dir(self.home.path());
        if is_root() {
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
        }
        command.arg(programs().join(program));
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program).args(arguments).output().expect("setpriv (Debian: util-linux)");
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    async fn execute(&self, sql: &'static str) {
        self.try_execute(sql).await.expect("the database is there");
    }

    async fn try_execute(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect(&self.url()).await?;
        sqlx::raw_sql(sql).execute(&mut connection).await?;
        connection.close().await
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|this| this.uid() == 0)
}
