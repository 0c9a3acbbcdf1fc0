//! The logical type of a type, small enough to be copied into every operation of a plan.

use avow_avro::{LogicalType, Schema, TypeId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logical {
    Plain,
    /// With the number of digits after the point.
    Decimal(u16),
    BigDecimal,
    Uuid,
    Duration,
    Date,
    /// Since midnight, with the number of digits of the fraction of a second.
    Time(u8),
    /// Since the epoch, with the number of digits of the fraction of a second.
    Timestamp(u8),
    LocalTimestamp(u8),
}

impl Logical {
    pub(super) fn of(schema: &Schema, id: TypeId) -> Self {
        match schema.logical_type_of(id) {
            // A larger scale has no practical use.
            Some(LogicalType::Decimal { scale, .. }) => u16::try_from(scale).map_or(Self::Plain, Self::Decimal),
            Some(LogicalType::BigDecimal) => Self::BigDecimal,
            Some(LogicalType::Uuid) => Self::Uuid,
            Some(LogicalType::Duration) => Self::Duration,
            Some(LogicalType::Date) => Self::Date,
            Some(LogicalType::TimeMillis) => Self::Time(3),
            Some(LogicalType::TimeMicros) => Self::Time(6),
            Some(LogicalType::TimestampMillis) => Self::Timestamp(3),
            Some(LogicalType::TimestampMicros) => Self::Timestamp(6),
            Some(LogicalType::TimestampNanos) => Self::Timestamp(9),
            Some(LogicalType::LocalTimestampMillis) => Self::LocalTimestamp(3),
            Some(LogicalType::LocalTimestampMicros) => Self::LocalTimestamp(6),
            Some(LogicalType::LocalTimestampNanos) => Self::LocalTimestamp(9),
            _ => Self::Plain,
        }
    }
}
