-- no-transaction
ALTER TABLE schema_ids DROP CONSTRAINT IF EXISTS schema_ids_content_fkey,
    ADD CONSTRAINT schema_ids_content_fkey
        FOREIGN KEY (fingerprint, schema_type) REFERENCES contents (fingerprint, schema_type);
