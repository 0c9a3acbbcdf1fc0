//! What tests share.

mod double;

pub(crate) use double::{Asked, Double, Reply, nobody};
