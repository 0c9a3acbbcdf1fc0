-- Nothing: in SQLite it was done when the table was built again. The file keeps the numbers of both databases the same.
SELECT 1;
