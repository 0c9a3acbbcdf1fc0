-- no-transaction
-- The table holds ids, and what they mean.
ALTER TABLE IF EXISTS schemas RENAME TO schema_ids;
