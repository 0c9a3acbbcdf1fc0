//! Parsers of flag values that several commands share, the server's included.

use std::time::Duration;

use avow_domain::Level;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// Reads a number of seconds.
pub fn seconds() -> impl TypedValueParser<Value = Duration> {
    clap::value_parser!(u64).range(1..=86_400).map(Duration::from_secs)
}

/// Reads a compatibility level.
pub fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::as_str))
        .map(|name| Level::parse(&name).expect("clap accepts only the names above"))
}
