//! Changes to the new schema that make a finding go away: each is tried before it is offered.

use std::borrow::Cow;
use std::collections::HashSet;

use avow_budget::{Budget, Exceeded};

use super::walk::Problem;
use super::{Candidate, Fix, Rule};
use crate::compat::count_within;
use crate::compat::rules::missing_symbols;
use crate::json::{self, Number, Object, Value};
use crate::model::{Field, Id, Inner, Kind, Named, Primitive, Record};
use crate::pointer::Definitions;
use crate::{ParseError, Schema, Verdict, print};

/// The number of bytes of changed schemas that are tried in all.
const MOST_TRIED: usize = 4 << 20;

/// The longest type, in bytes of its text, that is copied from one schema into the other.
const LONGEST_COPY: usize = 64 << 10;

/// The number of old names that are tried for a field.
const MOST_RENAMES: usize = 3;

type Attempt = (String, Value<'static>);

/// Finds changes to the new schema, and tries each before it is offered.
pub(super) struct Fixer<'s> {
    reader: &'s Schema,
    writer: &'s Schema,
    candidate: Candidate,
    before: &'s Verdict,
    places: (&'s Definitions, &'s Definitions),
    /// The new schema's stored text.
    document: Value<'static>,
    /// The rest of [`MOST_TRIED`].
    trial_bytes_left: usize,
    budget: &'s Budget,
}

impl<'s> Fixer<'s> {
    pub(super) fn new(
        (reader, writer): (&'s Schema, &'s Schema),
        candidate: Candidate,
        before: &'s Verdict,
        places: (&'s Definitions, &'s Definitions),
        budget: &'s Budget,
    ) -> Result<Self, Exceeded> {
        let changed = if candidate == Candidate::Writer { writer } else { reader };
        let document = read(&changed.text_within(budget)?, budget)?;
        Ok(Self { reader, writer, candidate, before, places, document, trial_bytes_left: MOST_TRIED, budget })
    }

    /// The changes that help against a problem, or against what is behind it.
    pub(super) fn fixes(&mut self, problem: &Problem) -> Result<Vec<Fix>, Exceeded> {
        let changed = if self.candidate == Candidate::Writer { self.writer } else { self.reader };
        let mut fixes: Vec<Fix> = Vec::new();
        for (title, document) in self.attempts(problem)? {
            let document = document.to_string();
            self.budget.spend(document.len() as u64)?;
            let Some(rest) = self.trial_bytes_left.checked_sub(document.len()) else { break };
            self.trial_bytes_left = rest;
            let fixed = match changed.reparse(&document, self.budget) {
                Ok(fixed) => fixed,
                Err(ParseError::Exceeded(exceeded)) => return Err(exceeded),
                Err(_) => continue,
            };
            let after = match self.candidate {
                Candidate::Reader | Candidate::Neither => count_within(&fixed, self.writer, self.budget)?,
                Candidate::Writer => count_within(self.reader, &fixed, self.budget)?,
            };
            let helps =
                after.exception.is_none() && (self.before.exception.is_some() || after.count() < self.before.count());
            if helps && fixes.iter().all(|fix| fix.title != title) {
                let schema = fixed.text_within(self.budget)?;
                fixes.push(Fix { title, schema, resolves_all: after.count() == 0 });
            }
        }
        Ok(fixes)
    }
}

