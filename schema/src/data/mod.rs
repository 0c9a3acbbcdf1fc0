//! Records: what their bytes mean, and their bytes from JSON.

pub mod container;
pub mod logical;
pub mod walk;
pub mod write;

pub use walk::{Fault, Piece, Walk};
