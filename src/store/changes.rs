//! Reading the log.

use super::rows::ChangeRow;
use super::{Error, Store};
use crate::domain::{Change, Seq, Subject, Timestamp};

/// Characters of states that one page holds at the most, unless its first entry alone has more.
const PAGE_CHARS: i64 = 4 << 20;

/// Entries of the past of a subject that are read at once.
const PAST_PAGE: i64 = 500;

impl Store {
    /// The changes after `after`, in their order: at most `limit`, fewer where they are large.
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

    /// Hands every change up to `until` that is filed under one of `scopes` to `sink`, in their order.
    ///
    /// Reads the whole log: it is kept in the order it was written, and nothing else is worth a page more at every write.
    pub async fn changes_of(
        &self,
        scopes: [&Subject; 4],
        until: Seq,
        mut sink: impl FnMut(Change),
    ) -> Result<(), Error> {
        const SQL: &str = "SELECT seq, time, actor, request_id, kind, subject, before, after FROM changes
            WHERE seq > $1 AND seq <= $2 AND subject IN ($3, $4, $5, $6) ORDER BY seq LIMIT $7";
        let mut after = 0;
        loop {
            let rows: Vec<ChangeRow> = read!(
                self,
                fetch_all,
                scopes
                    .iter()
                    .fold(sqlx::query_as(SQL).bind(after).bind(until.0.cast_signed()), |query, scope| query
                        .bind(scope.as_str()))
                    .bind(PAST_PAGE)
            )?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.seq;
            rows.into_iter().map(Change::from).for_each(&mut sink);
        }
    }

    /// Where the changes after `after` are filed and of what kind they are, in their order: at most `limit`.
    pub async fn filed_after(&self, after: Seq, limit: u32) -> Result<Vec<(Seq, String, Subject)>, Error> {
        const SQL: &str = "SELECT seq, kind, subject FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows: Vec<(i64, String, String)> =
            read!(self, fetch_all, sqlx::query_as(SQL).bind(after.0.cast_signed()).bind(i64::from(limit)))?;
        let filed =
            |(seq, kind, subject): (i64, String, String)| (Seq(seq.unsigned_abs()), kind, Subject::parse(&subject));
        Ok(rows.into_iter().map(filed).collect())
    }

    /// The newest change that was made at a moment or before it; 0 where none was.
    pub async fn newest_until(&self, time: Timestamp) -> Result<Seq, Error> {
        const SQL: &str = "SELECT seq FROM changes WHERE time <= $1 ORDER BY seq DESC LIMIT 1";
        let seq: Option<i64> = read!(self, fetch_optional, sqlx::query_scalar(SQL).bind(time.0))?;
        Ok(Seq(seq.unwrap_or_default().unsigned_abs()))
    }
}
