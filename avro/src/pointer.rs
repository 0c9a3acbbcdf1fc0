//! Where each type is written out in the stored text, as JSON pointers.

use std::collections::{HashMap, HashSet};

use crate::model::{Id, Inner, Kind};

/// Maps every type to the place where the stored text defines it; types of references have none.
pub(crate) fn definitions(schema: &Inner) -> HashMap<Id, String> {
    let mut known: HashSet<&str> = schema.reference_roots.iter().map(String::as_str).collect();
    let mut places = HashMap::new();
    let mut pending = vec![(schema.root, String::new())];
    while let Some((id, place)) = pending.pop() {
        let kind = &schema[id].kind;
        if kind.named().is_some_and(|named| !known.insert(named.name.full())) {
            continue;
        }
        let start = pending.len();
        match kind {
            Kind::Array(items) => pending.push((*items, format!("{place}/items"))),
            Kind::Map(values) => pending.push((*values, format!("{place}/values"))),
            Kind::Union(branches) => {
                pending.extend(branches.iter().enumerate().map(|(at, branch)| (*branch, format!("{place}/{at}"))));
            }
            Kind::Record(record) => pending.extend(
                record.fields.iter().enumerate().map(|(at, field)| (field.kind, format!("{place}/fields/{at}/type"))),
            ),
            Kind::Primitive(_) | Kind::Enum(_) | Kind::Fixed(_) | Kind::Unresolved(_) => {}
        }
        pending[start..].reverse();
        places.entry(id).or_insert(place);
    }
    places
}
