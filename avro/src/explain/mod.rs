//! Findings for people: what breaks, for whom, where, a record that proves it, and fixes that were tried.

mod fixes;
mod rules;
mod walk;
mod words;

use std::cell::Cell;

use md5::{Digest, Md5};

use crate::datum::{DecodeErrorKind, Resolution, Witness};
use crate::model::Id;
use crate::{Incompatibility, IncompatibilityKind, Schema, check, pointer, print};
use walk::Problem;

pub use rules::{Rule, RuleEntry, Severity, rules};

/// Which of the two schemas is the new one: the one that can still be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Candidate {
    /// The new schema reads old data: BACKWARD.
    Reader,
    /// The new schema writes data for old readers: FORWARD.
    Writer,
}

/// One finding about a pair of schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Finding {
    /// The rule, whose id is stable.
    pub rule: Rule,
    /// Whether the pair is refused or only doubtful.
    pub severity: Severity,
    /// Who reads whose data.
    pub direction: &'static str,
    /// Where, for people: `Order.items[].price`.
    pub path: String,
    /// The reader's side.
    pub reader: Side,
    /// The writer's side.
    pub writer: Side,
    /// One line.
    pub title: String,
    /// The reason, in a sentence or two.
    pub why: String,
    /// What is behind a union that does not accept the data.
    pub causes: Vec<Cause>,
    /// A record that cannot be decoded.
    pub witness: Option<Witness>,
    /// Changes to the new schema that were tried and help.
    pub fixes: Vec<Fix>,
    /// Sixteen hexadecimal digits that stay the same from run to run.
    pub fingerprint: String,
    /// The sentence of the reference registry, where it has one.
    pub confluent: Option<String>,
}

/// One schema's side of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Side {
    /// Where the type stands in the stored text, as a JSON pointer; none for types of references.
    pub pointer: Option<String>,
    /// The JSON at that place, shortened when it is long.
    pub fragment: String,
}

/// A reason behind a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Cause {
    /// The rule that is broken there.
    pub rule: Rule,
    /// Where, for people.
    pub path: String,
    /// One line.
    pub title: String,
    /// The reason.
    pub why: String,
}

/// A change to the new schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Fix {
    /// What it does, as an instruction.
    pub title: String,
    /// The new schema with the change.
    pub schema: String,
    /// Whether the two schemas are compatible then; otherwise this finding is gone and others remain.
    pub resolves_all: bool,
}

/// Explains everything that is wrong between a reader and a writer, and warns where the rules say nothing but data break.
///
/// Empty when all is well.
pub fn explain(reader: &Schema, writer: &Schema, candidate: Candidate) -> Vec<Finding> {
    let verdict = check(reader, writer);
    if verdict.is_compatible() {
        return soundness(reader, writer, candidate).into_iter().collect();
    }
    let explainer = Explainer::new(reader, writer, candidate);
    let findings: Vec<_> = walk::problems(&reader.inner, &writer.inner)
        .iter()
        .enumerate()
        .map(|(at, problem)| explainer.finding(problem, at < MOST_PROVEN))
        .collect();
    if !findings.is_empty() {
        return findings;
    }
    // Too deep or too large for an explanation: what the rules say is still worth telling.
    match verdict.exception {
        Some(exception) => vec![explainer.unexplained(Rule::TooLarge, None, exception)],
        None => verdict
            .findings
            .into_iter()
            .map(|finding| {
                let text = finding.registry_text(candidate);
                explainer.unexplained(finding.kind.into(), Some(text), finding.message)
            })
            .collect(),
    }
}

/// Warns when a pair that the rules accept has data that do not decode (avro-compat 7).
///
/// For a pair that they refuse, [`explain`] has the better answer.
pub fn soundness(reader: &Schema, writer: &Schema, candidate: Candidate) -> Option<Finding> {
    let witness = Resolution::new(reader, writer)?.witness()?;
    Some(Explainer::new(reader, writer, candidate).warning(witness))
}

/// Only the first findings get a witness and fixes: each takes a search, and each fix a check of its own.
const MOST_PROVEN: usize = 20;

/// How many bytes of changed schemas are tried in all.
const MOST_TRIED: usize = 4 << 20;

/// A longer record proves nothing to anybody.
const LONGEST_RECORD: usize = 10_000;

/// The longest fragment that is shown whole.
const FRAGMENT_LENGTH: usize = 240;

struct Explainer<'s> {
    reader: &'s Schema,
    writer: &'s Schema,
    candidate: Candidate,
    resolution: Option<Resolution<'s>>,
    /// What is left of the bytes that may be tried.
    untried: Cell<usize>,
}

impl<'s> Explainer<'s> {
    fn new(reader: &'s Schema, writer: &'s Schema, candidate: Candidate) -> Self {
        Self { reader, writer, candidate, resolution: Resolution::new(reader, writer), untried: Cell::new(MOST_TRIED) }
    }

    fn finding(&self, problem: &Problem, with_proof: bool) -> Finding {
        let (reader, writer) = (problem.site.reader, problem.site.writer);
        let path = words::path(&self.reader.inner, problem);
        let words = words::Words::new(&self.reader.inner, &self.writer.inner, self.candidate);
        let fixes = if with_proof {
            fixes::fixes(self.reader, self.writer, self.candidate, problem, &self.untried)
        } else {
            Vec::new()
        };
        Finding {
            rule: problem.rule,
            severity: Severity::Breaking,
            direction: self.direction(),
            title: words.title(problem),
            why: words.why(problem),
            causes: problem.causes.iter().map(|cause| self.cause(&words, cause)).collect(),
            witness: if with_proof { self.witness(problem) } else { None },
            fixes,
            fingerprint: fingerprint(problem.rule, &path, &problem.message),
            confluent: problem.incompatibility().map(|finding| finding.registry_text(self.candidate)),
            reader: side(self.reader, reader, problem.field),
            writer: side(self.writer, writer, None),
            path,
        }
    }

