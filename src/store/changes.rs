//! Reads of the change log.

use super::rows::ChangeRow;
use super::{Error, Store};
use crate::domain::{Change, Seq, Subject, Timestamp};

/// A page of the changes filed under one scope.
macro_rules! filed_under {
    ($scope:literal, $name:literal) => {
        concat!(
            "SELECT * FROM (SELECT seq, time, actor, request_id, kind, subject, before, after FROM changes
                WHERE (subject, seq) > (",
            $scope,
            ", $5) AND (subject, seq) <= (",
            $scope,
            ", $6) ORDER BY subject, seq LIMIT $7) AS ",
            $name
        )
    };
}

/// The maximum characters of state in one page, unless its first entry alone has more.
const PAGE_CHARS: i64 = 4 << 20;

/// The number of entries of a subject's history that are read at once.
const PAST_PAGE: i64 = 500;

/// The number of entries within which the clocks of nodes may disagree about the order.
const DISORDER: i64 = 1_000;

/// A page of the changes filed under four scopes. Written as row values: given separate conditions on subject and
/// position, a database may choose to scan all of the range.
const FILED_UNDER: &str = concat!(
    "SELECT seq, time, actor, request_id, kind, subject, before, after FROM (",
    filed_under!("$1", "one"),
    " UNION ALL ",
    filed_under!("$2", "two"),
    " UNION ALL ",
    filed_under!("$3", "three"),
    " UNION ALL ",
    filed_under!("$4", "four"),
    ") AS filed ORDER BY seq LIMIT $7"
);

/// Bisects the log for the moment, then looks at the entries nearby.
const NEWEST_UNTIL: &str = "WITH RECURSIVE search (low, high) AS (
        SELECT CAST(0 AS BIGINT), (SELECT seq FROM log_head WHERE one = 1)
        UNION ALL
        SELECT CASE WHEN c.time <= $1 THEN c.seq ELSE s.low END, CASE WHEN c.time <= $1 THEN s.high ELSE c.seq - 1 END
        FROM search s JOIN changes c ON c.seq = (s.low + s.high + 1) / 2 WHERE s.low < s.high
    )
    SELECT coalesce(max(seq), 0) FROM changes
    WHERE seq >= (SELECT max(low) FROM search) AND seq <= (SELECT max(low) FROM search) + $2 AND time <= $1";

impl Store {
    /// The changes after `after`, in order: at most `limit`, fewer where they are large.
    pub async fn changes(&self, after: Seq, limit: u32) -> Result<Vec<Change>, Error> {
        const SQL: &str = "SELECT seq, time, actor, request_id, kind, subject, before, after
            FROM (SELECT seq, time, actor, request_id, kind, subject, before, after,
                      sum(coalesce(length(before), 0) + coalesce(length(after), 0)) OVER (ORDER BY seq) AS chars
                  FROM (SELECT seq, time, actor, request_id, kind, subject, before, after
                        FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2) AS page) AS measured
            WHERE chars <= $3 OR seq = $4 ORDER BY seq";
        let after = after.0.cast_signed();
        let rows: Vec<ChangeRow> = read!(
            self,
            fetch_all,
            sqlx::query_as(SQL).bind(after).bind(i64::from(limit)).bind(PAGE_CHARS).bind(after + 1)
        )?;
        Ok(rows.into_iter().map(Change::from).collect())
    }

    /// Passes every change up to `until` that is filed under one of `scopes` to `sink`, in order.
    pub async fn changes_of(
        &self,
        scopes: [&Subject; 4],
        until: Seq,
        mut sink: impl FnMut(Change),
    ) -> Result<(), Error> {
        // A scope that is named twice is read once: nothing is greater than NULL.
        let scopes: Vec<Option<&str>> = (0..scopes.len())
            .map(|place| Some(scopes[place]).filter(|scope| !scopes[..place].contains(scope)).map(Subject::as_str))
            .collect();
        let mut after = 0;
        loop {
            let rows: Vec<ChangeRow> = read!(
                self,
                fetch_all,
                scopes
                    .iter()
                    .fold(sqlx::query_as(FILED_UNDER), |query, scope| query.bind(*scope))
                    .bind(after)
                    .bind(until.0.cast_signed())
                    .bind(PAST_PAGE)
            )?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.seq;
            rows.into_iter().map(Change::from).for_each(&mut sink);
        }
    }

