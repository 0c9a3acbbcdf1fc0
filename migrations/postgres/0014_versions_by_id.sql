-- no-transaction
CREATE INDEX IF NOT EXISTS versions_by_id ON versions (context, id);
