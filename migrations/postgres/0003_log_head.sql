-- no-transaction
-- The position of the newest change. A table of its own, so that taking a number locks nothing else.
CREATE TABLE IF NOT EXISTS log_head (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL
);