impl Fixer<'_> {
    /// Recursion is as deep as the causes, which the walk has bounded.
    fn attempts(&self, problem: &Problem) -> Result<Vec<Attempt>, Exceeded> {
        let mut attempts = match self.candidate {
            Candidate::Reader | Candidate::Neither => self.change_reader(problem)?,
            Candidate::Writer => self.change_writer(problem)?,
        };
        for cause in &problem.causes {
            attempts.extend(self.attempts(cause)?);
        }
        Ok(attempts)
    }

    fn change_reader(&self, problem: &Problem) -> Result<Vec<Attempt>, Exceeded> {
        let (site, (reader, writer)) = (&problem.site, (&*self.reader.inner, &*self.writer.inner));
        let definition = self.places.0.pointer(site.reader);
        let Some(written) = self.json_of(writer, site.writer)? else { return Ok(Vec::new()) };
        let mut attempts = Vec::new();
        match (problem.rule, &reader[site.reader].kind, &writer[site.writer].kind) {
            (Rule::MissingDefault, Kind::Record(record), Kind::Record(writer)) => {
                let (Some(place), Some(at)) = (definition, problem.field) else { return Ok(attempts) };
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
                    object.insert("type", nullable(kind));
                    object.insert("default", Value::Null);
                }));
            }
            (Rule::TypeMismatch, reader, writer) => {
                let Some(place) = &site.reader_use else { return Ok(attempts) };
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
                let Some(place) = &site.reader_use else { return Ok(attempts) };
                let title = format!("Add {} to the union", kind.branch_name());
                attempts.extend(self.edited(place, title, |value| {
                    if let Value::Array(branches) = value {
                        branches.push(written.clone());
                    }
                }));
            }
            (Rule::MissingEnumSymbols, Kind::Enum(reader), Kind::Enum(writer)) => {
                let Some(place) = definition else { return Ok(attempts) };
                let missing: Vec<_> = missing_symbols(reader, writer).collect();
                let title = format!("Keep the symbols {}", missing.join(", "));
                attempts.extend(self.with_member(&place, title, "symbols", |symbols| {
                    missing
                        .iter()
                        .fold(symbols.unwrap_or(Value::Null), |symbols, symbol| appended(Some(symbols), symbol))
                }));
                if let Some(first) = reader.symbols.first() {
                    let title = format!("Give the enum the default {first}, for symbols it does not know");
                    attempts.extend(
                        self.with_member(&place, title, "default", |_| Value::String(Cow::Owned(first.clone()))),
                    );
                }
            }
            (Rule::NameMismatch, _, kind) => {
                let (Some(place), Some(named)) = (definition, kind.named()) else { return Ok(attempts) };
                let alias = &*named.name.full();
                let title = format!("Add the alias `{alias}`");
                attempts.extend(self.with_member(&place, title, "aliases", |aliases| appended(aliases, alias)));
            }
            (Rule::FixedSizeMismatch, _, Kind::Fixed(writer)) => {
                let Some(place) = definition else { return Ok(attempts) };
                let title = format!("Keep the size {}", writer.size);
                attempts.extend(self.with_member(&place, title, "size", |_| number(writer.size)));
            }
            (Rule::AmbiguousAlias, _, _) => {
                let (Some(place), Some(at)) = (definition, problem.field) else { return Ok(attempts) };
                let title = format!("Drop the aliases of `{}`", super::messages::path(reader, problem));
                attempts.extend(self.edited(&format!("{place}/fields/{at}"), title, |value| {
                    if let Value::Object(object) = value {
                        object.remove("aliases");
                    }
                }));
            }
            _ => {}
        }
        Ok(attempts)
    }

    /// Written fields of the same kind of type that nobody reads: one of them may be the field under its old name.
    fn unread_fields<'w>(&self, reader: &Record, writer: &'w Record, field: &Field) -> Vec<&'w str> {
        let read: HashSet<_> =
            reader.fields.iter().flat_map(|field| std::iter::once(&field.name).chain(&field.aliases)).collect();
        let kind = self.reader.inner[field.kind].kind.type_name();
        let is_likely = |written: &&Field| {
            !read.contains(&written.name) && self.writer.inner[written.kind].kind.type_name() == kind
        };
        writer.fields.iter().filter(is_likely).take(MOST_RENAMES).map(|field| &*field.name).collect()
    }

    fn change_writer(&self, problem: &Problem) -> Result<Vec<Attempt>, Exceeded> {
        let (site, (reader, writer)) = (&problem.site, (&*self.reader.inner, &*self.writer.inner));
        let definition = self.places.1.pointer(site.writer);
        let Some(expected) = self.json_of(reader, site.reader)? else { return Ok(Vec::new()) };
        let mut attempts = Vec::new();
        match (problem.rule, &reader[site.reader].kind, &writer[site.writer].kind) {
            (Rule::MissingDefault, Kind::Record(record), _) => {
                let (Some(place), Some(at)) = (definition, problem.field) else { return Ok(attempts) };
                let field = &record.fields[at];
                let title = format!("Keep writing the field `{}`", field.name);
                let mut kept = Object::default();
                let Some(kind) = self.json_of(reader, field.kind)? else { return Ok(attempts) };
                kept.insert("name", Value::String(Cow::Owned(field.name.to_string())));
                kept.insert("type", kind);
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
                let Some(place) = &site.writer_use else { return Ok(attempts) };
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
                let Some(place) = definition else { return Ok(attempts) };
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
                let (Some(place), Some(Named { name, .. })) = (definition, kind.named()) else { return Ok(attempts) };
                let title = format!("Keep the name `{name}`");
                attempts.extend(self.edited(&place, title, |value| {
                    if let Value::Object(object) = value {
                        object.insert("name", Value::String(Cow::Owned(name.simple().to_owned())));
                        object.insert("namespace", Value::String(Cow::Owned(name.space_text().to_owned())));
                    }
                }));
            }
            (Rule::FixedSizeMismatch, Kind::Fixed(reader), _) => {
                let Some(place) = definition else { return Ok(attempts) };
                let title = format!("Keep the size {}", reader.size);
                attempts.extend(self.with_member(&place, title, "size", |_| number(reader.size)));
            }
            _ => {}
        }
        Ok(attempts)
    }

    fn edited(&self, place: &str, title: String, edit: impl FnOnce(&mut Value<'static>)) -> Option<Attempt> {
        let mut document = self.document.clone();
        edit(at_mut(&mut document, place)?);
        Some((title, document))
    }

    fn with_member(
        &self,
        place: &str,
        title: String,
        key: &str,
        edit: impl FnOnce(Option<Value<'static>>) -> Value<'static>,
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
        matches!(value_at(&self.document, union)?, Value::Array(_)).then_some((union, at.parse().ok()?))
    }

    /// A type as JSON, unless it is too long to be copied.
    fn json_of(&self, schema: &Inner, id: Id) -> Result<Option<Value<'static>>, Exceeded> {
        let text = print::beginning(&schema.nodes, id, LONGEST_COPY, self.budget)?;
        if text.len() > LONGEST_COPY { Ok(None) } else { read(&text, self.budget).map(Some) }
    }

    /// The plainest value of a type; none for records, whose emptiness would say something.
    fn default_of(&self, id: Id, depth: usize) -> Option<Value<'static>> {
        if depth > 4 {
            return None;
        }
        Some(match &self.reader.inner[id].kind {
            Kind::Primitive(primitive) => match primitive {
                Primitive::Null => Value::Null,
                Primitive::Boolean => Value::Bool(false),
                Primitive::Int | Primitive::Long => Value::Number(Number::Int(0)),
                Primitive::Float | Primitive::Double => Value::Number(Number::Double(0.0)),
                Primitive::Bytes | Primitive::String => Value::String(Cow::Borrowed("")),
            },
            Kind::Array(_) => Value::Array(Vec::new()),
            Kind::Map(_) => Value::Object(Object::default()),
            Kind::Enum(kind) => Value::String(Cow::Owned(kind.default.as_ref().or(kind.symbols.first())?.clone())),
            Kind::Union(branches) => self.default_of(*branches.first()?, depth + 1)?,
            Kind::Record(_) | Kind::Fixed(_) | Kind::Unresolved(_) => return None,
        })
    }
}

