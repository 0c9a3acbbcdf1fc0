//! The counts in `/metrics`: taken in the background, and rarely enough to cost next to nothing.

use super::Registry;
use crate::domain::Seq;
use crate::metrics::Page;
use crate::store;
use avow_schema::SUPPORTED;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The newest counts, and the earliest time of the next.
#[derive(Debug, Default)]
pub(super) struct CountSchedule(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    counted: Option<store::Counts>,
    under_way: bool,
    /// The earliest time of the next count.
    due: Option<Instant>,
}

/// The pause between two counts, as a multiple of the last duration: together they use a hundredth of one connection.
const PAUSE: u32 = 100;

impl CountSchedule {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the caller is to count: no count is running, the last one is not of `head`, and the pause is over.
    fn begin(&self, head: Seq) -> bool {
        self.with(|state| {
            let needless = state.counted.is_some_and(|counted| counted.seq == head);
            let early = state.due.is_some_and(|due| Instant::now() < due);
            let begins = !state.under_way && !needless && !early;
            state.under_way |= begins;
            begins
        })
    }

    fn end(&self, counted: Option<store::Counts>, took: Duration) {
        self.with(|state| {
            state.counted = counted.or(state.counted);
            state.due = Some(Instant::now() + took * PAUSE);
            state.under_way = false;
        });
    }

    fn write(&self, page: &mut Page) {
        let Some(counted) = self.with(|state| state.counted) else { return };
        page.gauge(
            "schema_registry_subjects",
            "Subjects, as of the last count; deleted: all versions are soft-deleted.",
        )
        .sample(&[("state", "live")], counted.live_subjects)
        .sample(&[("state", "deleted")], counted.deleted_subjects);
        page.gauge("schema_registry_schema_versions", "Versions, as of the last count; deleted: soft-deleted.")
            .sample(&[("state", "live")], counted.live_versions)
            .sample(&[("state", "deleted")], counted.deleted_versions);
        let mut schemas = page.gauge("schema_registry_schemas", "Ids with a schema, as of the last count.");
        for (schema_type, count) in counted.schema_ids.into_iter().filter(|(known, _)| SUPPORTED.contains(known)) {
            schemas.sample(&[("schema_type", schema_type.as_str())], count);
        }
        let help = "The highest id of any context, as of the last count; there are none beyond 2147483647.";
        page.gauge("schema_registry_schema_id_max", help).sample(&[], counted.highest_id);
        let help = "The log position of the last count of subjects, versions and schemas.";
        page.gauge("schema_registry_counted_seq", help).sample(&[], counted.seq.0);
    }
}

impl Registry {
    /// Writes the newest counts, and starts another count where they are out of date: the next scrape gets that.
    pub(super) fn write_counts(self: &Arc<Self>, page: &mut Page) {
        self.counts.write(page);
        if !self.counts.begin(*self.store.change_tracker().head().borrow()) {
            return;
        }
        let registry = Arc::clone(self);
        tokio::spawn(async move {
            let began = Instant::now();
            let counted = registry.store.counts().await;
            let counted = counted
                .inspect_err(|error| tracing::debug!(%error, "The stored subjects and versions could not be counted"));
            registry.counts.end(counted.ok(), began.elapsed());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SchemaType;

    const COUNTED: store::Counts = store::Counts {
        seq: Seq(7),
        live_subjects: 1,
        deleted_subjects: 0,
        live_versions: 1,
        deleted_versions: 0,
        schema_ids: [(SchemaType::Avro, 1), (SchemaType::Json, 0), (SchemaType::Protobuf, 0)],
        highest_id: 1,
    };

    #[test]
    fn one_counts_at_a_time_and_only_what_has_changed() {
        let counts = CountSchedule::default();
        assert!(counts.begin(Seq(7)));
        assert!(!counts.begin(Seq(8)), "somebody counts");
        counts.end(Some(COUNTED), Duration::ZERO);
        assert!(!counts.begin(Seq(7)), "nothing has changed");
        assert!(counts.begin(Seq(8)));
        counts.end(None, Duration::from_hours(1));
        assert_eq!(counts.with(|state| state.counted), Some(COUNTED), "a failure takes nothing away");
        assert!(!counts.begin(Seq(9)), "it is too early");
    }
}
