//! One unit in SQLite: a few statements inside the transaction the writer holds open.

use super::unit::{Effect, Entry, Guard, IdChoice, NewVersion, Outcome, Unit};
use super::{Error, Freshness, Slot};
use crate::domain::{Context, SchemaId, Seq, Subject, Timestamp, Version};
use sqlx::SqliteConnection;

/// One unit on its way into the open transaction.
pub(super) struct Work<'t> {
    tx: &'t mut SqliteConnection,
    freshness: &'t Freshness,
    /// What the commit will make outdated.
    touched: &'t mut Vec<(Slot, Seq)>,
    seq: Seq,
    time: Timestamp,
}

/// The id a new version gets, and what of it is stored already.
#[derive(Clone, Copy)]
struct ChosenId {
    id: SchemaId,
    known_content: bool,
    known_id: bool,
}

impl<'t> Work<'t> {
    pub(super) fn new(
        tx: &'t mut SqliteConnection,
        freshness: &'t Freshness,
        touched: &'t mut Vec<(Slot, Seq)>,
        unit: &Unit,
    ) -> Self {
        Self { tx, freshness, touched, seq: Seq(0), time: unit.entry.time }
    }

    /// Runs the unit and says what became of it.
    ///
    /// Every refusal comes before the first change, so that a refused unit leaves nothing in the transaction.
    pub(super) async fn run(&mut self, unit: &Unit) -> Result<Outcome, Error> {
        for guard in &unit.guards {
            if !self.holds(guard).await? {
                return Ok(Outcome::Conflict);
            }
        }
        let mut new_id = None;
        for effect in &unit.effects {
            if let Effect::AddVersion(new) = effect {
                match self.choose_id(new).await? {
                    Ok(id) => new_id = Some(id),
                    Err(refused) => return Ok(refused),
                }
            }
        }
        self.seq = self.next_seq().await?;
        for effect in &unit.effects {
            self.apply(effect, new_id).await?;
            self.bump(&effect.scope()).await?;
        }
        self.log(&unit.entry, new_id).await?;
        Ok(Outcome::Committed { seq: self.seq, id: new_id.map(|chosen| chosen.id) })
    }

    async fn holds(&mut self, guard: &Guard) -> Result<bool, Error> {
        match guard {
            Guard::Revision(subject, revision) => {
                const SQL: &str = "SELECT revision FROM scopes WHERE subject = $1";
                let found: Option<i64> =
                    sqlx::query_scalar(SQL).bind(subject.as_str()).fetch_optional(&mut *self.tx).await?;
                Ok(found.unwrap_or(0) == revision.0)
            }
            Guard::NoLiveVersions(Some(context)) => {
                const SQL: &str = "SELECT NOT EXISTS (SELECT 1 FROM versions WHERE context = $1 AND deleted = FALSE)";
                Ok(sqlx::query_scalar(SQL).bind(context.as_str()).fetch_one(&mut *self.tx).await?)
            }
            Guard::NoLiveVersions(None) => {
                const SQL: &str = "SELECT NOT EXISTS (SELECT 1 FROM versions WHERE deleted = FALSE)";
                Ok(sqlx::query_scalar(SQL).fetch_one(&mut *self.tx).await?)
            }
            Guard::NoVersions(context) => {
                const SQL: &str = "SELECT NOT EXISTS (SELECT 1 FROM versions WHERE context = $1)";
                Ok(sqlx::query_scalar(SQL).bind(context.as_str()).fetch_one(&mut *self.tx).await?)
            }
        }
    }

