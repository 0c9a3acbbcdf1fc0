//! Findings for people: what breaks, for whom, where, a record that proves it, and fixes that were tried.

mod fixes;
mod messages;
mod rules;
mod walk;

use avow_budget::{Budget, Exceeded, Limits};
use md5::{Digest, Md5};

use crate::datum::{DecodeErrorKind, Resolution, Witness};
use crate::json::escape;
use crate::model::{Id, Kind};
use crate::pointer::Definitions;
use crate::positions::FastSet;
use crate::{Incompatibility, IncompatibilityKind, Schema, Verdict, check_within, print};
use fixes::Fixer;
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
    /// None is new: the question is about a reader and a writer. Fixes change the reader.
    Neither,
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
    /// The reasons behind a union that does not accept the data.
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
    /// An instruction.
    pub title: String,
    /// The new schema with the change.
    pub schema: String,
    /// Whether the two schemas are compatible then; otherwise this finding is gone and others remain.
    pub resolves_all: bool,
}

/// Everything that is wrong between a reader and a writer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explanation {
    /// The findings, at most 100.
    pub findings: Vec<Finding>,
    /// The number of further findings, which are not listed.
    pub omitted: usize,
}

/// Explains everything that is wrong between a reader and a writer, and warns where the rules say nothing but data break.
///
/// Empty when all is well.
pub fn explain_within(
    reader: &Schema,
    writer: &Schema,
    candidate: Candidate,
    budget: &Budget,
) -> Result<Explanation, Exceeded> {
    let verdict = check_within(reader, writer, budget)?;
    if verdict.is_compatible() {
        let findings = soundness_within(reader, writer, candidate, budget)?.into_iter().collect();
        return Ok(Explanation { findings, omitted: 0 });
    }
    let explainer = Explainer::new(reader, writer, candidate, budget)?;
    let places = (&explainer.reader_pointers, &explainer.writer_pointers);
    let problems = walk::problems(&reader.inner, &writer.inner, places, budget)?;
    let mut fixer = Fixer::new((reader, writer), candidate, &verdict, places, budget)?;
    let mut findings = Vec::with_capacity(problems.listed.len());
    for (at, problem) in problems.listed.iter().enumerate() {
        let mut finding = explainer.finding(problem)?;
        if at < MOST_PROVEN {
            finding.witness = explainer.witness(problem)?;
            finding.fixes = fixer.fixes(problem)?;
        }
        findings.push(finding);
    }
    if !findings.is_empty() {
        return Ok(Explanation { findings, omitted: problems.omitted });
    }
    // Too deep for an explanation: what the rules say is still worth knowing.
    explainer.unexplained(verdict)
}

/// [`explain_within`] a default budget: the findings alone; beyond the budget, that the schemas are too large.
pub fn explain(reader: &Schema, writer: &Schema, candidate: Candidate) -> Vec<Finding> {
    match explain_within(reader, writer, candidate, &default_budget()) {
        Ok(explanation) => explanation.findings,
        Err(exceeded) => Explainer::too_large(reader, writer, candidate, exceeded).into_iter().collect(),
    }
}

/// Warns when a pair that the rules accept has data that do not decode (avro-compat 7).
///
/// For a pair that they refuse, [`explain_within`] has the better answer.
pub fn soundness_within(
    reader: &Schema,
    writer: &Schema,
    candidate: Candidate,
    budget: &Budget,
) -> Result<Option<Finding>, Exceeded> {
    let Some(resolution) = Resolution::within(reader, writer, budget)? else { return Ok(None) };
    let Some(witness) = resolution.witness_within(budget)? else { return Ok(None) };
    Explainer::with_resolution(reader, writer, candidate, Some(resolution), budget).warning(witness).map(Some)
}

/// [`soundness_within`] a default budget; beyond it there is no warning.
pub fn soundness(reader: &Schema, writer: &Schema, candidate: Candidate) -> Option<Finding> {
    soundness_within(reader, writer, candidate, &default_budget()).unwrap_or_default()
}

fn default_budget() -> Budget {
    Budget::new(Limits { steps: 200_000_000, bytes: 1 << 30 })
}

