//! Avow: a schema registry for Avro on Apache Kafka.
//!
//! The rooms, and who may know whom: `cli -> http -> registry -> store`; everything may use `domain` and `metrics`, nothing points back.
//!
//! | module | what it is |
//! |---|---|
//! | [`cli`] | one file per command; `serve` is one of them |
//! | [`domain`] | subjects, versions, ids, levels, modes, contents: pure |
//! | [`http`] | the interface: routes, media types, bodies, answers |
//! | [`metrics`] | counters, and the text Prometheus reads |
//! | [`registry`] | the use cases, on views that remember what they read |
//! | [`settings`] | what can be told from outside: flags and their twins in the environment |
//! | [`store`] | the only room that knows SQL |
//! | [`telemetry`] | logs |

pub mod cli;
pub mod domain;
pub mod http;
pub mod metrics;
pub mod registry;
pub mod settings;
pub mod store;
pub mod telemetry;
