-- The table holds ids, and what they mean.
ALTER TABLE schemas RENAME TO schema_ids;
