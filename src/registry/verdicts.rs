//! Verdicts on pairs of schemas: computed once per pair of contents, off the serving threads where that may take long.

use super::candidate::{Parsed, ParsedKey};
use super::stats::CacheKind;
use super::{Error, Registry};
use crate::domain::{Direction, SchemaType};
use avow_budget::{Budget, Exceeded, Limits};
use avow_schema::{Finding, Policy, Role, Verdict};
use std::sync::Arc;

/// A reader, a writer, and which of them is the candidate.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) reader: Parsed,
    pub(super) writer: Parsed,
    pub(super) role: Role,
    pub(super) policy: Policy,
}

impl Pair {
    /// The pair that a direction asks about a candidate and a version of the history.
    pub(super) fn new(candidate: &Parsed, stored: &Parsed, direction: Direction, policy: Policy) -> Self {
        let (candidate, stored) = (candidate.clone(), stored.clone());
        match direction {
            Direction::Backward => Self { reader: candidate, writer: stored, role: Role::Reader, policy },
            Direction::Forward => Self { reader: stored, writer: candidate, role: Role::Writer, policy },
        }
    }

    /// Whether a check can be done on the spot. Outside Avro even small texts can take long.
    fn is_quick(&self) -> bool {
        let is_avro = |side: &Parsed| side.schema.schema_type() == SchemaType::Avro;
        let bytes = self.reader.key.bytes() + self.writer.key.bytes();
        bytes <= SMALL && is_avro(&self.reader) && is_avro(&self.writer)
    }
}

/// The contents a verdict is about, reader first.
pub(super) type VerdictKey = (ParsedKey, ParsedKey, Policy);

/// The maximum bytes of texts that are compared in place; larger ones could block the thread for milliseconds.
const SMALL: usize = 32 << 10;

impl Registry {
    /// Whether the reader can decode the writer's data, by the rules.
    pub(super) async fn verdict(&self, pair: &Pair) -> Result<Arc<Verdict>, Error> {
        let policy = pair.policy;
        let key = (pair.reader.key.clone(), pair.writer.key.clone(), policy);
        let known = self.verdicts.get(&key).await;
        self.stats.record_lookup(CacheKind::Verdicts, known.is_some());
        if let Some(verdict) = known {
            return Ok(verdict);
        }
        let (reader, writer) = (Arc::clone(&pair.reader.schema), Arc::clone(&pair.writer.schema));
        let verdict =
            offload(pair.is_quick(), move |budget| avow_schema::check(&reader, &writer, policy, budget)).await?;
        let verdict = Arc::new(verdict);
        self.verdicts.insert(key, Arc::clone(&verdict)).await;
        Ok(verdict)
    }

    /// The cases in which data would not decode although the rules accept the pair.
    pub(super) async fn warning(&self, pair: Pair) -> Result<Option<Finding>, Error> {
        let is_quick = pair.is_quick();
        let Pair { reader, writer, role, policy } = pair;
        offload(is_quick, move |budget| avow_schema::soundness(&reader.schema, &writer.schema, policy, role, budget))
            .await
    }

    /// All findings on a pair that the rules refuse.
    pub(super) async fn findings(&self, pair: Pair) -> Result<Vec<Finding>, Error> {
        // Proofs and fixes are tried out, which takes long even for schemas that are not large.
        let Pair { reader, writer, role, policy } = pair;
        offload(false, move |budget| avow_schema::explain(&reader.schema, &writer.schema, policy, role, budget)).await
    }
}

/// Steps and bytes that one pair may take. Only JSON Schema and Protobuf count them.
const CHECK_LIMITS: Limits = Limits { steps: 20_000_000, bytes: 512 << 20 };

/// Runs work, elsewhere unless it is quick.
async fn offload<T: Send + 'static>(
    is_quick: bool,
    work: impl FnOnce(&Budget) -> Result<T, Exceeded> + Send + 'static,
) -> Result<T, Error> {
    let work = move || work(&Budget::new(CHECK_LIMITS));
    let result = match is_quick {
        true => work(),
        false => tokio::task::spawn_blocking(work).await.map_err(|_| Error::Panic)?,
    };
    result.map_err(Error::TooCostly)
}
