//! What tests share.

mod double;

pub(crate) use double::{Double, Reply, nobody};