    /// Finds the id a new version will have, or why it cannot have one. Changes nothing.
    async fn choose_id(&mut self, new: &NewVersion) -> Result<Result<ChosenId, Outcome>, Error> {
        const STORED_TEXT: &str = "SELECT text FROM contents WHERE fingerprint = $1";
        const BY_ID: &str = "SELECT fingerprint FROM schemas WHERE context = $1 AND id = $2";
        const BY_CONTENT: &str =
            "SELECT id FROM schemas WHERE context = $1 AND fingerprint = $2 ORDER BY written DESC, id DESC LIMIT 1";
        const COUNTER: &str = "SELECT last_id FROM contexts WHERE name = $1";
        let context = new.subject.context();
        let fingerprint = new.fingerprint.0.as_slice();
        let stored: Option<String> =
            sqlx::query_scalar(STORED_TEXT).bind(fingerprint).fetch_optional(&mut *self.tx).await?;
        // MD5 can be made to collide; an id must not change its meaning for anybody who tries.
        if stored.as_ref().is_some_and(|text| *text != new.content.text) {
            return Ok(Err(Outcome::FingerprintTaken));
        }
        let known_content = stored.is_some();
        if let IdChoice::Explicit(id) = new.id {
            let meaning: Option<Vec<u8>> = sqlx::query_scalar(BY_ID)
                .bind(context.as_str())
                .bind(i64::from(id.get()))
                .fetch_optional(&mut *self.tx)
                .await?;
            return Ok(match meaning {
                Some(meaning) if meaning != fingerprint => Err(Outcome::IdTaken),
                Some(_) => Ok(ChosenId { id, known_content, known_id: true }),
                None => Ok(ChosenId { id, known_content, known_id: false }),
            });
        }
        if known_content {
            let found: Option<i64> = sqlx::query_scalar(BY_CONTENT)
                .bind(context.as_str())
                .bind(fingerprint)
                .fetch_optional(&mut *self.tx)
                .await?;
            if let Some(id) = found.and_then(SchemaId::new) {
                return Ok(Ok(ChosenId { id, known_content, known_id: true }));
            }
        }
        let last: Option<i64> =
            sqlx::query_scalar(COUNTER).bind(context.as_str()).fetch_optional(&mut *self.tx).await?;
        Ok(match SchemaId::new(last.unwrap_or(0) + 1) {
            Some(id) => Ok(ChosenId { id, known_content, known_id: false }),
            None => Err(Outcome::IdsExhausted),
        })
    }

    async fn next_seq(&mut self) -> Result<Seq, Error> {
        const SQL: &str = "UPDATE log_head SET seq = seq + 1 RETURNING seq";
        let seq: i64 = sqlx::query_scalar(SQL).fetch_one(&mut *self.tx).await?;
        Ok(Seq(seq.unsigned_abs()))
    }

    async fn apply(&mut self, effect: &Effect, new_id: Option<ChosenId>) -> Result<(), Error> {
        match effect {
            Effect::AddVersion(new) => match new_id {
                Some(chosen) => self.add_version(new, chosen).await,
                None => Ok(()),
            },
            Effect::SoftDelete(subject, versions) => self.soft_delete(subject, versions).await,
            Effect::HardDelete(subject, versions) => self.hard_delete(subject, versions).await,
            Effect::SetConfig(subject, config) => {
                const SQL: &str = "INSERT INTO scopes (subject, context, revision, config) VALUES ($1, $2, 0, $3)
                    ON CONFLICT (subject) DO UPDATE SET config = excluded.config";
                let json = config.as_ref().map(serde_json::to_string).transpose();
                self.set(SQL, subject, json.map_err(|error| Error::Invalid(error.to_string()))?).await
            }
            Effect::SetMode(subject, mode) => {
                const SQL: &str = "INSERT INTO scopes (subject, context, revision, mode) VALUES ($1, $2, 0, $3)
                    ON CONFLICT (subject) DO UPDATE SET mode = excluded.mode";
                self.set(SQL, subject, mode.map(|mode| mode.as_str().to_owned())).await
            }
            Effect::RecordContext(context) => {
                const SQL: &str = "INSERT INTO contexts (name, recorded, last_id) VALUES ($1, TRUE, 0)
                    ON CONFLICT (name) DO UPDATE SET recorded = TRUE";
                sqlx::query(SQL).bind(context.as_str()).execute(&mut *self.tx).await?;
                self.touch(self.freshness.contexts());
                Ok(())
            }
            Effect::ForgetContext(context) => {
                const SQL: &str = "UPDATE contexts SET recorded = FALSE WHERE name = $1";
                sqlx::query(SQL).bind(context.as_str()).execute(&mut *self.tx).await?;
                self.touch(self.freshness.contexts());
                Ok(())
            }
        }
    }

