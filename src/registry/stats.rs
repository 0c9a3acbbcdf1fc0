//! Metrics of the registry: registrations, checks, unknown ids, caches.

use super::{Error, Registry};
use crate::domain::{Level, SchemaType};
use crate::metrics::{Counter, Histogram, Page, Sharded};
use avow_schema::{Rule, SUPPORTED};
use moka::notification::RemovalCause;
use std::sync::Arc;
use std::time::Duration;

/// The outcome of a request to register a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    Created,
    Existing,
    Incompatible,
    Invalid,
    Failed,
}

impl Registration {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Created, "created"),
        (Self::Existing, "existing"),
        (Self::Incompatible, "incompatible"),
        (Self::Invalid, "invalid"),
        (Self::Failed, "error"),
    ];

    /// The kind of a refusal.
    pub(super) fn refused(error: &Error) -> Self {
        match error.status() {
            409 => Self::Incompatible,
            status if status < 500 => Self::Invalid,
            _ => Self::Failed,
        }
    }
}

/// One of the caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CacheKind {
    Answers,
    Scopes,
    Contents,
    Parsed,
    Verdicts,
}

impl CacheKind {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Answers, "answers"),
        (Self::Scopes, "scopes"),
        (Self::Contents, "contents"),
        (Self::Parsed, "parsed"),
        (Self::Verdicts, "verdicts"),
    ];
}

/// The counters of one thread.
#[derive(Debug, Default)]
struct ThreadCounters {
    registrations: [[Counter; Registration::NAMES.len()]; SchemaType::ALL.len()],
    hits: [Counter; CacheKind::NAMES.len()],
    misses: [Counter; CacheKind::NAMES.len()],
}

/// All counters.
#[derive(Debug, Default)]
pub(super) struct Stats {
    counts: Sharded<ThreadCounters>,
    /// By type and level, then: accepted, refused, failed.
    checks: [[[Counter; 3]; Level::ALL.len()]; SchemaType::ALL.len()],
    checks_took: Histogram,
    /// What checks found, in the order of the catalogue.
    incompatibilities: RuleCounters,
    unknown_ids: Counter,
    evictions: Arc<[Counter; CacheKind::NAMES.len()]>,
}

/// One counter for each rule of the catalogue.
#[derive(Debug)]
struct RuleCounters(Box<[Counter]>);

impl Default for RuleCounters {
    fn default() -> Self {
        Self(avow_schema::rules().map(|_| Counter::default()).collect())
    }
}

impl Stats {
    pub(super) fn registered(&self, schema_type: SchemaType, result: Registration) {
        self.counts.mine().registrations[schema_type as usize][result as usize].count();
    }

    /// Counts a check against a history; `None` if it failed.
    pub(super) fn checked(&self, schema_type: SchemaType, level: Level, compatible: Option<bool>, took: Duration) {
        let verdict = compatible.map_or(2, |compatible| usize::from(!compatible));
        let level = Level::ALL.iter().position(|known| *known == level).unwrap_or_default();
        self.checks[schema_type as usize][level][verdict].count();
        self.checks_took.observe(took);
    }

    /// Counts the findings on a schema.
    pub(super) fn found(&self, rule: Rule) {
        self.incompatibilities.0[rule.index()].count();
    }

    /// Counts the evictions from a cache, as long as it lives.
    pub(super) fn evictions<K, V>(
        &self,
        kind: CacheKind,
    ) -> impl Fn(Arc<K>, V, RemovalCause) + Send + Sync + use<K, V> {
        let evictions = Arc::clone(&self.evictions);
        move |_, _, cause| {
            if cause.was_evicted() {
                evictions[kind as usize].count();
            }
        }
    }

    pub(super) fn unknown_id(&self) {
        self.unknown_ids.count();
    }

    /// Counts a look-up in a cache.
    pub(super) fn record_lookup(&self, kind: CacheKind, found: bool) {
        let counts = self.counts.mine();
        let counters = if found { &counts.hits } else { &counts.misses };
        counters[kind as usize].count();
    }

