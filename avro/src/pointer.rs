//! Where each type is written out in the stored text, as JSON pointers.

use crate::model::{Id, Inner, Kind};
use crate::positions::{FastMap, FastSet};

/// The places of definitions. Each is kept as a step from the place around it, because places may be deep and many.
pub(crate) struct Definitions {
    steps: FastMap<Id, Option<(Id, Step)>>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Items,
    Values,
    Branch(usize),
    Field(usize),
}

impl Definitions {
    /// Finds where the stored text defines each type; types of references have no place.
    pub(crate) fn of(schema: &Inner) -> Self {
        let mut known: FastSet<_> = schema.reference_roots.iter().collect();
        let mut steps = FastMap::default();
        let mut pending = vec![(schema.root, None)];
        while let Some((id, step)) = pending.pop() {
            let kind = &schema[id].kind;
            if kind.named().is_some_and(|named| !known.insert(&named.name)) {
                continue;
            }
            let start = pending.len();
            match kind {
                Kind::Array(items) => pending.push((*items, Some((id, Step::Items)))),
                Kind::Map(values) => pending.push((*values, Some((id, Step::Values)))),
                Kind::Union(branches) => pending
                    .extend(branches.iter().enumerate().map(|(at, branch)| (*branch, Some((id, Step::Branch(at)))))),
                Kind::Record(record) => pending.extend(
                    record.fields.iter().enumerate().map(|(at, field)| (field.kind, Some((id, Step::Field(at))))),
                ),
                Kind::Primitive(_) | Kind::Enum(_) | Kind::Fixed(_) | Kind::Unresolved(_) => {}
            }
            pending[start..].reverse();
            steps.entry(id).or_insert(step);
        }
        Self { steps }
    }

    /// The JSON pointer to the definition of a type.
    pub(crate) fn pointer(&self, id: Id) -> Option<String> {
        let mut steps = Vec::new();
        let mut next = self.steps.get(&id)?;
        while let Some((outer, step)) = next {
            steps.push(step);
            next = self.steps.get(outer)?;
        }
        Some(steps.iter().rev().fold(String::new(), |pointer, step| {
            pointer
                + &match step {
                    Step::Items => "/items".to_owned(),
                    Step::Values => "/values".to_owned(),
                    Step::Branch(at) => format!("/{at}"),
                    Step::Field(at) => format!("/fields/{at}/type"),
                }
        }))
    }
}