    async fn set(&mut self, sql: &'static str, subject: &Subject, value: Option<String>) -> Result<(), Error> {
        let context = subject.context();
        sqlx::query(sql).bind(subject.as_str()).bind(context.as_str()).bind(value).execute(&mut *self.tx).await?;
        Ok(())
    }

    async fn add_version(&mut self, new: &NewVersion, chosen: ChosenId) -> Result<(), Error> {
        const CONTENT: &str = "INSERT INTO contents (fingerprint, shape, text, refs, metadata, rule_set)
            VALUES ($1, $2, $3, $4, $5, $6)";
        const VERSION: &str = "INSERT INTO versions (subject, version, context, id, deleted, time, written)
            VALUES ($1, $2, $3, $4, FALSE, $5, $6)";
        const USE: &str = "INSERT INTO uses (subject, version, target_subject, target_version)
            VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let context = new.subject.context();
        let content = &new.content;
        if new.id != IdChoice::OfContent {
            // An import may replace a version. What its id means stays: records carry it.
            self.remove_version(&new.subject, new.version).await?;
        }
        if !chosen.known_content {
            let references = (!content.references.is_empty()).then(|| sqlx::types::Json(&content.references));
            sqlx::query(CONTENT)
                .bind(new.fingerprint.0.as_slice())
                .bind(new.shape.as_slice())
                .bind(&content.text)
                .bind(references)
                .bind(content.metadata.as_ref().map(sqlx::types::Json))
                .bind(content.rule_set.as_ref().map(sqlx::types::Json))
                .execute(&mut *self.tx)
                .await?;
        }
        if new.id != IdChoice::OfContent || !chosen.known_id {
            self.write_id(&context, new, chosen).await?;
        }
        sqlx::query(VERSION)
            .bind(new.subject.as_str())
            .bind(i64::from(new.version.get()))
            .bind(context.as_str())
            .bind(i64::from(chosen.id.get()))
            .bind(self.time.0)
            .bind(self.seq.0.cast_signed())
            .execute(&mut *self.tx)
            .await?;
        for target in &new.targets {
            sqlx::query(USE)
                .bind(new.subject.as_str())
                .bind(i64::from(new.version.get()))
                .bind(target.subject.as_str())
                .bind(i64::from(target.version.get()))
                .execute(&mut *self.tx)
                .await?;
            // Whoever wants to delete the target must notice its new user.
            self.bump(&target.subject).await?;
        }
        self.touch(self.freshness.id(&context, chosen.id));
        Ok(())
    }

    /// Makes `chosen` the newest id of its content, and the counter no lower than it.
    async fn write_id(&mut self, context: &Context, new: &NewVersion, chosen: ChosenId) -> Result<(), Error> {
        const ID: &str =
            "INSERT INTO schemas (context, id, fingerprint, subject, version, written) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (context, id) DO UPDATE
            SET subject = excluded.subject, version = excluded.version, written = excluded.written";
        const COUNTER: &str = "INSERT INTO contexts (name, recorded, last_id) VALUES ($1, FALSE, $2)
            ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id WHERE excluded.last_id > contexts.last_id";
        let id = i64::from(chosen.id.get());
        sqlx::query(ID)
            .bind(context.as_str())
            .bind(id)
            .bind(new.fingerprint.0.as_slice())
            .bind(new.subject.as_str())
            .bind(i64::from(new.version.get()))
            .bind(self.seq.0.cast_signed())
            .execute(&mut *self.tx)
            .await?;
        sqlx::query(COUNTER).bind(context.as_str()).bind(id).execute(&mut *self.tx).await?;
        Ok(())
    }

