//! The static check: whether a reader's schema reads data of a writer's schema, by the rules of the reference.

mod difference;
mod java_hash;
mod kind;
mod scope;
mod walk;

pub use difference::{Difference, DifferenceKind, Side, Verdict};
pub(crate) use walk::differences;
