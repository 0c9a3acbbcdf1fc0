//! `avow openapi`: prints the description of the HTTP API.

use std::io::{self, Write as _};

use super::Error;
use crate::http::openapi;

pub(super) fn run() -> Result<(), Error> {
    let document = openapi::document().to_pretty_json().expect("a document of derived types is valid JSON");
    Ok(writeln!(io::stdout(), "{document}")?)
}
