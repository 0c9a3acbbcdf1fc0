-- no-transaction
INSERT INTO log_head (one, seq) VALUES (1, 0) ON CONFLICT (one) DO NOTHING;
