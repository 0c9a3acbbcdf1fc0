//! The HTTP API of a Confluent-compatible registry, as typed methods.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use avow_client::rest::{Client, NewSchema};
//!
//! let registry = Client::builder("http://localhost:8081").build()?;
//! let schema = NewSchema::avro(r#"{"type":"record","name":"Order","fields":[]}"#);
//! let registered = registry.register("orders-value", &schema).normalize().await?;
//! let latest = registry.latest("orders-value").await?;
//! assert_eq!(latest.id, registered.id);
//! # Ok(())
//! # }
//! ```
//!
//! Every call has one deadline for address selection, retries with jittered pauses, and failover.
//! A change that may already have happened is not sent twice; see [`Retry`].

mod address;
mod builder;
mod call;
mod compatibility;
mod credentials;
mod endpoints;
mod enums;
mod health;
mod oauth;
mod send;
mod settings;
mod types;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

pub use address::Addresses;
pub use builder::{Builder, ConfigError, Retry};
pub use call::{Call, Tagged, options};
pub use compatibility::{Compatibility, Finding, Fix};
pub use credentials::{Authorization, Credentials};
pub use endpoints::Scope;
pub use enums::{Level, Mode, SchemaType};
pub use http::Method;
pub use oauth::OAuth;
pub use settings::{Config, ConfigUpdate};
pub use types::{
    Association, ClusterId, ClusterScope, ContextId, Identified, Metadata, NewSchema, Reference, Registered, Rule,
    RuleSet, Schema, ServerVersion, SubjectVersion, Version,
};

use crate::observe::{Event, Observer};
use address::Address;
use credentials::Authenticator;
use health::Health;

/// A registry, at one address or several. Clones share connections and what is known of the addresses.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    /// The context that subjects are in unless they say so themselves.
    context: Option<Arc<str>>,
}

struct Inner {
    http: reqwest::Client,
    addresses: Vec<Address>,
    health: Mutex<Health>,
    in_flight: Semaphore,
    authenticator: Authenticator,
    retry: Retry,
    max_response_bytes: usize,
    observers: Vec<Arc<dyn Observer>>,
}

impl Client {
    /// A builder for the registry at one address or several.
    pub fn builder(addresses: impl Into<Addresses>) -> Builder {
        Builder::new(addresses.into().0)
    }

    /// The same registry, with subjects, ids and settings of one context.
    pub fn in_context(&self, context: &str) -> Self {
        let name = context.trim_matches(':');
        let name = if name.starts_with('.') { name.to_owned() } else { format!(".{name}") };
        Self { inner: Arc::clone(&self.inner), context: (name != ".").then(|| name.into()) }
    }

    /// The context, unless it is the default one.
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        // Health is a few counters that are right after every line: a panic elsewhere spoils nothing.
        self.inner.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn observe(&self, event: Event<'_>) {
        for observer in &self.inner.observers {
            observer.event(event);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("addresses", &self.inner.addresses).field("context", &self.context).finish()
    }
}
