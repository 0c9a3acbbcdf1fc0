-- no-transaction
-- Every accepted change, in commit order. Nothing deletes from it. `receipt` names the unit that was written, the id it got
-- and what it touched: what the other nodes and a node that lost its connection meanwhile want to know.
CREATE TABLE IF NOT EXISTS changes (
    seq        BIGINT NOT NULL PRIMARY KEY,
    time       BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    request_id TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    before     TEXT,
    after      TEXT,
    receipt    TEXT NOT NULL
);
