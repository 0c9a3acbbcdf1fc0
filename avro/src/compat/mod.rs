//! Can this reader read what that writer wrote? Java Avro's static check (avro-compat 2 to 5).

mod branches;
pub(crate) mod check;
mod history;
mod locations;
pub(crate) mod rules;

use avow_budget::{Budget, Exceeded, Limits};

use crate::Schema;

pub use history::Checker;

/// The answer of [`check()`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Every incompatibility in the order in which Java finds them, without its repetitions.
    ///
    /// At most 1,000, and at most 256 KiB of text.
    pub findings: Vec<Incompatibility>,
    /// The number of further incompatibilities, which are not listed.
    pub omitted: usize,
    /// The text of the exception with which Java gives up instead of answering (avro-compat 3.3).
    pub exception: Option<String>,
}

impl Verdict {
    /// The number of incompatibilities, listed or not.
    pub fn count(&self) -> usize {
        self.findings.len() + self.omitted
    }

    /// Whether the reader can read everything the writer wrote, as far as the static rules know.
    pub fn is_compatible(&self) -> bool {
        self.count() == 0 && self.exception.is_none()
    }
}

/// One reason why a reader cannot read what a writer wrote.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Incompatibility {
    /// Which rule is broken.
    pub kind: IncompatibilityKind,
    /// Where, as a JSON pointer into the reader; `/` is the root, and union branches count as the writer's.
    pub location: String,
    /// The detail, in Java Avro's words.
    pub message: String,
}

/// The six incompatibility types of Java Avro (avro-compat 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IncompatibilityKind {
    /// Two named types have different names.
    NameMismatch,
    /// Two fixed types have different sizes.
    FixedSizeMismatch,
    /// The writer's enum has symbols that the reader's lacks.
    MissingEnumSymbols,
    /// A reader's field is neither written nor has a default.
    ReaderFieldMissingDefaultValue,
    /// Two types have nothing in common.
    TypeMismatch,
    /// No branch of the reader's union reads what the writer wrote.
    MissingUnionBranch,
}

impl IncompatibilityKind {
    /// The name that the registry's API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NameMismatch => "NAME_MISMATCH",
            Self::FixedSizeMismatch => "FIXED_SIZE_MISMATCH",
            Self::MissingEnumSymbols => "MISSING_ENUM_SYMBOLS",
            Self::ReaderFieldMissingDefaultValue => "READER_FIELD_MISSING_DEFAULT_VALUE",
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::MissingUnionBranch => "MISSING_UNION_BRANCH",
        }
    }
}

/// Checks whether `reader` can read everything that `writer` wrote.
///
/// The verdict is Java's `SchemaCompatibility`, except that it never depends on the order of fields: Java remembers a
/// result that relied on an unfinished one even when that one fails (avro-compat 5.3).
pub fn check_within(reader: &Schema, writer: &Schema, budget: &Budget) -> Result<Verdict, Exceeded> {
    check::verdict(&reader.inner, &writer.inner, check::MOST_FINDINGS, budget)
}

/// [`check_within`] that only counts findings.
pub(crate) fn count_within(reader: &Schema, writer: &Schema, budget: &Budget) -> Result<Verdict, Exceeded> {
    check::verdict(&reader.inner, &writer.inner, 0, budget)
}

/// [`check_within`] a default budget; beyond it the verdict is an exception.
pub fn check(reader: &Schema, writer: &Schema) -> Verdict {
    let budget = Budget::new(Limits { steps: 20_000_000, bytes: 1 << 30 });
    check_within(reader, writer, &budget).unwrap_or_else(|_| Verdict {
        exception: Some("The schemas are too large to be compared".to_owned()),
        ..Verdict::default()
    })
}
