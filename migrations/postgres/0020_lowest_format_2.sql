-- no-transaction
-- Contents have a type from here on, which older programs would not see.
INSERT INTO facts (name, value) VALUES ('lowest_format', 2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
