//! The smallest data: the least datum of a type, and the least that leads a decoder into an error.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use avow_budget::{Budget, Exceeded};

use super::resolve::{ActionId, Plan, Step};
use super::{Datum, MOST_DEPTH};
use crate::model::{Id, Inner, Kind, Nodes, Primitive};
use crate::positions::FastMap;

/// A datum with more parts than this is no example of anything.
const MOST_PARTS: u64 = 20_000;

pub(super) struct LeastData<'s> {
    schema: &'s Inner,
    /// The number of parts of each type's least datum; `None` when a type has no finite datum.
    parts: Vec<Option<u64>>,
}

/// For each action the way that led to it.
type CameFrom = FastMap<ActionId, Option<(ActionId, Way)>>;

/// Which way a decoder takes through an action.
#[derive(Clone, Copy)]
enum Way {
    Field(usize),
    Item,
    Branch(usize),
    /// Into a branch that only the reader has.
    Straight,
}

impl<'s> LeastData<'s> {
    pub(super) fn new(schema: &'s Inner, budget: &Budget) -> Result<Self, Exceeded> {
        Ok(Self { schema, parts: least_parts(&schema.nodes, budget)? })
    }

    fn of(&self, id: Id) -> Option<u64> {
        id.index().map_or(Some(1), |index| self.parts[index])
    }

    /// Whether a type has finite data of a sensible size.
    pub(super) fn has_data(&self, id: Id) -> bool {
        self.of(id).is_some_and(|parts| parts <= MOST_PARTS)
    }

    /// Makes the least datum of a type.
    pub(super) fn datum(&self, id: Id) -> Option<Datum> {
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
    /// Beside it the way there, for people: `.items[].price`, and the error.
    pub(super) fn to_error(
        &self,
        plan: &Plan,
        is_wanted: impl Fn(Id) -> bool,
        budget: &Budget,
    ) -> Result<Option<(Datum, String, String)>, Exceeded> {
        let mut came_from: CameFrom = CameFrom::from_iter([(plan.root, None)]);
        let mut pending = VecDeque::from([plan.root]);
        while let Some(id) = pending.pop_front() {
            budget.step()?;
            let action = plan.action(id);
            if !self.has_data(action.writer) {
                continue;
            }
            let ways: Vec<(ActionId, Way)> = match &action.step {
                Step::Read => Vec::new(),
                Step::Error(error) => {
                    if is_wanted(action.writer) {
                        let found = self.datum(action.writer).and_then(|datum| self.wrap(plan, &came_from, id, datum));
                        return Ok(found.map(|(datum, path)| (datum, path, error.to_string())));
                    }
                    Vec::new()
                }
                Step::Enum(known) => {
                    budget.spend(known.len() as u64)?;
                    if let Some(at) = known.iter().position(Option::is_none).filter(|_| is_wanted(action.writer)) {
                        let error = match &self.schema[action.writer].kind {
                            Kind::Enum(kind) => super::decode::unknown_symbol(kind, at).to_string(),
                            _ => String::new(),
                        };
                        let found = self.wrap(plan, &came_from, id, Datum::Enum(at));
                        return Ok(found.map(|(datum, path)| (datum, path, error)));
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
            budget.spend(ways.len() as u64)?;
            for (next, way) in ways {
                came_from.entry(next).or_insert_with(|| {
                    pending.push_back(next);
                    Some((id, way))
                });
            }
        }
        Ok(None)
    }

    fn wrap(&self, plan: &Plan, came_from: &CameFrom, mut id: ActionId, mut datum: Datum) -> Option<(Datum, String)> {
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
                        fields.push(if place == *at { own.take()? } else { self.datum(field.kind)? });
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

/// The number of parts of each type's least datum: the least first, so that each is settled once.
fn least_parts(nodes: &Nodes, budget: &Budget) -> Result<Vec<Option<u64>>, Exceeded> {
    let mut parts: Vec<Option<u64>> = vec![None; nodes.len()];
    let mut users: Vec<Vec<Id>> = vec![Vec::new(); nodes.len()];
    // For records: the parts of the settled fields, and the number of fields that are not settled yet.
    let mut sums = vec![(1_u64, 0_usize); nodes.len()];
    let mut settled = BinaryHeap::new();
    for (id, node) in nodes.iter() {
        let Some(own) = id.index() else { continue };
        let below: Vec<Id> = match &node.kind {
            Kind::Primitive(_) | Kind::Array(_) | Kind::Map(_) => {
                settled.push(Reverse((1, id)));
                continue;
            }
            Kind::Enum(kind) => {
                if !kind.symbols.is_empty() {
                    settled.push(Reverse((1, id)));
                }
                continue;
            }
            Kind::Fixed(fixed) => {
                settled.push(Reverse((1 + u64::from(fixed.size) / 16, id)));
                continue;
            }
            Kind::Unresolved(_) => continue,
            Kind::Union(branches) => branches.clone(),
            Kind::Record(record) => record.fields.iter().map(|field| field.kind).collect(),
        };
        budget.spend(1 + below.len() as u64)?;
        let is_record = matches!(node.kind, Kind::Record(_));
        for part in below {
            match part.index() {
                Some(index) => {
                    users[index].push(id);
                    sums[own].1 += 1;
                }
                None if is_record => sums[own].0 += 1,
                None => settled.push(Reverse((2, id))),
            }
        }
        if is_record && sums[own].1 == 0 {
            settled.push(Reverse((sums[own].0, id)));
        }
    }
    while let Some(Reverse((count, id))) = settled.pop() {
        budget.step()?;
        let Some(index) = id.index().filter(|index| parts[*index].is_none()) else { continue };
        parts[index] = Some(count);
        for user in std::mem::take(&mut users[index]) {
            budget.step()?;
            let Some(own) = user.index() else { continue };
            match &nodes[user].kind {
                Kind::Record(_) => {
                    let (sum, left) = &mut sums[own];
                    *sum = sum.saturating_add(count);
                    *left -= 1;
                    if *left == 0 {
                        settled.push(Reverse((*sum, user)));
                    }
                }
                _ => settled.push(Reverse((count.saturating_add(1), user))),
            }
        }
    }
    Ok(parts)
}
