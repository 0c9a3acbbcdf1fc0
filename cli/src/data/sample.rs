//! `avow sample`: records made up.

use std::io::{self, Write as _};

use super::bytes::Notation;
use super::frame::{Frame, framed};
use super::which::Which;
use crate::exit::{self, Exit};
use crate::{Error, block_on};
use avow_schema::data::Walk;

/// Makes up records of a schema: every branch, symbol and size sooner or later.
///
/// The same seed gives the same records.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Sample {
    /// The schema, as --schema takes it.
    #[arg(value_name = "SCHEMA", conflicts_with = "schema")]
    operand: Option<String>,

    /// So many records.
    #[arg(long = "number", short = 'n', default_value_t = 1)]
    number: usize,

    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Prints bytes instead of JSON; all but `raw` with a line for each record.
    #[arg(long = "as", value_enum, value_name = "NOTATION")]
    notation: Option<Notation>,

    #[command(flatten)]
    frame: Frame,
    #[command(flatten)]
    which: Which,
}

impl Sample {
    pub(crate) fn run(&self) -> Result<Exit, Error> {
        let meant = block_on(self.which.find_named(self.operand.as_deref()))?;
        let schema = &meant.schema;
        if !schema.has_data() {
            return Err(Error::Input("no record of this schema is finite; a type contains itself".to_owned()));
        }
        let key = self.notation.map(|_| self.frame.key(&meant)).transpose()?.flatten();
        for data in schema.made_up_data(self.seed).take(self.number) {
            if let Some(notation) = self.notation {
                notation.write(&framed(key, schema, &data))?;
                continue;
            }
            let record = Walk::new(schema, &data, 0, Vec::new()).record();
            let record = record.map_err(|fault| Error::Input(format!("`{}`: {}", fault.path, fault.reason)))?;
            writeln!(io::stdout().lock(), "{record}")?;
        }
        Ok(Exit::Clean)
    }
}
