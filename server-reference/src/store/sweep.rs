//! Removes what is past its time, a little at a time, so that the writer is never held up for long.

use sqlx::AnyConnection;

use super::{Result, click_log, flushes, password_failures, visitors};
use crate::clock::{DAY, HOUR, Micros};

const AT_ONCE: i64 = 200;
const SEGMENTS_AT_ONCE: usize = 200;
/// How long the access log and the delivery log are kept.
const LOG_KEPT: Micros = 30 * DAY;

/// Does one small step; true where there may be more to do.
pub async fn step(connection: &mut AnyConnection, now: Micros) -> Result<bool> {
    let purged: Vec<String> =
        sqlx::query_scalar("SELECT id FROM links WHERE purge_at IS NOT NULL AND purge_at <= $1 ORDER BY purge_at LIMIT $2")
            .bind(now)
            .bind(AT_ONCE)
            .fetch_all(&mut *connection)
            .await?;
    for id in &purged {
        if click_log::remove_link(connection, id, SEGMENTS_AT_ONCE).await? {
            return Ok(true);
        }
        purge_link(connection, id).await?;
    }
    sqlx::query(
        "DELETE FROM idempotency WHERE (workspace_id, method, path, idempotency_key) IN (SELECT workspace_id, method, \
         path, idempotency_key FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    )
    .bind(now)
    .bind(AT_ONCE)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM confirmations WHERE expires_at <= $1")
        .bind(now)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM deletions WHERE occurred_at <= $1")
        .bind(now - HOUR)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM rate_limits WHERE full_at <= $1")
        .bind(now)
        .execute(&mut *connection)
        .await?;
    let old_calls = sqlx::query(
        "DELETE FROM api_calls WHERE seq IN (SELECT seq FROM api_calls WHERE occurred_at <= $1 ORDER BY occurred_at LIMIT $2)",
    )
    .bind(now - LOG_KEPT)
    .bind(AT_ONCE)
    .execute(&mut *connection)
    .await?;
    super::dashboard::sweep(connection, now, now - DAY).await?;
    let today = now.div_euclid(DAY);
    let old_visitors =
        visitors::sweep(connection, today + 1 - visitors::DAYS_KEPT, AT_ONCE).await?;
    let old_failures = password_failures::sweep(connection, now, AT_ONCE).await?;
    let old_flushes = flushes::sweep(connection, now, AT_ONCE).await?;
    let more_deliveries = super::deliveries::sweep(connection, now - LOG_KEPT, AT_ONCE).await?;
    Ok(purged.len() as i64 == AT_ONCE
        || old_calls.rows_affected() as i64 == AT_ONCE
        || old_visitors as i64 == AT_ONCE
        || old_failures as i64 == AT_ONCE
        || old_flushes as i64 == AT_ONCE
        || more_deliveries)
}

/// Removes one link for good, with its clicks.
pub async fn purge_link(connection: &mut AnyConnection, id: &str) -> Result<()> {
    while click_log::remove_link(connection, id, SEGMENTS_AT_ONCE).await? {}
    for statement in [
        "DELETE FROM link_tags WHERE link_id = $1",
        "DELETE FROM link_counts WHERE link_id = $1",
        "DELETE FROM links WHERE id = $1",
    ] {
        sqlx::query(statement)
            .bind(id.to_owned())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
