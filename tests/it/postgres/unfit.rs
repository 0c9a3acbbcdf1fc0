//! Unsuitable databases: a node says why and does not start, or behaves as during an outage.

use std::process::{Command, Stdio};
use std::time::Duration;

use avow_registry::store::{Error, Options, Pooler, Store};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::net::TcpListener;

use super::database::{self, Cluster, Database};
use super::support::Server;
use super::watch::until;

async fn execute(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.expect("a database");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("a statement");
    connection.close().await.expect("a clean end");
}

/// A server that takes connections and says nothing, and its URL.
async fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("postgres://avow@{}/avow", listener.local_addr().expect("an address"));
    (listener, url)
}

#[tokio::test]
async fn a_database_that_lacks_characters() {
    let cluster = database::shared().await;
    let name = format!("latin_{}", std::process::id());
    execute(cluster, format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")).await;
    let latin = cluster.split('?').next().and_then(|url| url.rsplit_once('/')).expect("a URL").0;
    let latin = format!("{latin}/{name}");
    for migrate in [true, false] {
        let refused = Store::open_with(&latin, &Options { migrate, ..Options::default() }).await;
        assert!(matches!(&refused, Err(Error::Encoding(name)) if name == "LATIN1"), "{refused:?}");
    }
    execute(cluster, format!("DROP DATABASE {name}")).await;
}

#[tokio::test]
async fn a_database_without_the_schema_that_was_named() {
    let nowhere = format!("{}_of_nobody", database::fresh_url().await);
    let refused = Store::open(&nowhere).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_database_that_says_nothing() {
    let (_listener, url) = silent().await;
    for (migrate, pooler) in [(true, Pooler::Auto), (true, Pooler::None), (false, Pooler::None)] {
        let options = Options { timeout: Duration::from_millis(100), migrate, pooler, ..Options::default() };
        let refused = Store::open_with(&url, &options).await;
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_node_that_waits_for_the_database_can_be_stopped() {
    let (listener, url) = silent().await;
    for signal in ["-TERM", "-INT"] {
        let mut node = Command::new(env!("CARGO_BIN_EXE_avow"))
            .args(["serve", "--listen", "127.0.0.1:0", "--database-timeout", "3600", "--database-url", &url])
            .stderr(Stdio::null())
            .spawn()
            .expect("a node");
        let _waits = listener.accept().await.expect("a connection");
        let killed = Command::new("kill").args([signal, &node.id().to_string()]).status();
        assert!(killed.expect("a signal").success());
        assert!(node.wait().expect("it ends").success());
    }
}

/// Restarts the cluster as a standby of an unreachable primary.
fn restart_as_standby(cluster: &Cluster) {
    let script = r#"
        [ "$(id -u)" != 0 ] || as_user="setpriv --reuid postgres --regid postgres --clear-groups"
        $as_user touch "$data/standby.signal" && $as_user "$bin/pg_ctl" restart -D "$data" -m fast -w -l "$data/log.standby""#;
    let mut shell = Command::new("bash");
    shell.args(["-c", script]).env("data", &cluster.data).env("bin", database::programs()).stdout(Stdio::null());
    assert!(shell.status().expect("a shell").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_may_lag_behind_so_nothing_it_says_is_fresh() {
    let cluster = Cluster::start(&[]);
    cluster.answers().await;
    let url = database::fresh_url_in(&cluster.url).await;
    let node = Server::start_on(Database::at(&url), &["--database-timeout", "2"]).await;
    node.register("s", r#""string""#).await;
    assert_eq!(node.get("/subjects/s/versions/latest").await.header("avow-stale"), None);

    restart_as_standby(&cluster);
    until(&node, "degraded").await;
    let latest = node.get("/subjects/s/versions/latest").await;
    assert_eq!((latest.ok()["version"].as_i64(), latest.header("avow-stale")), (Some(1), Some("true")));
    assert_eq!(node.get("/subjects/t/versions").await.error(), (503, 503), "it was not asked before");
    assert_eq!(node.post("/subjects/t/versions", &json!({"schema": r#""int""#})).await.error(), (503, 503));
    let reason = node.get("/readyz").await.ok()["reason"].to_string();
    assert!(reason.contains("standby"), "{reason}");
    for migrate in [true, false] {
        let refused = Store::open_with(&url, &Options { migrate, ..Options::default() }).await;
        assert!(matches!(refused, Err(Error::Standby)), "{refused:?}");
    }

    execute(&cluster.url, "SELECT pg_promote()".to_owned()).await;
    until(&node, "ok").await;
    assert_eq!(node.get("/subjects/s/versions").await.ok(), json!([1]));
    assert_eq!(node.register("t", r#""int""#).await, 2);
}
