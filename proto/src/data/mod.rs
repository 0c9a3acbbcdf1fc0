//! Real data: bytes written with one schema and read with another, as a second opinion on the static check.

mod layout;
mod message;
mod sample;
mod witness;

pub(crate) use witness::worst_effect;
pub use witness::{Effect, Witness};
