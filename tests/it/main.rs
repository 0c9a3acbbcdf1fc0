//! The integration tests: the real server on a port, a SQLite file in a temporary directory.

mod allowances;
mod apply;
mod backup;
mod changes;
mod client;
mod concurrency;
mod damage;
#[path = "database/sqlite.rs"]
mod database;
mod errors;
mod exchanges;
mod explain;
mod fuzz;
mod listener;
mod metrics;
mod migrate;
mod old_format;
mod openapi;
mod replay;
mod snapshot;
mod subject_search;
mod support;
mod tidy;
mod undelete;
mod wire;
