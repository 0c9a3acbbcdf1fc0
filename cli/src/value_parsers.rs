//! Parsers of flag values that several commands share, the server's included.

use std::ffi::OsStr;
use std::time::Duration;

use avow_domain::Level;
use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Command};

/// Reads a number of seconds.
pub fn seconds() -> impl TypedValueParser<Value = Duration> {
    clap::value_parser!(u64).range(1..=86_400).map(Duration::from_secs)
}

/// Reads a compatibility level.
pub fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::as_str))
        .map(|name| Level::parse(&name).expect("clap accepts only the names above"))
}

/// Any text, of which shells complete some: what is wrong with another is for the command to say, or the registry.
#[derive(Debug, Clone)]
pub struct Completed(pub fn() -> Vec<&'static str>);

impl TypedValueParser for Completed {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}
