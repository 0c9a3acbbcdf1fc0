//! Which types may take each other's place.

use super::Rule;

/// Scalars that read each other's binary data.
const WIRE: [&[&str]; 4] = [
    &["int32", "uint32", "int64", "uint64", "bool"],
    &["sint32", "sint64"],
    &["fixed32", "sfixed32"],
    &["fixed64", "sfixed64"],
];

/// Scalars that read each other's JSON as well.
const WIRE_JSON: [&[&str]; 4] =
    [&["int32", "uint32"], &["int64", "uint64"], &["fixed32", "sfixed32"], &["fixed64", "sfixed64"]];

/// The rules that a change of a field's type breaks.
pub(super) fn broken_by(old: &str, new: &str) -> Vec<Rule> {
    let (old, new) = (local(old), local(new));
    if old == new {
        return Vec::new();
    }
    let together = |groups: &[&[&str]]| groups.iter().any(|group| group.contains(&old) && group.contains(&new));
    let mut broken = vec![Rule::FieldSameType];
    if !together(&WIRE) && (old, new) != ("string", "bytes") {
        broken.push(Rule::FieldWireCompatibleType);
    }
    if !together(&WIRE_JSON) {
        broken.push(Rule::FieldWireJsonCompatibleType);
    }
    broken
}

/// A type as it is compared: the same whether or not its full name is written.
fn local(name: &str) -> &str {
    if name.starts_with("map<") { name } else { name.rsplit('.').next().unwrap_or(name) }
}
