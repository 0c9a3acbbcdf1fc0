//! Why a document is refused, in the words of the reference's parser.

use std::fmt;

use avow_budget::Exceeded;

/// Why a document is not a schema; `Display` is the text of Java Avro's exception (contract 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// The document is empty.
    Empty,
    /// The document is not JSON.
    Json {
        /// The fault.
        message: String,
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// Something follows the schema.
    Dangling(String),
    /// The document or its references exceed [`Limits::bytes`](crate::Limits::bytes).
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Values are nested deeper than [`Limits::depth`](crate::Limits::depth).
    TooDeep {
        /// The limit in levels.
        limit: usize,
    },
    /// More named types than [`Limits::names`](crate::Limits::names).
    TooManyNames {
        /// The limit.
        limit: usize,
    },
    /// More types and fields than [`Limits::nodes`](crate::Limits::nodes).
    TooManyNodes {
        /// The limit.
        limit: usize,
    },
    /// A JSON value that cannot be a schema.
    NotASchema(String),
    /// An object that lacks a part of its type; the text says which.
    Missing {
        /// The missing part, as Java words it: `No type`, `Record has no fields`...
        what: &'static str,
        /// The JSON it is missing from.
        from: String,
    },
    /// A name, symbol or alias that is not allowed.
    Name(NameError),
    /// A part of a namespace that is not allowed.
    Namespace {
        /// The part.
        part: String,
        /// The fault.
        error: NameError,
    },
    /// A type that has the name of a primitive type.
    NamedLikePrimitive(String),
    /// A name that no type has.
    Undefined(String),
    /// A full name with two different definitions.
    Redefined(String),
    /// Two fields of one name; the text is Java's.
    DuplicateField(String),
    /// Two equal symbols.
    DuplicateSymbol(String),
    /// An enum default that is no symbol.
    EnumDefault {
        /// The default.
        default: String,
        /// The symbols as Java prints a list.
        symbols: String,
    },
    /// A union directly inside a union.
    NestedUnion(String),
    /// Two branches that data could not tell apart.
    DuplicateBranch(String),
    /// A default that does not fit its field.
    Default {
        /// The field.
        field: String,
        /// The default as JSON.
        default: String,
        /// The field's type as JSON.
        schema: String,
    },
    /// A default that holds the record which is being defined.
    UnfinishedRecord,
    /// A numeric default given as a string that is no number.
    DefaultNumber(String),
    /// A sort order that does not exist.
    Order(String),
    /// `aliases` is not a list.
    AliasesNotAList(String),
    /// An alias is not a string.
    AliasNotAString(String),
    /// A size of a fixed type that is out of range.
    FixedSize(i64),
    /// The normal form cannot be built; the text says why.
    Normalize(String),
    /// A property of a record, error, array or map that holds an integer beyond 64 bits.
    PropertyBeyond64Bits(String),
    /// The work takes more than its budget.
    Exceeded(Exceeded),
}

/// The fault of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// It is not a string.
    Null,
    /// It is empty.
    Empty,
    /// It must not begin so.
    Initial(String),
    /// It must not contain that.
    Character(String),
}

impl fmt::Display for NameError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("Null name"),
            Self::Empty => out.write_str("Empty name"),
            Self::Initial(name) => write!(out, "Illegal initial character: {name}"),
            Self::Character(name) => write!(out, "Illegal character in: {name}"),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("Cannot parse <null> schema"),
            Self::Json { message, line, column } => write!(out, "{message} at line {line}, column {column}"),
            Self::Dangling(text) => write!(out, "dangling content after end of schema: {text}"),
            Self::TooLarge { limit } => write!(out, "Schema and references exceed the maximum of {limit} bytes"),
            Self::TooDeep { limit } => write!(out, "Document nesting depth exceeds the maximum allowed ({limit})"),
            Self::TooManyNames { limit } => write!(out, "Schema exceeds the maximum of {limit} named types"),
            Self::TooManyNodes { limit } => write!(out, "Schema exceeds the maximum of {limit} types and fields"),
            Self::NotASchema(json) => write!(out, "Schema not yet supported: {json}"),
            Self::Missing { what, from } => write!(out, "{what}: {from}"),
            Self::Name(error) => error.fmt(out),
            Self::Namespace { part, error } => write!(out, "Namespace part \"{part}\" is invalid: {error}"),
            Self::NamedLikePrimitive(name) => write!(out, "Schemas may not be named after primitives: {name}"),
            Self::Undefined(name) => write!(out, "Undefined schema: {name}"),
            Self::Redefined(name) => write!(out, "Can't redefine: {name}"),
            Self::DuplicateField(text) | Self::Normalize(text) => out.write_str(text),
            Self::DuplicateSymbol(symbol) => write!(out, "Duplicate enum symbol: {symbol}"),
            Self::EnumDefault { default, symbols } => {
                write!(out, "The Enum Default: {default} is not in the enum symbol set: {symbols}")
            }
            Self::NestedUnion(json) => write!(out, "Nested union: {json}"),
            Self::DuplicateBranch(name) => write!(out, "Duplicate in union:{name}"),
            Self::Default { field, default, schema } => {
                write!(out, "Invalid default for field {field}: {default} not a {schema}")
            }
            Self::UnfinishedRecord => out.write_str("Schema fields not set yet"),
            Self::DefaultNumber(text) if text.is_empty() => out.write_str("empty String"),
            Self::DefaultNumber(text) => write!(out, "For input string: \"{text}\""),
            Self::Order(order) => write!(out, "No enum constant org.apache.avro.Schema.Field.Order.{order}"),
            Self::AliasesNotAList(json) => write!(out, "aliases not an array: {json}"),
            Self::AliasNotAString(json) => write!(out, "alias not a string: {json}"),
            Self::PropertyBeyond64Bits(key) => write!(out, "Can't set a property to null: {key}"),
            Self::Exceeded(exceeded) => exceeded.fmt(out),
            Self::FixedSize(size) if *size < 0 => write!(out, "Malformed data. Length is negative: {size}"),
            Self::FixedSize(_) => out.write_str("Cannot read arrays longer than 2147483639 bytes in Java library"),
        }
    }
}

impl std::error::Error for ParseError {}

impl From<NameError> for ParseError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<Exceeded> for ParseError {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}
