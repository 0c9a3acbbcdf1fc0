//! The crate against recorded answers of the reference.

mod corpus;
mod documents;
mod hostile;
mod laws;
mod pairs;
mod witnesses;
