//! Whether a resolution can decode any datum at all.

use std::collections::HashMap;

use avow_avro::{ActionId, Resolution, Step};

/// Whether some datum of the writer can be decoded.
///
/// An action is unreadable when every datum runs into an error. A recursive action counts as readable, which only moves
/// the error from the plan to the record.
pub(super) fn is_readable(resolution: &Resolution<'_>, root: ActionId) -> bool {
    let mut actions = Vec::new();
    let mut mapping = HashMap::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if mapping.contains_key(&id) {
            continue;
        }
        let Some(action) = resolution.action(id) else { return false };
        mapping.insert(id, actions.len());
        actions.push(&action.step);
        match &action.step {
            Step::Items(inner) | Step::Branch { inner, .. } => open.push(*inner),
            Step::Record { fields, .. } => open.extend(fields.iter().flatten().map(|(_, field)| *field)),
            Step::Branches(branches) => open.extend(branches),
            _ => {}
        }
    }
    let mut unreadable = vec![false; actions.len()];
    loop {
        let mut has_changed = false;
        for (at, step) in actions.iter().enumerate().rev() {
            let is_unreadable = |id: &ActionId| mapping.get(id).is_none_or(|place| unreadable[*place]);
            let now = match step {
                Step::Error(_) => true,
                Step::Record { fields, .. } => fields.iter().flatten().any(|(_, field)| is_unreadable(field)),
                Step::Branches(branches) => branches.iter().all(is_unreadable),
                Step::Branch { inner, .. } => is_unreadable(inner),
                Step::Enum(mapping) => mapping.iter().all(Option::is_none),
                _ => false,
            };
            has_changed |= now && !unreadable[at];
            unreadable[at] |= now;
        }
        if !has_changed {
            return mapping.get(&root).is_some_and(|place| !unreadable[*place]);
        }
    }
}
