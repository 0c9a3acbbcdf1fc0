-- The whole state of a registry. Tables hold the present, `changes` how it came about; both are written in one transaction.
-- Each file is one statement and may be run again: not every database that speaks Postgres' language can take several in
-- one transaction. Both databases have the same files; here WITHOUT ROWID and INTEGER keys spare every write a second page
-- per table.

-- Facts about the database itself. `lowest_format`: programs that know only an older format must not open it.
CREATE TABLE IF NOT EXISTS facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) WITHOUT ROWID;
