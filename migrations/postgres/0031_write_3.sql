-- no-transaction
-- What `avow_write_2` is, save that an explicit id must not have meant another content before. Writes units, each wholly or not at all, and says what became of each:
-- the statements that `store/sqlite/unit.rs` runs one by one, here in one round trip, so that no lock is ever held across
-- the network.
--
-- `units` is an array of what `store/postgres/unit.rs` makes of the parts of units. The answer has one object for each:
-- either `refused`, with the reason, or `seq` and `receipt`. A part that is `joined` to the one before it shares its fate:
-- it is refused with it, and where it alone cannot be written the whole call fails. The lock on the log's head comes first; each statement after it sees
-- everything that was committed before, so units behave as if there were no others at the same time.
--
-- A program that needs other statements brings a function of another name; this one stays for those that still run.
CREATE OR REPLACE FUNCTION avow_write_3(units TEXT) RETURNS TEXT LANGUAGE plpgsql AS $function$
DECLARE
    batch    JSONB := units::JSONB;
    index    BIGINT := 0;
    head     BIGINT;
    begun_at BIGINT;
    unit     JSONB;
    part     RECORD;
    added    JSONB;
    entry    JSONB;
    refused  TEXT;
    earlier  TEXT;
    wrong    BIGINT;
    found_in TEXT;
    other    BYTEA;
    print    BYTEA;
    language TEXT COLLATE "C";
    other_language TEXT COLLATE "C";
    new_id   BIGINT;
    receipt  JSONB;
    scopes_  JSONB;
    ids      JSONB;
    more     JSONB;
    outcomes JSONB := '[]';
