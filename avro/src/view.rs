//! A parsed schema as others may walk it: types behind indices, without a word about documents.

use std::borrow::Cow;

use crate::datum::default_datum;
use crate::logical::Logical;
use crate::model::{Field, Kind, Primitive, Schema};

pub use crate::model::Id as TypeId;

/// One type of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type<'s> {
    /// `null`
    Null,
    /// `boolean`
    Boolean,
    /// `int`
    Int,
    /// `long`
    Long,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `bytes`
    Bytes,
    /// `string`
    String,
    /// A fixed type of so many bytes.
    Fixed(u32),
    /// An enum with these symbols.
    Enum(&'s [String]),
    /// An array of items.
    Array(TypeId),
    /// A map of values.
    Map(TypeId),
    /// A union of branches.
    Union(&'s [TypeId]),
    /// A record with its fields in the order in which they are written.
    Record(Vec<Member<'s>>),
}

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'s> {
    /// The field's name.
    pub name: &'s str,
    /// The field's type.
    pub kind: TypeId,
    /// Whether the schema gives a default.
    pub has_default: bool,
}

impl<'s> From<&'s Field> for Member<'s> {
    fn from(field: &'s Field) -> Self {
        Self { name: &field.name, kind: field.kind, has_default: field.default.is_some() }
    }
}

/// The logical type of a type, where Java recognises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogicalType {
    /// A number of units of 10 to the power of -scale.
    Decimal {
        /// The greatest number of digits.
        precision: u32,
        /// How many of them are behind the point.
        scale: u32,
    },
    /// A number with its own scale.
    BigDecimal,
    /// An identifier of 128 bits, as text or as bytes.
    Uuid,
    /// Months, days and milliseconds.
    Duration,
    /// Days since 1970-01-01.
    Date,
    /// Milliseconds since midnight.
    TimeMillis,
    /// Microseconds since midnight.
    TimeMicros,
    /// Milliseconds since the epoch.
    TimestampMillis,
    /// Microseconds since the epoch.
    TimestampMicros,
    /// Nanoseconds since the epoch.
    TimestampNanos,
    /// Milliseconds since the epoch, in no particular time zone.
    LocalTimestampMillis,
    /// Microseconds since the epoch, in no particular time zone.
    LocalTimestampMicros,
    /// Nanoseconds since the epoch, in no particular time zone.
    LocalTimestampNanos,
}

impl Schema {
    /// The type that the document is about.
    pub fn root_type(&self) -> TypeId {
        self.inner.root
    }

    /// A type of this schema.
    pub fn type_of(&self, id: TypeId) -> Type<'_> {
        match &self.inner[id].kind {
            Kind::Primitive(primitive) => match primitive {
                Primitive::Null => Type::Null,
                Primitive::Boolean => Type::Boolean,
                Primitive::Int => Type::Int,
                Primitive::Long => Type::Long,
                Primitive::Float => Type::Float,
                Primitive::Double => Type::Double,
                Primitive::Bytes => Type::Bytes,
                Primitive::String => Type::String,
            },
            Kind::Fixed(fixed) => Type::Fixed(fixed.size),
            Kind::Enum(kind) => Type::Enum(&kind.symbols),
            Kind::Array(items) => Type::Array(*items),
            Kind::Map(values) => Type::Map(*values),
            Kind::Union(branches) => Type::Union(branches),
            Kind::Record(record) => Type::Record(record.fields.iter().map(Member::from).collect()),
            // None is left in a parsed schema.
            Kind::Unresolved(_) => Type::Null,
        }
    }

    /// The name by which a union knows a type: the full name of a named type, else the word of the language.
    pub fn name_of(&self, id: TypeId) -> Cow<'_, str> {
        self.inner[id].kind.branch_name().to_text()
    }

    /// The logical type of a type.
    pub fn logical_type_of(&self, id: TypeId) -> Option<LogicalType> {
        Some(match self.inner[id].logical()? {
            Logical::Decimal { precision, scale } => {
                LogicalType::Decimal { precision: precision.unsigned_abs(), scale: scale.unsigned_abs() }
            }
            Logical::Named(name) => match name {
                "big-decimal" => LogicalType::BigDecimal,
                "uuid" => LogicalType::Uuid,
                "duration" => LogicalType::Duration,
                "date" => LogicalType::Date,
                "time-millis" => LogicalType::TimeMillis,
                "time-micros" => LogicalType::TimeMicros,
                "timestamp-millis" => LogicalType::TimestampMillis,
                "timestamp-micros" => LogicalType::TimestampMicros,
                "timestamp-nanos" => LogicalType::TimestampNanos,
                "local-timestamp-millis" => LogicalType::LocalTimestampMillis,
                "local-timestamp-micros" => LogicalType::LocalTimestampMicros,
                "local-timestamp-nanos" => LogicalType::LocalTimestampNanos,
                _ => return None,
            },
        })
    }

    /// Encodes the default of a field of a record; `None` when it has none, or none that can be encoded.
    pub fn default_of(&self, record: TypeId, field: usize) -> Option<Vec<u8>> {
        let Kind::Record(record) = &self.inner[record].kind else { return None };
        let field = record.fields.get(field)?;
        default_datum(&self.inner, field, field.default.as_ref()?)
    }

    /// Makes up encoded data of this schema from a seed: every branch, symbol and size sooner or later.
    ///
    /// Nothing when the schema has no finite datum.
    pub fn made_up_data(&self, seed: u64) -> impl Iterator<Item = Vec<u8>> + '_ {
        crate::datum::made_up_data(&self.inner, seed)
    }
}
