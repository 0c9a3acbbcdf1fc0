//! What differs between two schemas, and the words for it.

use std::fmt;

/// Which of two schemas is the newer one: messages name them by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    New,
    Old,
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Self::New => Self::Old,
            Self::Old => Self::New,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Old => "old",
        })
    }
}

macro_rules! difference_kinds {
    ($($(#[$comment:meta])* $kind:ident = $name:literal),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DifferenceKind {
            $($(#[$comment])* $kind),*
        }

        impl DifferenceKind {
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The name that the reference gives it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name),*
                }
            }
        }
    };
}

difference_kinds! {
    PackageChanged = "PACKAGE_CHANGED",
    MessageAdded = "MESSAGE_ADDED",
    MessageRemoved = "MESSAGE_REMOVED",
    /// Another index among the messages of its level.
    MessageMoved = "MESSAGE_MOVED",
    EnumAdded = "ENUM_ADDED",
    EnumRemoved = "ENUM_REMOVED",
    EnumConstAdded = "ENUM_CONST_ADDED",
    EnumConstChanged = "ENUM_CONST_CHANGED",
    EnumConstRemoved = "ENUM_CONST_REMOVED",
    FieldAdded = "FIELD_ADDED",
    FieldRemoved = "FIELD_REMOVED",
    FieldNameChanged = "FIELD_NAME_CHANGED",
    FieldKindChanged = "FIELD_KIND_CHANGED",
    FieldScalarKindChanged = "FIELD_SCALAR_KIND_CHANGED",
    FieldNamedTypeChanged = "FIELD_NAMED_TYPE_CHANGED",
    FieldNumericLabelChanged = "FIELD_NUMERIC_LABEL_CHANGED",
    FieldStringOrBytesLabelChanged = "FIELD_STRING_OR_BYTES_LABEL_CHANGED",
    RequiredFieldAdded = "REQUIRED_FIELD_ADDED",
    RequiredFieldRemoved = "REQUIRED_FIELD_REMOVED",
    OneofAdded = "ONEOF_ADDED",
    OneofRemoved = "ONEOF_REMOVED",
    OneofFieldAdded = "ONEOF_FIELD_ADDED",
    OneofFieldRemoved = "ONEOF_FIELD_REMOVED",
    OneofFieldMovedToTopLevel = "ONEOF_FIELD_MOVED_TO_TOP_LEVEL",
    MultipleFieldsMovedToOneof = "MULTIPLE_FIELDS_MOVED_TO_ONEOF",
    FieldMovedToExistingOneof = "FIELD_MOVED_TO_EXISTING_ONEOF",
}

impl DifferenceKind {
    pub fn is_compatible(self) -> bool {
        !matches!(
            self,
            Self::PackageChanged
                | Self::MessageRemoved
                | Self::FieldKindChanged
                | Self::FieldScalarKindChanged
                | Self::FieldNamedTypeChanged
                | Self::FieldNumericLabelChanged
                | Self::RequiredFieldAdded
                | Self::RequiredFieldRemoved
                | Self::OneofFieldRemoved
                | Self::MultipleFieldsMovedToOneof
                | Self::FieldMovedToExistingOneof
        )
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// `#/Message/Nested/<number>`.
    pub path: String,
}

impl Difference {
    /// The sentence of the reference, for a reader that is the `reader` schema of the two.
    pub fn description(&self, reader: Side) -> String {
        let (path, writer) = (&self.path, reader.other());
        match self.kind {
            DifferenceKind::PackageChanged => {
                format!(
                    "The package at '{path}' in the {reader} schema does not match the package in the {writer} schema"
                )
            }
            DifferenceKind::MessageRemoved => {
                format!("The {reader} schema is missing a MESSAGE type at path '{path}' in the {writer} schema")
            }
            DifferenceKind::FieldKindChanged => {
                format!(
                    "The type of a field at path '{path}' in the {reader} schema does not match the {writer} schema"
                )
            }
            DifferenceKind::FieldScalarKindChanged => format!(
                "The kind of a SCALAR field at path '{path}' in the {reader} schema does not match its kind in the \
                 {writer} schema"
            ),
            DifferenceKind::FieldNamedTypeChanged => format!(
                "The type of a MESSAGE field at path '{path}' in the {reader} schema does not match its type in the \
                 {writer} schema"
            ),
            DifferenceKind::FieldNumericLabelChanged => format!(
                "The label for a NUMERIC field at path '{path}' in the {reader} schema does not match its label in the \
                 {writer} schema"
            ),
            DifferenceKind::RequiredFieldAdded => {
                format!("A required field  at path '{path}' in the {reader} schema is missing in the {writer} schema")
            }
            DifferenceKind::RequiredFieldRemoved => {
                format!("The {reader} schema is missing a required field at path: '{path}' in the {writer} schema")
            }
            DifferenceKind::OneofFieldRemoved => {
                format!("The {reader} schema is missing a oneof field at path '{path}' in the {writer} schema")
            }
            DifferenceKind::MultipleFieldsMovedToOneof => format!(
                "Multiple fields in the oneof at path '{path}' in the {reader} schema are outside a oneof in the \
                 {writer} schema"
            ),
            DifferenceKind::FieldMovedToExistingOneof => format!(
                "A field in the oneof at path '{path}' in the {reader} schema is outside an existing oneof in the \
                 {writer} schema"
            ),
            kind => format!("{} at '{path}' between the {reader} and the {writer} schema", kind.as_str()),
        }
    }

    /// The description as the reference's answers contain it.
    pub fn message(&self, reader: Side) -> String {
        format!("{{errorType:\"{}\", description:\"{}\"}}", self.kind.as_str(), self.description(reader))
    }
}

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// All differences in the order of the walk, compatible ones included.
    pub differences: Vec<Difference>,
}

impl Verdict {
    pub fn is_compatible(&self) -> bool {
        self.incompatibilities().next().is_none()
    }

    /// The differences that make the schemas incompatible.
    pub fn incompatibilities(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| !difference.kind.is_compatible())
    }
}
