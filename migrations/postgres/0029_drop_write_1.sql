-- no-transaction
-- It knows tables by names that are gone. A node that still calls it is older than `lowest_format`.
DROP FUNCTION IF EXISTS avow_write_1(TEXT);
