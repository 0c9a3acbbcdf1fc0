-- no-transaction
-- Which registry this is: a number that no other one has, for whoever keeps what its ids mean.
INSERT INTO facts (name, value) VALUES ('registry', CAST(floor(random() * 9007199254740992) AS BIGINT)) ON CONFLICT (name) DO NOTHING;
