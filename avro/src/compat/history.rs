//! Checks of many pairs whose types are mostly the same: a candidate against the versions of a subject.

use avow_budget::{Budget, Exceeded};

use super::{Verdict, check};
use crate::Schema;
use crate::fingerprint::Fingerprint;
use crate::model::{Id, Inner, Kind};
use crate::positions::FastSet;

/// Pairs of types that are known to be compatible.
#[derive(Debug, Clone, Default)]
pub(super) struct Proven {
    pairs: FastSet<(Fingerprint, Fingerprint)>,
}

impl Proven {
    pub(super) fn contains(&self, reader: &Inner, writer: &Inner, pair: (Id, Id)) -> bool {
        let (expected, found) = (reader.fingerprint(pair.0), writer.fingerprint(pair.1));
        // With an alias even a type itself may be ambiguous.
        (expected == found && !reader.has_field_aliases()) || self.pairs.contains(&(expected, found))
    }

    pub(super) fn insert(&mut self, reader: &Inner, writer: &Inner, pair: (Id, Id)) {
        if matches!(reader[pair.0].kind, Kind::Record(_)) {
            self.pairs.insert((reader.fingerprint(pair.0), writer.fingerprint(pair.1)));
        }
    }
}

/// Checks pairs of schemas one after another and remembers which types were found compatible.
///
/// A type reads its own data, so that versions which share most of their types are compared where they differ only.
/// Verdicts are those of [`check_within`](super::check_within), findings and their order included.
///
/// ```
/// use avow_avro::{Budget, Checker, Strictness, parse};
///
/// let versions = ["int", "long"].map(|kind| parse(&format!("\"{kind}\""), &[], Strictness::Strict).expect("a schema"));
/// let candidate = parse("\"double\"", &[], Strictness::Strict)?;
/// let mut checker = Checker::default();
/// for version in &versions {
///     assert!(checker.check(&candidate, version, &Budget::unlimited()).expect("no limit").is_compatible());
/// }
/// # Ok::<(), avow_avro::ParseError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Checker {
    proven: Proven,
}

impl Checker {
    /// Checks whether `reader` can read everything that `writer` wrote.
    pub fn check(&mut self, reader: &Schema, writer: &Schema, budget: &Budget) -> Result<Verdict, Exceeded> {
        if check::is_compatible(&reader.inner, &writer.inner, &mut self.proven, budget)? {
            return Ok(Verdict::default());
        }
        check::verdict(&reader.inner, &writer.inner, check::MOST_FINDINGS, budget)
    }
}
