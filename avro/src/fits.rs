//! Whether a default fits a type: Java's shallow rule (avro-compat 6.1).

use avow_budget::{Budget, Exceeded, Held};

use crate::json::{Number, Object, Value};
use crate::model::{Id, Kind, Nodes, Primitive, Record};
use crate::name::Name;
use crate::positions::FastMap;

/// Why there is no answer.
pub(crate) enum Stop {
    /// The default holds a record whose fields are not known yet.
    UnfinishedRecord,
    Exceeded(Exceeded),
}

impl From<Exceeded> for Stop {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

/// The differences between the occasions on which Java checks defaults.
pub(crate) trait Occasion {
    /// Whether the fields of a record are known.
    fn is_finished(&self, record: Id) -> bool;

    /// The type of a name that was not known when it was read; without one it stands for an empty record.
    fn target(&self, name: &Name) -> Option<Id>;

    /// Whether integers must be in the range of their type.
    const CHECKS_RANGES: bool;
}

pub(crate) struct Fits<'n, O> {
    nodes: &'n Nodes,
    occasion: &'n O,
    budget: &'n Budget,
    /// Answers for records, which a union may ask again and again; a value is known by its address.
    known: FastMap<(Id, *const Value<'static>), bool>,
    unions: FastMap<Id, Branches<'n>>,
    held: Held<'n>,
}

/// The branches of a union that can fit an object, by their positions.
#[derive(Default)]
struct Branches<'n> {
    /// Those that need no particular member.
    any: Vec<usize>,
    /// Records by the first field without a default.
    by_required: FastMap<&'n str, Vec<usize>>,
}

/// From this number of branches on, those that cannot fit are passed over.
const MANY: usize = 8;

impl<'n, O: Occasion> Fits<'n, O> {
    pub(crate) fn new(nodes: &'n Nodes, occasion: &'n O, budget: &'n Budget) -> Self {
        let held = budget.scope();
        Self { nodes, occasion, budget, known: FastMap::default(), unions: FastMap::default(), held }
    }

    /// Recursion is as deep as the default, which the reader has bounded.
    pub(crate) fn fits(&mut self, id: Id, value: &Value<'static>) -> Result<bool, Stop> {
        self.budget.step()?;
        let nodes = self.nodes;
        Ok(match (&nodes[id].kind, value) {
            (Kind::Primitive(primitive), value) => fits_primitive(*primitive, value, O::CHECKS_RANGES),
            (Kind::Enum(_) | Kind::Fixed(_), value) => matches!(value, Value::String(_)),
            (Kind::Array(items), Value::Array(values)) => self.all(values.iter().map(|value| (*items, value)))?,
            (Kind::Map(values), Value::Object(object)) => self.all(object.iter().map(|(_, value)| (*values, value)))?,
            (Kind::Union(branches), Value::Object(object)) if branches.len() > MANY => {
                for at in self.branches(id, branches, object)? {
                    if self.fits(branches[at], value)? {
                        return Ok(true);
                    }
                }
                false
            }
            (Kind::Union(branches), value) => {
                for branch in branches {
                    if self.fits(*branch, value)? {
                        return Ok(true);
                    }
                }
                false
            }
            (Kind::Record(record), Value::Object(object)) => self.fits_record(id, record, value, object)?,
            (Kind::Unresolved(name), value) => match self.occasion.target(name) {
                Some(target) => self.fits(target, value)?,
                None => matches!(value, Value::Object(_)),
            },
            _ => false,
        })
    }

    fn all<'v>(&mut self, parts: impl Iterator<Item = (Id, &'v Value<'static>)>) -> Result<bool, Stop> {
        for (id, value) in parts {
            if !self.fits(id, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fits_record(
        &mut self,
        id: Id,
        record: &'n Record,
        value: &Value<'static>,
        object: &Object<'static>,
    ) -> Result<bool, Stop> {
        if !self.occasion.is_finished(id) {
            return Err(Stop::UnfinishedRecord);
        }
        let key = (id, std::ptr::from_ref(value));
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let mut fits = true;
        for field in &record.fields {
            self.budget.step()?;
            // A field's own default was checked when the field was read.
            fits = match object.get(&field.name) {
                Some(value) => self.fits(field.kind, value)?,
                None => field.default.is_some(),
            };
            if !fits {
                break;
            }
        }
        self.held.hold(size_of_val(&key) * 2)?;
        self.known.insert(key, fits);
        Ok(fits)
    }

    /// The positions of the branches that can fit an object, in order.
    fn branches(&mut self, union: Id, branches: &[Id], object: &Object<'static>) -> Result<Vec<usize>, Stop> {
        if !self.unions.contains_key(&union) {
            let mut index = Branches::default();
            for (at, branch) in branches.iter().enumerate() {
                self.budget.step()?;
                let required = match &self.nodes[*branch].kind {
                    Kind::Record(record) if self.occasion.is_finished(*branch) => {
                        self.budget.spend(record.fields.len() as u64)?;
                        record.fields.iter().find(|field| field.default.is_none())
                    }
                    Kind::Record(_) | Kind::Map(_) | Kind::Unresolved(_) => None,
                    _ => continue,
                };
                match required {
                    Some(field) => index.by_required.entry(&*field.name).or_default().push(at),
                    None => index.any.push(at),
                }
            }
            self.held.hold(branches.len() * size_of::<(usize, &str)>() * 2)?;
            self.unions.insert(union, index);
        }
        let index = &self.unions[&union];
        let mut found = index.any.clone();
        if !index.by_required.is_empty() {
            self.budget.spend(object.len() as u64)?;
            found.extend(object.iter().filter_map(|(key, _)| index.by_required.get(key)).flatten());
            found.sort_unstable();
        }
        Ok(found)
    }
}

fn fits_primitive(primitive: Primitive, value: &Value<'_>, checks_ranges: bool) -> bool {
    match primitive {
        Primitive::Null => matches!(value, Value::Null),
        Primitive::Boolean => matches!(value, Value::Bool(_)),
        Primitive::Int if checks_ranges => matches!(value, Value::Number(Number::Int(_))),
        Primitive::Long if checks_ranges => match value {
            Value::Number(Number::Int(_) | Number::Long(_)) => true,
            Value::Number(Number::Big(digits)) => digits.parse::<i64>().is_ok(),
            _ => false,
        },
        Primitive::Int | Primitive::Long | Primitive::Float | Primitive::Double => matches!(value, Value::Number(_)),
        Primitive::Bytes | Primitive::String => matches!(value, Value::String(_)),
    }
}
