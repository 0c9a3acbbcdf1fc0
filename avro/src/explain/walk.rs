//! From findings to problems: where exactly, between which types, and what is behind a union that hides it.

use avow_budget::{Budget, Exceeded};

use super::Rule;
use crate::compat::check;
use crate::compat::rules::{Cursor, Rules, Step, Token, upper};
use crate::model::{Id, Inner, Kind, Record};
use crate::pointer::Definitions;
use crate::positions::FastSet;
use crate::{Incompatibility, IncompatibilityKind};

/// One thing that is wrong, with everything that is needed to talk about it.
pub(super) struct Problem {
    pub(super) rule: Rule,
    pub(super) site: Site,
    /// The field that is missing or ambiguous, by its place in the reader's record.
    pub(super) field: Option<usize>,
    pub(super) message: String,
    pub(super) location: String,
    pub(super) kind: Option<IncompatibilityKind>,
    /// Why the branch that comes closest does not accept what was written.
    pub(super) causes: Vec<Problem>,
    /// That branch.
    pub(super) closest: Option<Id>,
}

/// A pair of types and the ways to it.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) reader: Id,
    pub(super) writer: Id,
    /// For people: `Order.items[].price`.
    pub(super) path: String,
    /// As Java gives it.
    location: Vec<Token>,
    /// Where the types are used in the stored texts, as opposed to where they are defined.
    pub(super) reader_use: Option<String>,
    pub(super) writer_use: Option<String>,
    /// Whether the reader's field around this has a default.
    pub(super) has_field_default: bool,
}

impl Problem {
    fn new(rule: Rule, site: Site, message: String, token: Option<Token>) -> Self {
        let location = location(&site.location, token);
        Self { rule, site, field: None, message, location, kind: None, causes: Vec::new(), closest: None }
    }

    pub(super) fn incompatibility(&self) -> Option<Incompatibility> {
        let (location, message) = (self.location.clone(), self.message.clone());
        Some(Incompatibility { kind: self.kind?, location, message })
    }
}

/// Types beyond this depth are not explained.
const MOST_DEPTH: usize = 200;

/// Problems beyond this number are counted but not explained.
pub(super) const MOST_PROBLEMS: usize = 100;

/// The problems of a pair.
#[derive(Default)]
pub(super) struct Problems {
    pub(super) listed: Vec<Problem>,
    /// The number of further problems.
    pub(super) omitted: usize,
}

/// Finds the problems of a pair; none when it is compatible.
pub(super) fn problems(
    reader: &Inner,
    writer: &Inner,
    places: (&Definitions, &Definitions),
    budget: &Budget,
) -> Result<Problems, Exceeded> {
    let mut walk = Walk {
        rules: Rules::new(reader, writer, budget)?,
        incompatible: check::incompatible_pairs(reader, writer, budget)?,
        reader_pointers: places.0,
        writer_pointers: places.1,
        left: MOST_PROBLEMS,
        omitted: 0,
        budget,
    };
    let root = &reader[reader.root].kind;
    let site = Site {
        reader: reader.root,
        writer: writer.root,
        path: super::messages::root(root).to_owned(),
        location: Vec::new(),
        reader_use: Some(String::new()),
        writer_use: Some(String::new()),
        has_field_default: false,
    };
    let mut listed = Vec::new();
    walk.visit(&site, 0, &mut Seen::default(), &mut listed)?;
    Ok(Problems { listed, omitted: walk.omitted })
}

/// The pairs that were explained already: once in the open, and once behind each union that stands in the open.
#[derive(Default)]
struct Seen {
    pairs: FastSet<u64>,
    is_behind_union: bool,
}

struct Walk<'s> {
    rules: Rules<'s>,
    incompatible: FastSet<u64>,
    reader_pointers: &'s Definitions,
    writer_pointers: &'s Definitions,
    left: usize,
    omitted: usize,
    budget: &'s Budget,
}

