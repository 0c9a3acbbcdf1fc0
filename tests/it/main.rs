//! The integration tests: the real server on a port, a SQLite file in a temporary directory.

mod allowances;
mod apply;
mod backup;
mod bulk;
mod catalogue;
mod changes;
mod client;
mod concurrency;
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
mod restore;
mod support;
mod tidy;
mod trouble;
mod wire;
