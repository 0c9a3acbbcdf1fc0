//! The gates of the Avro core: recorded answers, rule tables, laws and hostile input.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod corpus;
mod decoding;
mod evolution;
mod explaining;
mod fuzz;
mod golden;
mod hostile;
mod laws;
mod rules;
mod shapes;
mod vectors;
