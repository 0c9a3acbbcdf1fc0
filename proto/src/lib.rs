//! The Protobuf core of Avow.
mod compat;
mod error;
mod known;
mod normal;
mod number;
mod options;
mod reference;
mod schema;
pub mod syntax;
mod types;
pub use compat::{Difference, DifferenceKind, Side, Verdict};
pub use error::{Error, Stage};
pub use reference::{Origin, ReferenceText};
pub use schema::Schema;
