//! The same integration tests on Postgres, and those that need it: many nodes, outages, poolers.

mod allowances;
mod apply;
mod backup;
mod changes;
mod concurrency;
#[path = "database/postgres.rs"]
mod database;
mod errors;
mod exchanges;
mod explain;
mod faults;
#[path = "support/faulty.rs"]
mod faulty;
mod fleet;
mod full;
mod fuzz;
mod linearizable;
mod listener;
mod metrics;
mod migrate;
mod network;
mod old_format;
mod outage;
mod pooler;
#[path = "support/proxy.rs"]
mod proxy;
mod replay;
mod snapshot;
mod subject_search;
mod support;
mod undelete;
mod unfit;
#[path = "support/watch.rs"]
mod watch;
mod wire;
