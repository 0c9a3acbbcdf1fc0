//! One unit in SQLite: a few statements inside the writer's open transaction.

use crate::domain::{Context, SchemaId, Seq, Subject, Timestamp, Version};
use crate::store::unit::{Effect, Guard, IdChoice, LogEntry, NewVersion, Outcome, Part, Unit};
use crate::store::{ChangeTracker, Error, Slot};
use sqlx::SqliteConnection;

/// The values a unit needs before it changes anything.
macro_rules! look {
    () => {
        "SELECT
            (SELECT count(*) FROM json_each($1) g LEFT JOIN scopes s ON s.subject = g.value->>0
             WHERE coalesce(s.revision, 0) <> g.value->>1) AS outdated,
            (SELECT seq FROM log_head) AS head,
            (SELECT text = $2 FROM contents WHERE fingerprint = $3 AND schema_type = $6) AS same_text,
            (SELECT id FROM schema_ids WHERE context = $4 AND fingerprint = $3 AND schema_type = $6
             ORDER BY written DESC, id DESC LIMIT 1) AS id_of_content,
            (SELECT last_id FROM contexts WHERE name = $4) AS last_id,
            coalesce(
                (SELECT fingerprint = $3 AND schema_type = $6 FROM schema_ids WHERE context = $4 AND id = $5),
                (SELECT replace(c.after->>'guid', '-', '') = lower(hex($3)) AND coalesce(c.after->>'schemaType', 'AVRO') = $6
                 FROM changes c JOIN scopes s ON s.subject = c.subject
                 WHERE c.kind = 'register' AND c.after->>'id' = $5 AND s.context = $4
                 ORDER BY c.seq DESC LIMIT 1)
            ) AS same_content,
            EXISTS (SELECT 1 FROM versions WHERE context = $4 AND id = $5) AS id_is_in_use"
    };
}

const BEGIN_AND_LOOK: &str = concat!("BEGIN IMMEDIATE; ", look!());

/// The last statements of every unit.
macro_rules! finish {
    () => {
        "INSERT INTO scopes (subject, context, revision) VALUES ($9, $10, 1)
            ON CONFLICT (subject) DO UPDATE SET revision = scopes.revision + 1;
        UPDATE log_head SET seq = $1;
        INSERT INTO changes (seq, time, actor, request_id, kind, subject, before, after)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    };
}

/// The end of a unit that adds a version. An explicit id becomes the newest one of its content, even if it is known.
macro_rules! add_version {
    () => {
        "; INSERT INTO contents (fingerprint, schema_type, shape, text, refs, metadata, rule_set)
            VALUES ($11, $22, $12, $13, $14, $15, $16) ON CONFLICT (fingerprint, schema_type) DO NOTHING;
        INSERT INTO schema_ids (context, id, fingerprint, schema_type, subject, version, written)
            VALUES ($17, $18, $11, $22, $19, $20, $1) ON CONFLICT (context, id) DO UPDATE
            SET fingerprint = excluded.fingerprint, schema_type = excluded.schema_type, subject = excluded.subject,
                version = excluded.version, written = excluded.written WHERE $21;
        INSERT INTO contexts (name, recorded, last_id) VALUES ($17, FALSE, $18) ON CONFLICT (name) DO UPDATE
            SET last_id = excluded.last_id WHERE excluded.last_id > contexts.last_id;
        INSERT INTO versions (subject, version, context, id, deleted, time, written)
            VALUES ($19, $20, $17, $18, FALSE, $2, $1)"
    };
}

/// Which ends of its transaction a unit, or a part of one, is to take care of, in the statements it runs anyway.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    /// It is the first.
    pub(super) opens: bool,
    /// It is the last.
    pub(super) closes: bool,
}

