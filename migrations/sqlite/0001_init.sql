-- The whole state of a registry. Tables hold the present, `changes` how it came about; both are written in one transaction.
-- Written in the dialect SQLite and Postgres share, save for column types and for how rows are laid out: WITHOUT ROWID
-- and INTEGER keys spare every write a second page per table.

-- Facts about the file itself. `lowest_format`: programs that know only an older format must not open it.
CREATE TABLE facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO facts (name, value) VALUES ('lowest_format', 1);

-- The position of the newest change. A table of its own, so that taking a number locks nothing else.
CREATE TABLE log_head (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL
);
INSERT INTO log_head (one, seq) VALUES (1, 0);

-- Every accepted change, in commit order. Nothing deletes from it.
CREATE TABLE changes (
    seq        INTEGER NOT NULL PRIMARY KEY,
    time       BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    request_id TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    before     TEXT,
    after      TEXT
);

-- Contexts and their id counters. A context that is deleted keeps its counter: ids are never handed out twice.
CREATE TABLE contexts (
    name     TEXT NOT NULL PRIMARY KEY,
    recorded BOOLEAN NOT NULL,
    last_id  BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO contexts (name, recorded, last_id) VALUES ('.', TRUE, 0);

-- One row per scope that was ever written to: a subject, a context (empty name) or the whole registry.
-- `revision` rises with every change that could alter an answer about the scope; writes are guarded by it.
CREATE TABLE scopes (
    subject  TEXT NOT NULL PRIMARY KEY,
    context  TEXT NOT NULL,
    revision BIGINT NOT NULL,
    config   TEXT,
    mode     TEXT
) WITHOUT ROWID;
CREATE INDEX scopes_by_context ON scopes (context, subject) WHERE config IS NOT NULL OR mode IS NOT NULL;

-- Schema contents, stored once. `fingerprint` is the MD5 of the contract's identity, `shape` finds structural equals.
CREATE TABLE contents (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    shape       BLOB NOT NULL,
    text        TEXT NOT NULL,
    refs        TEXT,
    metadata    TEXT,
    rule_set    TEXT
);

-- What an id means. The key makes two contents under one id impossible. An id outlives an import that replaces the only
-- version holding it: records carry it. `subject` and `version` say where it was last given.
CREATE TABLE schemas (
    context     TEXT NOT NULL,
    id          BIGINT NOT NULL CHECK (id BETWEEN 0 AND 2147483647),
    fingerprint BLOB NOT NULL REFERENCES contents (fingerprint),
    subject     TEXT NOT NULL,
    version     BIGINT NOT NULL,
    written     BIGINT NOT NULL,
    PRIMARY KEY (context, id)
) WITHOUT ROWID;
CREATE INDEX schemas_by_content ON schemas (fingerprint, context, written);

CREATE TABLE versions (
    subject TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version BETWEEN 1 AND 2147483647),
    context TEXT NOT NULL,
    id      BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL,
    time    BIGINT NOT NULL,
    written BIGINT NOT NULL,
    PRIMARY KEY (subject, version),
    FOREIGN KEY (context, id) REFERENCES schemas (context, id)
) WITHOUT ROWID;
CREATE INDEX versions_by_id ON versions (context, id);

-- Who refers to what: one row per (referrer, target).
CREATE TABLE uses (
    subject        TEXT NOT NULL,
    version        BIGINT NOT NULL,
    target_subject TEXT NOT NULL,
    target_version BIGINT NOT NULL,
    PRIMARY KEY (target_subject, target_version, subject, version),
    FOREIGN KEY (subject, version) REFERENCES versions (subject, version) DEFERRABLE INITIALLY DEFERRED
) WITHOUT ROWID;
CREATE INDEX uses_by_referrer ON uses (subject, version);
