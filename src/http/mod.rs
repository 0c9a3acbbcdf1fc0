//! The HTTP interface: one file per URL family; `routes` is the table of contents.

mod accept;
mod answers;
mod app;
mod auth;
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
mod needs;
pub mod openapi;
mod peer;
mod respond;
mod routes;
mod schemas;
pub mod server;
mod subjects;
pub mod tls;
mod trace;
mod versions;

pub use app::{App, app};
pub use guard::{Guard, Hosts};

use crate::access::Access;
use crate::registry::{self, Authority, Registry};
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
    /// Which names the registry answers by.
    pub guard: Guard,
    /// Passwords that are hashed at a time.
    pub hashing: usize,
}

/// The state shared by all handlers.
#[derive(Debug, Clone)]
struct AppState {
    registry: Arc<Registry>,
    access: Option<Arc<Access>>,
    answers: Arc<answers::Answers>,
    meter: Arc<meter::Meter>,
    max_body_bytes: usize,
    /// The maximum duration of a long poll: somewhat less than the timeout of a request.
    longest_wait: Duration,
}

impl AppState {
    /// Refuses an authority that was valid when the request came and is not any more.
    fn require_valid(&self, authority: &Authority) -> Result<(), error::Error> {
        let valid = |access: &Access, identity| access.state().vouches_for(identity, extract::now());
        match (&self.access, authority.identity()) {
            (Some(access), Some(identity)) if !valid(access, identity) => Err(registry::Error::Unauthenticated.into()),
            _ => Ok(()),
        }
    }
}