/// Runs a unit and returns its outcome. `ends` selects the ends of its transaction that it opens and closes itself; a
/// unit that is refused closes nothing.
///
/// Every refusal comes before the first change, so that a refused unit leaves nothing in the transaction. If a later
/// part cannot be written, the whole transaction is lost.
pub(super) async fn run(
    tx: &mut SqliteConnection,
    change_tracker: &ChangeTracker,
    touched: &mut Vec<(Slot, Seq)>,
    unit: &Unit,
    ends: Ends,
) -> Result<Outcome, Error> {
    let mut ids = Vec::with_capacity(unit.parts.len());
    let mut last = Seq(0);
    for (place, part) in unit.parts.iter().enumerate() {
        let (first, end) = (place == 0, place + 1 == unit.parts.len());
        let guards = if first { unit.guards.as_slice() } else { &[] };
        let ends = Ends { opens: ends.opens && first, closes: ends.closes && end };
        let mut work =
            Work { tx: &mut *tx, change_tracker, touched: &mut *touched, seq: Seq(0), time: part.entry.time };
        match work.run(part, guards, ends).await? {
            Ok(id) => ids.push(id),
            Err(refused) if first => return Ok(refused),
            Err(refused) => return Err(Error::Invalid(format!("part {place} of a unit: {refused:?}"))),
        }
        last = work.seq;
    }
    Ok(Outcome::Committed { seq: last, ids })
}

/// One part of a unit on its way into the open transaction.
struct Work<'t> {
    tx: &'t mut SqliteConnection,
    change_tracker: &'t ChangeTracker,
    /// The facts that the commit invalidates.
    touched: &'t mut Vec<(Slot, Seq)>,
    seq: Seq,
    time: Timestamp,
}

/// The rows a part reads before it changes anything.
#[derive(sqlx::FromRow)]
struct Found {
    /// Scopes that were changed since the decision.
    outdated: i64,
    /// The position of the newest change.
    head: i64,
    /// Whether the text under the new version's fingerprint is equal to its own; absent where none is stored.
    same_text: Option<bool>,
    /// The newest id of its content.
    id_of_content: Option<i64>,
    /// The highest id of its context.
    last_id: Option<i64>,
    /// Whether the explicit id means its content, or did before it fell away; absent where it never meant anything.
    same_content: Option<bool>,
    /// Whether a version holds the explicit id.
    id_is_in_use: bool,
}

impl Found {
    /// The id a new version will have, or why it cannot have one.
    fn choose_id(&self, new: &NewVersion) -> Result<SchemaId, Outcome> {
        // MD5 collisions can be constructed; an id must not change its content for anyone who tries.
        if self.same_text == Some(false) {
            return Err(Outcome::FingerprintTaken);
        }
        match new.id {
            // Records carry ids for years: one that nothing holds any more still means what the log says.
            IdChoice::Explicit(_) if self.same_content == Some(false) && (self.id_is_in_use || !new.force_id) => {
                Err(Outcome::IdTaken)
            }
            IdChoice::Explicit(id) => Ok(id),
            IdChoice::OfContent => {
                let id = self.id_of_content.unwrap_or_else(|| self.last_id.unwrap_or(0) + 1);
                SchemaId::new(id).ok_or(Outcome::IdsExhausted)
            }
        }
    }
}

