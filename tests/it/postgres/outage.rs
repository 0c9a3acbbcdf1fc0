//! The database is stopped, frozen, slow, full of other clients or restarted: a node serves what it knows, marked as
//! stale; it refuses the rest in bounded time; and it recovers without a restart.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::database::{self, Database};
use super::faulty::{Fault, Faulty, Of};
use super::proxy::Proxy;
use super::support::{Answer, Server};
use super::watch::{count, readiness, until};

/// An outage of the connection to the database.
#[derive(Debug, Clone, Copy)]
enum Outage {
    Stopped,
    Frozen,
    Slow,
    Restarted,
}

impl Outage {
    fn apply(self, proxy: &Proxy, now: bool) {
        match self {
            Self::Stopped => proxy.refuse(now),
            Self::Frozen => proxy.freeze(now),
            Self::Slow => proxy.delay(if now { Duration::from_secs(20) } else { Duration::ZERO }),
            // All connections break, but new ones can be opened at once.
            Self::Restarted => proxy.cut(),
        }
    }
}

fn schema(version: usize) -> serde_json::Value {
    let fields: Vec<_> =
        (0..version).map(|field| json!({"name": format!("f{field}"), "type": "int", "default": 0})).collect();
    json!({"schema": json!({"type": "record", "name": "R", "fields": fields}).to_string()})
}

fn is_stale(answer: &Answer) -> bool {
    let stale = answer.header("avow-stale") == Some("true");
    assert_eq!(stale, answer.header("age").is_some(), "both or none");
    assert_eq!(stale, answer.header("avow-seq").is_none(), "a stale answer has no position");
    stale
}

