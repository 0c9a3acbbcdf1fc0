-- Every accepted change, in commit order. Nothing deletes from it.
CREATE TABLE IF NOT EXISTS changes (
    seq        INTEGER NOT NULL PRIMARY KEY,
    time       BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    request_id TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    before     TEXT,
    after      TEXT
);
