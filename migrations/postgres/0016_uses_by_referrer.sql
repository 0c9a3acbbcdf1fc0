-- no-transaction
CREATE INDEX IF NOT EXISTS uses_by_referrer ON uses (subject, version);
