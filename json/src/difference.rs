//! The kinds of difference between two schemas: which are allowed, and the words of the reference for the others.

use std::fmt;

/// Which differences a check allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Policy {
    #[default]
    Strict,
    /// Allows properties to come and go whatever the content model says.
    Lenient,
}

/// The policies under which a kind is allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Always,
    Leniently,
    Never,
}

/// A sentence of the reference.
#[derive(Clone, Copy)]
enum Words {
    KeywordAdded,
    ValueMore,
    ValueLess,
    ValueDiffers,
    FewerElements,
    MoreElements,
    TypeDiffers,
    AddedToOpen,
    AddedToUnopen,
    RemovedFromClosed,
    RemovedNotCovered,
    AddedNotCovered,
}

macro_rules! kinds {
    ($($variant:ident = $name:literal, $allowed:ident, $words:expr;)*) => {
        /// A kind of difference, named as the reference names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DifferenceKind { $($variant,)* }

        impl DifferenceKind {
            /// All kinds, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            fn allowed(self) -> Allowed {
                match self { $(Self::$variant => Allowed::$allowed,)* }
            }

            fn words(self) -> Option<Words> {
                match self { $(Self::$variant => $words,)* }
            }
        }
    };
}

kinds! {
    IdChanged = "ID_CHANGED", Always, None;
    DescriptionChanged = "DESCRIPTION_CHANGED", Always, None;
    TitleChanged = "TITLE_CHANGED", Always, None;
    DefaultChanged = "DEFAULT_CHANGED", Always, None;
    SchemaAdded = "SCHEMA_ADDED", Never, None;
    SchemaRemoved = "SCHEMA_REMOVED", Always, None;
    TypeExtended = "TYPE_EXTENDED", Always, None;
    TypeNarrowed = "TYPE_NARROWED", Never, Some(Words::TypeDiffers);
    TypeChanged = "TYPE_CHANGED", Never, Some(Words::TypeDiffers);
    MaxLengthAdded = "MAX_LENGTH_ADDED", Never, Some(Words::KeywordAdded);
    MaxLengthRemoved = "MAX_LENGTH_REMOVED", Always, None;
    MaxLengthIncreased = "MAX_LENGTH_INCREASED", Always, None;
    MaxLengthDecreased = "MAX_LENGTH_DECREASED", Never, Some(Words::ValueLess);
    MinLengthAdded = "MIN_LENGTH_ADDED", Never, Some(Words::KeywordAdded);
    MinLengthRemoved = "MIN_LENGTH_REMOVED", Always, None;
    MinLengthIncreased = "MIN_LENGTH_INCREASED", Never, Some(Words::ValueMore);
    MinLengthDecreased = "MIN_LENGTH_DECREASED", Always, None;
    PatternAdded = "PATTERN_ADDED", Never, Some(Words::KeywordAdded);
    PatternRemoved = "PATTERN_REMOVED", Always, None;
    PatternChanged = "PATTERN_CHANGED", Never, Some(Words::ValueDiffers);
    MaximumAdded = "MAXIMUM_ADDED", Never, Some(Words::KeywordAdded);
    MaximumRemoved = "MAXIMUM_REMOVED", Always, None;
    MaximumIncreased = "MAXIMUM_INCREASED", Always, None;
    MaximumDecreased = "MAXIMUM_DECREASED", Never, Some(Words::ValueLess);
    MinimumAdded = "MINIMUM_ADDED", Never, Some(Words::KeywordAdded);
    MinimumRemoved = "MINIMUM_REMOVED", Always, None;
    MinimumIncreased = "MINIMUM_INCREASED", Never, Some(Words::ValueMore);
    MinimumDecreased = "MINIMUM_DECREASED", Always, None;
    ExclusiveMaximumAdded = "EXCLUSIVE_MAXIMUM_ADDED", Never, Some(Words::KeywordAdded);
    ExclusiveMaximumRemoved = "EXCLUSIVE_MAXIMUM_REMOVED", Always, None;
    ExclusiveMaximumIncreased = "EXCLUSIVE_MAXIMUM_INCREASED", Always, None;
    ExclusiveMaximumDecreased = "EXCLUSIVE_MAXIMUM_DECREASED", Never, Some(Words::ValueLess);
    ExclusiveMinimumAdded = "EXCLUSIVE_MINIMUM_ADDED", Never, Some(Words::KeywordAdded);
    ExclusiveMinimumRemoved = "EXCLUSIVE_MINIMUM_REMOVED", Always, None;
    ExclusiveMinimumIncreased = "EXCLUSIVE_MINIMUM_INCREASED", Never, Some(Words::ValueMore);
    ExclusiveMinimumDecreased = "EXCLUSIVE_MINIMUM_DECREASED", Always, None;
    MultipleOfAdded = "MULTIPLE_OF_ADDED", Never, Some(Words::KeywordAdded);
    MultipleOfRemoved = "MULTIPLE_OF_REMOVED", Always, None;
    MultipleOfExpanded = "MULTIPLE_OF_EXPANDED", Never, Some(Words::ValueMore);
    MultipleOfReduced = "MULTIPLE_OF_REDUCED", Always, None;
    MultipleOfChanged = "MULTIPLE_OF_CHANGED", Never, Some(Words::ValueDiffers);
    RequiredAttributeAdded = "REQUIRED_ATTRIBUTE_ADDED", Never, Some(Words::KeywordAdded);
    RequiredAttributeWithDefaultAdded = "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED", Always, None;
    RequiredAttributeRemoved = "REQUIRED_ATTRIBUTE_REMOVED", Always, None;
    MaxPropertiesAdded = "MAX_PROPERTIES_ADDED", Never, Some(Words::KeywordAdded);
    MaxPropertiesRemoved = "MAX_PROPERTIES_REMOVED", Always, None;
    MaxPropertiesIncreased = "MAX_PROPERTIES_INCREASED", Always, None;
    MaxPropertiesDecreased = "MAX_PROPERTIES_DECREASED", Never, Some(Words::ValueLess);
    MinPropertiesAdded = "MIN_PROPERTIES_ADDED", Never, Some(Words::KeywordAdded);
    MinPropertiesRemoved = "MIN_PROPERTIES_REMOVED", Always, None;
    MinPropertiesIncreased = "MIN_PROPERTIES_INCREASED", Never, Some(Words::ValueMore);
    MinPropertiesDecreased = "MIN_PROPERTIES_DECREASED", Always, None;
    AdditionalPropertiesAdded = "ADDITIONAL_PROPERTIES_ADDED", Always, None;
    AdditionalPropertiesRemoved = "ADDITIONAL_PROPERTIES_REMOVED", Leniently, Some(Words::KeywordAdded);
    AdditionalPropertiesExtended = "ADDITIONAL_PROPERTIES_EXTENDED", Always, None;
    AdditionalPropertiesNarrowed = "ADDITIONAL_PROPERTIES_NARROWED", Leniently, Some(Words::FewerElements);
    UnevaluatedPropertiesAdded = "UNEVALUATED_PROPERTIES_ADDED", Always, None;
    UnevaluatedPropertiesRemoved = "UNEVALUATED_PROPERTIES_REMOVED", Leniently, Some(Words::KeywordAdded);
    UnevaluatedPropertiesExtended = "UNEVALUATED_PROPERTIES_EXTENDED", Always, None;
    UnevaluatedPropertiesNarrowed = "UNEVALUATED_PROPERTIES_NARROWED", Leniently, Some(Words::FewerElements);
    DependencyArrayAdded = "DEPENDENCY_ARRAY_ADDED", Never, Some(Words::KeywordAdded);
    DependencyArrayRemoved = "DEPENDENCY_ARRAY_REMOVED", Always, None;
    DependencyArrayExtended = "DEPENDENCY_ARRAY_EXTENDED", Never, Some(Words::MoreElements);
    DependencyArrayNarrowed = "DEPENDENCY_ARRAY_NARROWED", Always, None;
    DependencyArrayChanged = "DEPENDENCY_ARRAY_CHANGED", Never, Some(Words::ValueDiffers);
    DependencySchemaAdded = "DEPENDENCY_SCHEMA_ADDED", Never, Some(Words::KeywordAdded);
    DependencySchemaRemoved = "DEPENDENCY_SCHEMA_REMOVED", Always, None;
    RequiredPropertyAddedToOpenContentModel = "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", Never, Some(Words::AddedToOpen);
    RequiredPropertyWithDefaultAddedToOpenContentModel = "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL", Leniently, Some(Words::AddedToOpen);
    OptionalPropertyAddedToOpenContentModel = "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", Leniently, Some(Words::AddedToOpen);
    PropertyWithEmptySchemaAddedToOpenContentModel = "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", Always, None;
    RequiredPropertyAddedToUnopenContentModel = "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", Never, Some(Words::AddedToUnopen);
    RequiredPropertyWithDefaultAddedToUnopenContentModel = "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL", Always, None;
    OptionalPropertyAddedToUnopenContentModel = "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", Always, None;
    PropertyRemovedFromOpenContentModel = "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", Always, None;
    PropertyWithFalseRemovedFromClosedContentModel = "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", Always, None;
    PropertyRemovedFromClosedContentModel = "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", Leniently, Some(Words::RemovedFromClosed);
    PropertyRemovedIsCoveredByPartiallyOpenContentModel = "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", Always, None;
    PropertyRemovedNotCoveredByPartiallyOpenContentModel = "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", Leniently, Some(Words::RemovedNotCovered);
    PropertyAddedIsCoveredByPartiallyOpenContentModel = "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", Always, None;
    PropertyAddedNotCoveredByPartiallyOpenContentModel = "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", Leniently, Some(Words::AddedNotCovered);
    MaxItemsAdded = "MAX_ITEMS_ADDED", Never, Some(Words::KeywordAdded);
    MaxItemsRemoved = "MAX_ITEMS_REMOVED", Always, None;
    MaxItemsIncreased = "MAX_ITEMS_INCREASED", Always, None;
    MaxItemsDecreased = "MAX_ITEMS_DECREASED", Never, Some(Words::ValueLess);
    MinItemsAdded = "MIN_ITEMS_ADDED", Never, Some(Words::KeywordAdded);
    MinItemsRemoved = "MIN_ITEMS_REMOVED", Always, None;
    MinItemsIncreased = "MIN_ITEMS_INCREASED", Never, Some(Words::ValueMore);
    MinItemsDecreased = "MIN_ITEMS_DECREASED", Always, None;
    UniqueItemsAdded = "UNIQUE_ITEMS_ADDED", Never, Some(Words::KeywordAdded);
    UniqueItemsRemoved = "UNIQUE_ITEMS_REMOVED", Always, None;
    MaxContainsAdded = "MAX_CONTAINS_ADDED", Never, Some(Words::KeywordAdded);
    MaxContainsRemoved = "MAX_CONTAINS_REMOVED", Always, None;
    MaxContainsIncreased = "MAX_CONTAINS_INCREASED", Always, None;
    MaxContainsDecreased = "MAX_CONTAINS_DECREASED", Never, Some(Words::ValueLess);
    MinContainsAdded = "MIN_CONTAINS_ADDED", Never, Some(Words::KeywordAdded);
    MinContainsRemoved = "MIN_CONTAINS_REMOVED", Always, None;
    MinContainsIncreased = "MIN_CONTAINS_INCREASED", Never, Some(Words::ValueMore);
    MinContainsDecreased = "MIN_CONTAINS_DECREASED", Always, None;
    AdditionalItemsAdded = "ADDITIONAL_ITEMS_ADDED", Always, None;
    AdditionalItemsRemoved = "ADDITIONAL_ITEMS_REMOVED", Never, Some(Words::KeywordAdded);
    AdditionalItemsExtended = "ADDITIONAL_ITEMS_EXTENDED", Always, None;
    AdditionalItemsNarrowed = "ADDITIONAL_ITEMS_NARROWED", Never, Some(Words::FewerElements);
    UnevaluatedItemsAdded = "UNEVALUATED_ITEMS_ADDED", Always, None;
    UnevaluatedItemsRemoved = "UNEVALUATED_ITEMS_REMOVED", Never, Some(Words::KeywordAdded);
    UnevaluatedItemsExtended = "UNEVALUATED_ITEMS_EXTENDED", Always, None;
    UnevaluatedItemsNarrowed = "UNEVALUATED_ITEMS_NARROWED", Never, Some(Words::FewerElements);
    ItemAddedToOpenContentModel = "ITEM_ADDED_TO_OPEN_CONTENT_MODEL", Never, Some(Words::AddedToOpen);
    ItemWithEmptySchemaAddedToOpenContentModel = "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", Always, None;
    ItemAddedToClosedContentModel = "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL", Always, None;
    ItemRemovedFromOpenContentModel = "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", Always, None;
    ItemWithFalseRemovedFromClosedContentModel = "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", Always, None;
    ItemRemovedFromClosedContentModel = "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", Never, Some(Words::RemovedFromClosed);
    ItemRemovedIsCoveredByPartiallyOpenContentModel = "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", Always, None;
    ItemRemovedNotCoveredByPartiallyOpenContentModel = "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", Never, Some(Words::RemovedNotCovered);
    ItemAddedIsCoveredByPartiallyOpenContentModel = "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", Always, None;
    ItemAddedNotCoveredByPartiallyOpenContentModel = "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", Never, Some(Words::AddedNotCovered);
    EnumArrayExtended = "ENUM_ARRAY_EXTENDED", Always, None;
    EnumArrayNarrowed = "ENUM_ARRAY_NARROWED", Never, Some(Words::FewerElements);
    EnumArrayChanged = "ENUM_ARRAY_CHANGED", Never, Some(Words::TypeDiffers);
    CombinedTypeExtended = "COMBINED_TYPE_EXTENDED", Always, None;
    CombinedTypeChanged = "COMBINED_TYPE_CHANGED", Never, Some(Words::TypeDiffers);
    CombinedTypeSubschemasChanged = "COMBINED_TYPE_SUBSCHEMAS_CHANGED", Never, Some(Words::TypeDiffers);
    ProductTypeExtended = "PRODUCT_TYPE_EXTENDED", Never, Some(Words::MoreElements);
    ProductTypeNarrowed = "PRODUCT_TYPE_NARROWED", Always, None;
    SumTypeExtended = "SUM_TYPE_EXTENDED", Always, None;
    SumTypeNarrowed = "SUM_TYPE_NARROWED", Never, Some(Words::FewerElements);
    NotTypeExtended = "NOT_TYPE_EXTENDED", Never, Some(Words::MoreElements);
    NotTypeNarrowed = "NOT_TYPE_NARROWED", Always, None;
}