impl Walk<'_> {
    /// Recursion is as deep as [`MOST_DEPTH`].
    fn visit(&mut self, site: &Site, depth: usize, seen: &mut Seen, found: &mut Vec<Problem>) -> Result<(), Exceeded> {
        let (reader, writer) = (site.reader, site.writer);
        if depth > MOST_DEPTH || !self.is_incompatible(reader, writer) || !seen.pairs.insert(reader.pair(writer)) {
            return Ok(());
        }
        self.budget.spend(1 + site.path.len() as u64)?;
        let mut cursor = Cursor::default();
        while let Some(step) = self.rules.next(reader, writer, &mut cursor)? {
            if self.left == 0 && seen.is_behind_union {
                return Ok(());
            }
            match step {
                Step::Wrong { rule, field } => {
                    let message = self.message((reader, writer), rule, field);
                    let token = Rules::token(rule, field);
                    let problem = Problem::new(Rule::from(rule), site.clone(), message, token);
                    self.found(seen, found, Problem { field, kind: Some(rule), ..problem });
                }
                Step::GiveUp { field } => {
                    let message = self.rules.exception(reader, writer, field)?;
                    let problem = Problem::new(Rule::AmbiguousAlias, site.clone(), message, None);
                    self.found(seen, found, Problem { field: Some(field), ..problem });
                    return Ok(());
                }
                Step::Below { reader, writer, at } => {
                    let source = self.source(site, at)?;
                    if let (Token::FieldType(field), None) = (at, source) {
                        self.without_default(seen, site, (field, reader), found);
                    } else if self.is_incompatible(reader, writer) {
                        let below = self.below(site, reader, writer, at, source);
                        self.visit(&below, depth + 1, seen, found)?;
                    }
                }
                Step::WriterBranch { writer, at } => {
                    if self.is_incompatible(reader, writer) {
                        let branch = self.branch(site, writer, at);
                        self.lacking(branch, depth, seen, found)?;
                    }
                }
                Step::ReaderUnion => self.lacking(site.clone(), depth, seen, found)?,
            }
        }
        Ok(())
    }

    fn is_incompatible(&self, reader: Id, writer: Id) -> bool {
        if self.rules.is_leaf(reader, writer) {
            return !self.rules.are_readable_primitives(reader, writer);
        }
        self.incompatible.contains(&reader.pair(writer))
    }

    fn message(&self, pair: (Id, Id), rule: IncompatibilityKind, field: Option<usize>) -> String {
        let mut message = String::new();
        self.rules.write_message(&mut message, pair, rule, field).expect("writing to a string cannot fail");
        message
    }

    fn found(&mut self, seen: &Seen, found: &mut Vec<Problem>, problem: Problem) {
        if self.left > 0 {
            self.left -= 1;
            found.push(problem);
        } else if !seen.is_behind_union {
            self.omitted += 1;
        }
    }

    /// No branch of the reader's union accepts the writer's type; the one that comes closest shows why.
    fn lacking(&mut self, site: Site, depth: usize, seen: &mut Seen, found: &mut Vec<Problem>) -> Result<(), Exceeded> {
        let mut causes = Vec::new();
        let closest = self.closest(site.reader, site.writer)?;
        if let Some((at, branch)) = closest.filter(|_| self.left > 0) {
            let below = Site {
                reader: branch,
                reader_use: site.reader_use.as_ref().map(|place| format!("{place}/{at}")),
                ..site.clone()
            };
            if seen.is_behind_union {
                self.visit(&below, depth + 1, seen, &mut causes)?;
            } else {
                let mut seen = Seen { is_behind_union: true, ..Seen::default() };
                self.visit(&below, depth + 1, &mut seen, &mut causes)?;
            }
        }
        let writer = upper(&self.rules.writer[site.writer].kind);
        let message = format!("reader union lacking writer type: {writer}");
        let kind = Some(IncompatibilityKind::MissingUnionBranch);
        let problem = Problem::new(Rule::MissingUnionBranch, site, message, None);
        self.found(seen, found, Problem { kind, causes, closest: closest.map(|(_, branch)| branch), ..problem });
        Ok(())
    }

    /// The branch of the same kind; among several the one with the written name.
    fn closest(&self, union: Id, writer: Id) -> Result<Option<(usize, Id)>, Exceeded> {
        let Kind::Union(branches) = &self.rules.reader[union].kind else { return Ok(None) };
        if self.left == 0 {
            return Ok(None);
        }
        self.budget.spend(branches.len() as u64)?;
        let written = &self.rules.writer[writer].kind;
        let rank = |branch: &Id| {
            let kind = &self.rules.reader[*branch].kind;
            match (kind.named(), written.named()) {
                _ if std::mem::discriminant(kind) != std::mem::discriminant(written) => 0,
                (Some(a), Some(b)) if a.name == b.name => 4,
                (Some(a), Some(b)) if a.name.simple() == b.name.simple() => 3,
                (Some(_), Some(_)) => 2,
                _ if matches!(kind, Kind::Primitive(_)) => 0,
                _ => 1,
            }
        };
        let best = branches.iter().enumerate().max_by_key(|(at, branch)| (rank(branch), std::cmp::Reverse(*at)));
        Ok(best.filter(|(_, branch)| rank(branch) > 0).map(|(at, branch)| (at, *branch)))
    }

    fn branch(&self, site: &Site, writer: Id, at: usize) -> Site {
        let writer_use = self.writer_pointers.pointer(site.writer).map(|place| format!("{place}/{at}"));
        Site { writer, writer_use, location: extended(&site.location, Token::Branch(at)), ..site.clone() }
    }

    /// The written field behind a step to a field's type.
    ///
    /// There is none where Java looks at the type all the same: it reads an enum that has a default symbol, in a field that
    /// has no default, from the whole record.
    fn source(&mut self, site: &Site, at: Token) -> Result<Option<usize>, Exceeded> {
        let reader = self.rules.reader;
        match (&reader[site.reader].kind, at) {
            (Kind::Record(Record { fields, .. }), Token::FieldType(at)) => {
                Ok(self.rules.source(site.writer, &fields[at])?.0)
            }
            _ => Ok(None),
        }
    }

    /// Where Java reports a type that does not match, people look for a field that lacks a default.
    fn without_default(&mut self, seen: &Seen, site: &Site, (field, kind): (usize, Id), found: &mut Vec<Problem>) {
        let rule = IncompatibilityKind::TypeMismatch;
        let message = self.message((kind, site.writer), rule, None);
        let problem = Problem::new(Rule::MissingDefault, site.clone(), message, Some(Token::FieldType(field)));
        self.found(seen, found, Problem { field: Some(field), kind: Some(rule), ..problem });
    }

    fn below(&self, site: &Site, reader: Id, writer: Id, at: Token, source: Option<usize>) -> Site {
        let location = extended(&site.location, at);
        let kind = &self.rules.reader[site.reader].kind;
        let mut below = Site { reader, writer, location, ..site.clone() };
        match (at, kind) {
            (Token::FieldType(field), Kind::Record(record)) => {
                below.path = format!("{}.{}", site.path, record.fields[field].name);
                below.has_field_default = record.fields[field].default.is_some();
                below.reader_use = self.reader_pointers.pointer(site.reader).map(|place| format!("{place}{at}"));
                below.writer_use = source
                    .zip(self.writer_pointers.pointer(site.writer))
                    .map(|(field, place)| format!("{place}{}", Token::FieldType(field)));
            }
            // A branch of the writer's union: the reader stays where it is.
            (Token::Branch(_), _) => {
                below.writer_use = self.writer_pointers.pointer(site.writer).map(|place| format!("{place}{at}"));
            }
            _ => {
                below.path += if at == Token::Items { "[]" } else { "{}" };
                below.reader_use = self.reader_pointers.pointer(site.reader).map(|place| format!("{place}{at}"));
                below.writer_use = self.writer_pointers.pointer(site.writer).map(|place| format!("{place}{at}"));
            }
        }
        below
    }
}

fn extended(location: &[Token], at: Token) -> Vec<Token> {
    location.iter().copied().chain([at]).collect()
}

fn location(location: &[Token], at: Option<Token>) -> String {
    let tokens: String = location.iter().copied().chain(at).map(|token| token.to_string()).collect();
    if tokens.is_empty() { "/".to_owned() } else { tokens }
}
