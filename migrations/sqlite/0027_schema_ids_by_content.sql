CREATE INDEX IF NOT EXISTS schema_ids_by_content ON schema_ids (fingerprint, schema_type, context, written);
