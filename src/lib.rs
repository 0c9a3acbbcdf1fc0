//! Avow: a schema registry for Avro on Apache Kafka.
//!
//! The modules and their dependencies: `commands -> http -> registry -> store`; all may use `avow_domain`, `avow_api`
//! and `metrics`.
//!
//! | module | what it is |
//! |---|---|
//! | [`commands`] | the server's commands: `serve`, `migrate`, `verify`, `backup`, `restore` |
//! | [`http`] | the HTTP API: routes, media types, bodies, the answer cache; its wire model is `avow_api` |
//! | [`metrics`] | counters, and the Prometheus text format |
//! | [`registry`] | the use cases, on views that record their read set |
//! | [`settings`] | the settings: flags and environment variables |
//! | [`store`] | the only module that knows SQL |
//! | [`telemetry`] | logs |

pub mod commands;
pub mod http;
pub mod metrics;
pub mod registry;
pub mod settings;
pub mod store;
pub mod telemetry;

pub use avow_domain as domain;
