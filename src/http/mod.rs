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
mod health;
mod meter;
mod mode;
pub mod openapi;
mod respond;
mod routes;
mod schemas;
pub mod server;
mod subjects;
mod trace;
mod versions;

pub use app::{App, app};

use crate::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

/// Settings of the HTTP API.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The maximum bytes of a request body; a larger one gets 413.
    pub max_body_bytes: usize,
    /// The timeout of a request, which gets 504.
    pub request_timeout: Duration,
    /// The bytes of the answer cache.
    pub answer_bytes: u64,
    /// Whether every request is logged.
    pub access_log: bool,
}

/// The state shared by all handlers.
#[derive(Debug, Clone)]
struct AppState {
    registry: Arc<Registry>,
    answers: Arc<answers::Answers>,
    meter: Arc<meter::Meter>,
    max_body_bytes: usize,
    /// The maximum duration of a long poll: somewhat less than the timeout of a request.
    longest_wait: Duration,
}
