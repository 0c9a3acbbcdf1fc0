//! Postgres: many nodes on one database, none of them in charge.
//!
//! A unit is one call of a function of the database ([`unit`]), so that the lock on the log's head is never held across
//! the network. One task sends them ([`writer`]), those that wait together in one call. Another one asks for what the
//! other nodes have changed ([`follower`]), once for all requests that wait for the answer.

mod connect;
mod follower;
mod migrate;
mod pool;
mod reads;
mod unit;
mod writer;

pub use connect::{Options, Pooler};
pub(super) use connect::{is_postgres, open, statement};
pub(super) use follower::Follower;
pub(super) use migrate::{connect, migrate};
pub(super) use reads::Reads;
