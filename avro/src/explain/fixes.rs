//! Changes to the new schema that make a finding go away: each is tried before it is offered.

use std::cell::Cell;
use std::collections::HashSet;

use super::walk::Problem;
use super::{Candidate, Fix, Rule};
use crate::json::{self, Number, Object, Value};
use crate::model::{Field, Id, Inner, Kind, Named, Primitive, Record};
use crate::{Limits, Schema, check, pointer, print};

/// Finds the changes that help against a problem, or against what is behind it.
///
/// `untried` is what may still be spent, in bytes of schema text.
pub(super) fn fixes(
    reader: &Schema,
    writer: &Schema,
    candidate: Candidate,
    problem: &Problem,
    untried: &Cell<usize>,
) -> Vec<Fix> {
    let changed = match candidate {
        Candidate::Reader => reader,
        Candidate::Writer => writer,
    };
    let text = changed.text();
    let limits = Limits { depth: usize::MAX, ..Limits::default() };
    let Ok(Some(document)) = json::read(&text, &limits) else { return Vec::new() };
    let workshop = Workshop { reader: &reader.inner, writer: &writer.inner, document: document.value };
    let before = check(reader, writer);
    let mut fixes: Vec<Fix> = Vec::new();
    for (title, document) in workshop.attempts(problem, candidate) {
        let document = document.to_string();
        let Some(rest) = untried.get().checked_sub(document.len()) else { break };
        untried.set(rest);
        let Ok(fixed) = changed.reparse(&document) else { continue };
        let after = match candidate {
            Candidate::Reader => check(&fixed, writer),
            Candidate::Writer => check(reader, &fixed),
        };
        let helps =
            after.exception.is_none() && (before.exception.is_some() || after.findings.len() < before.findings.len());
        if helps && fixes.iter().all(|fix| fix.title != title) {
            fixes.push(Fix { title, schema: fixed.text(), resolves_all: after.is_compatible() });
        }
    }
    fixes
}

/// How many old names are tried for a field.
const MOST_RENAMES: usize = 3;

type Attempt = (String, Value);

struct Workshop<'s> {
    reader: &'s Inner,
    writer: &'s Inner,
    /// The new schema's stored text.
    document: Value,
}

