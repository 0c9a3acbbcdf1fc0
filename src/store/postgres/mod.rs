//! Postgres: many nodes on one database, without a leader.
//!
//! A unit is one call of a database function ([`unit`]), so that the lock on the log's head is never kept across
//! the network. One task sends them ([`writer`]), waiting units in one call. Another one polls for the changes of
//! other nodes ([`follower`]), once for all requests that wait for the answer.

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