impl DifferenceKind {
    pub fn is_compatible(self, policy: Policy) -> bool {
        match self.allowed() {
            Allowed::Always => true,
            Allowed::Leniently => policy == Policy::Lenient,
            Allowed::Never => false,
        }
    }
}

/// A difference of the reader from the writer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// `#/` and the segments that lead to it, joined by `/` and not escaped.
    pub path: String,
}

/// Which of the two schemas is the newer one. It decides which words the message uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Newer {
    /// A backward check: new consumers read old data.
    Reader,
    /// A forward check: old consumers read new data.
    Writer,
}

impl Difference {
    /// The text of the reference, byte for byte.
    pub fn message(&self, newer: Newer) -> String {
        // The closing quote is the reference's.
        format!("{{errorType:\"{}\", description:\"{}'}}", self.kind.as_str(), self.description(newer))
    }

    /// The sentence inside the message. A few kinds have none.
    pub fn description(&self, newer: Newer) -> String {
        let (reader, writer) = match newer {
            Newer::Reader => ("new", "old"),
            Newer::Writer => ("old", "new"),
        };
        Description { difference: self, reader, writer }.to_string()
    }
}

struct Description<'a> {
    difference: &'a Difference,
    reader: &'static str,
    writer: &'static str,
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self { reader, writer, .. }, path) = (self, &self.difference.path);
        let Some(words) = self.difference.kind.words() else {
            return Ok(());
        };
        match words {
            Words::KeywordAdded => {
                write!(f, "The keyword at path '{path}' in the {reader} schema is not present in the {writer} schema")
            }
            Words::ValueMore => {
                write!(
                    f,
                    "The value at path '{path}' in the {reader} schema is more than its value in the {writer} schema"
                )
            }
            Words::ValueLess => {
                write!(
                    f,
                    "The value at path '{path}' in the {reader} schema is less than its value in the {writer} schema"
                )
            }
            Words::ValueDiffers => {
                write!(f, "The value at path '{path}' is different between the {reader} and {writer} schema")
            }
            Words::FewerElements => write!(
                f,
                "An array or combined type at path '{path}' has fewer elements in the {reader} schema than the {writer} schema"
            ),
            Words::MoreElements => write!(
                f,
                "An array or combined type at path '{path}' has more elements in the {reader} schema than the {writer} schema"
            ),
            Words::TypeDiffers => {
                write!(f, "A type at path '{path}' is different between the {reader} schema and the {writer} schema")
            }
            Words::AddedToOpen => write!(
                f,
                "The {reader} schema has an open content model and has a property or item at path '{path}' which is missing \
                 in the {writer} schema"
            ),
            Words::AddedToUnopen => write!(
                f,
                "The {reader} schema has an unopen content model and has a required property at path '{path}' which is \
                 missing in the {writer} schema"
            ),
            Words::RemovedFromClosed => write!(
                f,
                "The {reader} has a closed content model and is missing a property or item present at path '{path}' in the \
                 {writer} schema"
            ),
            Words::RemovedNotCovered => write!(
                f,
                "A property or item is missing in the {reader} schema but present at path '{path}' in the {writer} schema \
                 and is not covered by its partially open content model"
            ),
            Words::AddedNotCovered => write!(
                f,
                "The {reader} schema has a property or item at path '{path}' which is missing in the {writer} schema and is \
                 not covered by its partially open content model"
            ),
        }
    }
}
