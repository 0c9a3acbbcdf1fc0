//! The rules for one pair of types: what is wrong with the pair itself, and which pairs decide the rest.

use std::collections::{HashMap, HashSet};

use super::IncompatibilityKind::{self as Rule};
use crate::model::{Enum, Id, Inner, Kind, Named, Primitive, Record};
use crate::print;

/// What has to be looked at, in Java's order.
pub(super) enum Step {
    /// Something is wrong, at the place that the tokens lead to.
    Wrong { rule: Rule, at: Vec<Token>, message: String },
    /// The pair below must be compatible; what is wrong with it is wrong here.
    Below { reader: Id, writer: Id, at: Vec<Token> },
    /// The reader's whole union must read the writer's branch; otherwise just that is wrong.
    WriterBranch { writer: Id, at: Vec<Token> },
    /// Any branch of the reader's union must read the writer; otherwise just that is wrong.
    ReaderUnion { branches: Vec<Id>, writer: Id },
    /// Java gives up here.
    GiveUp { message: String },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Token {
    Name(&'static str),
    Index(usize),
}

pub(super) struct Rules<'s> {
    pub(super) reader: &'s Inner,
    pub(super) writer: &'s Inner,
    writer_fields: HashMap<Id, HashMap<&'s str, usize>>,
}

impl<'s> Rules<'s> {
    pub(super) fn new(reader: &'s Inner, writer: &'s Inner) -> Self {
        Self { reader, writer, writer_fields: HashMap::new() }
    }

    pub(super) fn steps(&mut self, reader: Id, writer: Id) -> Vec<Step> {
        let below = |reader, writer, token| Step::Below { reader, writer, at: vec![token] };
        match (&self.reader[reader].kind, &self.writer[writer].kind) {
            (Kind::Array(reader), Kind::Array(writer)) => vec![below(*reader, *writer, Token::Name("items"))],
            (Kind::Map(reader), Kind::Map(writer)) => vec![below(*reader, *writer, Token::Name("values"))],
            (Kind::Fixed(reader), Kind::Fixed(writer)) => {
                let mut steps = names(&reader.named, &writer.named);
                if reader.size != writer.size {
                    let message = format!("expected: {}, found: {}", writer.size, reader.size);
                    steps.push(wrong(Rule::FixedSizeMismatch, "size", message));
                }
                steps
            }
            (Kind::Enum(reader), Kind::Enum(writer)) => {
                let mut steps = names(&reader.named, &writer.named);
                steps.extend(symbols(reader, writer));
                steps
            }
            (Kind::Record(reader), Kind::Record(record)) => {
                let mut steps = names(&reader.named, &record.named);
                self.fields(reader, writer, record, &mut steps);
                steps
            }
            (Kind::Union(_), Kind::Union(branches)) => branches
                .iter()
                .enumerate()
                .map(|(at, branch)| Step::WriterBranch { writer: *branch, at: vec![Token::Index(at)] })
                .collect(),
            (_, Kind::Union(branches)) => {
                branches.iter().enumerate().map(|(at, branch)| below(reader, *branch, Token::Index(at))).collect()
            }
            (Kind::Union(branches), _) => vec![Step::ReaderUnion { branches: branches.clone(), writer }],
            (Kind::Primitive(reader), Kind::Primitive(writer)) if reads(*reader, *writer) => Vec::new(),
            (reader, writer) => {
                let message =
                    format!("reader type: {} not compatible with writer type: {}", upper(reader), upper(writer));
                vec![Step::Wrong { rule: Rule::TypeMismatch, at: Vec::new(), message }]
            }
        }
    }

    fn fields(&mut self, reader: &'s Record, writer_id: Id, writer: &'s Record, steps: &mut Vec<Step>) {
        let written = self
            .writer_fields
            .entry(writer_id)
            .or_insert_with(|| writer.fields.iter().enumerate().map(|(at, field)| (field.name.as_str(), at)).collect());
        for (at, field) in reader.fields.iter().enumerate() {
            // An alias that repeats the field's own name counts twice in Java, and so here.
            let names = std::iter::once(&field.name).chain(&field.aliases);
            let mut candidates = names.filter_map(|name| written.get(name.as_str()));
            let kind = &self.reader[field.kind].kind;
            let here = |token| vec![Token::Name("fields"), Token::Index(at), token];
            match (candidates.next(), candidates.next()) {
                (Some(_), Some(_)) => {
                    let message = format!(
                        "Reader record field {} type:{} pos:{at} matches multiple fields in writer record schema {}",
                        field.name,
                        upper(kind),
                        print::brief(&self.writer.nodes, writer_id),
                    );
                    steps.push(Step::GiveUp { message });
                    return;
                }
                (Some(found), None) => {
                    let writer = writer.fields[*found].kind;
                    steps.push(Step::Below { reader: field.kind, writer, at: here(Token::Name("type")) });
                }
                (None, _) if field.default.is_some() => {}
                // Java holds the enum against the writer's record, which is a mismatch of another kind.
                (None, _) if matches!(kind, Kind::Enum(Enum { default: Some(_), .. })) => {
                    steps.push(Step::Below { reader: field.kind, writer: writer_id, at: here(Token::Name("type")) });
                }
                (None, _) => steps.push(Step::Wrong {
                    rule: Rule::ReaderFieldMissingDefaultValue,
                    at: vec![Token::Name("fields"), Token::Index(at)],
                    message: field.name.clone(),
                }),
            }
        }
    }
}

/// Short names decide, or a reader's alias that is the writer's full name (avro-compat 3.1).
fn names(reader: &Named, writer: &Named) -> Vec<Step> {
    let space = reader.name.space();
    let is_same = reader.name.short() == writer.name.short()
        || reader.aliases.iter().any(|alias| alias.from_within(space) == writer.name.full());
    if is_same {
        return Vec::new();
    }
    vec![wrong(Rule::NameMismatch, "name", format!("expected: {}", writer.name.full()))]
}

fn symbols(reader: &Enum, writer: &Enum) -> Option<Step> {
    if reader.default.is_some() {
        return None;
    }
    let known: HashSet<_> = reader.symbols.iter().collect();
    let mut missing: Vec<_> =
        writer.symbols.iter().filter(|symbol| !known.contains(symbol)).map(String::as_str).collect();
    missing.sort_unstable();
    let message = format!("[{}]", missing.join(", "));
    (!missing.is_empty()).then(|| wrong(Rule::MissingEnumSymbols, "symbols", message))
}

/// Equal types, promotions, and text for bytes in both directions (avro-compat 2).
fn reads(reader: Primitive, writer: Primitive) -> bool {
    use Primitive::{Bytes, Double, Float, Int, Long, String};
    reader == writer
        || matches!(
            (reader, writer),
            (Long, Int) | (Float, Int | Long) | (Double, Int | Long | Float) | (Bytes, String) | (String, Bytes)
        )
}

pub(super) fn upper(kind: &Kind) -> String {
    kind.type_name().to_uppercase()
}

fn wrong(rule: Rule, token: &'static str, message: String) -> Step {
    Step::Wrong { rule, at: vec![Token::Name(token)], message }
}
