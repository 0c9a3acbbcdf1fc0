//! What tests share.

mod double;
mod tls;

pub(crate) use double::{Asked, Double, Reply, nobody};
pub(crate) use tls::Authority;
