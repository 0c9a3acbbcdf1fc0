//! Findings for people: what breaks, for whom, since which version.

use super::candidate::{Candidate, ParseOptions};
use super::compatibility::{describe, same_group};
use super::verdicts::Pair;
use super::{Authority, Draft, Error, LookupOptions, Registry, View, effective};
use crate::domain::access::{Target, Verb};
use crate::domain::{Content, Context, Direction, Level, Subject, Version, VersionSelector};
use crate::store::StoredVersion;
use avow_schema::{Finding, Policy, Strictness, Validation, Verdict};
use std::sync::Arc;

/// A finding with every version of the history it is about.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The finding.
    pub finding: Finding,
    /// The direction of compatibility.
    pub direction: Direction,
    /// The versions it is about, newest first; none where two bare schemas were compared.
    pub versions: Vec<Version>,
}

/// All findings on a draft, and the versions that were checked.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The findings.
    pub findings: Vec<Explained>,
    /// The level in force.
    pub level: Level,
    /// The versions that the level protects, newest first.
    pub versions: Vec<Version>,
}

/// The answer to one question of a batch.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The verdict of a registration.
    pub verdict: super::Verdict,
    /// The findings behind it.
    pub findings: Vec<Explained>,
    /// The level in force and the versions checked; none where two bare schemas were compared.
    pub asked: Option<(Level, Vec<Version>)>,
    /// The existing version with the same schema; registering it again would change nothing.
    pub registered: Option<Version>,
}

/// A question of a batch, about one subject or two schemas.
#[derive(Debug, Clone)]
pub enum Question {
    /// Is the draft compatible with the history of a subject, or with one version of it?
    Subject {
        /// The subject.
        subject: Subject,
        /// One version, or the history.
        version: Option<VersionSelector>,
        /// The draft.
        draft: Box<Draft>,
        /// Whether to normalise it first.
        normalize: bool,
    },
    /// Can the reader decode data of the writer?
    Pair {
        /// The reader.
        reader: Box<Draft>,
        /// The writer.
        writer: Box<Draft>,
    },
}

/// The number of accepted pairs that are tested with data in one explanation.
const MOST_TRIED: usize = 100;

impl Registry {
    /// Answers one question of a batch: the verdict, and what is behind it.
    pub async fn ask(&self, question: &Question, authority: &Authority) -> Result<Reply, Error> {
        let mut view = self.view(authority);
        match question {
            Question::Subject { subject, version, draft, normalize } => {
                view.require(Verb::Read, Target::of(subject.clone()))?;
                let subject = self.aliased(&mut view, subject.clone()).await?;
                let verdict = match version {
                    Some(version) => {
                        self.test_against_version(&mut view, &subject, *version, draft, *normalize).await?
                    }
                    None => self.test_against_history(&mut view, &subject, draft, *normalize).await?,
                };
                let Explanation { findings, level, versions } =
                    self.explain(&mut view, &subject, *version, draft, *normalize).await?;
                let options = LookupOptions { normalize: *normalize, deleted: false };
                let registered = match self.lookup(&mut view, &subject, draft, options).await {
                    Ok(found) => (found.subject == subject).then_some(found.version),
                    Err(error) if error.status() >= 500 => return Err(error),
                    Err(_) => None,
                };
                Ok(Reply { verdict, findings, asked: Some((level, versions)), registered })
            }
            Question::Pair { reader, writer } => {
                let (verdict, findings) = self.explain_pair(&mut view, reader, writer).await?;
                Ok(Reply { verdict, findings, asked: None, registered: None })
            }
        }
    }

