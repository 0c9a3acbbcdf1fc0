//! The shortest way to data: the least datum of a type, and the least that leads a decoder into an error.

use std::collections::{HashMap, VecDeque};

use super::resolve::{ActionId, Plan, Step};
use super::{Datum, MOST_DEPTH};
use crate::model::{Id, Inner, Kind, Primitive};

/// A datum with more parts than this is no example of anything.
const MOST_PARTS: u64 = 20_000;

pub(super) struct Ways<'s> {
    schema: &'s Inner,
    /// How many parts the least datum of each type has; `None` when a type has no finite datum.
    parts: Vec<Option<u64>>,
}

/// Which way a decoder takes through an action.
#[derive(Clone, Copy)]
enum Way {
    Field(usize),
    Item,
    Branch(usize),
    /// Into a branch that only the reader has.
    Straight,
}

impl<'s> Ways<'s> {
    pub(super) fn new(schema: &'s Inner) -> Self {
        let mut ways = Self { schema, parts: vec![None; schema.nodes.len()] };
        // Parts come before what they are part of, or after it where names are used early: a few rounds both ways.
        loop {
            let mut changed = false;
            for at in (0..schema.nodes.len()).chain((0..schema.nodes.len()).rev()) {
                let parts = ways.count(&schema.nodes[at].kind);
                changed |= parts.is_some() && ways.parts[at].is_none();
                ways.parts[at] = parts.or(ways.parts[at]);
            }
            if !changed {
                return ways;
            }
        }
    }

    fn count(&self, kind: &Kind) -> Option<u64> {
        match kind {
            Kind::Primitive(_) | Kind::Array(_) | Kind::Map(_) => Some(1),
            Kind::Enum(kind) => (!kind.symbols.is_empty()).then_some(1),
            Kind::Fixed(fixed) => Some(1 + u64::from(fixed.size) / 16),
            Kind::Record(record) => {
                record.fields.iter().try_fold(1_u64, |sum, field| Some(sum.saturating_add(self.of(field.kind)?)))
            }
            Kind::Union(branches) => {
                branches.iter().filter_map(|branch| self.of(*branch)).min().map(|parts| parts.saturating_add(1))
            }
            Kind::Unresolved(_) => None,
        }
    }

    fn of(&self, id: Id) -> Option<u64> {
        self.parts[id.0 as usize]
    }

    /// Tells whether a type has finite data of a sensible size.
    pub(super) fn has_data(&self, id: Id) -> bool {
        self.of(id).is_some_and(|parts| parts <= MOST_PARTS)
    }

    /// Makes the least datum of a type.
    pub(super) fn least(&self, id: Id) -> Option<Datum> {
        if !self.has_data(id) {
            return None;
        }
        self.make(id, 0)
    }

    fn make(&self, id: Id, depth: usize) -> Option<Datum> {
        if depth > MOST_DEPTH {
            return None;
        }
        Some(match &self.schema[id].kind {
            Kind::Primitive(primitive) => match primitive {
                Primitive::Null => Datum::Null,
                Primitive::Boolean => Datum::Boolean(false),
                Primitive::Int => Datum::Int(0),
                Primitive::Long => Datum::Long(0),
                Primitive::Float => Datum::Float(0.0),
                Primitive::Double => Datum::Double(0.0),
                Primitive::Bytes => Datum::Bytes(Vec::new()),
                Primitive::String => Datum::String(String::new()),
            },
            Kind::Array(_) => Datum::Array(Vec::new()),
            Kind::Map(_) => Datum::Map(Vec::new()),
            Kind::Enum(_) => Datum::Enum(0),
            Kind::Fixed(fixed) => Datum::Fixed(vec![0; fixed.size as usize]),
            Kind::Record(record) => {
                let fields = record.fields.iter().map(|field| self.make(field.kind, depth + 1));
                Datum::Record(fields.collect::<Option<_>>()?)
            }
            Kind::Union(branches) => {
                let at = (0..branches.len())
                    .filter(|at| self.of(branches[*at]).is_some())
                    .min_by_key(|at| self.of(branches[*at]))?;
                Datum::Union(at, Box::new(self.make(branches[at], depth + 1)?))
            }
            Kind::Unresolved(_) => return None,
        })
    }

    /// Makes the least datum that meets an error of a plan at one of the wanted types of the writer's.
    ///
    /// The second part of the answer is the way there, for people: `.items[].price`.
    pub(super) fn to_error(&self, plan: &Plan, is_wanted: impl Fn(Id) -> bool) -> Option<(Datum, String)> {
        let mut came_from: HashMap<ActionId, Option<(ActionId, Way)>> = HashMap::from([(plan.root, None)]);
        let mut pending = VecDeque::from([plan.root]);
        while let Some(id) = pending.pop_front() {
            let action = plan.action(id);
            if !self.has_data(action.writer) {
                continue;
            }
            let ways: Vec<(ActionId, Way)> = match &action.step {
                Step::Read => Vec::new(),
                Step::Error(_) => {
                    if is_wanted(action.writer) {
                        return self.wrap(plan, &came_from, id, self.least(action.writer)?);
                    }
                    Vec::new()
                }
                Step::Enum(known) => {
                    if let Some(at) = known.iter().position(Option::is_none).filter(|_| is_wanted(action.writer)) {
                        return self.wrap(plan, &came_from, id, Datum::Enum(at));
                    }
                    Vec::new()
                }
                Step::Items(items) => vec![(*items, Way::Item)],
                Step::Branches(branches) => {
                    branches.iter().enumerate().map(|(at, branch)| (*branch, Way::Branch(at))).collect()
                }
                Step::Branch { inner, .. } => vec![(*inner, Way::Straight)],
                Step::Record { fields, .. } => fields
                    .iter()
                    .enumerate()
                    .filter_map(|(at, field)| Some((field.as_ref()?.1, Way::Field(at))))
                    .collect(),
            };
            for (next, way) in ways {
                came_from.entry(next).or_insert_with(|| {
                    pending.push_back(next);
                    Some((id, way))
                });
            }
        }
        None
    }

    fn wrap(
        &self,
        plan: &Plan,
        came_from: &HashMap<ActionId, Option<(ActionId, Way)>>,
        mut id: ActionId,
        mut datum: Datum,
    ) -> Option<(Datum, String)> {
        let mut path = String::new();
        while let Some(Some((outer, way))) = came_from.get(&id) {
            let kind = &self.schema[plan.action(*outer).writer].kind;
            let step = match (way, kind) {
                (Way::Item, Kind::Map(_)) => "{}".to_owned(),
                (Way::Item, _) => "[]".to_owned(),
                (Way::Branch(_) | Way::Straight, _) => String::new(),
                (Way::Field(at), Kind::Record(record)) => format!(".{}", record.fields[*at].name),
                (Way::Field(_), _) => return None,
            };
            path.insert_str(0, &step);
            datum = match (way, kind) {
                (Way::Item, Kind::Map(_)) => Datum::Map(vec![("key".to_owned(), datum)]),
                (Way::Item, _) => Datum::Array(vec![datum]),
                (Way::Straight, _) => datum,
                (Way::Branch(at), _) => Datum::Union(*at, Box::new(datum)),
                (Way::Field(at), Kind::Record(record)) => {
                    let mut fields = Vec::with_capacity(record.fields.len());
                    let mut own = Some(datum);
                    for (place, field) in record.fields.iter().enumerate() {
                        fields.push(if place == *at { own.take()? } else { self.least(field.kind)? });
                    }
                    Datum::Record(fields)
                }
                (Way::Field(_), _) => return None,
            };
            id = *outer;
        }
        Some((datum, path))
    }
}
