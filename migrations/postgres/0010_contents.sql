-- no-transaction
-- Schema contents, stored once. `fingerprint` is the MD5 of the contract's identity, `shape` finds structural equals.
CREATE TABLE IF NOT EXISTS contents (
    fingerprint BYTEA NOT NULL PRIMARY KEY,
    shape       BYTEA NOT NULL,
    text        TEXT NOT NULL,
    refs        JSON,
    metadata    JSON,
    rule_set    JSON
);
