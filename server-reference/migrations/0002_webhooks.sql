-- secret and previous_secret are sealed with the server's own key. secret_version counts the rotations.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    description TEXT,
    status TEXT NOT NULL,
    disabled_reason TEXT,
    consecutive_failures BIGINT NOT NULL,
    failing_since BIGINT,
    last_delivery_at BIGINT,
    last_delivery_status BIGINT,
    secret {bytes} NOT NULL,
    secret_hint TEXT NOT NULL,
    secret_version BIGINT NOT NULL,
    previous_secret {bytes},
    previous_secret_expires_at BIGINT,
    api_version TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX webhooks_by_age ON webhooks (workspace_id, created_at, id);

-- What happened, for as long as the delivery log is kept. once: what may be announced one time only.
CREATE TABLE events (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    type TEXT NOT NULL,
    once TEXT,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX events_once ON events (once);
CREATE INDEX events_by_time ON events (created_at);

-- The queue: a row for each delivery that is not over. Whoever takes one moves due_at behind the end of the lease, so
-- that it falls due again by itself where that node dies. attempts tells an old lease from a new one.
CREATE TABLE deliveries (
    seq {sequence},
    webhook_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    first_at BIGINT,
    due_at BIGINT NOT NULL,
    leased BIGINT NOT NULL
);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, due_at, seq);

CREATE TABLE delivery_log (
    seq {sequence},
    webhook_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    url TEXT NOT NULL,
    request_bytes BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    duration BIGINT NOT NULL,
    status BIGINT,
    error TEXT,
    answer {bytes} NOT NULL,
    next_at BIGINT
);
CREATE INDEX delivery_log_by_webhook ON delivery_log (webhook_id, seq);
CREATE INDEX delivery_log_by_time ON delivery_log (sent_at);

-- An answer that showed a secret is kept without it: whose it was, and at which version.
ALTER TABLE idempotency ADD COLUMN secret_of TEXT;
ALTER TABLE idempotency ADD COLUMN secret_version BIGINT;
