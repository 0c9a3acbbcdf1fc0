-- no-transaction
-- One text can be a schema in two languages, with one fingerprint.
ALTER TABLE contents DROP CONSTRAINT IF EXISTS contents_pkey,
    ADD CONSTRAINT contents_pkey PRIMARY KEY (fingerprint, schema_type);