impl Work<'_> {
    /// Makes the change: the id of the version it added, or why it was refused before anything was changed.
    async fn run(
        &mut self,
        part: &Part,
        guards: &[Guard],
        ends: Ends,
    ) -> Result<Result<Option<SchemaId>, Outcome>, Error> {
        let new = part.added();
        let found = self.look(guards, new, ends.opens).await?;
        if found.outdated > 0 {
            return Ok(Err(Outcome::Conflict));
        }
        for guard in guards {
            if !self.holds(guard).await? {
                return Ok(Err(Outcome::Conflict));
            }
        }
        let added = match new.map(|new| found.choose_id(new).map(|id| (new, id))).transpose() {
            Ok(added) => added,
            Err(refused) => return Ok(Err(refused)),
        };
        self.seq = Seq(found.head.unsigned_abs() + 1);
        for effect in &part.effects {
            self.apply(effect).await?;
        }
        // One effect after another on the same scope is one change of it.
        let mut scopes: Vec<Subject> = part.effects.iter().map(Effect::scope).collect();
        scopes.dedup();
        for scope in &scopes[1.min(scopes.len())..] {
            self.bump(scope).await?;
        }
        if let Some((new, id)) = added {
            self.refer(new).await?;
            self.touch(self.change_tracker.id(&new.subject.context(), id));
        }
        self.finish(&part.entry, scopes.first().unwrap_or(&part.entry.subject), added, ends.closes).await?;
        Ok(Ok(added.map(|(_, id)| id)))
    }

    /// Whether a guard that is not about a revision is met; those are checked together.
    async fn holds(&mut self, guard: &Guard) -> Result<bool, Error> {
        const LIVE: &str = "SELECT NOT EXISTS (SELECT 1 FROM versions WHERE context = coalesce($1, context)
            AND deleted = FALSE)";
        const ANY: &str = "SELECT NOT EXISTS (SELECT 1 FROM versions WHERE context = $1)";
        const VERSION: &str = "SELECT EXISTS (SELECT 1 FROM versions WHERE subject = $1 AND version = $2
            AND (deleted = FALSE OR $3))";
        let (sql, context) = match guard {
            Guard::Revision(..) => return Ok(true),
            Guard::Version { version, deleted } => {
                let query = sqlx::query_scalar(VERSION).bind(version.subject.as_str());
                let query = query.bind(i64::from(version.version.get())).bind(*deleted);
                return Ok(query.fetch_one(&mut *self.tx).await?);
            }
            Guard::NoLiveVersions(context) => (LIVE, context.as_ref()),
            Guard::NoVersions(context) => (ANY, Some(context)),
        };
        Ok(sqlx::query_scalar(sql).bind(context.map(Context::as_str)).fetch_one(&mut *self.tx).await?)
    }

    /// Everything the unit has to know, in one statement: each costs a switch to the database's thread and back.
    async fn look(&mut self, guards: &[Guard], new: Option<&NewVersion>, begin: bool) -> Result<Found, Error> {
        let revisions: Vec<(&str, i64)> = guards
            .iter()
            .filter_map(|guard| match guard {
                Guard::Revision(subject, revision) => Some((subject.as_str(), revision.0)),
                _ => None,
            })
            .collect();
        let explicit = new.and_then(|new| match new.id {
            IdChoice::Explicit(id) => Some(i64::from(id.get())),
            IdChoice::OfContent => None,
        });
        Ok(sqlx::query_as(if begin { BEGIN_AND_LOOK } else { look!() })
            .bind(sqlx::types::Json(revisions))
            .bind(new.map(|new| new.content.text.as_str()))
            .bind(new.map(|new| new.key.fingerprint.0.as_slice()))
            .bind(new.map(|new| new.subject.context().to_string()))
            .bind(explicit)
            .bind(new.map(|new| new.key.schema_type.as_str()))
            .fetch_one(&mut *self.tx)
            .await?)
    }

    async fn apply(&mut self, effect: &Effect) -> Result<(), Error> {
        match effect {
            // It is written with the end of the unit; an import may have to make room for it.
            Effect::AddVersion(new) if new.id == IdChoice::OfContent => Ok(()),
            Effect::AddVersion(new) => self.remove_version(&new.subject, new.version).await.map(|_| ()),
            Effect::Supersede(subject, versions) => {
                for version in versions {
                    self.remove_version(subject, *version).await?;
                }
                Ok(())
            }
            Effect::SoftDelete(subject, versions) => self.hide(subject, versions, true).await,
            Effect::Undelete(subject, versions) => self.hide(subject, versions, false).await,
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
                self.touch(self.change_tracker.contexts());
                Ok(())
            }
            Effect::ForgetContext(context) => {
                const SQL: &str = "UPDATE contexts SET recorded = FALSE WHERE name = $1";
                sqlx::query(SQL).bind(context.as_str()).execute(&mut *self.tx).await?;
                self.touch(self.change_tracker.contexts());
                Ok(())
            }
            Effect::ReserveIds(context, floor) => {
                const SQL: &str = "INSERT INTO contexts (name, recorded, last_id) VALUES ($1, FALSE, $2)
                    ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id
                    WHERE excluded.last_id > contexts.last_id";
                sqlx::query(SQL).bind(context.as_str()).bind(i64::from(floor.get())).execute(&mut *self.tx).await?;
                Ok(())
            }
        }
    }

    async fn set(&mut self, sql: &'static str, subject: &Subject, value: Option<String>) -> Result<(), Error> {
        let context = subject.context();
        sqlx::query(sql).bind(subject.as_str()).bind(context.as_str()).bind(value).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Notes what a new version refers to.
    async fn refer(&mut self, new: &NewVersion) -> Result<(), Error> {
        const USE: &str = "INSERT INTO uses (subject, version, target_subject, target_version)
            VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        for target in &new.targets {
            sqlx::query(USE)
                .bind(new.subject.as_str())
                .bind(i64::from(new.version.get()))
                .bind(target.subject.as_str())
                .bind(i64::from(target.version.get()))
                .execute(&mut *self.tx)
                .await?;
            // A concurrent deletion of the target must notice its new user.
            self.bump(&target.subject).await?;
        }
        Ok(())
    }

    /// Hides versions, or shows them again.
    async fn hide(&mut self, subject: &Subject, versions: &[Version], deleted: bool) -> Result<(), Error> {
        const SQL: &str = "UPDATE versions SET deleted = $5, time = $3, written = $4
            WHERE subject = $1 AND version = $2 RETURNING id";
        for version in versions {
            let id: Option<i64> = sqlx::query_scalar(SQL)
                .bind(subject.as_str())
                .bind(i64::from(version.get()))
                .bind(self.time.0)
                .bind(self.seq.0.cast_signed())
                .bind(deleted)
                .fetch_optional(&mut *self.tx)
                .await?;
            self.touch_id(&subject.context(), id);
        }
        Ok(())
    }

    async fn hard_delete(&mut self, subject: &Subject, versions: &[Version]) -> Result<(), Error> {
        const ID: &str = "DELETE FROM schema_ids WHERE context = $1 AND id = $2
            AND NOT EXISTS (SELECT 1 FROM versions WHERE context = $1 AND id = $2)";
        let context = subject.context();
        for version in versions {
            if let Some(id) = self.remove_version(subject, *version).await? {
                sqlx::query(ID).bind(context.as_str()).bind(id).execute(&mut *self.tx).await?;
            }
        }
        Ok(())
    }

    /// Removes a version with its references and returns its id. The content stays, because the log refers to it.
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

    /// Raises the revision of a scope, so that concurrent decisions on it are taken again.
    async fn bump(&mut self, scope: &Subject) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO scopes (subject, context, revision) VALUES ($1, $2, 1)
            ON CONFLICT (subject) DO UPDATE SET revision = scopes.revision + 1";
        let context = scope.context();
        sqlx::query(SQL).bind(scope.as_str()).bind(context.as_str()).execute(&mut *self.tx).await?;
        self.touch(self.change_tracker.scope(scope));
        Ok(())
    }

    /// Writes the log entry, moves the head of the log, raises the revision of the scope the unit is about, and
    /// stores the version it adds.
    async fn finish(
        &mut self,
        entry: &LogEntry,
        scope: &Subject,
        added: Option<(&NewVersion, SchemaId)>,
        commit: bool,
    ) -> Result<(), Error> {
        let context = scope.context();
        let after = match (&entry.after, added) {
            // An object without the id only the writer knows.
            (Some(after), Some((_, id))) => Some(format!(r#"{{"id":{id},{}"#, after.trim_start_matches('{'))),
            (after, _) => after.clone(),
        };
        let sql = match (added.is_some(), commit) {
            (false, false) => finish!(),
            (false, true) => concat!(finish!(), "; COMMIT"),
            (true, false) => concat!(finish!(), add_version!()),
            (true, true) => concat!(finish!(), add_version!(), "; COMMIT"),
        };
        let mut query = sqlx::query(sql)
            .bind(self.seq.0.cast_signed())
            .bind(entry.time.0)
            .bind(&*entry.actor)
            .bind(&*entry.request_id)
            .bind(entry.kind)
            .bind(entry.subject.as_str())
            .bind(&entry.before)
            .bind(after)
            .bind(scope.as_str())
            .bind(context.as_str());
        if let Some((new, id)) = added {
            let content = &new.content;
            let references = (!content.references.is_empty()).then(|| sqlx::types::Json(&content.references));
            query = query
                .bind(new.key.fingerprint.0.as_slice())
                .bind(new.shape.as_slice())
                .bind(&content.text)
                .bind(references)
                .bind(content.metadata.as_ref().map(sqlx::types::Json))
                .bind(content.rule_set.as_ref().map(sqlx::types::Json))
                .bind(new.subject.context().to_string())
                .bind(i64::from(id.get()))
                .bind(new.subject.as_str())
                .bind(i64::from(new.version.get()))
                .bind(new.id != IdChoice::OfContent)
                .bind(new.key.schema_type.as_str());
        }
        query.execute(&mut *self.tx).await?;
        self.touch(self.change_tracker.scope(scope));
        Ok(())
    }

    fn touch(&mut self, slot: Slot) {
        self.touched.push((slot, self.seq));
    }

    fn touch_id(&mut self, context: &Context, id: Option<i64>) {
        if let Some(id) = id.and_then(SchemaId::new) {
            self.touch(self.change_tracker.id(context, id));
        }
    }
}
