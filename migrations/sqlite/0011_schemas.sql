-- What an id means. The key makes two contents under one id impossible. An id outlives an import that replaces the only
-- version holding it: records carry it. `subject` and `version` say where it was last given.
CREATE TABLE IF NOT EXISTS schemas (
    context     TEXT NOT NULL,
    id          BIGINT NOT NULL CHECK (id BETWEEN 0 AND 2147483647),
    fingerprint BLOB NOT NULL REFERENCES contents (fingerprint),
    subject     TEXT NOT NULL,
    version     BIGINT NOT NULL,
    written     BIGINT NOT NULL,
    PRIMARY KEY (context, id)
) WITHOUT ROWID;
