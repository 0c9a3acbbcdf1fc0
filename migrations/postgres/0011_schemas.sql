-- no-transaction
-- What an id means. The key makes two contents under one id impossible. An id outlives an import that replaces the only
-- version holding it: records carry it. `subject` and `version` say where it was last given.
CREATE TABLE IF NOT EXISTS schemas (
    context     TEXT COLLATE "C" NOT NULL,
    id          BIGINT NOT NULL CHECK (id BETWEEN 0 AND 2147483647),
    fingerprint BYTEA NOT NULL REFERENCES contents (fingerprint),
    subject     TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    written     BIGINT NOT NULL,
    PRIMARY KEY (context, id)
);
