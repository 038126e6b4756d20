//! A database of an earlier version, with clicks in a row each and counts beside what links' owners set.

use approute_server::store::Dialect;
use serde_json::json;
use sqlx::AnyConnection;

use crate::harness::{Api, NOON};

const SCHEMA: [&str; 4] = [
    include_str!("../../migrations/0001_initial.sql"),
    include_str!("../../migrations/0002_webhooks.sql"),
    include_str!("../../migrations/0003_visits.sql"),
    include_str!("../../migrations/0004_limits.sql"),
];
const LINK: &str = "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC";

async fn run(connection: &mut AnyConnection, sql: String) {
    let sql = sqlx::AssertSqlSafe(sql);
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

async fn earlier(connection: &mut AnyConnection, dialect: Dialect) {
    let migrations =
        "CREATE TABLE migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)";
    run(connection, migrations.to_owned()).await;
    for (place, schema) in SCHEMA.iter().enumerate() {
        run(connection, dialect.schema(schema)).await;
        run(
            connection,
            format!("INSERT INTO migrations VALUES ({}, 0)", place + 1),
        )
        .await;
    }
    run(
        connection,
        "INSERT INTO workspaces VALUES ('wsp_old', 'Old', 'team', 25, 'token', 0, 0)".to_owned(),
    )
    .await;
    let document = json!({ "url": "https://example.com/", "click_thresholds": [6] });
    run(
        connection,
        format!(
            "INSERT INTO links (id, workspace_id, domain, slug, slug_key, document, search, archived, click_count, \
             bot_click_count, last_clicked_at, created_at, updated_at, created_by_key_id, version) \
             VALUES ('{LINK}', 'wsp_old', 'localhost', 's', 's', '{document}', 's', 0, 5, 2, {NOON}, 0, 0, 'key_1', 1)"
        ),
    )
    .await;
    // Two flushes, one after the other and bots among people; then single clicks.
    let clicks = [
        (0, 0),
        (1, 0),
        (2, 1),
        (3, 0),
        (10, 1),
        (500, 0),
        (90_000_000, 0),
    ];
    for (place, is_bot) in clicks {
        let seq = NOON + place;
        run(
            connection,
            format!(
                "INSERT INTO clicks (workspace_id, is_bot, seq, id, link_id, occurred_at, os, device, browser, utm_term, via, \
                 destination_kind, is_unique) VALUES ('wsp_old', {is_bot}, {seq}, 'clk_{place:026}', '{LINK}', {seq} - 7, 'ios', \
                 'phone', 'Safari', CASE WHEN {place} < 3 THEN 'early' END, 'link', 'url', 1)"
            ),
        )
        .await;
    }
    let stream = format!(
        "INSERT INTO click_streams VALUES ('wsp_old', {}, 7)",
        NOON + 90_000_000
    );
    run(connection, stream).await;
}

#[tokio::test]
async fn clicks_and_counts_are_carried_over() {
    let mut api = Api::after(earlier).await;
    let counts = api
        .count("SELECT click_count * 10 + bot_click_count FROM link_counts")
        .await;
    assert_eq!(counts, 52);
    assert_eq!(api.count("SELECT has_thresholds FROM links").await, 1);
    api.workspace.id = "wsp_old".to_owned();
    let clicks = api.stored_clicks().await;
    let places: Vec<(i64, bool)> = clicks
        .iter()
        .map(|click| (click.seq - NOON, click.is_bot))
        .collect();
    let expected = [
        (0, false),
        (1, false),
        (2, true),
        (3, false),
        (10, true),
        (500, false),
        (90_000_000, false),
    ];
    assert_eq!(places, expected);
    assert_eq!(clicks[6].id, format!("clk_{:026}", 90_000_000));
    assert_eq!(clicks[6].occurred_at, NOON + 90_000_000 - 7);
    assert_eq!(clicks[2].utm[3].as_deref(), Some("early"));
    assert!(
        clicks
            .iter()
            .all(|click| click.is_unique && click.trigger == "link")
    );
    assert_eq!(api.count("SELECT COUNT(*) FROM click_blocks").await, 4);
}
