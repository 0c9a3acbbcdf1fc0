//! Shared by all tests: a real server on a port of its own, and a client that sends bytes unchanged.

mod client;
mod server;

pub(crate) use client::{Answer, Client};
pub(crate) use server::Server;
