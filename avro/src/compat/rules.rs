//! The rules for one pair of types: what is wrong with the pair itself, and which pairs decide the rest.

use std::collections::{HashMap, HashSet};

use super::IncompatibilityKind::{self as Rule};
use crate::model::{Enum, Id, Inner, Kind, Named, Primitive, Record};
use crate::print;

/// What has to be looked at, in Java's order.
pub(crate) enum Step {
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
pub(crate) enum Token {
    Name(&'static str),
    Index(usize),
}

pub(crate) struct Rules<'s> {
    pub(crate) reader: &'s Inner,
    pub(crate) writer: &'s Inner,
    writer_fields: HashMap<Id, HashMap<&'s str, usize>>,
    reader_branches: HashMap<Id, Branches<'s>>,
    /// Whether a search through a union passes over branches that cannot match.
    skips_hopeless_branches: bool,
}

/// From this product of sizes on, unions are searched by name. Below it every branch is looked at, as Java does, which
/// shows in one thing only: a location that was first met in a search stays relative to it (avro-compat 5.3).
const LARGE: usize = 1_000_000;

impl<'s> Rules<'s> {
    pub(crate) fn new(reader: &'s Inner, writer: &'s Inner) -> Self {
        // An ambiguous alias makes Java give up even in a branch that cannot match, so it has to be met there.
        let has_field_aliases = reader.nodes.iter().any(|node| match &node.kind {
            Kind::Record(record) => record.fields.iter().any(|field| !field.aliases.is_empty()),
            _ => false,
        });
        let skips_hopeless_branches = !has_field_aliases && size(reader).saturating_mul(size(writer)) > LARGE;
        Self { reader, writer, writer_fields: HashMap::new(), reader_branches: HashMap::new(), skips_hopeless_branches }
    }

    pub(crate) fn steps(&mut self, reader: Id, writer: Id) -> Vec<Step> {
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
            (Kind::Union(branches), kind) => {
                let branches = if self.skips_hopeless_branches {
                    self.likely_branches(reader, branches, kind)
                } else {
                    branches.clone()
                };
                vec![Step::ReaderUnion { branches, writer }]
            }
            (Kind::Primitive(reader), Kind::Primitive(writer)) if reads(*reader, *writer) => Vec::new(),
            (reader, writer) => {
                let message =
                    format!("reader type: {} not compatible with writer type: {}", upper(reader), upper(writer));
                vec![Step::Wrong { rule: Rule::TypeMismatch, at: Vec::new(), message }]
            }
        }
    }

    /// Tells at a glance that nothing can be wrong with a pair.
    pub(crate) fn are_readable_primitives(&self, reader: Id, writer: Id) -> bool {
        match (&self.reader[reader].kind, &self.writer[writer].kind) {
            (Kind::Primitive(reader), Kind::Primitive(writer)) => reads(*reader, *writer),
            _ => false,
        }
    }

    /// Finds the branches of a reader's union that can be compatible with a type that is no union.
    fn likely_branches(&mut self, union: Id, branches: &[Id], writer: &Kind) -> Vec<Id> {
        let reader = self.reader;
        let index = self.reader_branches.entry(union).or_insert_with(|| {
            let mut index = Branches::default();
            for id in branches {
                match reader[*id].kind.named() {
                    None => index.unnamed.push(*id),
                    Some(named) => {
                        index.by_short_name.entry(named.name.short()).or_default().push(*id);
                        for alias in &named.aliases {
                            index.by_alias.entry(alias.full()).or_default().push(*id);
                        }
                    }
                }
            }
            index
        });
        let Some(named) = writer.named() else {
            return index.unnamed.clone();
        };
        let by_short_name = index.by_short_name.get(named.name.short()).into_iter().flatten();
        let by_alias = index.by_alias.get(named.name.full()).into_iter().flatten();
        by_short_name.chain(by_alias).copied().collect()
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

/// The branches of a union by the names that they answer to.
#[derive(Default)]
struct Branches<'s> {
    unnamed: Vec<Id>,
    by_short_name: HashMap<&'s str, Vec<Id>>,
    by_alias: HashMap<&'s str, Vec<Id>>,
}

/// Short names decide, or a reader's alias that is the writer's full name (avro-compat 3.1).
fn names(reader: &Named, writer: &Named) -> Vec<Step> {
    let space = reader.name.space();
    let is_same = reader.name.short() == writer.name.short()
        || reader.aliases.iter().any(|alias| alias.seen_from(space) == writer.name.full());
    if is_same {
        return Vec::new();
    }
    vec![wrong(Rule::NameMismatch, "name", format!("expected: {}", writer.name.full()))]
}

fn size(schema: &Inner) -> usize {
    let parts = |kind: &Kind| match kind {
        Kind::Record(record) => record.fields.len(),
        Kind::Union(branches) => branches.len(),
        _ => 0,
    };
    schema.nodes.iter().map(|node| 1 + parts(&node.kind)).sum()
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

pub(crate) fn upper(kind: &Kind) -> String {
    kind.type_name().to_uppercase()
}

fn wrong(rule: Rule, token: &'static str, message: String) -> Step {
    Step::Wrong { rule, at: vec![Token::Name(token)], message }
}
