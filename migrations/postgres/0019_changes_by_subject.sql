-- no-transaction
-- What was filed under one subject, for its state at a past moment.
CREATE INDEX IF NOT EXISTS changes_by_subject ON changes (subject, seq);