    async fn soft_delete(&mut self, subject: &Subject, versions: &[Version]) -> Result<(), Error> {
        const SQL: &str = "UPDATE versions SET deleted = TRUE, time = $3, written = $4
            WHERE subject = $1 AND version = $2 RETURNING id";
        for version in versions {
            let id: Option<i64> = sqlx::query_scalar(SQL)
                .bind(subject.as_str())
                .bind(i64::from(version.get()))
                .bind(self.time.0)
                .bind(self.seq.0.cast_signed())
                .fetch_optional(&mut *self.tx)
                .await?;
            self.touch_id(&subject.context(), id);
        }
        Ok(())
    }

    async fn hard_delete(&mut self, subject: &Subject, versions: &[Version]) -> Result<(), Error> {
        const ID: &str = "DELETE FROM schemas WHERE context = $1 AND id = $2
            AND NOT EXISTS (SELECT 1 FROM versions WHERE context = $1 AND id = $2)";
        let context = subject.context();
        for version in versions {
            if let Some(id) = self.remove_version(subject, *version).await? {
                sqlx::query(ID).bind(context.as_str()).bind(id).execute(&mut *self.tx).await?;
            }
        }
        Ok(())
    }

    /// Removes a version with its references; the id it had. The content stays: the log tells of it.
    async fn remove_version(&mut self, subject: &Subject, version: Version) -> Result<Option<i64>, Error> {
        const TARGETS: &str =
            "SELECT DISTINCT target_subject FROM uses WHERE subject = $1 AND version = $2 ORDER BY target_subject";
        const USES: &str = "DELETE FROM uses WHERE subject = $1 AND version = $2";
        const VERSION: &str = "DELETE FROM versions WHERE subject = $1 AND version = $2 RETURNING id";
        let number = i64::from(version.get());
        let targets: Vec<String> =
            sqlx::query_scalar(TARGETS).bind(subject.as_str()).bind(number).fetch_all(&mut *self.tx).await?;
        if !targets.is_empty() {
            sqlx::query(USES).bind(subject.as_str()).bind(number).execute(&mut *self.tx).await?;
        }
        for target in targets {
            self.bump(&Subject::parse(&target)).await?;
        }
        let id: Option<i64> =
            sqlx::query_scalar(VERSION).bind(subject.as_str()).bind(number).fetch_optional(&mut *self.tx).await?;
        self.touch_id(&subject.context(), id);
        Ok(id)
    }

    /// Raises the revision of a scope, so that whoever decided on what was there decides again.
    async fn bump(&mut self, scope: &Subject) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO scopes (subject, context, revision) VALUES ($1, $2, 1)
            ON CONFLICT (subject) DO UPDATE SET revision = scopes.revision + 1";
        let context = scope.context();
        sqlx::query(SQL).bind(scope.as_str()).bind(context.as_str()).execute(&mut *self.tx).await?;
        self.touch(self.freshness.scope(scope));
        Ok(())
    }

    async fn log(&mut self, entry: &Entry, new_id: Option<ChosenId>) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO changes (seq, time, actor, request_id, kind, subject, before, after)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let after = match (&entry.after, new_id) {
            // An object without the id only the writer knows.
            (Some(after), Some(chosen)) => Some(format!(r#"{{"id":{},{}"#, chosen.id, after.trim_start_matches('{'))),
            (after, _) => after.clone(),
        };
        sqlx::query(SQL)
            .bind(self.seq.0.cast_signed())
            .bind(entry.time.0)
            .bind(&*entry.actor)
            .bind(&*entry.request_id)
            .bind(entry.kind)
            .bind(entry.subject.as_str())
            .bind(&entry.before)
            .bind(after)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    fn touch(&mut self, slot: Slot) {
        self.touched.push((slot, self.seq));
    }

    fn touch_id(&mut self, context: &Context, id: Option<i64>) {
        if let Some(id) = id.and_then(SchemaId::new) {
            self.touch(self.freshness.id(context, id));
        }
    }
}
