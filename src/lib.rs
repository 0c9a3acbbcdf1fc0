//! Avow: a schema registry for Avro on Apache Kafka.
//!
//! The modules and their dependencies: `commands -> http -> registry -> store`; all may use `avow_domain`, `avow_api`
//! and `metrics`.
//!
//! | module | what it is |
//! |---|---|
//! | [`access`] | credentials, and who has them |
//! | [`commands`] | the server's commands: `serve`, `migrate`, `verify`, `backup`, `restore` |
//! | [`http`] | the interface: routes, media types, bodies, the answer cache; its requests and answers are those of `avow_api` |
//! | [`metrics`] | counters, and the text Prometheus reads |
//! | [`registry`] | the use cases, on views that remember what they read |
//! | [`reload`] | files that are read again when they change |
//! | [`settings`] | the settings: flags and their twins in the environment |
//! | [`store`] | the only room that knows SQL |
//! | [`telemetry`] | logs |

pub mod access;
pub mod commands;
pub mod http;
pub mod metrics;
pub mod registry;
pub mod reload;
pub mod settings;
pub mod store;
pub mod telemetry;

pub use avow_domain as domain;
