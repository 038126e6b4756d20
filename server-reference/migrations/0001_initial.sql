-- Times are microseconds since 1970 (UTC), flags are 0 or 1. {bytes} and {sequence} are filled in per database.

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value {bytes} NOT NULL
);

CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    plan TEXT NOT NULL,
    delete_threshold BIGINT NOT NULL,
    delete_confirmation TEXT NOT NULL,
    is_dev BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The lowest position is the workspace's first domain. apps: the association settings of issue 4, as JSON.
CREATE TABLE domains (
    name TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    position BIGINT NOT NULL,
    apps TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX domains_by_workspace ON domains (workspace_id, position);

-- delete_calls is bumped by every counted delete: the row's lock puts a key's deletes in order on every node.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    delete_calls BIGINT NOT NULL
);
CREATE INDEX api_keys_by_workspace ON api_keys (workspace_id, created_at);

-- A key has one secret, and for a while two when it is rotated with an overlap.
CREATE TABLE api_key_secrets (
    hash {bytes} PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES api_keys (id),
    hint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX api_key_secrets_by_key ON api_key_secrets (key_id);

-- document holds what a caller sets, as JSON in the shape of LinkCreate; the columns beside it are what queries
-- need of it, plus what the server keeps itself.
CREATE TABLE links (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    domain TEXT NOT NULL,
    slug TEXT NOT NULL,
    slug_key TEXT NOT NULL,
    document TEXT NOT NULL,
    search TEXT NOT NULL,
    external_id TEXT,
    program_id TEXT,
    sub_id TEXT,
    archived BIGINT NOT NULL,
    starts_at BIGINT,
    expires_at BIGINT,
    click_limit BIGINT,
    password_hash TEXT,
    click_count BIGINT NOT NULL,
    bot_click_count BIGINT NOT NULL,
    last_clicked_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    purge_at BIGINT,
    created_by_key_id TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX links_by_slug ON links (domain, slug_key);
CREATE UNIQUE INDEX links_by_external_id ON links (workspace_id, external_id);
CREATE INDEX links_by_age ON links (workspace_id, created_at, id);
CREATE INDEX links_by_program ON links (workspace_id, program_id, created_at, id) WHERE program_id IS NOT NULL;
CREATE INDEX links_by_sub_id ON links (workspace_id, sub_id, created_at, id) WHERE sub_id IS NOT NULL;
CREATE INDEX links_to_purge ON links (purge_at) WHERE purge_at IS NOT NULL;

CREATE TABLE link_tags (
    workspace_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    link_id TEXT NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    PRIMARY KEY (workspace_id, tag, link_id)
);
CREATE INDEX link_tags_by_link ON link_tags (link_id);

CREATE TABLE clicks (
    seq {sequence},
    id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    link_id TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    country TEXT,
    region TEXT,
    city TEXT,
    os TEXT NOT NULL,
    device TEXT NOT NULL,
    browser TEXT NOT NULL,
    referrer_domain TEXT,
    utm_source TEXT,
    utm_medium TEXT,
    utm_campaign TEXT,
    utm_term TEXT,
    utm_content TEXT,
    sub_id TEXT,
    via TEXT NOT NULL,
    destination_kind TEXT NOT NULL,
    is_bot BIGINT NOT NULL,
    is_unique BIGINT NOT NULL
);
CREATE INDEX clicks_by_workspace ON clicks (workspace_id, seq);
CREATE INDEX clicks_by_link ON clicks (link_id, seq);

CREATE TABLE idempotency (
    workspace_id TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint {bytes} NOT NULL,
    key_id TEXT NOT NULL,
    status BIGINT NOT NULL,
    headers TEXT NOT NULL,
    body {bytes} NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, method, path, idempotency_key)
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE deletions (
    seq {sequence},
    key_id TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    links BIGINT NOT NULL
);
CREATE INDEX deletions_by_key ON deletions (key_id, occurred_at);

CREATE TABLE confirmations (
    hash {bytes} PRIMARY KEY,
    key_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    targets {bytes} NOT NULL,
    delete_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    approved_at BIGINT
);
CREATE INDEX confirmations_by_key ON confirmations (key_id, created_at);

CREATE TABLE api_calls (
    seq {sequence},
    workspace_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    path TEXT NOT NULL,
    status BIGINT NOT NULL,
    code TEXT,
    occurred_at BIGINT NOT NULL
);
CREATE INDEX api_calls_by_key ON api_calls (key_id, seq);
CREATE INDEX api_calls_by_time ON api_calls (occurred_at);
