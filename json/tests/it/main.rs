//! The crate against recorded answers of the reference.

mod corpus;
mod documents;
mod pairs;
