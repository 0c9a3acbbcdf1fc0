-- no-transaction
-- What is registered, soft-deleted versions included.
CREATE TABLE IF NOT EXISTS versions (
    subject TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL CHECK (version BETWEEN 1 AND 2147483647),
    context TEXT COLLATE "C" NOT NULL,
    id      BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL,
    time    BIGINT NOT NULL,
    written BIGINT NOT NULL,
    PRIMARY KEY (subject, version),
    FOREIGN KEY (context, id) REFERENCES schemas (context, id)
);
