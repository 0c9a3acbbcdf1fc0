//! The vectors recorded from the reference registry, and laws that hold for every schema.

mod documents;
mod pairs;
mod vectors;
