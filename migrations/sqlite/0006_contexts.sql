-- Contexts and their id counters. A context that is deleted keeps its counter: ids are never handed out twice.
CREATE TABLE IF NOT EXISTS contexts (
    name     TEXT NOT NULL PRIMARY KEY,
    recorded BOOLEAN NOT NULL,
    last_id  BIGINT NOT NULL
) WITHOUT ROWID;