impl Workshop<'_> {
    fn attempts(&self, problem: &Problem, candidate: Candidate) -> Vec<Attempt> {
        let mut attempts = match candidate {
            Candidate::Reader => self.change_reader(problem),
            Candidate::Writer => self.change_writer(problem),
        };
        for cause in &problem.causes {
            attempts.extend(self.attempts(cause, candidate));
        }
        attempts
    }

    fn change_reader(&self, problem: &Problem) -> Vec<Attempt> {
        let site = &problem.site;
        let definition = pointer::definitions(self.reader).remove(&site.reader);
        let written = json_of(self.writer, site.writer);
        let mut attempts = Vec::new();
        match (problem.rule, &self.reader[site.reader].kind, &self.writer[site.writer].kind) {
            (Rule::MissingDefault, Kind::Record(record), Kind::Record(writer)) => {
                let (Some(place), Some(at)) = (definition, problem.field) else { return attempts };
                let field = &record.fields[at];
                let place = format!("{place}/fields/{at}");
                for name in self.unread_fields(record, writer, field) {
                    let title = format!("If `{}` is the new name of `{name}`, add the alias `{name}`", field.name);
                    attempts.extend(self.with_member(&place, title, "aliases", |aliases| appended(aliases, name)));
                }
                if let Some(default) = self.default_of(field.kind, 0) {
                    let title = format!("Give `{}` the default {default}", field.name);
                    attempts.extend(self.with_member(&place, title, "default", |_| default));
                }
                let title = format!("Make `{}` optional: allow null and default to it", field.name);
                attempts.extend(self.edited(&place, title, |value| {
                    let Value::Object(object) = value else { return };
                    let kind = object.get("type").cloned().unwrap_or(Value::Null);
                    object.insert("type".to_owned(), nullable(kind));
                    object.insert("default".to_owned(), Value::Null);
                }));
            }
            (Rule::TypeMismatch, reader, writer) => {
                let Some(place) = &site.reader_use else { return attempts };
                if let (Kind::Primitive(reader), Kind::Primitive(writer)) = (reader, writer)
                    && is_wider(*writer, *reader)
                {
                    let title = format!("Widen `{}` to {}", site.path, writer.name());
                    attempts.extend(self.edited(place, title, |value| *value = written.clone()));
                }
                if matches!(writer, Kind::Primitive(Primitive::Null)) {
                    let title = format!("Let `{}` be null", site.path);
                    attempts.extend(self.edited(place, title, |value| *value = nullable(value.clone())));
                } else {
                    let title = format!("Let `{}` hold either type", site.path);
                    attempts.extend(self.edited(place, title, |value| {
                        *value = Value::Array(vec![value.clone(), written.clone()]);
                    }));
                }
            }
            (Rule::MissingUnionBranch, _, kind) if problem.causes.is_empty() => {
                let Some(place) = &site.reader_use else { return attempts };
                let title = format!("Add {} to the union", kind.branch_name());
                attempts.extend(self.edited(place, title, |value| {
                    if let Value::Array(branches) = value {
                        branches.push(written.clone());
                    }
                }));
            }
            (Rule::MissingEnumSymbols, Kind::Enum(reader), Kind::Enum(writer)) => {
                let Some(place) = definition else { return attempts };
                let known: HashSet<_> = reader.symbols.iter().collect();
                let missing: Vec<_> = writer.symbols.iter().filter(|symbol| !known.contains(symbol)).cloned().collect();
                let title = format!("Keep the symbols {}", missing.join(", "));
                attempts.extend(self.with_member(&place, title, "symbols", |symbols| {
                    missing
                        .iter()
                        .fold(symbols.unwrap_or(Value::Null), |symbols, symbol| appended(Some(symbols), symbol))
                }));
                if let Some(first) = reader.symbols.first() {
                    let title = format!("Give the enum the default {first}, for symbols it does not know");
                    attempts.extend(self.with_member(&place, title, "default", |_| Value::String(first.clone())));
                }
            }
            (Rule::NameMismatch, _, kind) => {
                let (Some(place), Some(named)) = (definition, kind.named()) else { return attempts };
                let alias = named.name.full();
                let title = format!("Add the alias `{alias}`");
                attempts.extend(self.with_member(&place, title, "aliases", |aliases| appended(aliases, alias)));
            }
            (Rule::FixedSizeMismatch, _, Kind::Fixed(writer)) => {
                let Some(place) = definition else { return attempts };
                let title = format!("Keep the size {}", writer.size);
                attempts.extend(self.with_member(&place, title, "size", |_| number(writer.size)));
            }
            (Rule::AmbiguousAlias, _, _) => {
                let (Some(place), Some(at)) = (definition, problem.field) else { return attempts };
                let title = format!("Drop the aliases of `{}`", super::words::path(self.reader, problem));
                attempts.extend(self.edited(&format!("{place}/fields/{at}"), title, |value| {
                    if let Value::Object(object) = value {
                        object.remove("aliases");
                    }
                }));
            }
            _ => {}
        }
        attempts
    }

    /// Written fields of the same kind of type that nobody reads: one of them may be the field under its old name.
    fn unread_fields<'w>(&self, reader: &Record, writer: &'w Record, field: &Field) -> Vec<&'w str> {
        let read: HashSet<_> =
            reader.fields.iter().flat_map(|field| std::iter::once(&field.name).chain(&field.aliases)).collect();
        let kind = self.reader[field.kind].kind.type_name();
        let is_likely =
            |written: &&Field| !read.contains(&written.name) && self.writer[written.kind].kind.type_name() == kind;
        writer.fields.iter().filter(is_likely).take(MOST_RENAMES).map(|field| field.name.as_str()).collect()
    }

    fn change_writer(&self, problem: &Problem) -> Vec<Attempt> {
        let site = &problem.site;
        let definition = pointer::definitions(self.writer).remove(&site.writer);
        let expected = json_of(self.reader, site.reader);
        let mut attempts = Vec::new();
        match (problem.rule, &self.reader[site.reader].kind, &self.writer[site.writer].kind) {
            (Rule::MissingDefault, Kind::Record(reader), _) => {
                let (Some(place), Some(at)) = (definition, problem.field) else { return attempts };
                let field = &reader.fields[at];
                let title = format!("Keep writing the field `{}`", field.name);
                let mut kept = Object::default();
                kept.insert("name".to_owned(), Value::String(field.name.clone()));
                kept.insert("type".to_owned(), json_of(self.reader, field.kind));
                attempts.extend(self.with_member(&place, title, "fields", |fields| {
                    let mut fields = match fields {
                        Some(Value::Array(fields)) => fields,
                        _ => Vec::new(),
                    };
                    fields.push(Value::Object(kept));
                    Value::Array(fields)
                }));
            }
            (Rule::TypeMismatch | Rule::MissingUnionBranch, _, kind) => {
                let Some(place) = &site.writer_use else { return attempts };
                if let Some((union, at)) = self.branch_of(place) {
                    let title = format!("Do not write {} at `{}`", kind.branch_name(), site.path);
                    attempts.extend(self.edited(union, title, |value| {
                        if let Value::Array(branches) = value {
                            branches.remove(at);
                        }
                    }));
                }
                let title = format!("Keep the type of `{}`", site.path);
                attempts.extend(self.edited(place, title, |value| *value = expected.clone()));
            }
            (Rule::MissingEnumSymbols, Kind::Enum(reader), _) => {
                let Some(place) = definition else { return attempts };
                let known: HashSet<_> = reader.symbols.iter().map(String::as_str).collect();
                let title = "Do not write the new symbols before every consumer knows them".to_owned();
                attempts.extend(self.with_member(&place, title, "symbols", |symbols| {
                    match symbols {
                        Some(Value::Array(symbols)) => Value::Array(
                            symbols
                                .into_iter()
                                .filter(|symbol| symbol.as_str().is_some_and(|symbol| known.contains(symbol)))
                                .collect(),
                        ),
                        other => other.unwrap_or(Value::Null),
                    }
                }));
            }
            (Rule::NameMismatch, kind, _) => {
                let (Some(place), Some(Named { name, .. })) = (definition, kind.named()) else { return attempts };
                let title = format!("Keep the name `{}`", name.full());
                attempts.extend(self.edited(&place, title, |value| {
                    if let Value::Object(object) = value {
                        object.insert("name".to_owned(), Value::String(name.short().to_owned()));
                        object
                            .insert("namespace".to_owned(), Value::String(name.space().unwrap_or_default().to_owned()));
                    }
                }));
            }
            (Rule::FixedSizeMismatch, Kind::Fixed(reader), _) => {
                let Some(place) = definition else { return attempts };
                let title = format!("Keep the size {}", reader.size);
                attempts.extend(self.with_member(&place, title, "size", |_| number(reader.size)));
            }
            _ => {}
        }
        attempts
    }

    fn edited(&self, place: &str, title: String, edit: impl FnOnce(&mut Value)) -> Option<Attempt> {
        let mut document = self.document.clone();
        edit(at_mut(&mut document, place)?);
        Some((title, document))
    }

    fn with_member(
        &self,
        place: &str,
        title: String,
        key: &str,
        edit: impl FnOnce(Option<Value>) -> Value,
    ) -> Option<Attempt> {
        self.edited(place, title, |value| {
            if let Value::Object(object) = value {
                let changed = edit(object.get(key).cloned());
                object.insert(key.to_owned(), changed);
            }
        })
    }

    /// Splits the place of a union's branch.
    fn branch_of<'p>(&self, place: &'p str) -> Option<(&'p str, usize)> {
        let (union, at) = place.rsplit_once('/')?;
        let mut document = self.document.clone();
        matches!(at_mut(&mut document, union)?, Value::Array(_)).then_some((union, at.parse().ok()?))
    }

    /// The plainest value of a type; none for records, whose emptiness would say something.
    fn default_of(&self, id: Id, depth: usize) -> Option<Value> {
        if depth > 4 {
            return None;
        }
        Some(match &self.reader[id].kind {
            Kind::Primitive(primitive) => match primitive {
                Primitive::Null => Value::Null,
                Primitive::Boolean => Value::Bool(false),
                Primitive::Int | Primitive::Long => Value::Number(Number::Int(0)),
                Primitive::Float | Primitive::Double => Value::Number(Number::Double(0.0)),
                Primitive::Bytes | Primitive::String => Value::String(String::new()),
            },
            Kind::Array(_) => Value::Array(Vec::new()),
            Kind::Map(_) => Value::Object(Object::default()),
            Kind::Enum(kind) => Value::String(kind.default.as_ref().or(kind.symbols.first())?.clone()),
            Kind::Union(branches) => self.default_of(*branches.first()?, depth + 1)?,
            Kind::Record(_) | Kind::Fixed(_) | Kind::Unresolved(_) => return None,
        })
    }
}

