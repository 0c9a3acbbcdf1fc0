-- no-transaction
-- The language of the text. Everything that is older than this column is AVRO.
ALTER TABLE contents ADD COLUMN IF NOT EXISTS schema_type TEXT COLLATE "C" NOT NULL DEFAULT 'AVRO';
