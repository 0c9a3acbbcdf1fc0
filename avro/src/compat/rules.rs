//! The rules for one pair of types: what is wrong with the pair itself, and which pairs decide the rest.

use std::fmt::{self, Write};

use avow_budget::{Budget, Exceeded, Held};

use super::IncompatibilityKind::{
    self, FixedSizeMismatch, MissingEnumSymbols, MissingUnionBranch, NameMismatch, ReaderFieldMissingDefaultValue,
    TypeMismatch,
};
use super::branches::Branches;
use crate::model::{Enum, Field, Id, Inner, Kind, Named, Primitive, Record};
use crate::positions::{FastMap, FastSet, Positions};
use crate::print;

/// One step of the check of a pair, in Java's order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// The pair itself breaks a rule; `field` is the reader's field that lacks a default.
    Wrong { rule: IncompatibilityKind, field: Option<usize> },
    /// The pair below must be compatible; what is wrong with it is wrong here.
    Below { reader: Id, writer: Id, at: Token },
    /// The reader's whole union must read a branch of the writer's; otherwise just that is wrong.
    WriterBranch { writer: Id, at: usize },
    /// Any branch of the reader's union must read the writer's type; otherwise just that is wrong.
    ReaderUnion,
    /// Java gives up at a field of the reader's.
    GiveUp { field: usize },
}

/// A part of a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    Field(usize),
    FieldType(usize),
    Items,
    Values,
    Branch(usize),
    Name,
    Size,
    Symbols,
}

impl fmt::Display for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(at) => write!(out, "/fields/{at}"),
            Self::FieldType(at) => write!(out, "/fields/{at}/type"),
            Self::Items => out.write_str("/items"),
            Self::Values => out.write_str("/values"),
            Self::Branch(at) => write!(out, "/{at}"),
            Self::Name => out.write_str("/name"),
            Self::Size => out.write_str("/size"),
            Self::Symbols => out.write_str("/symbols"),
        }
    }
}

/// How far the steps of a pair were taken.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    step: usize,
    /// The written field that is probably next.
    written: usize,
}

/// The written fields that a reader's field may take its value from.
enum Match {
    None,
    One(usize),
    Several,
}

pub(crate) struct Rules<'s> {
    pub(crate) reader: &'s Inner,
    pub(crate) writer: &'s Inner,
    budget: &'s Budget,
    held: Held<'s>,
    /// Indexes that are built when they are needed: fields of the writer's records, symbols and aliases of the reader's types.
    written_fields: FastMap<Id, Positions>,
    symbols: FastMap<Id, Positions>,
    aliases: FastMap<Id, Positions>,
    pub(super) branches: Branches<'s>,
}

/// Up to this number of items, looking at each is faster than an index.
const FEW: usize = 16;

impl<'s> Rules<'s> {
    pub(crate) fn new(reader: &'s Inner, writer: &'s Inner, budget: &'s Budget) -> Result<Self, Exceeded> {
        Ok(Self {
            reader,
            writer,
            budget,
            held: budget.scope(),
            written_fields: FastMap::default(),
            symbols: FastMap::default(),
            aliases: FastMap::default(),
            branches: Branches::new(reader, writer, budget)?,
        })
    }

    /// The next step that is not plainly fine.
    pub(crate) fn next(&mut self, reader: Id, writer: Id, cursor: &mut Cursor) -> Result<Option<Step>, Exceeded> {
        let at = cursor.step;
        cursor.step += 1;
        self.budget.step()?;
        let wrong = |rule| Some(Step::Wrong { rule, field: None });
        Ok(match (&self.reader[reader].kind, &self.writer[writer].kind) {
            (Kind::Record(expected), Kind::Record(found)) => {
                if at == 0 && !self.has_name(reader, &expected.named, &found.named)? {
                    return Ok(wrong(NameMismatch));
                }
                cursor.step = at.max(1);
                self.next_field(expected, writer, found, cursor)?
            }
            (Kind::Union(_), Kind::Union(branches)) => {
                branches.get(at).map(|branch| Step::WriterBranch { writer: *branch, at })
            }
            (_, Kind::Union(branches)) => {
                branches.get(at).map(|branch| Step::Below { reader, writer: *branch, at: Token::Branch(at) })
            }
            (Kind::Union(_), _) => (at == 0).then_some(Step::ReaderUnion),
            (Kind::Array(expected), Kind::Array(found)) => {
                (at == 0).then_some(Step::Below { reader: *expected, writer: *found, at: Token::Items })
            }
            (Kind::Map(expected), Kind::Map(found)) => {
                (at == 0).then_some(Step::Below { reader: *expected, writer: *found, at: Token::Values })
            }
            (Kind::Enum(expected), Kind::Enum(found)) => {
                if at == 0 && !self.has_name(reader, &expected.named, &found.named)? {
                    return Ok(wrong(NameMismatch));
                }
                cursor.step = 2;
                if at < 2 && !self.has_symbols(reader, expected, found)? { wrong(MissingEnumSymbols) } else { None }
            }
            (Kind::Fixed(expected), Kind::Fixed(found)) => {
                if at == 0 && !self.has_name(reader, &expected.named, &found.named)? {
                    return Ok(wrong(NameMismatch));
                }
                cursor.step = 2;
                if at < 2 && expected.size != found.size { wrong(FixedSizeMismatch) } else { None }
            }
            (Kind::Primitive(expected), Kind::Primitive(found)) if reads(*expected, *found) => None,
            _ if at == 0 => wrong(TypeMismatch),
            _ => None,
        })
    }

