//! The check of a field's default, when the field is read and once more when all names are known.

use super::Parser;
use crate::fits::{Fits, Occasion, Stop};
use crate::json::Value;
use crate::model::Id;
use crate::name::Name;
use crate::{ParseError, print};

/// The check after the end of the document, or while it is read.
struct Reading<'p> {
    parser: &'p Parser<'p>,
    is_finished: Option<&'p dyn Fn(Id) -> bool>,
}

impl Occasion for Reading<'_> {
    fn is_finished(&self, record: Id) -> bool {
        self.is_finished.is_none_or(|is_finished| is_finished(record))
    }

    fn target(&self, name: &Name) -> Option<Id> {
        self.is_finished.and_then(|_| self.parser.lookup(name.key()))
    }

    const CHECKS_RANGES: bool = true;
}

impl Parser<'_> {
    /// Checks the default of a field.
    ///
    /// While a document is read, a name that is not known yet stands for an empty record. Afterwards names are followed,
    /// and `is_finished` says which records have their fields already.
    pub(super) fn check_default(
        &self,
        field: &str,
        kind: Id,
        default: &Value<'static>,
        is_finished: Option<&dyn Fn(Id) -> bool>,
    ) -> Result<(), ParseError> {
        let occasion = Reading { parser: self, is_finished };
        match Fits::new(&self.nodes, &occasion, self.budget).fits(kind, default) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ParseError::Default {
                field: field.to_owned(),
                default: default.to_string(),
                schema: print::brief(&self.nodes, kind, self.budget)?,
            }),
            Err(Stop::UnfinishedRecord) => Err(ParseError::UnfinishedRecord),
            Err(Stop::Exceeded(exceeded)) => Err(exceeded.into()),
        }
    }
}
