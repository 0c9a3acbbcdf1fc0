//! The HTTP interface: one file per URL family; `routes` is the table of contents.

mod accept;
mod answers;
mod app;
mod avow;
mod body;
mod compatibility;
mod config;
mod contexts;
mod convert;
mod error;
mod extract;
mod guard;
mod health;
mod meter;
mod mode;
pub mod openapi;
mod peer;
mod respond;
mod routes;
mod schemas;
pub mod server;
mod subjects;
mod trace;
mod versions;

pub use app::{App, app};
pub use guard::{Guard, Hosts};

use crate::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

/// Settings of the interface.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes a request body may have; a larger one gets 413.
    pub max_body_bytes: usize,
    /// The longest time a request may take; a longer one gets 504.
    pub request_timeout: Duration,
    /// Bytes for the answer cache.
    pub answer_bytes: u64,
    /// Whether every request is logged.
    pub access_log: bool,
    /// Which names the registry answers by.
    pub guard: Guard,
}

/// The state shared by all handlers.
#[derive(Debug, Clone)]
struct AppState {
    registry: Arc<Registry>,
    answers: Arc<answers::Answers>,
    meter: Arc<meter::Meter>,
    max_body_bytes: usize,
    /// The longest time a long poll may wait: somewhat less than a request may take.
    longest_wait: Duration,
}
