-- Which registry this is: a number that no other one has, for whoever keeps what its ids mean.
INSERT INTO facts (name, value) VALUES ('registry', random() & 9007199254740991) ON CONFLICT (name) DO NOTHING;
