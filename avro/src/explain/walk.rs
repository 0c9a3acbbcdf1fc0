//! From findings to problems: where exactly, between which types, and what is behind a union that hides it.

use std::collections::{HashMap, HashSet};

use super::Rule;
use crate::compat::check;
use crate::compat::rules::{Rules, Step, Token, upper};
use crate::model::{Field, Id, Inner, Kind, Record};
use crate::{Incompatibility, IncompatibilityKind, pointer};

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
    location: Vec<String>,
    /// Where the types are used in the stored texts, as opposed to where they are defined.
    pub(super) reader_use: Option<String>,
    pub(super) writer_use: Option<String>,
}

impl Problem {
    pub(super) fn incompatibility(&self) -> Option<Incompatibility> {
        let (location, message) = (self.location.clone(), self.message.clone());
        Some(Incompatibility { kind: self.kind?, location, message })
    }
}

/// Problems beyond this depth of types, or beyond this number, are not told.
const MOST_DEPTH: usize = 200;
const MOST_PROBLEMS: usize = 100;

/// Lists the problems of a pair; empty when it is compatible.
pub(super) fn problems(reader: &Inner, writer: &Inner) -> Vec<Problem> {
    let mut walk = Walk {
        rules: Rules::new(reader, writer),
        incompatible: check::incompatible_pairs(reader, writer),
        reader_places: pointer::definitions(reader),
        writer_places: pointer::definitions(writer),
        left: MOST_PROBLEMS,
    };
    let root = &reader[reader.root].kind;
    let site = Site {
        reader: reader.root,
        writer: writer.root,
        path: super::words::root(root).to_owned(),
        location: Vec::new(),
        reader_use: Some(String::new()),
        writer_use: Some(String::new()),
    };
    let mut problems = Vec::new();
    walk.visit(&site, 0, &mut Seen::default(), &mut problems);
    problems
}

/// The pairs that were told already: once in the open, and once behind each union that stands in the open.
#[derive(Default)]
struct Seen {
    pairs: HashSet<(Id, Id)>,
    is_behind_union: bool,
}

struct Walk<'s> {
    rules: Rules<'s>,
    incompatible: HashSet<(Id, Id)>,
    reader_places: HashMap<Id, String>,
    writer_places: HashMap<Id, String>,
    left: usize,
}

