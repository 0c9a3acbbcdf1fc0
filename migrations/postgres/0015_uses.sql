-- no-transaction
-- Who refers to what: one row per (referrer, target).
CREATE TABLE IF NOT EXISTS uses (
    subject        TEXT COLLATE "C" NOT NULL,
    version        BIGINT NOT NULL,
    target_subject TEXT COLLATE "C" NOT NULL,
    target_version BIGINT NOT NULL,
    PRIMARY KEY (target_subject, target_version, subject, version),
    FOREIGN KEY (subject, version) REFERENCES versions (subject, version)
);