    fn write(&self, page: &mut Page) {
        let help = "Requests to register a schema, by outcome.";
        let mut registrations = page.counter("schema_registry_registrations_total", help);
        for schema_type in SUPPORTED {
            for (result, name) in Registration::NAMES {
                let counter =
                    |counts: &ThreadCounters| counts.registrations[schema_type as usize][result as usize].get();
                let labels = [("schema_type", schema_type.as_str()), ("result", name)];
                registrations.sample(&labels, self.counts.sum(counter));
            }
        }
        let help = "Checks of a schema against a history, by the level in force and the verdict.";
        let mut checks = page.counter("schema_registry_compatibility_checks_total", help);
        for schema_type in SUPPORTED {
            for (level, verdicts) in Level::ALL.iter().zip(&self.checks[schema_type as usize]) {
                for (result, counter) in ["compatible", "incompatible", "error"].iter().zip(verdicts) {
                    let labels = [("schema_type", schema_type.as_str()), ("level", level.as_str()), ("result", result)];
                    checks.sample(&labels, counter.get());
                }
            }
        }
        let help = "Duration of a check, reading the history included.";
        page.histogram("schema_registry_compatibility_check_duration_seconds", help)
            .durations(&[], &self.checks_took.observed());
        let mut found = page.counter("schema_registry_incompatibilities_total", "What checks found, by the rule.");
        for (rule, counter) in avow_schema::rules().zip(&self.incompatibilities.0) {
            found.sample(&[("rule", rule.id)], counter.get());
        }
        page.counter("schema_registry_unknown_schema_id_total", "Requests for unknown ids.")
            .sample(&[], self.unknown_ids.get());
        let mut hits =
            page.counter("schema_registry_cache_hits_total", "Look-ups that found a valid entry in the cache.");
        for (kind, cache) in CacheKind::NAMES {
            hits.sample(&[("cache", cache)], self.counts.sum(|counts| counts.hits[kind as usize].get()));
        }
        let help = "Look-ups that found no valid entry in the cache.";
        let mut misses = page.counter("schema_registry_cache_misses_total", help);
        for (kind, cache) in CacheKind::NAMES {
            misses.sample(&[("cache", cache)], self.counts.sum(|counts| counts.misses[kind as usize].get()));
        }
        let help = "Entries evicted from the cache to make room.";
        let mut evictions = page.counter("schema_registry_cache_evictions_total", help);
        for (kind, cache) in CacheKind::NAMES {
            evictions.sample(&[("cache", cache)], self.evictions[kind as usize].get());
        }
    }
}

/// The size of a cache.
#[derive(Debug, Clone, Copy)]
pub struct CacheSize {
    pub entries: u64,
    /// The bytes, as the bound of the cache measures them.
    pub bytes: u64,
}

impl Registry {
    /// Counts a look-up in the answer cache, and the registration behind a cached answer.
    pub fn record_answer(&self, found: bool, registration: Option<(SchemaType, Registration)>) {
        self.stats.record_lookup(CacheKind::Answers, found);
        if let Some((schema_type, result)) = registration {
            self.stats.registered(schema_type, result);
        }
    }

    /// Counts the evictions from the answer cache, as long as it lives.
    pub fn answer_evictions<K, V>(&self) -> impl Fn(Arc<K>, V, RemovalCause) + Send + Sync + use<K, V> {
        self.stats.evictions(CacheKind::Answers)
    }

    /// Writes the metrics of the registry and the store. Never blocks, so it always answers.
    pub fn write_metrics(self: &Arc<Self>, page: &mut Page, answers: CacheSize) {
        self.stats.write(page);
        let caches = [
            ("answers", answers.entries, answers.bytes),
            ("scopes", self.scopes.entry_count(), self.scopes.weighted_size()),
            ("contents", self.contents.entry_count(), self.contents.weighted_size()),
            ("parsed", self.parsed.entry_count(), self.parsed.weighted_size()),
            ("verdicts", self.verdicts.entry_count(), self.verdicts.weighted_size()),
        ];
        let mut family = page.gauge("schema_registry_cache_entries", "Entries in the cache.");
        for (cache, entries, _) in caches {
            family.sample(&[("cache", cache)], entries);
        }
        let help = "Bytes in the cache, as its bound measures them.";
        let mut family = page.gauge("schema_registry_cache_weight_bytes", help);
        for (cache, _, bytes) in caches {
            family.sample(&[("cache", cache)], bytes);
        }
        let help = "Callers waiting for changes.";
        page.gauge("schema_registry_change_feed_listeners", help).sample(&[], self.feed.subscribers());
        self.write_counts(page);
        self.store.write_metrics(page);
    }
}
