CREATE INDEX IF NOT EXISTS schemas_by_content ON schemas (fingerprint, context, written);
