-- Built again, because SQLite cannot change a constraint. What `versions` refers to keeps its name.
CREATE TABLE typed_schema_ids (
    context     TEXT NOT NULL,
    id          BIGINT NOT NULL CHECK (id BETWEEN 0 AND 2147483647),
    fingerprint BLOB NOT NULL,
    schema_type TEXT NOT NULL,
    subject     TEXT NOT NULL,
    version     BIGINT NOT NULL,
    written     BIGINT NOT NULL,
    PRIMARY KEY (context, id),
    FOREIGN KEY (fingerprint, schema_type) REFERENCES contents (fingerprint, schema_type)
) WITHOUT ROWID;
INSERT INTO typed_schema_ids (context, id, fingerprint, schema_type, subject, version, written)
    SELECT context, id, fingerprint, 'AVRO', subject, version, written FROM schema_ids;
DROP TABLE schema_ids;
ALTER TABLE typed_schema_ids RENAME TO schema_ids;
