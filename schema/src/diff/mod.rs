//! The differences between two schemas, and the values that readers take for others.

mod located;
pub mod meaning;
pub mod structure;

use avow_avro::Rule;

pub use meaning::{MeaningChange, meaning_changes};
pub use structure::{Change, Kind, changes};

impl Kind {
    /// The rules that such a change can break: when the new schema reads old data, and when the old one reads new data.
    pub fn rules(self) -> (&'static [Rule], &'static [Rule]) {
        use Rule::{
            AmbiguousAlias, FixedSizeMismatch, MissingDefault, MissingEnumSymbols, MissingUnionBranch, NameMismatch,
            TypeMismatch,
        };
        const UNION: &[Rule] = &[MissingUnionBranch, TypeMismatch];
        const TYPE: &[Rule] = &[TypeMismatch, MissingUnionBranch];
        match self {
            Self::FieldAdded => (&[MissingDefault, AmbiguousAlias], &[]),
            Self::FieldRemoved => (&[], &[MissingDefault]),
            Self::FieldRenamed => (&[MissingDefault, AmbiguousAlias], &[MissingDefault]),
            Self::TypeChanged => (TYPE, TYPE),
            Self::NameChanged => (&[NameMismatch], &[NameMismatch]),
            Self::SizeChanged => (&[FixedSizeMismatch], &[FixedSizeMismatch]),
            Self::SymbolAdded => (&[], &[MissingEnumSymbols]),
            Self::SymbolRemoved => (&[MissingEnumSymbols], &[]),
            Self::BranchAdded => (&[], UNION),
            Self::BranchRemoved => (UNION, &[]),
            Self::AliasesChanged => (&[AmbiguousAlias], &[]),
            Self::FieldsReordered
            | Self::SymbolsReordered
            | Self::ReferenceChanged
            | Self::BranchesReordered
            | Self::DefaultChanged
            | Self::LogicalTypeChanged
            | Self::DocChanged
            | Self::PropertyChanged => (&[], &[]),
        }
    }

    /// How a line about it begins.
    pub fn mark(self) -> &'static str {
        match self {
            Self::FieldAdded | Self::SymbolAdded | Self::BranchAdded => "+",
            Self::FieldRemoved | Self::SymbolRemoved | Self::BranchRemoved => "-",
            _ => "~",
        }
    }
}
