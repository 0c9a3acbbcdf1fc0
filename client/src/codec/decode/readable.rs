//! Whether a resolution can decode anything at all.

use std::collections::HashMap;

use avow_avro::{ActionId, Resolution, Step};

/// Tells whether some datum of the writer's can be decoded.
///
/// An action is hopeless when an error cannot be avoided on the way; what leads back to itself is given the benefit of
/// the doubt, which only moves the error from the plan to the record.
pub(super) fn is_readable(resolution: &Resolution<'_>, root: ActionId) -> bool {
    let mut actions = Vec::new();
    let mut places = HashMap::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if places.contains_key(&id) {
            continue;
        }
        let Some(action) = resolution.action(id) else { return false };
        places.insert(id, actions.len());
        actions.push(&action.step);
        match &action.step {
            Step::Items(inner) | Step::Branch { inner, .. } => open.push(*inner),
            Step::Record { fields, .. } => open.extend(fields.iter().flatten().map(|(_, field)| *field)),
            Step::Branches(branches) => open.extend(branches),
            _ => {}
        }
    }
    let mut hopeless = vec![false; actions.len()];
    loop {
        let mut has_changed = false;
        for (at, step) in actions.iter().enumerate().rev() {
            let is_hopeless = |id: &ActionId| places.get(id).is_none_or(|place| hopeless[*place]);
            let now = match step {
                Step::Error(_) => true,
                Step::Record { fields, .. } => fields.iter().flatten().any(|(_, field)| is_hopeless(field)),
                Step::Branches(branches) => branches.iter().all(is_hopeless),
                Step::Branch { inner, .. } => is_hopeless(inner),
                Step::Enum(places) => places.iter().all(Option::is_none),
                _ => false,
            };
            has_changed |= now && !hopeless[at];
            hopeless[at] |= now;
        }
        if !has_changed {
            return places.get(&root).is_some_and(|place| !hopeless[*place]);
        }
    }
}