    fn next_field(
        &mut self,
        reader: &'s Record,
        writer_id: Id,
        writer: &'s Record,
        cursor: &mut Cursor,
    ) -> Result<Option<Step>, Exceeded> {
        // The first step was the name.
        while let Some(field) = reader.fields.get(cursor.step - 1) {
            let at = cursor.step - 1;
            cursor.step += 1;
            self.budget.step()?;
            match self.matching(writer_id, writer, field, &mut cursor.written)? {
                Match::One(found) => {
                    let found = writer.fields[found].kind;
                    if !self.are_readable_primitives(field.kind, found) {
                        return Ok(Some(Step::Below { reader: field.kind, writer: found, at: Token::FieldType(at) }));
                    }
                }
                Match::Several => return Ok(Some(Step::GiveUp { field: at })),
                Match::None if field.default.is_some() => {}
                // Java compares the enum with the writer's record, which is a mismatch of another kind.
                Match::None if matches!(self.reader[field.kind].kind, Kind::Enum(Enum { default: Some(_), .. })) => {
                    return Ok(Some(Step::Below { reader: field.kind, writer: writer_id, at: Token::FieldType(at) }));
                }
                Match::None => {
                    return Ok(Some(Step::Wrong { rule: ReaderFieldMissingDefaultValue, field: Some(at) }));
                }
            }
        }
        Ok(None)
    }

    /// Whether both types are primitive and nothing can be wrong with them.
    pub(crate) fn are_readable_primitives(&self, reader: Id, writer: Id) -> bool {
        match (&self.reader[reader].kind, &self.writer[writer].kind) {
            (Kind::Primitive(reader), Kind::Primitive(writer)) => reads(*reader, *writer),
            _ => false,
        }
    }

    /// Whether nothing below a pair decides about it: one of the types is primitive and the other is no union.
    pub(crate) fn is_leaf(&self, reader: Id, writer: Id) -> bool {
        let (reader, writer) = (&self.reader[reader].kind, &self.writer[writer].kind);
        let is_primitive = |kind: &Kind| matches!(kind, Kind::Primitive(_));
        let is_union = |kind: &Kind| matches!(kind, Kind::Union(_));
        (is_primitive(reader) || is_primitive(writer)) && !is_union(reader) && !is_union(writer)
    }

    /// Simple names decide, or a reader's alias that is the writer's full name (avro-compat 3.1).
    fn has_name(&mut self, id: Id, reader: &'s Named, writer: &Named) -> Result<bool, Exceeded> {
        if reader.name.simple() == writer.name.simple() {
            return Ok(true);
        }
        let aliases = &reader.aliases;
        // Java's accessor puts a dot before an alias outside of the type's namespace, and no name begins with one.
        if aliases.is_empty() || (writer.name.space().is_none() && reader.name.space().is_some()) {
            return Ok(false);
        }
        if aliases.len() <= FEW {
            return Ok(aliases.contains(&writer.name));
        }
        if !self.aliases.contains_key(&id) {
            let index = self.index(aliases.len(), |at| &aliases[at])?;
            self.aliases.insert(id, index);
        }
        Ok(self.aliases[&id].get(&&writer.name, |at| &aliases[at]).is_some())
    }

    /// Whether the reader knows every symbol, or has a default for those that it does not know.
    fn has_symbols(&mut self, id: Id, reader: &'s Enum, writer: &Enum) -> Result<bool, Exceeded> {
        if reader.default.is_some() {
            return Ok(true);
        }
        // Symbols are distinct, so fewer cannot hold more.
        if reader.symbols.len() < writer.symbols.len() {
            return Ok(false);
        }
        self.budget.spend(writer.symbols.len() as u64)?;
        if reader.symbols.starts_with(&writer.symbols) {
            return Ok(true);
        }
        if !self.symbols.contains_key(&id) {
            let index = self.index(reader.symbols.len(), |at| reader.symbols[at].as_str())?;
            self.symbols.insert(id, index);
        }
        let known = &self.symbols[&id];
        Ok(writer.symbols.iter().all(|symbol| known.get(&symbol.as_str(), |at| reader.symbols[at].as_str()).is_some()))
    }

    fn matching(
        &mut self,
        writer_id: Id,
        writer: &'s Record,
        field: &Field,
        next: &mut usize,
    ) -> Result<Match, Exceeded> {
        let mut found = self.written_field(writer_id, writer, &field.name, next)?;
        // An alias that repeats the field's own name counts twice in Java, and so here.
        for alias in &field.aliases {
            match (found, self.written_field(writer_id, writer, alias, next)?) {
                (Some(_), Some(_)) => return Ok(Match::Several),
                (None, other) => found = other,
                (Some(_), None) => {}
            }
        }
        Ok(found.map_or(Match::None, Match::One))
    }

