-- One row for each workspace that has clicks. Whoever writes clicks takes the row first: its lock puts writers in order
-- on every node, so that a workspace's sequence grows in the order of the commits. A sequence number is never below the
-- time (in microseconds) of its own click; most_late says how far above it can be.
CREATE TABLE click_streams (
    workspace_id TEXT PRIMARY KEY,
    last_seq BIGINT NOT NULL,
    most_late BIGINT NOT NULL
);

ALTER TABLE clicks RENAME TO old_clicks;
DROP INDEX clicks_by_workspace;
DROP INDEX clicks_by_link;

CREATE TABLE clicks (
    workspace_id TEXT NOT NULL,
    is_bot BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    id TEXT NOT NULL,
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
    is_unique BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, is_bot, seq)
) {clustered};

INSERT INTO clicks (workspace_id, is_bot, seq, id, link_id, occurred_at, country, region, city, os, device, browser,
    referrer_domain, utm_source, utm_medium, utm_campaign, utm_term, utm_content, sub_id, via, destination_kind, is_unique)
SELECT workspace_id, is_bot,
    MAX(occurred_at) OVER (PARTITION BY workspace_id ORDER BY seq) + ROW_NUMBER() OVER (PARTITION BY workspace_id ORDER BY seq),
    id, link_id, occurred_at, country, region, city, os, device, browser, referrer_domain, utm_source, utm_medium,
    utm_campaign, utm_term, utm_content, sub_id, via, destination_kind, is_unique
FROM old_clicks;

INSERT INTO click_streams (workspace_id, last_seq, most_late)
SELECT workspace_id, MAX(seq), MAX(seq - occurred_at) FROM clicks GROUP BY workspace_id;

DROP TABLE old_clicks;

-- An index for each filter. What most clicks do not have costs those nothing.
CREATE INDEX clicks_by_link ON clicks (link_id, is_bot, seq);
CREATE INDEX clicks_by_os ON clicks (workspace_id, is_bot, os, seq);
CREATE INDEX clicks_by_country ON clicks (workspace_id, is_bot, country, seq) WHERE country IS NOT NULL;
CREATE INDEX clicks_by_utm_source ON clicks (workspace_id, is_bot, utm_source, seq) WHERE utm_source IS NOT NULL;
CREATE INDEX clicks_by_utm_medium ON clicks (workspace_id, is_bot, utm_medium, seq) WHERE utm_medium IS NOT NULL;
CREATE INDEX clicks_by_utm_campaign ON clicks (workspace_id, is_bot, utm_campaign, seq) WHERE utm_campaign IS NOT NULL;
CREATE INDEX clicks_by_utm_term ON clicks (workspace_id, is_bot, utm_term, seq) WHERE utm_term IS NOT NULL;
CREATE INDEX clicks_by_utm_content ON clicks (workspace_id, is_bot, utm_content, seq) WHERE utm_content IS NOT NULL;
CREATE INDEX clicks_by_sub_id ON clicks (workspace_id, is_bot, sub_id, seq) WHERE sub_id IS NOT NULL;

-- Who was seen on which day (days since 1970, UTC): hashes of link and visitor, with a key that changes daily. They tell
-- a visitor's first click from later ones, are joined to no click, and go when the day is over.
CREATE TABLE visitors (
    day BIGINT NOT NULL,
    visitor {bytes} NOT NULL,
    PRIMARY KEY (day, visitor)
) {clustered};

-- Wrong passwords of a link within its window: by a client, and (client is empty) by all together. pending are those
-- that are being looked at.
CREATE TABLE password_failures (
    link_id TEXT NOT NULL,
    client {bytes} NOT NULL,
    failures BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (link_id, client)
);
CREATE INDEX password_failures_by_expiry ON password_failures (expires_at);
