-- no-transaction
-- The constraint comes back with both columns once the key of contents has them.
ALTER TABLE schema_ids ADD COLUMN IF NOT EXISTS schema_type TEXT COLLATE "C" NOT NULL DEFAULT 'AVRO',
    DROP CONSTRAINT IF EXISTS schemas_fingerprint_fkey;
