-- no-transaction
INSERT INTO contexts (name, recorded, last_id) VALUES ('.', TRUE, 0) ON CONFLICT (name) DO NOTHING;