    /// The scopes and kinds of the changes after `after`, in order: at most `limit`.
    pub async fn filed_after(&self, after: Seq, limit: u32) -> Result<Vec<(Seq, String, Subject)>, Error> {
        const SQL: &str = "SELECT seq, kind, subject FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows: Vec<(i64, String, String)> =
            read!(self, fetch_all, sqlx::query_as(SQL).bind(after.0.cast_signed()).bind(i64::from(limit)))?;
        let filed =
            |(seq, kind, subject): (i64, String, String)| (Seq(seq.unsigned_abs()), kind, Subject::parse(&subject));
        Ok(rows.into_iter().map(filed).collect())
    }

    /// The newest change at or before a moment; 0 if there is none.
    ///
    /// Where the clocks of nodes differ, the log is not quite in order of time; then it is the newest of those nearby.
    pub async fn newest_until(&self, time: Timestamp) -> Result<Seq, Error> {
        let seq: i64 = read!(self, fetch_one, sqlx::query_scalar(NEWEST_UNTIL).bind(time.0).bind(DISORDER))?;
        Ok(Seq(seq.unsigned_abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::{FILED_UNDER, NEWEST_UNTIL};
    use crate::domain::{Seq, Subject, Timestamp};
    use crate::store::Store;
    use sqlx::{Connection, SqliteConnection};

    #[tokio::test]
    async fn the_past_of_a_subject_costs_what_the_subject_has() {
        let directory = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", directory.path().join("avow.db").display());
        Store::migrate(&url).await.expect("a database");
        let mut connection = SqliteConnection::connect(&url).await.expect("a database");
        for sql in [FILED_UNDER, NEWEST_UNTIL] {
            let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let steps: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(plan).fetch_all(&mut connection).await.expect("a plan");
            let of_log: Vec<_> =
                steps.iter().filter(|(.., step)| step.contains(" changes") || step.contains(" c ")).collect();
            assert!(!of_log.is_empty(), "{steps:?}");
            assert!(of_log.iter().all(|(.., step)| step.starts_with("SEARCH")), "{steps:?}");
        }
    }

    #[tokio::test]
    async fn a_moment_is_found_where_it_lies_also_where_clocks_differ() {
        let directory = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", directory.path().join("avow.db").display());
        let store = Store::open(&url).await.expect("a database");
        let mut connection = SqliteConnection::connect(&url).await.expect("a database");
        sqlx::raw_sql("PRAGMA synchronous = OFF").execute(&mut connection).await.expect("a setting");
        let times = [10, 20, 20, 35, 30, 30, 40, 38, 50, 70, 65, 80];
        for (place, time) in times.iter().enumerate() {
            let sql =
                "INSERT INTO changes (seq, time, actor, request_id, kind, subject) VALUES ($1, $2, '', '', '', 's')";
            let seq = i64::try_from(place + 1).expect("a few");
            sqlx::query(sql).bind(seq).bind(*time).execute(&mut connection).await.expect("a row");
            sqlx::query("UPDATE log_head SET seq = $1").bind(seq).execute(&mut connection).await.expect("a row");
            for moment in 0..90 {
                let newest = times[..=place].iter().rposition(|time| *time <= moment).map_or(0, |place| place + 1);
                let found = store.newest_until(Timestamp(moment)).await.expect("an answer");
                assert_eq!(found, Seq(newest as u64), "{moment} in {:?}", &times[..=place]);
            }
        }
        let mut all = Vec::new();
        let [scope, other] = ["s", "t"].map(Subject::parse);
        store
            .changes_of([&scope, &other, &scope, &other], Seq(7), |change| all.push(change.seq.0))
            .await
            .expect("rows");
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7]);
    }
}
