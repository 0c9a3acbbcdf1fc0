//! Changes that no decoder notices: the same bytes, read as another value.

use std::collections::HashSet;

use avow_avro::LogicalType;

use super::structure::{Kind, changes};
use crate::data::logical;
use crate::source::{Node, follow};

/// A logical type that became another.
#[derive(Debug, PartialEq, Eq)]
pub struct MeaningChange {
    /// For people, by the names of the new schema.
    pub path: String,
    /// The type in the stored text of the new schema.
    pub pointer: String,
    pub title: String,
    pub why: String,
}

/// The data of the old schema that readers of the new one misread, and vice versa.
pub fn meaning_changes(old: &Node, new: &Node) -> Vec<MeaningChange> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for change in changes(old, new) {
        let (Kind::LogicalTypeChanged, Some(before), Some(after)) = (change.kind, change.old, change.new) else {
            continue;
        };
        let pointer = after.clone();
        if !seen.insert((before.clone(), after.clone())) {
            continue;
        }
        let types = follow(old, &before).and_then(logical_type).zip(follow(new, &after).and_then(logical_type));
        let Some((before, after)) = types.filter(|(before, after)| before != after) else { continue };
        let path = change.path;
        found.push(MeaningChange {
            title: format!("`{path}` is {} now; it was {}", described(&after), described(&before)),
            why: misreading(&before, &after),
            pointer,
            path,
        });
    }
    found
}

/// The logical types but for decimals, which have parameters.
const NAMES: [(&str, LogicalType); 12] = [
    ("big-decimal", LogicalType::BigDecimal),
    ("uuid", LogicalType::Uuid),
    ("duration", LogicalType::Duration),
    ("date", LogicalType::Date),
    ("time-millis", LogicalType::TimeMillis),
    ("time-micros", LogicalType::TimeMicros),
    ("timestamp-millis", LogicalType::TimestampMillis),
    ("timestamp-micros", LogicalType::TimestampMicros),
    ("timestamp-nanos", LogicalType::TimestampNanos),
    ("local-timestamp-millis", LogicalType::LocalTimestampMillis),
    ("local-timestamp-micros", LogicalType::LocalTimestampMicros),
    ("local-timestamp-nanos", LogicalType::LocalTimestampNanos),
];

/// The logical type that a type is marked with.
fn logical_type(node: &Node) -> Option<LogicalType> {
    let number = |key: &str| node.get(key).and_then(|it| it.compact().parse().ok());
    match node.get_text("logicalType")? {
        "decimal" => {
            Some(LogicalType::Decimal { precision: number("precision")?, scale: number("scale").unwrap_or(0) })
        }
        name => NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, logical)| logical),
    }
}

fn described(logical: &LogicalType) -> String {
    match logical {
        LogicalType::Decimal { precision, scale } => format!("decimal({precision}, {scale})"),
        other => {
            NAMES.iter().find(|(_, known)| known == other).map_or_else(String::new, |(name, _)| (*name).to_owned())
        }
    }
}

/// A value, and what it is read as.
fn misreading(before: &LogicalType, after: &LogicalType) -> String {
    const SILENT: &str = "and no decoder reports an error";
    if let (LogicalType::Decimal { precision: p, scale: s }, LogicalType::Decimal { precision: q, scale: t }) =
        (before, after)
    {
        if s != t && *s <= 38 && *t <= 38 {
            let unscaled = 10_i128.pow(*s) * 10;
            let (written, read) = (logical::decimal(unscaled, *s as usize), logical::decimal(unscaled, *t as usize));
            return format!("`{written}` that was written is read as `{read}`, {SILENT}.");
        }
        let (most, with) = if p > q { (q, "new") } else { (p, "old") };
        return format!("Values of more than {most} digits do not fit the {with} schema, {SILENT}.");
    }
    let number = sample(before);
    let (written, read) = (shown(before, number), shown(after, number));
    format!("`{written}` that was written is read as `{read}`, {SILENT}.")
}

/// A number of today's, in the unit of a logical type.
fn sample(logical: &LogicalType) -> i64 {
    use LogicalType as L;
    const SECONDS: i64 = 1_672_576_496;
    const OF_DAY: i64 = 45_296;
    match logical {
        L::Date => SECONDS / 86_400,
        L::TimeMillis => OF_DAY * 1_000,
        L::TimeMicros => OF_DAY * 1_000_000,
        L::TimestampMicros | L::LocalTimestampMicros => SECONDS * 1_000_000,
        L::TimestampNanos | L::LocalTimestampNanos => SECONDS * 1_000_000_000,
        _ => SECONDS * 1_000,
    }
}

fn shown(logical: &LogicalType, number: i64) -> String {
    logical::moment(logical, number).unwrap_or_else(|| format!("{} {number}", described(logical)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_misread_is_shown_with_a_value() {
        let of = |kind: &str| format!(r#"{{"type":"record","name":"R","fields":[{{"name":"v","type":{kind}}}]}}"#);
        let decimal =
            |p: u32, s: u32| format!(r#"{{"type":"bytes","logicalType":"decimal","precision":{p},"scale":{s}}}"#);
        let long = |logical: &str| format!(r#"{{"type":"long","logicalType":"{logical}"}}"#);
        for (old, new, expected) in [
            (decimal(6, 2), decimal(6, 3), Some("`10.00` that was written is read as `1.000`")),
            (decimal(9, 2), decimal(5, 2), Some("Values of more than 5 digits do not fit the new schema")),
            (
                long("timestamp-millis"),
                long("timestamp-micros"),
                Some("`2023-01-01T12:34:56.000Z` that was written is read as `1970-01-20T08:36:16.496000Z`"),
            ),
            (
                r#"{"type":"int","logicalType":"date"}"#.to_owned(),
                r#"{"type":"int","logicalType":"time-millis"}"#.to_owned(),
                Some("`2023-01-01` that was written is read as `00:00:19.358`"),
            ),
            ("\"long\"".to_owned(), long("timestamp-millis"), None),
            (long("timestamp-millis"), long("timestamp-millis"), None),
        ] {
            let parse = |kind: &str| Node::parse(&of(kind)).expect("JSON");
            let found = meaning_changes(&parse(&old), &parse(&new));
            assert_eq!(found.len(), usize::from(expected.is_some()), "{old} {new}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.why.starts_with(expected), "{}", found.why);
            }
        }
    }
}