BEGIN
    SELECT seq INTO head FROM log_head WHERE one = 1 FOR UPDATE;
    begun_at := head;
    WHILE index < jsonb_array_length(batch) LOOP
        unit := batch -> index::INT4;
        index := index + 1;
        added := unit -> 'add';
        entry := unit -> 'entry';
        IF NOT unit ? 'joined' THEN refused := NULL; END IF;
        earlier := NULL;
        new_id := NULL;

        -- A unit that is sent again, because nobody knows whether it was written, may have been.
        IF unit ? 'sent_at' THEN
            SELECT c.seq, c.receipt INTO wrong, earlier FROM changes c
                WHERE c.seq > (unit ->> 'sent_at')::BIGINT AND c.receipt::JSONB ->> 'unit' = unit ->> 'unit';
            IF earlier IS NOT NULL THEN
                outcomes := outcomes || jsonb_build_object('seq', wrong, 'receipt', earlier::JSONB);
                CONTINUE;
            END IF;
        END IF;

        IF refused IS NULL AND unit ? 'revisions' THEN
            SELECT count(*) INTO wrong FROM jsonb_to_recordset(unit -> 'revisions') AS g (subject TEXT, revision BIGINT)
                -- One look into the index for each; as a join it may become a scan of the whole table.
                WHERE coalesce((SELECT s.revision FROM scopes s WHERE s.subject = g.subject COLLATE "C"), 0) <> g.revision;
            IF wrong > 0 THEN refused := 'conflict'; END IF;
        END IF;
        IF refused IS NULL AND unit ? 'versions' THEN
            SELECT count(*) INTO wrong
                FROM jsonb_to_recordset(unit -> 'versions') AS g (subject TEXT, version BIGINT, deleted BOOLEAN)
                WHERE NOT coalesce((SELECT v.deleted <= g.deleted FROM versions v
                    WHERE v.subject = g.subject COLLATE "C" AND v.version = g.version), FALSE);
            IF wrong > 0 THEN refused := 'conflict'; END IF;
        END IF;
        IF refused IS NULL AND unit ? 'none_live' THEN
            SELECT count(*) INTO wrong FROM jsonb_to_recordset(unit -> 'none_live') AS g (context TEXT)
                WHERE CASE WHEN g.context IS NULL THEN EXISTS (SELECT 1 FROM versions v WHERE v.deleted = FALSE)
                    ELSE EXISTS (SELECT 1 FROM versions v WHERE v.context = g.context COLLATE "C" AND v.deleted = FALSE)
                    END;
            IF wrong > 0 THEN refused := 'conflict'; END IF;
        END IF;
        IF refused IS NULL AND unit ? 'none' THEN
            SELECT count(*) INTO wrong FROM jsonb_to_recordset(unit -> 'none') AS g (context TEXT)
                WHERE EXISTS (SELECT 1 FROM versions v WHERE v.context = g.context COLLATE "C");
            IF wrong > 0 THEN refused := 'conflict'; END IF;
        END IF;

        IF refused IS NULL AND added IS NOT NULL THEN
            print := decode(added ->> 'fingerprint', 'hex');
            language := added ->> 'schema_type';
            SELECT c.text INTO found_in FROM contents c WHERE c.fingerprint = print AND c.schema_type = language;
            -- MD5 can be made to collide; an id must not change its meaning for anybody who tries.
            IF FOUND AND found_in <> added ->> 'text' THEN
                refused := 'fingerprint';
            ELSIF added ? 'id' THEN
                new_id := (added ->> 'id')::BIGINT;
                SELECT s.fingerprint, s.schema_type INTO other, other_language FROM schema_ids s
                    WHERE s.context = (added ->> 'context') COLLATE "C" AND s.id = new_id;
                -- Records carry ids for years: one that nothing holds any more still means what the log says.
                IF NOT FOUND THEN
                    SELECT decode(replace(c.after::JSONB ->> 'guid', '-', ''), 'hex'),
                            coalesce(c.after::JSONB ->> 'schemaType', 'AVRO') INTO other, other_language
                        FROM changes c JOIN scopes s ON s.subject = c.subject
                        WHERE c.kind = 'register' AND c.after::JSONB ->> 'id' = new_id::TEXT
                            AND s.context = (added ->> 'context') COLLATE "C"
                        ORDER BY c.seq DESC LIMIT 1;
                END IF;
                IF FOUND AND (other <> print OR other_language <> language) AND (NOT added ? 'force' OR EXISTS (
                    SELECT 1 FROM versions v WHERE v.context = (added ->> 'context') COLLATE "C" AND v.id = new_id))
                THEN refused := 'id'; END IF;
            ELSE
                SELECT s.id INTO new_id FROM schema_ids s
                    WHERE s.context = (added ->> 'context') COLLATE "C" AND s.fingerprint = print
                        AND s.schema_type = language
                    ORDER BY s.written DESC, s.id DESC LIMIT 1;
                IF NOT FOUND THEN
                    SELECT c.last_id + 1 INTO new_id FROM contexts c WHERE c.name = (added ->> 'context') COLLATE "C";
                    IF NOT FOUND THEN new_id := 1; END IF;
                    IF new_id > 2147483647 THEN refused := 'ids'; END IF;
                END IF;
            END IF;
        END IF;
        IF refused IS NOT NULL THEN
            IF unit ? 'joined' AND (outcomes -> -1) ? 'seq' THEN
                RAISE EXCEPTION 'a part of a unit was refused after others were written: %', refused;
            END IF;
            outcomes := outcomes || jsonb_build_object('refused', refused);
            CONTINUE;
        END IF;

        head := head + 1;
        scopes_ := '[]';
        ids := '[]';

        IF unit ? 'soft' OR unit ? 'undelete' THEN
            FOR part IN
                SELECT g.subject, g.version, hidden
                    FROM jsonb_to_recordset(unit -> 'soft') AS g (subject TEXT, version BIGINT), (VALUES (TRUE)) AS h (hidden)
                UNION ALL SELECT g.subject, g.version, FALSE
                    FROM jsonb_to_recordset(unit -> 'undelete') AS g (subject TEXT, version BIGINT)
            LOOP
                UPDATE versions v SET deleted = part.hidden, time = (entry ->> 'time')::BIGINT, written = head
                    WHERE v.subject = part.subject COLLATE "C" AND v.version = part.version
                    RETURNING jsonb_build_array(v.context, v.id) INTO more;
                IF FOUND THEN ids := ids || jsonb_build_array(more); END IF;
            END LOOP;
        END IF;
        IF unit ? 'remove' THEN
            FOR part IN SELECT * FROM jsonb_to_recordset(unit -> 'remove') AS g (subject TEXT, version BIGINT) LOOP
                WITH forgotten AS (
                    DELETE FROM uses u WHERE u.subject = part.subject COLLATE "C" AND u.version = part.version
                    RETURNING u.target_subject
                ) SELECT coalesce(jsonb_agg(DISTINCT target_subject), '[]') INTO more FROM forgotten;
                scopes_ := scopes_ || more;
                DELETE FROM versions v WHERE v.subject = part.subject COLLATE "C" AND v.version = part.version
                    RETURNING jsonb_build_array(v.context, v.id) INTO more;
                IF FOUND THEN ids := ids || jsonb_build_array(more); END IF;
                -- Ids nobody holds any more go with a deletion; a version that takes another's place leaves them.
                IF FOUND AND unit ? 'forget_ids' THEN
                    DELETE FROM schema_ids s WHERE s.context = (more ->> 0) COLLATE "C" AND s.id = (more ->> 1)::BIGINT
                        AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.context = s.context AND v.id = s.id);
                END IF;
            END LOOP;
            -- Each subject a removed version referred to has one referrer fewer.
            FOR part IN SELECT DISTINCT subject FROM jsonb_array_elements_text(scopes_) AS g (subject) LOOP
                UPDATE scopes s SET revision = s.revision + 1 WHERE s.subject = part.subject COLLATE "C";
            END LOOP;
        END IF;
        IF unit ? 'contexts' THEN
            INSERT INTO contexts (name, recorded, last_id)
                SELECT g.name, g.recorded, 0 FROM jsonb_to_recordset(unit -> 'contexts') AS g (name TEXT, recorded BOOLEAN)
                ON CONFLICT (name) DO UPDATE SET recorded = excluded.recorded;
        END IF;
        IF unit ? 'floors' THEN
            INSERT INTO contexts (name, recorded, last_id)
                SELECT g.name, FALSE, g.last_id FROM jsonb_to_recordset(unit -> 'floors') AS g (name TEXT, last_id BIGINT)
                ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id WHERE excluded.last_id > contexts.last_id;
        END IF;

        INSERT INTO scopes (subject, context, revision)
            SELECT g.subject, g.context, 1 FROM jsonb_to_recordset(unit -> 'scopes') AS g (subject TEXT, context TEXT)
            ON CONFLICT (subject) DO UPDATE SET revision = scopes.revision + 1;
        IF unit ? 'configs' THEN
            FOR part IN SELECT * FROM jsonb_to_recordset(unit -> 'configs') AS g (subject TEXT, config TEXT) LOOP
                UPDATE scopes s SET config = part.config::JSON WHERE s.subject = part.subject COLLATE "C";
            END LOOP;
        END IF;
        IF unit ? 'modes' THEN
            FOR part IN SELECT * FROM jsonb_to_recordset(unit -> 'modes') AS g (subject TEXT, mode TEXT) LOOP
                UPDATE scopes s SET mode = part.mode WHERE s.subject = part.subject COLLATE "C";
            END LOOP;
        END IF;

        IF added IS NOT NULL THEN
            INSERT INTO contents (fingerprint, schema_type, shape, text, refs, metadata, rule_set)
                VALUES (print, language, decode(added ->> 'shape', 'hex'), added ->> 'text', (added ->> 'refs')::JSON,
                    (added ->> 'metadata')::JSON, (added ->> 'rule_set')::JSON)
                ON CONFLICT (fingerprint, schema_type) DO NOTHING;
            -- An explicit id becomes the newest one of its content, even if it is known.
            INSERT INTO schema_ids (context, id, fingerprint, schema_type, subject, version, written)
                VALUES (added ->> 'context', new_id, print, language, added ->> 'subject',
                    (added ->> 'version')::BIGINT, head)
                ON CONFLICT (context, id) DO UPDATE SET fingerprint = excluded.fingerprint,
                    schema_type = excluded.schema_type, subject = excluded.subject, version = excluded.version,
                    written = excluded.written WHERE added ? 'id';
            INSERT INTO contexts (name, recorded, last_id) VALUES (added ->> 'context', FALSE, new_id)
                ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id WHERE excluded.last_id > contexts.last_id;
            INSERT INTO versions (subject, version, context, id, deleted, time, written)
                VALUES (added ->> 'subject', (added ->> 'version')::BIGINT, added ->> 'context', new_id, FALSE,
                    (entry ->> 'time')::BIGINT, head);
            IF added ? 'targets' THEN
                INSERT INTO uses (subject, version, target_subject, target_version)
                    SELECT added ->> 'subject', (added ->> 'version')::BIGINT, g.subject, g.version
                    FROM jsonb_to_recordset(added -> 'targets') AS g (subject TEXT, version BIGINT)
                    ON CONFLICT (target_subject, target_version, subject, version) DO NOTHING;
            END IF;
            ids := ids || jsonb_build_array(jsonb_build_array(added -> 'context', new_id));
        END IF;

        SELECT scopes_ || coalesce(jsonb_agg(g.subject), '[]') INTO scopes_
            FROM jsonb_to_recordset(unit -> 'scopes') AS g (subject TEXT);
        receipt := jsonb_build_object('unit', unit -> 'unit', 'id', new_id, 'scopes', scopes_, 'ids', ids,
            'contexts', unit ? 'contexts');
        INSERT INTO changes (seq, time, actor, request_id, kind, subject, before, after, receipt)
            VALUES (head, (entry ->> 'time')::BIGINT, entry ->> 'actor', entry ->> 'request_id', entry ->> 'kind',
                entry ->> 'subject', entry ->> 'before',
                CASE WHEN added IS NULL THEN entry ->> 'after'
                     ELSE '{"id":' || new_id || ',' || substr(entry ->> 'after', 2) END,
                receipt::TEXT);
        outcomes := outcomes || jsonb_build_object('seq', head, 'receipt', receipt);
    END LOOP;
    IF head > begun_at THEN
        UPDATE log_head SET seq = head WHERE one = 1;
    END IF;
    RETURN outcomes::TEXT;
END
$function$;