/// Only the first findings get a witness and fixes: each takes a search, and each fix a check of its own.
const MOST_PROVEN: usize = 20;

/// A longer record proves nothing to anybody.
const LONGEST_RECORD: usize = 10_000;

/// The longest fragment that is shown whole.
const FRAGMENT_LENGTH: usize = 240;

struct Explainer<'s> {
    reader: &'s Schema,
    writer: &'s Schema,
    candidate: Candidate,
    resolution: Option<Resolution<'s>>,
    reader_pointers: Definitions,
    writer_pointers: Definitions,
    budget: &'s Budget,
}

impl<'s> Explainer<'s> {
    fn new(reader: &'s Schema, writer: &'s Schema, candidate: Candidate, budget: &'s Budget) -> Result<Self, Exceeded> {
        let resolution = Resolution::within(reader, writer, budget)?;
        Ok(Self::with_resolution(reader, writer, candidate, resolution, budget))
    }

    fn with_resolution(
        reader: &'s Schema,
        writer: &'s Schema,
        candidate: Candidate,
        resolution: Option<Resolution<'s>>,
        budget: &'s Budget,
    ) -> Self {
        let (reader_pointers, writer_pointers) = (Definitions::of(&reader.inner), Definitions::of(&writer.inner));
        Self { reader, writer, candidate, resolution, reader_pointers, writer_pointers, budget }
    }

    fn finding(&self, problem: &Problem) -> Result<Finding, Exceeded> {
        let path = messages::path(&self.reader.inner, problem);
        let messages = messages::Messages::new(&self.reader.inner, &self.writer.inner, self.candidate);
        let (reader, writer) = (problem.site.reader, problem.site.writer);
        Ok(Finding {
            rule: problem.rule,
            severity: Severity::Breaking,
            direction: self.direction(),
            title: messages.title(problem),
            why: messages.why(problem),
            causes: problem.causes.iter().map(|cause| self.cause(&messages, cause)).collect(),
            witness: None,
            fixes: Vec::new(),
            fingerprint: fingerprint(problem.rule, &path, &problem.message),
            confluent: problem.incompatibility().map(|finding| finding.registry_text(self.candidate)),
            reader: self.side((self.reader, &self.reader_pointers), reader, problem.field)?,
            writer: self.side((self.writer, &self.writer_pointers), writer, None)?,
            path,
        })
    }

    /// Finds data that fail where the problem is; behind a union that is where the closest branch fails.
    ///
    /// Java names one missing field of a record only. Where that is another one, there is no proof for this one.
    fn witness(&self, problem: &Problem) -> Result<Option<Witness>, Exceeded> {
        let Some(resolution) = &self.resolution else { return Ok(None) };
        let mut wanted = FastSet::from_iter([problem.site.writer]);
        let mut fields = FastSet::default();
        let mut open = vec![problem];
        while let Some(problem) = open.pop() {
            wanted.insert(problem.site.writer);
            if let (Some(at), Kind::Record(record)) = (problem.field, &self.reader.inner[problem.site.reader].kind) {
                fields.insert(&*record.fields[at].name);
            }
            open.extend(&problem.causes);
        }
        let witness = resolution.witness_at(|id| wanted.contains(&id), self.budget)?;
        Ok(witness.filter(|witness| {
            let is_about_it = witness.missing_field.as_deref().is_none_or(|name| fields.contains(name));
            is_about_it && witness.record.len() <= LONGEST_RECORD
        }))
    }

    fn cause(&self, messages: &messages::Messages<'_>, problem: &Problem) -> Cause {
        let path = messages::path(&self.reader.inner, problem);
        Cause { rule: problem.rule, path, title: messages.title(problem), why: messages.why(problem) }
    }

