-- no-transaction
-- One row per scope that was ever written to: a subject, a context (empty name) or the whole registry.
-- `revision` rises with every change that could alter an answer about the scope; writes are guarded by it.
CREATE TABLE IF NOT EXISTS scopes (
    subject  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    context  TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    config   JSON,
    mode     TEXT
);