impl Walk<'_> {
    fn visit(&mut self, site: &Site, depth: usize, seen: &mut Seen, found: &mut Vec<Problem>) {
        let pair = (site.reader, site.writer);
        if depth > MOST_DEPTH || !self.incompatible.contains(&pair) || !seen.pairs.insert(pair) {
            return;
        }
        for step in self.rules.steps(site.reader, site.writer) {
            if self.left == 0 {
                return;
            }
            match step {
                Step::Wrong { rule, at, message } => {
                    let field = match at.as_slice() {
                        [Token::Name("fields"), Token::Index(at)] => Some(*at),
                        _ => None,
                    };
                    let (kind, rule) = (rule, Rule::from(rule));
                    let location = location(&site.location, &at);
                    self.found(
                        found,
                        Problem {
                            rule,
                            site: site.clone(),
                            field,
                            message,
                            location,
                            kind: Some(kind),
                            causes: Vec::new(),
                            closest: None,
                        },
                    );
                }
                Step::GiveUp { message } => {
                    let field = self.ambiguous_field(site);
                    let location = location(&site.location, &[]);
                    self.found(
                        found,
                        Problem {
                            rule: Rule::AmbiguousAlias,
                            site: site.clone(),
                            field,
                            message,
                            location,
                            kind: None,
                            causes: Vec::new(),
                            closest: None,
                        },
                    );
                }
                Step::Below { reader, writer, at } => {
                    if let Some(field) = self.unwritten_enum(site, &at) {
                        self.without_default(site, (field, reader), &at, found);
                    } else if self.incompatible.contains(&(reader, writer))
                        && let Some(below) = self.below(site, reader, writer, &at)
                    {
                        self.visit(&below, depth + 1, seen, found);
                    }
                }
                Step::WriterBranch { writer, at } => {
                    if self.incompatible.contains(&(site.reader, writer)) {
                        let branch = self.branch(site, writer, &at);
                        self.lacking(branch, depth, seen, found);
                    }
                }
                Step::ReaderUnion { .. } => self.lacking(site.clone(), depth, seen, found),
            }
        }
    }

    fn found(&mut self, found: &mut Vec<Problem>, problem: Problem) {
        self.left = self.left.saturating_sub(1);
        found.push(problem);
    }

    /// No branch of the reader's union accepts the writer's type; the one that comes closest tells why.
    fn lacking(&mut self, site: Site, depth: usize, seen: &mut Seen, found: &mut Vec<Problem>) {
        let mut causes = Vec::new();
        let closest = self.closest(site.reader, site.writer);
        if let Some((at, branch)) = closest {
            let below = Site {
                reader: branch,
                reader_use: site.reader_use.as_ref().map(|place| format!("{place}/{at}")),
                ..site.clone()
            };
            if seen.is_behind_union {
                self.visit(&below, depth + 1, seen, &mut causes);
            } else {
                let mut seen = Seen { is_behind_union: true, ..Seen::default() };
                self.visit(&below, depth + 1, &mut seen, &mut causes);
            }
        }
        let problem = Problem {
            rule: Rule::MissingUnionBranch,
            field: None,
            message: format!("reader union lacking writer type: {}", upper(&self.rules.writer[site.writer].kind)),
            location: location(&site.location, &[]),
            kind: Some(IncompatibilityKind::MissingUnionBranch),
            causes,
            closest: closest.map(|(_, branch)| branch),
            site,
        };
        self.found(found, problem);
    }

    /// The branch of the same kind; among several the one with the written name.
    fn closest(&self, union: Id, writer: Id) -> Option<(usize, Id)> {
        let Kind::Union(branches) = &self.rules.reader[union].kind else { return None };
        let written = &self.rules.writer[writer].kind;
        let rank = |branch: &Id| {
            let kind = &self.rules.reader[*branch].kind;
            match (kind.named(), written.named()) {
                _ if std::mem::discriminant(kind) != std::mem::discriminant(written) => 0,
                (Some(a), Some(b)) if a.name == b.name => 4,
                (Some(a), Some(b)) if a.name.short() == b.name.short() => 3,
                (Some(_), Some(_)) => 2,
                _ if matches!(kind, Kind::Primitive(_)) => 0,
                _ => 1,
            }
        };
        let best = branches.iter().enumerate().max_by_key(|(at, branch)| (rank(branch), std::cmp::Reverse(*at)))?;
        (rank(best.1) > 0).then_some((best.0, *best.1))
    }

    fn branch(&self, site: &Site, writer: Id, at: &[Token]) -> Site {
        let writer_use = self.writer_places.get(&site.writer).and_then(|place| pointer_below(place, at));
        Site { writer, writer_use, location: extended(&site.location, at), ..site.clone() }
    }

    /// The field of the reader that nothing was written for, where its type is looked at all the same: Java reads an enum
    /// that has a default symbol, in a field that has none, from the whole record.
    fn unwritten_enum(&self, site: &Site, at: &[Token]) -> Option<usize> {
        let (Kind::Record(record), [Token::Name("fields"), Token::Index(at), _]) =
            (&self.rules.reader[site.reader].kind, at)
        else {
            return None;
        };
        self.written_field(site.writer, record.fields.get(*at)?).is_none().then_some(*at)
    }

    /// What Java calls a type that does not match is to people a field that lacks a default.
    fn without_default(&mut self, site: &Site, (field, kind): (usize, Id), at: &[Token], found: &mut Vec<Problem>) {
        for step in self.rules.steps(kind, site.writer) {
            let Step::Wrong { rule, at: below, message } = step else { continue };
            let problem = Problem {
                rule: Rule::MissingDefault,
                site: site.clone(),
                field: Some(field),
                message,
                location: location(&extended(&site.location, at), &below),
                kind: Some(rule),
                causes: Vec::new(),
                closest: None,
            };
            self.found(found, problem);
        }
    }

    fn below(&self, site: &Site, reader: Id, writer: Id, at: &[Token]) -> Option<Site> {
        let kind = &self.rules.reader[site.reader].kind;
        let (step, reader_at, writer_at) = match (at, kind) {
            ([_, Token::Index(at), _], Kind::Record(record)) => {
                let field = record.fields.get(*at)?;
                let written = self.written_field(site.writer, field);
                let writer_at = written.map(|at| format!("/fields/{at}/type"));
                (format!(".{}", field.name), Some(format!("/fields/{at}/type")), writer_at)
            }
            ([Token::Name("items")], _) => ("[]".to_owned(), Some("/items".to_owned()), Some("/items".to_owned())),
            ([Token::Name("values")], _) => ("{}".to_owned(), Some("/values".to_owned()), Some("/values".to_owned())),
            // A branch of the writer's union: the reader stays where it is.
            ([Token::Index(at)], _) => (String::new(), None, Some(format!("/{at}"))),
            _ => return None,
        };
        let below = |places: &HashMap<Id, String>, id: Id, at: Option<String>| {
            at.and_then(|at| places.get(&id).map(|place| format!("{place}{at}")))
        };
        let reader_use = match reader_at {
            None => site.reader_use.clone(),
            at => below(&self.reader_places, site.reader, at),
        };
        let writer_use = below(&self.writer_places, site.writer, writer_at);
        let (path, location) = (format!("{}{step}", site.path), extended(&site.location, at));
        Some(Site { reader, writer, path, location, reader_use, writer_use })
    }

    fn written_field(&self, record: Id, field: &Field) -> Option<usize> {
        let Kind::Record(record) = &self.rules.writer[record].kind else { return None };
        candidates(record, field).next()
    }

    fn ambiguous_field(&self, site: &Site) -> Option<usize> {
        let (Kind::Record(reader), Kind::Record(writer)) =
            (&self.rules.reader[site.reader].kind, &self.rules.writer[site.writer].kind)
        else {
            return None;
        };
        reader.fields.iter().position(|field| candidates(writer, field).count() > 1)
    }
}

/// The written fields that a reader's field may take.
fn candidates<'r>(writer: &'r Record, field: &'r Field) -> impl Iterator<Item = usize> + 'r {
    let names = std::iter::once(&field.name).chain(&field.aliases);
    names.filter_map(|name| writer.fields.iter().position(|written| written.name == *name))
}

fn extended(location: &[String], at: &[Token]) -> Vec<String> {
    let tokens = at.iter().map(|token| match token {
        Token::Name(name) => (*name).to_owned(),
        Token::Index(index) => index.to_string(),
    });
    location.iter().cloned().chain(tokens).collect()
}

fn location(location: &[String], at: &[Token]) -> String {
    format!("/{}", extended(location, at).join("/"))
}

fn pointer_below(place: &str, at: &[Token]) -> Option<String> {
    match at {
        [Token::Index(at)] => Some(format!("{place}/{at}")),
        _ => None,
    }
}
