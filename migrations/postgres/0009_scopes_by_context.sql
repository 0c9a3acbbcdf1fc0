-- no-transaction
CREATE INDEX IF NOT EXISTS scopes_by_context ON scopes (context, subject) WHERE config IS NOT NULL OR mode IS NOT NULL;
