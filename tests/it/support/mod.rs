//! What every test needs: a real server on a port of its own, and a client that tells the truth.

mod client;
mod server;

pub(crate) use client::{Answer, Client};
pub(crate) use server::Server;
