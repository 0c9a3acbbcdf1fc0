-- no-transaction
DROP INDEX IF EXISTS schemas_by_content;