/// A node behind a proxy, and one with a direct connection.
async fn nodes(outage: Outage) -> (Proxy, Server, Server) {
    let database = Database::new().await;
    let proxy = Proxy::before(&database.url()).await;
    let flags = ["--database-timeout", "1"];
    let far = Server::start_on(Database::at(proxy.url()), &flags).await;
    let near = Server::start_on(database, &flags).await;
    near.post("/subjects/s/versions", &schema(1)).await.ok();
    for path in ["/subjects/s/versions/latest", "/schemas/ids/1", "/config"] {
        assert!(!is_stale(&far.get(path).await), "{outage:?}");
    }
    far.post("/subjects/s/versions", &schema(1)).await.ok();
    (proxy, far, near)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn during_an_outage_known_answers_are_served_and_writes_refused() {
    for outage in [Outage::Stopped, Outage::Frozen, Outage::Slow] {
        let (proxy, far, near) = nodes(outage).await;
        outage.apply(&proxy, true);
        until(&far, "degraded").await;

        let latest = far.get("/subjects/s/versions/latest").await;
        assert!(is_stale(&latest), "{outage:?}");
        assert_eq!(latest.ok()["version"], 1);
        // The content of an id is served without a query, but this node knows by now that none would be answered.
        let by_id = far.get("/schemas/ids/1").await;
        assert!(is_stale(&by_id), "who else holds it may be known to others for long, {outage:?}");
        assert_eq!(by_id.ok()["version"], 1);
        // An existing registration needs no write.
        assert_eq!(far.post("/subjects/s/versions", &schema(1)).await.ok()["id"], 1);
        for refused in [
            far.post("/subjects/s/versions", &schema(2)).await,
            far.put("/config", &json!({"compatibility": "NONE"})).await,
            far.delete("/subjects/s").await,
            far.get("/subjects/never-asked-for/versions").await,
        ] {
            assert_eq!((refused.status, refused.json()["error_code"].as_i64()), (503, Some(503)), "{outage:?}");
            assert!(refused.header("retry-after").is_some(), "{outage:?}");
        }
        assert_eq!(far.get("/livez").await.status, 200);
        let metrics = far.get("/metrics").await;
        assert!(metrics.text().contains("\nschema_registry_db_up 0\n"), "{outage:?}");
        assert!(far.get("/readyz").await.ok()["reason"].as_str().is_some_and(|reason| reason.contains("unavailable")));

        // The other node works; this one must not call its cache fresh.
        near.post("/subjects/s/versions", &schema(2)).await.ok();
        let latest = far.get("/subjects/s/versions/latest").await;
        assert!(is_stale(&latest) && latest.ok()["version"] == 1, "{outage:?}");

        outage.apply(&proxy, false);
        until(&far, "ok").await;
        let latest = far.get("/subjects/s/versions/latest").await;
        assert_eq!((is_stale(&latest), latest.ok()["version"].as_u64()), (false, Some(2)), "{outage:?}");
        assert_eq!(far.post("/subjects/s/versions", &schema(3)).await.ok()["version"], 3, "{outage:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_database_is_not_noticed() {
    let (proxy, far, near) = nodes(Outage::Restarted).await;
    for version in 2..12 {
        Outage::Restarted.apply(&proxy, true);
        let written = far.post("/subjects/s/versions", &schema(version)).await;
        // It may have hit the moment between; then it says so, and a retry finds the state.
        if written.status != 200 {
            assert_eq!(written.status, 503, "{}", written.text());
            until(&far, "ok").await;
            assert_eq!(far.post("/subjects/s/versions", &schema(version)).await.ok()["version"], version);
        }
        assert_eq!(near.get("/subjects/s/versions/latest").await.ok()["version"], version);
        until(&far, "ok").await;
        assert_eq!(far.get("/subjects/s/versions/latest").await.ok()["version"], version);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_called_fresh_that_is_not() {
    let (proxy, far, near) = nodes(Outage::Frozen).await;
    let watching = async {
        let mut newest = 1;
        for version in 2..60 {
            let before = newest;
            let written = near.post("/subjects/s/versions", &schema(version)).await.ok();
            newest = written["version"].as_u64().expect("a number");
            let latest = far.connect().get("/subjects/s/versions/latest").await;
            if latest.status == 200 && !is_stale(&latest) {
                let seen = latest.json()["version"].as_u64().expect("a number");
                assert!(seen >= newest, "{seen} after {before} and {newest}");
            }
        }
    };
    let troubling = async {
        let mut random = fastrand::Rng::with_seed(7);
        loop {
            proxy.freeze(random.bool());
            tokio::time::sleep(Duration::from_millis(random.u64(1..1500))).await;
        }
    };
    tokio::select! {
        () = watching => {}
        () = troubling => {}
    }
}

/// A role with few connections stands in for a database that has no more of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_enough_connections_it_says_so_and_recovers() {
    let url = database::fresh_url().await;
    let role = format!("few_{}", url.rsplit("%3D").next().expect("a schema"));
    let mut admin = PgConnection::connect(&url).await.expect("a database");
    let execute = async |admin: &mut PgConnection, sql: String| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(admin).await.expect("a statement");
    };
    execute(&mut admin, format!("CREATE ROLE {role} LOGIN SUPERUSER")).await;
    execute(&mut admin, format!("ALTER ROLE {role} NOSUPERUSER CONNECTION LIMIT 2")).await;
    let schema_name = url.rsplit("%3D").next().expect("a schema").to_owned();
    execute(&mut admin, format!("GRANT ALL ON SCHEMA {schema_name} TO {role}")).await;
    let database = Database::at(&url.replace("avow@", &format!("{role}@")));
    // It needs more than two to read and write, but not to start.
    execute(&mut admin, format!("ALTER ROLE {role} CONNECTION LIMIT 8")).await;
    let node = Server::start_on(database, &["--database-timeout", "1"]).await;
    node.post("/subjects/s/versions", &schema(1)).await.ok();

    execute(&mut admin, format!("ALTER ROLE {role} CONNECTION LIMIT 0")).await;
    let kill = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'");
    execute(&mut admin, kill).await;
    until(&node, "degraded").await;
    assert!(is_stale(&node.get("/subjects/s/versions/latest").await), "what it knows");
    assert_eq!(node.post("/subjects/s/versions", &schema(2)).await.status, 503);

    execute(&mut admin, format!("ALTER ROLE {role} CONNECTION LIMIT 8")).await;
    until(&node, "ok").await;
    assert_eq!(node.post("/subjects/s/versions", &schema(2)).await.ok()["version"], 2);
}

/// A connection that is reused after its user gave up waiting must not return the answer to the earlier query.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_read_leaves_no_answer_for_the_next_one() {
    const SUBJECTS: usize = 60;
    let database = Database::new().await;
    let proxy = Proxy::before(&database.url()).await;
    let far = Server::start_on(Database::at(proxy.url()), &["--database-connections", "3"]).await;
    let near = Server::start_on(database, &[]).await;
    for number in 1..=SUBJECTS {
        near.post(&format!("/subjects/s{number}/versions"), &schema(number)).await.ok();
    }
    let is_right = |number: usize, answer: &Answer| {
        let body = answer.ok();
        assert_eq!((&body["subject"], &body["id"]), (&json!(format!("s{number}")), &json!(number)));
    };
    proxy.delay(Duration::from_millis(20));
    let gave_up = futures_util::future::join_all((1..=SUBJECTS).map(async |number| {
        let path = format!("/subjects/s{number}/versions/latest");
        let timeout = Duration::from_millis(u64::try_from(number * 5).expect("few"));
        match tokio::time::timeout(timeout, far.get(&path)).await {
            Ok(answer) => {
                is_right(number, &answer);
                0
            }
            Err(_) => 1,
        }
    }))
    .await;
    assert!(gave_up.iter().sum::<usize>() > SUBJECTS / 10, "some gave up");
    for number in 1..=SUBJECTS {
        is_right(number, &far.get(&format!("/subjects/s{number}/versions/latest")).await);
    }
}

/// Behind a pooler a write is a transaction of several statements, so its node may get stuck in the middle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_stuck_in_a_write_does_not_block_others() {
    let database = Database::new().await;
    let faulty = Faulty::before(&database.url()).await;
    let flags = ["--database-pooler", "transaction", "--database-timeout", "2"];
    // The first one migrates the database, which cannot be done through a pooler.
    let other = Server::start_on(database, &[]).await;
    let stuck = Server::start_on(Database::at(faulty.url()), &flags).await;
    stuck.post("/subjects/s/versions", &schema(1)).await.ok();
    faulty.arm(Fault::Stuck, Of::Writers, 0, 1);
    let refused = stuck.post("/subjects/s/versions", &schema(2)).await;
    assert_eq!(refused.error(), (503, 503), "{}", refused.text());
    assert_eq!(faulty.disarm(), 1);
    // The database ends the transaction that locks the head of the log; nothing else would.
    assert_eq!(other.post("/subjects/s/versions", &schema(3)).await.ok()["version"], 2);
    // No write is needed to find out that writes work again.
    until(&stuck, "ok").await;
    assert_eq!(stuck.post("/subjects/s/versions", &schema(2)).await.ok()["version"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_wait_for_the_head_of_the_log_for_a_bounded_time_also_in_the_database() {
    let database = Database::new().await;
    let mut holder = PgConnection::connect(&database.url()).await.expect("a database");
    let node = Server::start_on(database, &["--database-timeout", "1"]).await;
    node.post("/subjects/s/versions", &schema(1)).await.ok();
    let hold = "BEGIN; SELECT seq FROM log_head WHERE one = 1 FOR UPDATE";
    sqlx::raw_sql(hold).execute(&mut holder).await.expect("a lock");
    for version in 2..5 {
        let refused = node.post("/subjects/s/versions", &schema(version)).await;
        assert_eq!(refused.error(), (503, 503), "{}", refused.text());
        assert!(refused.header("retry-after").is_some());
    }
    assert_eq!(readiness(&node).await, "degraded");
    assert!(!is_stale(&node.get("/subjects/s/versions/latest").await), "reading needs no lock");
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted
        AND (relation = 'log_head'::regclass OR transactionid = pg_current_xact_id()::xid)";
    let mut left = 1_i64;
    for _ in 0..200 {
        left = sqlx::query_scalar(waiting).fetch_one(&mut holder).await.expect("a number");
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(left, 0, "refused requests wait no more; the node itself only polls now and then");
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.expect("the lock is free");
    until(&node, "ok").await;
    assert_eq!(node.post("/subjects/s/versions", &schema(2)).await.ok()["version"], 2);
}

/// A standby that lacked changes has taken over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_log_has_lost_is_forgotten_and_what_comes_in_its_place_is_remembered() {
    let node = Server::start().await;
    let set = async |level: &str| node.put("/config/s", &json!({"compatibility": level})).await.ok();
    let levels = async |path: &str| {
        let page = node.connect().get(path).await.ok();
        let level = |event: &serde_json::Value| event["data"]["after"]["compatibilityLevel"].clone();
        page.as_array().expect("a page").iter().map(level).collect::<Vec<_>>()
    };
    set("NONE").await;
    let heard = levels("/avow/v1/changes?after=1&wait=3600");
    let (heard, _) = tokio::join!(heard, async {
        while !node.get("/metrics").await.text().contains("schema_registry_change_feed_listeners 1") {}
        set("FULL").await
    });
    assert_eq!(heard, ["FULL"]);
    assert_eq!(node.get("/config/s").await.ok()["compatibilityLevel"], "FULL");

    let mut database = PgConnection::connect(&node.database()).await.expect("a database");
    let lose = r#"BEGIN; DELETE FROM changes WHERE seq = 2; UPDATE log_head SET seq = 1;
        UPDATE scopes SET config = '{"compatibilityLevel": "NONE"}', revision = 1 WHERE subject = 's'; COMMIT"#;
    sqlx::raw_sql(lose).execute(&mut database).await.expect("statements");
    let answer = node.get("/config/s").await;
    assert_eq!((answer.ok()["compatibilityLevel"].as_str(), answer.header("avow-seq")), (Some("NONE"), Some("1")));
    assert_eq!(levels("/avow/v1/changes?after=1&wait=1").await, [""; 0], "there is nothing now");
    set("FORWARD").await;
    assert_eq!(levels("/avow/v1/changes?after=1&wait=3600").await, ["FORWARD"]);

    let hits = async || count(&node, r#"schema_registry_cache_hits_total{cache="answers"}"#).await;
    let before = hits().await;
    for _ in 0..3 {
        assert_eq!(node.get("/config/s").await.ok()["compatibilityLevel"], "FORWARD");
    }
    assert!(hits().await > before, "it is as fast as ever");
}
