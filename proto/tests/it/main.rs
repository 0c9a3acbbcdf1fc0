//! The vectors recorded from the reference registry, and laws that hold for every schema.

mod documents;
mod fixes;
mod hostile;
mod laws;
mod pairs;
mod rules;
mod vectors;
mod witnesses;