    /// Explains the incompatibilities of a draft with the history of a subject, or with one version of it.
    ///
    /// Checks every version that the level protects, not only the newest that fails.
    pub async fn explain(
        &self,
        view: &mut View<'_>,
        subject: &Subject,
        version: Option<VersionSelector>,
        draft: &Draft,
        normalize: bool,
    ) -> Result<Explanation, Error> {
        let settings = effective::settings(view, subject).await?;
        let candidate = self.test_candidate(view, subject, draft, normalize, &settings).await?;
        let scope = view.scope(subject).await?;
        let mut history: Vec<(StoredVersion, Arc<Content>)> = Vec::new();
        for stored in scope.live().rev() {
            let asked = match version {
                Some(VersionSelector::Number(version)) => stored.version == version,
                Some(VersionSelector::Latest) => history.is_empty(),
                // A version of another type counts however old it is.
                None => {
                    settings.level.is_transitive()
                        || history.is_empty()
                        || stored.key.schema_type != candidate.content.schema_type
                }
            };
            if !asked {
                continue;
            }
            let content = view.content(stored.key).await?;
            if same_group(&settings, &candidate.content, &content) {
                history.push((*stored, content));
            }
        }
        let new = candidate.parsed();
        let mut explained = Vec::new();
        for direction in settings.level.directions() {
            let mut known: Vec<(Arc<Verdict>, Vec<usize>)> = Vec::new();
            let mut tried = 0;
            for (stored, content) in &history {
                let old = self.parsed(view, &candidate.context, stored.key, content).await?;
                let pair = Pair::new(&new, &old, *direction, settings.policy);
                let verdict = self.verdict(&pair).await?;
                let findings = if verdict.is_compatible() {
                    tried += 1;
                    if tried > MOST_TRIED { Vec::new() } else { self.warning(pair).await?.into_iter().collect() }
                } else if let Some((_, places)) = known.iter().find(|(same, _)| **same == *verdict) {
                    // Refused for the same reasons as a newer version: the findings are about this one, too.
                    for place in places {
                        let explained: &mut Explained = &mut explained[*place];
                        explained.versions.push(stored.version);
                    }
                    continue;
                } else {
                    self.findings(pair).await?
                };
                let places =
                    findings.into_iter().map(|finding| note(&mut explained, finding, *direction, stored.version));
                known.push((verdict, places.collect()));
            }
        }
        let versions = history.iter().map(|(stored, _)| stored.version).collect();
        Ok(Explanation { findings: explained, level: settings.level, versions })
    }

    /// Explains the incompatibilities of two schemas without a subject.
    async fn explain_pair(
        &self,
        view: &mut View<'_>,
        reader: &Draft,
        writer: &Draft,
    ) -> Result<(super::Verdict, Vec<Explained>), Error> {
        let (reader, writer) = (self.bare(view, reader).await?, self.bare(view, writer).await?);
        let pair = Pair::new(&reader.parsed(), &writer.parsed(), Direction::Backward, Policy::Strict);
        let messages = describe(&*self.verdict(&pair).await?, pair.role);
        let findings = self.findings(pair).await?;
        let explained = |finding| Explained { finding, direction: Direction::Backward, versions: Vec::new() };
        Ok((super::Verdict { messages }, findings.into_iter().map(explained).collect()))
    }

    /// Parses a draft as a schema of the default context.
    async fn bare(&self, view: &mut View<'_>, draft: &Draft) -> Result<Candidate, Error> {
        draft.schema_type()?;
        view.require_references(&Context::default_context(), &draft.references)?;
        let content = Content { metadata: None, rule_set: None, ..draft.content()? };
        let options = ParseOptions { strictness: Strictness::Strict, validation: Validation::Basic, normalize: false };
        Candidate::parse(view, &Subject::new(&Context::default_context(), ""), content, options).await
    }
}

/// Adds a finding, or its version to the one that is known; where it stands.
fn note(explained: &mut Vec<Explained>, finding: Finding, direction: Direction, version: Version) -> usize {
    let same = |known: &Explained| known.direction == direction && known.finding.fingerprint == finding.fingerprint;
    if let Some(place) = explained.iter().position(same) {
        explained[place].versions.push(version);
        return place;
    }
    explained.push(Explained { finding, direction, versions: vec![version] });
    explained.len() - 1
}
