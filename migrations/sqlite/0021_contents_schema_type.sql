-- The language of the text, also in the key: one text can be a schema in two languages. Everything that is older than this
-- column is AVRO. SQLite cannot change a key, so the table is built again.
CREATE TABLE typed_contents (
    fingerprint BLOB NOT NULL,
    schema_type TEXT NOT NULL,
    shape       BLOB NOT NULL,
    text        TEXT NOT NULL,
    refs        TEXT,
    metadata    TEXT,
    rule_set    TEXT,
    PRIMARY KEY (fingerprint, schema_type)
);
INSERT INTO typed_contents (fingerprint, schema_type, shape, text, refs, metadata, rule_set)
    SELECT fingerprint, 'AVRO', shape, text, refs, metadata, rule_set FROM contents;
DROP TABLE contents;
ALTER TABLE typed_contents RENAME TO contents;