    /// Finds a written field by name; fields are mostly in the same order on both sides.
    fn written_field(
        &mut self,
        id: Id,
        writer: &'s Record,
        name: &str,
        next: &mut usize,
    ) -> Result<Option<usize>, Exceeded> {
        let fields = &writer.fields;
        let found = if fields.get(*next).is_some_and(|field| *field.name == *name) {
            Some(*next)
        } else if fields.len() <= FEW {
            fields.iter().position(|field| *field.name == *name)
        } else {
            self.budget.step()?;
            if !self.written_fields.contains_key(&id) {
                let index = self.index(fields.len(), |at| &*fields[at].name)?;
                self.written_fields.insert(id, index);
            }
            self.written_fields[&id].get(&name, |at| &*fields[at].name)
        };
        if let Some(found) = found {
            *next = found + 1;
        }
        Ok(found)
    }

    /// The written field that a field of the reader's takes its value from, if there is exactly one; and whether there are more.
    pub(crate) fn source(&mut self, writer: Id, field: &Field) -> Result<(Option<usize>, bool), Exceeded> {
        let inner = self.writer;
        let Kind::Record(record) = &inner[writer].kind else { return Ok((None, false)) };
        Ok(match self.matching(writer, record, field, &mut 0)? {
            Match::None => (None, false),
            Match::One(at) => (Some(at), false),
            Match::Several => (None, true),
        })
    }

    fn index<K: std::hash::Hash + Eq>(
        &mut self,
        length: usize,
        key_of: impl Fn(usize) -> K,
    ) -> Result<Positions, Exceeded> {
        self.budget.spend(length as u64)?;
        self.held.hold(length * Positions::ITEM_BYTES)?;
        Ok(Positions::of(length, key_of))
    }

    /// The token of a broken rule, if its location is below that of the pair.
    pub(crate) fn token(rule: IncompatibilityKind, field: Option<usize>) -> Option<Token> {
        match rule {
            NameMismatch => Some(Token::Name),
            FixedSizeMismatch => Some(Token::Size),
            MissingEnumSymbols => Some(Token::Symbols),
            ReaderFieldMissingDefaultValue => field.map(Token::Field),
            TypeMismatch | MissingUnionBranch => None,
        }
    }

    /// Writes what exactly is wrong, in Java's words.
    pub(crate) fn write_message(
        &self,
        out: &mut impl Write,
        (reader, writer): (Id, Id),
        rule: IncompatibilityKind,
        field: Option<usize>,
    ) -> fmt::Result {
        let (reader, writer) = (&self.reader[reader].kind, &self.writer[writer].kind);
        match (rule, reader, writer) {
            (NameMismatch, ..) => write!(out, "expected: {}", writer.branch_name()),
            (FixedSizeMismatch, Kind::Fixed(reader), Kind::Fixed(writer)) => {
                write!(out, "expected: {}, found: {}", writer.size, reader.size)
            }
            (MissingEnumSymbols, Kind::Enum(reader), Kind::Enum(writer)) => {
                let mut missing: Vec<_> = missing_symbols(reader, writer).collect();
                missing.sort_unstable();
                write!(out, "[{}]", missing.join(", "))
            }
            (ReaderFieldMissingDefaultValue, Kind::Record(record), _) => {
                out.write_str(field.map_or("", |at| &record.fields[at].name))
            }
            (MissingUnionBranch, ..) => write!(out, "reader union lacking writer type: {}", upper(writer)),
            _ => write!(out, "reader type: {} not compatible with writer type: {}", upper(reader), upper(writer)),
        }
    }

    /// The text of the exception with which Java gives up at a field.
    pub(crate) fn exception(&self, reader: Id, writer: Id, at: usize) -> Result<String, Exceeded> {
        let Kind::Record(record) = &self.reader[reader].kind else { return Ok(String::new()) };
        let field = &record.fields[at];
        Ok(format!(
            "Reader record field {} type:{} pos:{at} matches multiple fields in writer record schema {}",
            field.name,
            upper(&self.reader[field.kind].kind),
            print::brief(&self.writer.nodes, writer, self.budget)?,
        ))
    }
}

/// The writer's symbols that the reader lacks.
pub(crate) fn missing_symbols<'s>(reader: &'s Enum, writer: &'s Enum) -> impl Iterator<Item = &'s str> {
    let known: FastSet<_> = reader.symbols.iter().collect();
    writer.symbols.iter().filter(move |symbol| !known.contains(symbol)).map(String::as_str)
}

/// Equal types, promotions, and text for bytes in both directions (avro-compat 2).
pub(super) fn reads(reader: Primitive, writer: Primitive) -> bool {
    use Primitive::{Bytes, Double, Float, Int, Long, String};
    reader == writer
        || matches!(
            (reader, writer),
            (Long, Int) | (Float, Int | Long) | (Double, Int | Long | Float) | (Bytes, String) | (String, Bytes)
        )
}

pub(crate) fn upper(kind: &Kind) -> String {
    kind.type_name().to_uppercase()
}
