//! Rules about what values mean: logical types, time, money.

use super::Strictness;
use super::{Document, Hit};
use crate::source::{Field, Item, Node, Type, Value};

fn types<'d, 't>(document: &'d Document<'t>) -> impl Iterator<Item = &'d Type<'t>> {
    document.items.iter().filter_map(|item| match item {
        Item::Type(it) => Some(it),
        Item::Field(_) => None,
    })
}

/// The logical types of the specification, with the types they may stand on.
const KNOWN: [(&str, &[&str]); 15] = [
    ("decimal", &["bytes", "fixed"]),
    ("big-decimal", &["bytes"]),
    ("uuid", &["string", "fixed"]),
    ("date", &["int"]),
    ("time-millis", &["int"]),
    ("time-micros", &["long"]),
    ("timestamp-millis", &["long"]),
    ("timestamp-micros", &["long"]),
    ("timestamp-nanos", &["long"]),
    ("local-timestamp-millis", &["long"]),
    ("local-timestamp-micros", &["long"]),
    ("local-timestamp-nanos", &["long"]),
    ("duration", &["fixed"]),
    // Not of the specification, and widely used.
    ("timestamp-seconds", &["long"]),
    ("json", &["string"]),
];

pub fn invalid(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let mut hits = Vec::new();
    for it in types(document) {
        let (Some(logical), Some(kind)) = (it.node.get_text("logicalType"), it.node.get_text("type")) else { continue };
        let complaint = match KNOWN.iter().find(|(name, _)| *name == logical) {
            None => Some(format!("Nobody knows the logical type `{logical}`")),
            Some((_, on)) if !on.contains(&kind) => {
                Some(format!("`{logical}` stands on {}, not on {kind}", on.join(" or ")))
            }
            Some(("decimal", _)) => decimal(it.node),
            Some((name, _)) => match size(it.node) {
                Some(size) if *name == "duration" && size != 12 => {
                    Some(format!("`duration` needs 12 bytes, not {size}"))
                }
                Some(size) if *name == "uuid" && size != 16 => Some(format!("`uuid` needs 16 bytes, not {size}")),
                _ => None,
            },
        };
        hits.extend(complaint.map(|title| Hit::new(it.node, Some("logicalType"), &it.path, title)));
    }
    hits
}

fn number(node: &Node, key: &str) -> Option<i64> {
    match &node.get(key)?.value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

fn size(node: &Node) -> Option<i64> {
    number(node, "size")
}

fn decimal(node: &Node) -> Option<String> {
    let Some(precision) = number(node, "precision").filter(|precision| *precision > 0) else {
        return Some("`decimal` needs a `precision` above 0".to_owned());
    };
    let scale = number(node, "scale").unwrap_or(0);
    if !(0..=precision).contains(&scale) {
        return Some(format!("The `scale` of a decimal is between 0 and its precision of {precision}, not {scale}"));
    }
    let most = digits(size(node)?);
    (precision > most).then(|| format!("{} bytes hold {most} digits, not {precision}", size(node).unwrap_or_default()))
}

/// Decimal digits that always fit into that many bytes of two's complement.
fn digits(bytes: i64) -> i64 {
    // floor(log10(2^(8n - 1) - 1)), with log10(2) as a fraction that is exact enough for any size that is usable.
    bytes.saturating_mul(8).saturating_sub(1).clamp(0, 100_000) * 30_103 / 100_000
}

pub fn mixed_units(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let moments = types(document).filter_map(|it| {
        let logical = it.node.get_text("logicalType")?;
        let unit = logical.strip_prefix("local-").unwrap_or(logical).strip_prefix("timestamp-")?;
        Some((it, unit))
    });
    let moments: Vec<_> = moments.collect();
    let Some((_, usual)) = moments.first() else { return Vec::new() };
    let odd = moments.iter().filter(|(_, unit)| unit != usual);
    odd.map(|(it, unit)| Hit::new(it.node, Some("logicalType"), &it.path, format!("{unit} here, {usual} before")))
        .collect()
}

/// Words of a name, whatever its style.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_ascii_uppercase() {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), c != '_') {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The plain type of a field, or of the one branch beside null.
fn plain<'t>(field: &Field<'t>) -> Option<&'t str> {
    let branches = field.kind.elements().iter().filter(|branch| branch.text() != Some("null"));
    let branches: Vec<_> = branches.collect();
    match branches.as_slice() {
        [] => field.kind.text().or_else(|| bare(field.kind)),
        [one] => one.text().or_else(|| bare(one)),
        _ => None,
    }
}

/// A type in an object, if it has no logical type.
fn bare(node: &Node) -> Option<&str> {
    if node.get("logicalType").is_some() { None } else { node.get_text("type") }
}

fn fields<'d, 't>(document: &'d Document<'t>) -> impl Iterator<Item = &'d Field<'t>> {
    document.items.iter().filter_map(|item| match item {
        Item::Field(field) => Some(field),
        Item::Type(_) => None,
    })
}

const MONEY: [&str; 10] = ["amount", "balance", "cost", "discount", "fee", "money", "price", "salary", "tax", "vat"];

pub fn float_money(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let mut hits = Vec::new();
    for field in fields(document) {
        let (Some(kind @ ("float" | "double")), words) = (plain(field), words(field.name)) else { continue };
        if words.last().is_some_and(|word| MONEY.contains(&word.as_str())) {
            hits.push(Hit::new(field.node, Some("type"), &field.path, format!("`{}` is a {kind}", field.name)));
        }
    }
    hits
}

const TIME: [&str; 7] = ["at", "date", "datetime", "on", "time", "timestamp", "ts"];

pub fn string_time(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let mut hits = Vec::new();
    for field in fields(document) {
        let words = words(field.name);
        // `at` and `on` say so only behind what happened: `created_at`.
        let says =
            words.last().is_some_and(|last| TIME.contains(&last.as_str()) && (words.len() > 1 || last.len() > 2));
        if says && plain(field) == Some("string") {
            hits.push(Hit::new(field.node, Some("type"), &field.path, format!("`{}` is a string", field.name)));
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_fit() {
        // 2^7 - 1 = 127, 2^15 - 1 = 32767, 2^31 - 1, 2^63 - 1, 2^127 - 1
        for (bytes, expected) in [(1, 2), (2, 4), (4, 9), (8, 18), (16, 38), (0, 0)] {
            assert_eq!(digits(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn words_of_names() {
        assert_eq!(words("createdAt"), ["created", "at"]);
        assert_eq!(words("created_at"), ["created", "at"]);
        assert_eq!(words("_x"), ["x"]);
    }
}
