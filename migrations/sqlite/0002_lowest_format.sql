INSERT INTO facts (name, value) VALUES ('lowest_format', 1) ON CONFLICT (name) DO NOTHING;
