//! Verdicts on pairs of schemas: computed once per pair of contents, off the serving threads where that may take long.

use super::candidate::{Parsed, ParsedKey};
use super::stats::CacheKind;
use super::{Error, Registry};
use crate::domain::Direction;
use avow_budget::{Budget, Exceeded};
use avow_schema::{Finding, Policy, Role, Verdict};
use std::sync::Arc;

/// A reader, a writer, and which of them is the candidate.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) reader: Parsed,
    pub(super) writer: Parsed,
    pub(super) role: Role,
}

impl Pair {
    /// The pair that a direction compares, of a candidate and a version of the history.
    pub(super) fn new(candidate: &Parsed, stored: &Parsed, direction: Direction) -> Self {
        let (candidate, stored) = (candidate.clone(), stored.clone());
        match direction {
            Direction::Backward => Self { reader: candidate, writer: stored, role: Role::Reader },
            Direction::Forward => Self { reader: stored, writer: candidate, role: Role::Writer },
        }
    }

    fn bytes(&self) -> usize {
        self.reader.key.bytes() + self.writer.key.bytes()
    }
}

/// The keys of the contents: reader, writer.
pub(super) type VerdictKey = (ParsedKey, ParsedKey);

/// The maximum bytes of texts that are compared in place; larger ones could block the thread for milliseconds.
const SMALL: usize = 32 << 10;

impl Registry {
    /// Whether the reader can decode the writer's data, by the rules.
    pub(super) async fn verdict(&self, pair: &Pair) -> Result<Arc<Verdict>, Error> {
        let key = (pair.reader.key.clone(), pair.writer.key.clone());
        let known = self.verdicts.get(&key).await;
        self.stats.record_lookup(CacheKind::Verdicts, known.is_some());
        if let Some(verdict) = known {
            return Ok(verdict);
        }
        let (reader, writer) = (Arc::clone(&pair.reader.schema), Arc::clone(&pair.writer.schema));
        let verdict =
            offload(pair.bytes(), move |budget| avow_schema::check(&reader, &writer, Policy::Strict, budget)).await?;
        let verdict = Arc::new(verdict);
        self.verdicts.insert(key, Arc::clone(&verdict)).await;
        Ok(verdict)
    }

    /// The cases in which data would not decode although the rules accept the pair.
    pub(super) async fn warning(&self, pair: Pair) -> Result<Option<Finding>, Error> {
        let bytes = pair.bytes();
        let Pair { reader, writer, role } = pair;
        offload(bytes, move |budget| avow_schema::soundness(&reader.schema, &writer.schema, role, budget)).await
    }

    /// All findings on a pair that the rules refuse.
    pub(super) async fn findings(&self, pair: Pair) -> Result<Vec<Finding>, Error> {
        // Proofs and fixes are verified, which takes long even for small schemas.
        let Pair { reader, writer, role } = pair;
        offload(usize::MAX, move |budget| {
            avow_schema::explain(&reader.schema, &writer.schema, Policy::Strict, role, budget)
        })
        .await
    }
}

/// Runs work on texts of `bytes` bytes, on another thread if that is much.
async fn offload<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce(&Budget) -> Result<T, Exceeded> + Send + 'static,
) -> Result<T, Error> {
    let work = move || work(&Budget::unlimited());
    let result = match bytes {
        0..=SMALL => work(),
        _ => tokio::task::spawn_blocking(work).await.map_err(|_| Error::Panic)?,
    };
    result.map_err(Error::TooCostly)
}