    /// Finds data that fail where the problem is; behind a union that is where the closest branch fails.
    fn witness(&self, problem: &Problem) -> Option<Witness> {
        let mut wanted = vec![problem.site.writer];
        let mut open: Vec<&Problem> = problem.causes.iter().collect();
        while let Some(cause) = open.pop() {
            wanted.push(cause.site.writer);
            open.extend(&cause.causes);
        }
        let witness = self.resolution.as_ref()?.witness_at(|id| wanted.contains(&id))?;
        (witness.record.len() <= LONGEST_RECORD).then_some(witness)
    }

    fn cause(&self, words: &words::Words<'_>, problem: &Problem) -> Cause {
        let path = words::path(&self.reader.inner, problem);
        Cause { rule: problem.rule, path, title: words.title(problem), why: words.why(problem) }
    }

    fn warning(&self, witness: Witness) -> Finding {
        let rule = match witness.kind {
            DecodeErrorKind::Default => Rule::UnusableDefault,
            DecodeErrorKind::Aliases => Rule::AliasCollision,
            DecodeErrorKind::MissingField if !witness.error.contains("union[") && self.has_field_aliases() => {
                Rule::AliasNotApplied
            }
            _ => Rule::UnionBranchChoice,
        };
        let blamed = self.resolution.as_ref().and_then(Resolution::unusable_default);
        let path = blamed.map_or_else(|| self.root_name() + &witness.path, str::to_owned);
        let (title, why) = words::warning(rule, &path, &witness.error, self.candidate);
        Finding {
            rule,
            severity: Severity::Warning,
            direction: self.direction(),
            title,
            why,
            causes: Vec::new(),
            fixes: Vec::new(),
            fingerprint: fingerprint(rule, &path, &witness.error),
            confluent: None,
            reader: side(self.reader, self.reader.inner.root, None),
            writer: side(self.writer, self.writer.inner.root, None),
            witness: Some(witness),
            path,
        }
    }

    fn unexplained(&self, rule: Rule, confluent: Option<String>, why: String) -> Finding {
        let path = self.root_name();
        Finding {
            rule,
            severity: Severity::Breaking,
            direction: self.direction(),
            title: rule.entry().summary.to_owned(),
            causes: Vec::new(),
            witness: None,
            fixes: Vec::new(),
            fingerprint: fingerprint(rule, &path, &why),
            confluent,
            reader: side(self.reader, self.reader.inner.root, None),
            writer: side(self.writer, self.writer.inner.root, None),
            why,
            path,
        }
    }

    fn direction(&self) -> &'static str {
        match self.candidate {
            Candidate::Reader => "Consumers with the new schema read data written with the old schema",
            Candidate::Writer => "Consumers still on the old schema read data written with the new schema",
        }
    }

    fn root_name(&self) -> String {
        words::root(&self.reader.root().kind).to_owned()
    }

    fn has_field_aliases(&self) -> bool {
        self.reader.inner.nodes.iter().any(|node| match &node.kind {
            crate::model::Kind::Record(record) => record.fields.iter().any(|field| !field.aliases.is_empty()),
            _ => false,
        })
    }
}

impl Incompatibility {
    /// Returns the sentence with which the reference registry reports it (contract 4.9).
    pub fn registry_text(&self, candidate: Candidate) -> String {
        let (reader, writer) = match candidate {
            Candidate::Reader => ("new", "old"),
            Candidate::Writer => ("old", "new"),
        };
        let (kind, path, info) = (self.kind.as_str(), &self.location, &self.message);
        let description = match self.kind {
            IncompatibilityKind::NameMismatch => format!("The name of the schema has changed (path '{path}')"),
            IncompatibilityKind::FixedSizeMismatch => format!(
                "The size of FIXED type field at path '{path}' in the {reader} schema does not match with the {writer} schema"
            ),
            IncompatibilityKind::MissingEnumSymbols => {
                format!("The {reader} schema is missing enum symbols '{info}' at path '{path}' in the {writer} schema")
            }
            IncompatibilityKind::MissingUnionBranch => format!(
                "The {reader} schema is missing a type inside a union field at path '{path}' in the {writer} schema"
            ),
            IncompatibilityKind::ReaderFieldMissingDefaultValue => format!(
                "The field '{info}' at path '{path}' in the {reader} schema has no default value and is missing in the {writer} schema"
            ),
            IncompatibilityKind::TypeMismatch => format!(
                "The type (path '{path}') of a field in the {reader} schema does not match with the {writer} schema"
            ),
        };
        format!("{{errorType:'{kind}', description:'{description}', additionalInfo:'{info}'}}")
    }
}

fn side(schema: &Schema, id: Id, field: Option<usize>) -> Side {
    let place = pointer::definitions(&schema.inner).remove(&id);
    let (pointer, text) = match (field, &schema.inner[id].kind) {
        (Some(at), crate::model::Kind::Record(record)) => {
            let kind = print::brief(&schema.inner.nodes, record.fields[at].kind);
            let name = crate::json::escape(&record.fields[at].name);
            (place.map(|place| format!("{place}/fields/{at}")), format!("{{\"name\":{name},\"type\":{kind}}}"))
        }
        _ => (place, print::brief(&schema.inner.nodes, id)),
    };
    let fragment = match text.char_indices().nth(FRAGMENT_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    Side { pointer, fragment }
}

fn fingerprint(rule: Rule, path: &str, message: &str) -> String {
    let digest: [u8; 16] = Md5::digest(format!("{}\0{path}\0{message}", rule.id())).into();
    digest[..8].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