    fn warning(&self, witness: Witness) -> Result<Finding, Exceeded> {
        let rule = match witness.kind {
            DecodeErrorKind::Default => Rule::UnusableDefault,
            DecodeErrorKind::Aliases => Rule::AliasCollision,
            DecodeErrorKind::MissingField
                if !witness.error.contains("union[") && self.reader.inner.has_field_aliases() =>
            {
                Rule::AliasNotApplied
            }
            _ => Rule::UnionBranchChoice,
        };
        let blamed = self.resolution.as_ref().and_then(Resolution::unusable_default);
        let path = blamed.map_or_else(|| self.root_name() + &witness.path, str::to_owned);
        let (title, why) = messages::warning(rule, &path, &witness.error, self.candidate);
        Ok(Finding {
            severity: Severity::Warning,
            title,
            fingerprint: fingerprint(rule, &path, &witness.error),
            witness: Some(witness),
            path,
            ..self.about_roots(rule, None, why)?
        })
    }

    /// The findings of the rules alone.
    fn unexplained(&self, verdict: Verdict) -> Result<Explanation, Exceeded> {
        let mut findings = Vec::new();
        if let Some(exception) = verdict.exception {
            findings.push(self.about_roots(Rule::TooLarge, None, exception)?);
        }
        let omitted = verdict.omitted + verdict.findings.len().saturating_sub(walk::MOST_PROBLEMS);
        for finding in verdict.findings.into_iter().take(walk::MOST_PROBLEMS) {
            let text = finding.registry_text(self.candidate);
            findings.push(self.about_roots(finding.kind.into(), Some(text), finding.message)?);
        }
        Ok(Explanation { findings, omitted })
    }

    fn too_large(
        reader: &Schema,
        writer: &Schema,
        candidate: Candidate,
        exceeded: Exceeded,
    ) -> Result<Finding, Exceeded> {
        let budget = Budget::unlimited();
        let explainer = Explainer::with_resolution(reader, writer, candidate, None, &budget);
        explainer.about_roots(Rule::TooLarge, None, exceeded.to_string())
    }

    fn about_roots(&self, rule: Rule, confluent: Option<String>, why: String) -> Result<Finding, Exceeded> {
        let path = self.root_name();
        Ok(Finding {
            rule,
            severity: Severity::Breaking,
            direction: self.direction(),
            title: rule.entry().summary.to_owned(),
            causes: Vec::new(),
            witness: None,
            fixes: Vec::new(),
            fingerprint: fingerprint(rule, &path, &why),
            confluent,
            reader: self.side((self.reader, &self.reader_pointers), self.reader.inner.root, None)?,
            writer: self.side((self.writer, &self.writer_pointers), self.writer.inner.root, None)?,
            why,
            path,
        })
    }

    fn side(&self, (schema, places): (&Schema, &Definitions), id: Id, field: Option<usize>) -> Result<Side, Exceeded> {
        let place = places.pointer(id);
        let text = |id| print::beginning(&schema.inner.nodes, id, FRAGMENT_LENGTH * 4, self.budget);
        let (pointer, text) = match (field, &schema.inner[id].kind) {
            (Some(at), Kind::Record(record)) => {
                let kind = text(record.fields[at].kind)?;
                let name = escape(&record.fields[at].name);
                (place.map(|place| format!("{place}/fields/{at}")), format!("{{\"name\":{name},\"type\":{kind}}}"))
            }
            _ => (place, text(id)?),
        };
        let fragment = match text.char_indices().nth(FRAGMENT_LENGTH) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        };
        Ok(Side { pointer, fragment })
    }

    fn direction(&self) -> &'static str {
        match self.candidate {
            Candidate::Reader => "Consumers with the new schema read data written with the old schema",
            Candidate::Writer => "Consumers still on the old schema read data written with the new schema",
            Candidate::Neither => "Consumers with the reader schema read data written with the writer schema",
        }
    }

    fn root_name(&self) -> String {
        messages::root(&self.reader.root().kind).to_owned()
    }
}

impl Incompatibility {
    /// The sentence with which the reference registry reports it (contract 4.9).
    pub fn registry_text(&self, candidate: Candidate) -> String {
        let (reader, writer) = match candidate {
            Candidate::Reader | Candidate::Neither => ("new", "old"),
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

fn fingerprint(rule: Rule, path: &str, message: &str) -> String {
    let digest: [u8; 16] = Md5::digest(format!("{}\0{path}\0{message}", rule.id())).into();
    digest[..8].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
