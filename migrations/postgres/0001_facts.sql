-- no-transaction
-- The whole state of a registry. Tables hold the present, `changes` how it came about; both are written in one transaction.
-- Each file is one statement and may be run again: not every database that speaks Postgres' language can take several in
-- one transaction. Both databases have the same files; names are ordered by
-- their bytes, whatever the locale.

-- Facts about the database itself. `lowest_format`: programs that know only an older format must not open it.
CREATE TABLE IF NOT EXISTS facts (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