fn at_mut<'v>(document: &'v mut Value, place: &str) -> Option<&'v mut Value> {
    place.split('/').skip(1).try_fold(document, |value, token| match value {
        Value::Array(items) => items.get_mut(token.parse::<usize>().ok()?),
        Value::Object(object) => object.get_mut(token),
        _ => None,
    })
}

fn json_of(schema: &Inner, id: Id) -> Value {
    let limits = Limits { depth: usize::MAX, ..Limits::default() };
    let text = print::brief(&schema.nodes, id);
    json::read(&text, &limits).ok().flatten().map_or(Value::Null, |document| document.value)
}

/// A union with null first; a union that has null already stays what it is.
fn nullable(kind: Value) -> Value {
    let null = Value::String("null".to_owned());
    match kind {
        Value::Array(mut branches) => {
            branches.retain(|branch| *branch != null);
            branches.insert(0, null);
            Value::Array(branches)
        }
        other => Value::Array(vec![null, other]),
    }
}

fn appended(list: Option<Value>, item: &str) -> Value {
    let mut items = match list {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    items.push(Value::String(item.to_owned()));
    Value::Array(items)
}

fn number(size: u32) -> Value {
    Value::Number(Number::Int(i32::try_from(size).unwrap_or(i32::MAX)))
}

fn is_wider(wide: Primitive, narrow: Primitive) -> bool {
    let rank = |primitive| match primitive {
        Primitive::Int => Some(0),
        Primitive::Long => Some(1),
        Primitive::Float => Some(2),
        Primitive::Double => Some(3),
        _ => None,
    };
    matches!((rank(wide), rank(narrow)), (Some(wide), Some(narrow)) if wide > narrow)
}
