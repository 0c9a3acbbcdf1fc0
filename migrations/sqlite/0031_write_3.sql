-- Nothing: in SQLite a unit is a few statements of the program. The file keeps the numbers of both databases the same.
SELECT 1;
