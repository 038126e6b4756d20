-- Requests per key, where several nodes share the database: when the key's bucket is full again, and whether the last
-- request got a token. A crash of the database may empty this table, which gives everybody a full bucket.
CREATE {unlogged} TABLE rate_limits (
    key_id TEXT PRIMARY KEY,
    full_at BIGINT NOT NULL,
    allowed BIGINT NOT NULL
);

-- Reads are written a little later than writes, so that a key's calls are in order by their time only.
DROP INDEX api_calls_by_key;
CREATE INDEX api_calls_by_key ON api_calls (key_id, occurred_at, seq);
