//! The baseline: a handler that does nothing, and a table that takes rows.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::serve::ListenerExt as _;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::net::TcpListener;

/// An answer of the registry, for the baseline to return as well.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    fn into_response(self) -> (StatusCode, HeaderMap, Bytes) {
        // hyper writes the first two by itself, and each answer has a request id of its own.
        let own = ["date", "content-length", "x-request-id"];
        let headers = self.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        let headers = headers.map(|(name, value)| {
            (HeaderName::from_str(name).expect("a name"), HeaderValue::from_str(value).expect("a value"))
        });
        (StatusCode::from_u16(self.status).expect("a status"), headers.collect(), Bytes::from(self.body))
    }
}

/// Serves the answers kept in `file`, by path, with a request id of its own each time, as the registry does.
pub(crate) fn answer(file: &str) {
    let kept: Vec<(String, Answer)> =
        serde_json::from_slice(&std::fs::read(file).expect("a file")).expect("answers by path");
    let kept: HashMap<String, _> = kept.into_iter().map(|(path, answer)| (path, answer.into_response())).collect();
    let kept = Arc::new(kept);
    let request_id = HeaderName::from_static("x-request-id");
    let handler = async move |uri: Uri, _sent: Bytes| {
        let (status, headers, body) = &kept[uri.path()];
        let mut headers = headers.clone();
        let id = uuid::Uuid::new_v4().hyphenated().to_string();
        headers.insert(request_id.clone(), HeaderValue::try_from(id).expect("hexadecimal"));
        (*status, headers, body.clone())
    };
    let start = axum::routing::get(async || "{}");
    let app = Router::new().route("/", start).fallback(handler);
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        #[expect(clippy::print_stderr, reason = "reports to its parent, as the registry does")]
        {
            eprintln!("http://{}", listener.local_addr().expect("an address"));
        }
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a socket"));
        axum::serve(listener, app).await.expect("a listener that goes on");
    });
}

/// Inserts rows of a kilobyte, each committed on its own, with the registry's settings.
///
/// Runs for a while for every line it reads, and prints how many rows a second that were. The database stays open in
/// between as a server's does: a fresh log grows with every commit, which a disk takes far longer to keep.
pub(crate) fn insert(database: &str, clients: &str) {
    let clients: usize = clients.parse().expect("a number");
    let limit = Duration::from_secs(crate::setting("SECONDS", 2).into());
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    // SQLite has one writer: more connections would only fight for it.
    let open = SqlitePoolOptions::new().max_connections(1).connect_with(options);
    let pool = runtime.block_on(open).expect("a database");
    let table = "CREATE TABLE rows (number INTEGER PRIMARY KEY, text TEXT NOT NULL)";
    runtime.block_on(sqlx::query(table).execute(&pool)).expect("a table");
    for _ in std::io::stdin().lines() {
        let done = AtomicU64::new(0);
        let begun = Instant::now();
        runtime.block_on(futures_util::future::join_all((0..clients).map(async |_| {
            while begun.elapsed() < limit {
                let number = done.fetch_add(1, Ordering::Relaxed);
                let row = sqlx::query("INSERT INTO rows (text) VALUES ($1)").bind(crate::schema(number));
                row.execute(&pool).await.expect("a row");
            }
        })));
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let done = done.into_inner() as f64;
        println!("{}", done / begun.elapsed().as_secs_f64());
    }
}
