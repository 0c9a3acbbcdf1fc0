-- Schema contents, stored once. `fingerprint` is the MD5 of the contract's identity, `shape` finds structural equals.
CREATE TABLE IF NOT EXISTS contents (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    shape       BLOB NOT NULL,
    text        TEXT NOT NULL,
    refs        TEXT,
    metadata    TEXT,
    rule_set    TEXT
);
