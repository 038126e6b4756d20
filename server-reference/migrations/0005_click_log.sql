-- Counts stand apart from what a link's owner sets, so that counting a click writes 60 bytes and not a whole link.
CREATE TABLE link_counts (
    link_id TEXT PRIMARY KEY,
    click_count BIGINT NOT NULL,
    bot_click_count BIGINT NOT NULL,
    last_clicked_at BIGINT
) {clustered};
INSERT INTO link_counts (link_id, click_count, bot_click_count, last_clicked_at)
SELECT id, click_count, bot_click_count, last_clicked_at FROM links WHERE click_count > 0 OR bot_click_count > 0;
ALTER TABLE links DROP COLUMN click_count;
ALTER TABLE links DROP COLUMN bot_click_count;
ALTER TABLE links DROP COLUMN last_clicked_at;

ALTER TABLE links ADD COLUMN has_thresholds BIGINT NOT NULL DEFAULT 0;
UPDATE links SET has_thresholds = 1 WHERE document LIKE '%"click_thresholds":[%';
CREATE INDEX links_with_thresholds ON links (id) WHERE has_thresholds = 1;

-- Clicks as they were ingested, some in each row (store/click_log says how they are written). Those of one flush are a
-- segment: their places in the sequence follow each other, and each block but the last holds the same number.
CREATE TABLE click_blocks (
    workspace_id TEXT NOT NULL,
    first_seq BIGINT NOT NULL,
    clicks {bytes} NOT NULL,
    PRIMARY KEY (workspace_id, first_seq)
);

-- Where in a segment clicks stand that have something in common: a term is the hash of a column and its value. In a
-- segment of many terms the rare ones share rows, which are numbered from 0; terms are negative.
CREATE TABLE click_terms (
    workspace_id TEXT NOT NULL,
    term BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    places {bytes} NOT NULL,
    PRIMARY KEY (workspace_id, term, first_seq)
) {clustered};

-- Flushes that were committed. Whoever cannot know whether one was, because the answer got lost, finds it here.
CREATE TABLE flushes (
    id {bytes} PRIMARY KEY,
    written_at BIGINT NOT NULL
);
CREATE INDEX flushes_by_time ON flushes (written_at);
