//! The writer as the reader's aliases rename it, which Java does before it resolves anything.

use std::collections::{HashMap, HashSet};

use super::resolve::Stop;
use super::{DecodeError, DecodeErrorKind, MOST_DEPTH};
use crate::json::Value;
use crate::model::{Id, Inner, Kind, Name, Primitive};
use crate::{model, print, same};

/// Renames the writer's types and fields; `None` when there is nothing to rename.
pub(super) fn apply(reader: &Inner, writer: &Inner) -> Result<Option<Inner>, Stop> {
    let Some(once) = rename(reader, writer)? else { return Ok(None) };
    // Java's datum reader applies the aliases, and the decoder that it makes applies them again.
    Ok(Some(rename(reader, &once)?.unwrap_or(once)))
}

fn rename(reader: &Inner, writer: &Inner) -> Result<Option<Inner>, Stop> {
    if same::equal_across(&writer.nodes, writer.root, &reader.nodes, reader.root) {
        return Ok(None);
    }
    let aliases = Aliases::of(reader);
    if aliases.types.is_empty() && aliases.fields.is_empty() {
        return Ok(None);
    }
    let mut renamed = Inner {
        nodes: writer.nodes.clone(),
        root: writer.root,
        own_from: writer.own_from,
        reference_roots: Vec::new(),
        strictness: writer.strictness,
    };
    for node in &mut renamed.nodes {
        let Some(named) = node.kind.named_mut() else { continue };
        if let Some(name) = aliases.types.get(named.name.full()) {
            named.name = (*name).clone();
        }
        if let Kind::Record(record) = &mut node.kind
            && let Some(names) = aliases.fields.get(record.named.name.full())
        {
            for field in &mut record.fields {
                if let Some(name) = names.get(field.name.as_str()) {
                    field.name = (*name).to_owned();
                }
            }
        }
    }
    let mut check =
        Check { writer: &renamed, entered: HashSet::new(), finished: HashSet::new(), unfitting: HashSet::new() };
    check.visit(writer.root, 0)?;
    Ok(Some(renamed))
}

struct Aliases<'s> {
    types: HashMap<&'s str, &'s Name>,
    /// By the full name of the record after renaming: the reader's field name for an alias.
    fields: HashMap<&'s str, HashMap<&'s str, &'s str>>,
}

impl<'s> Aliases<'s> {
    fn of(reader: &'s Inner) -> Self {
        let mut aliases = Self { types: HashMap::new(), fields: HashMap::new() };
        let mut pending = vec![reader.root];
        let mut seen = HashSet::new();
        let mut records = Vec::new();
        while let Some(id) = pending.pop() {
            let kind = &reader[id].kind;
            if let Some(named) = kind.named() {
                for alias in &named.aliases {
                    aliases.types.insert(alias.full(), &named.name);
                }
            }
            match kind {
                Kind::Record(record) if seen.insert(id) => {
                    for field in &record.fields {
                        for alias in &field.aliases {
                            let names = aliases.fields.entry(record.named.name.full()).or_default();
                            names.insert(alias, &field.name);
                        }
                    }
                    records.push(record);
                    pending.extend(record.fields.iter().rev().map(|field| field.kind));
                }
                Kind::Array(inner) | Kind::Map(inner) => pending.push(*inner),
                Kind::Union(branches) => pending.extend(branches.iter().rev()),
                _ => {}
            }
        }
        for record in records {
            if let Some(names) = aliases.fields.get(record.named.name.full()).cloned() {
                for alias in &record.named.aliases {
                    aliases.fields.insert(alias.full(), names.clone());
                }
            }
        }
        aliases
    }
}

/// Java builds the renamed writer as a schema, and stumbles where that is none.
struct Check<'s> {
    writer: &'s Inner,
    entered: HashSet<Id>,
    finished: HashSet<Id>,
    /// The types that a part of the current default does not fit: without them nested unions take exponential time.
    unfitting: HashSet<(Id, *const Value)>,
}

impl Check<'_> {
    fn visit(&mut self, id: Id, depth: usize) -> Result<(), Stop> {
        if depth > MOST_DEPTH {
            return Err(Stop::TooLarge);
        }
        let writer = self.writer;
        match &writer[id].kind {
            Kind::Array(inner) | Kind::Map(inner) => self.visit(*inner, depth + 1),
            Kind::Union(branches) => {
                for branch in branches {
                    self.visit(*branch, depth + 1)?;
                }
                let mut names = HashSet::new();
                match branches.iter().map(|branch| writer[*branch].kind.branch_name()).find(|name| !names.insert(*name))
                {
                    Some(name) => Err(fails(format!("Duplicate in union:{name}"))),
                    None => Ok(()),
                }
            }
            Kind::Record(record) if self.entered.insert(id) => {
                for field in &record.fields {
                    self.visit(field.kind, depth + 1)?;
                    self.unfitting.clear();
                    if let Some(default) = &field.default
                        && !self.fits(field.kind, default)?
                    {
                        let kind = print::brief(&writer.nodes, field.kind);
                        return Err(fails(format!("Invalid default for field {}: {default} not a {kind}", field.name)));
                    }
                }
                if let Some(message) = model::duplicate_field(&writer.nodes, record) {
                    return Err(fails(message));
                }
                self.finished.insert(id);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Checks a default against the renamed type: the names inside the default stay what they were.
    fn fits(&mut self, id: Id, value: &Value) -> Result<bool, Stop> {
        let part = (id, std::ptr::from_ref(value));
        if self.unfitting.contains(&part) {
            return Ok(false);
        }
        let fits = self.fits_anew(id, value)?;
        if !fits {
            self.unfitting.insert(part);
        }
        Ok(fits)
    }

    fn fits_anew(&mut self, id: Id, value: &Value) -> Result<bool, Stop> {
        let writer = self.writer;
        match (&writer[id].kind, value) {
            (Kind::Array(items), Value::Array(values)) => {
                values.iter().try_fold(true, |fits, value| Ok(fits && self.fits(*items, value)?))
            }
            (Kind::Map(values), Value::Object(object)) => {
                object.iter().try_fold(true, |fits, (_, value)| Ok(fits && self.fits(*values, value)?))
            }
            (Kind::Record(_), Value::Object(_)) if !self.finished.contains(&id) => {
                Err(fails("Schema fields not set yet".to_owned()))
            }
            (Kind::Record(record), Value::Object(object)) => {
                record.fields.iter().try_fold(true, |fits, field| match object.get(&field.name) {
                    Some(value) => Ok(fits && self.fits(field.kind, value)?),
                    None => Ok(fits && field.default.is_some()),
                })
            }
            (Kind::Union(branches), value) => {
                branches.iter().try_fold(false, |fits, branch| Ok(fits || self.fits(*branch, value)?))
            }
            (Kind::Enum(_) | Kind::Fixed(_), value) => Ok(matches!(value, Value::String(_))),
            (Kind::Primitive(primitive), value) => Ok(match primitive {
                Primitive::Null => matches!(value, Value::Null),
                Primitive::Boolean => matches!(value, Value::Bool(_)),
                Primitive::Bytes | Primitive::String => matches!(value, Value::String(_)),
                Primitive::Int | Primitive::Long | Primitive::Float | Primitive::Double => {
                    matches!(value, Value::Number(_))
                }
            }),
            _ => Ok(false),
        }
    }
}

fn fails(message: String) -> Stop {
    Stop::Fails(DecodeError::new(DecodeErrorKind::Aliases, message))
}