fn at_mut<'v>(document: &'v mut Value<'static>, place: &str) -> Option<&'v mut Value<'static>> {
    place.split('/').skip(1).try_fold(document, |value, token| match value {
        Value::Array(items) => items.get_mut(token.parse::<usize>().ok()?),
        Value::Object(object) => object.get_mut(token),
        _ => None,
    })
}

fn value_at<'v>(document: &'v Value<'static>, place: &str) -> Option<&'v Value<'static>> {
    place.split('/').skip(1).try_fold(document, |value, token| match value {
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        Value::Object(object) => object.get(token),
        _ => None,
    })
}

/// Reads a text that was printed from a schema.
fn read(text: &str, budget: &Budget) -> Result<Value<'static>, Exceeded> {
    match json::read(text, usize::MAX, budget) {
        Ok(Some(document)) => Ok(document.value.to_static()),
        Err(ParseError::Exceeded(exceeded)) => Err(exceeded),
        Ok(None) | Err(_) => Ok(Value::Null),
    }
}

/// A union with null first; a union that has null already stays what it is.
fn nullable(kind: Value<'static>) -> Value<'static> {
    let null = Value::String(Cow::Borrowed("null"));
    match kind {
        Value::Array(mut branches) => {
            branches.retain(|branch| *branch != null);
            branches.insert(0, null);
            Value::Array(branches)
        }
        other => Value::Array(vec![null, other]),
    }
}

fn appended(list: Option<Value<'static>>, item: &str) -> Value<'static> {
    let mut items = match list {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    items.push(Value::String(Cow::Owned(item.to_owned())));
    Value::Array(items)
}

fn number(size: u32) -> Value<'static> {
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
