-- no-transaction
-- What an id was last given to, whether or not anything holds it still: an id keeps its meaning for ever.
CREATE INDEX IF NOT EXISTS changes_by_id ON changes ((after::JSONB ->> 'id'), seq) WHERE kind = 'register';
