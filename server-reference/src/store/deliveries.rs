//! The queue of deliveries, and the log of their attempts.
//!
//! A row of the queue is a delivery that is not over. Taking one moves `due_at` behind the end of the lease, so that it
//! falls due again by itself where the node that took it dies; `attempts` then tells the old lease from the new one.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::{Columns, Dialect, Result};
use crate::clock::{MINUTE, Micros};

/// How long a node keeps a delivery to itself. An attempt takes 15 seconds at most; the rest is for nodes whose clocks
/// differ.
pub const LEASE: Micros = MINUTE;

/// For each webhook with something in the queue: when the first of it is due.
pub async fn overview(connection: &mut AnyConnection) -> Result<Vec<(String, Micros)>> {
    // From webhook to webhook along the index, whatever number waits for each of them.
    let found = sqlx::query(
        "WITH RECURSIVE waiting (webhook_id) AS (\
           SELECT MIN(webhook_id) FROM deliveries \
           UNION ALL \
           SELECT (SELECT MIN(d.webhook_id) FROM deliveries d WHERE d.webhook_id > waiting.webhook_id) \
           FROM waiting WHERE waiting.webhook_id IS NOT NULL) \
         SELECT webhook_id, (SELECT MIN(d.due_at) FROM deliveries d WHERE d.webhook_id = waiting.webhook_id) AS due_at \
         FROM waiting WHERE webhook_id IS NOT NULL",
    )
    .fetch_all(connection)
    .await?;
    found
        .iter()
        .map(|row| Ok((row.text("webhook_id")?, row.int("due_at")?)))
        .collect()
}

/// A delivery that this node has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Its place in the queue.
    pub seq: i64,
    /// Where it goes.
    pub webhook_id: String,
    /// What it is about.
    pub event_id: String,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    /// When the first attempt began.
    pub first_at: Micros,
}

/// Takes up to `limit` deliveries of a webhook that are due.
pub async fn lease(
    connection: &mut AnyConnection,
    dialect: Dialect,
    webhook_id: &str,
    now: Micros,
    limit: i64,
) -> Result<Vec<Leased>> {
    let sql = format!(
        "UPDATE deliveries SET attempts = attempts + 1, first_at = COALESCE(first_at, $1), due_at = $2, leased = 1 \
         WHERE seq IN (SELECT seq FROM deliveries WHERE webhook_id = $3 AND due_at <= $4 ORDER BY due_at, seq LIMIT $5 {}) \
         RETURNING seq, webhook_id, event_id, attempts, first_at",
        dialect.skip_locked()
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(now)
        .bind(now + LEASE)
        .bind(webhook_id)
        .bind(now)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    let mut leased = rows
        .iter()
        .map(|row| {
            Ok(Leased {
                seq: row.int("seq")?,
                webhook_id: row.text("webhook_id")?,
                event_id: row.text("event_id")?,
                attempt: row.int("attempts")?,
                first_at: row.int("first_at")?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    // RETURNING keeps no order.
    leased.sort_by_key(|delivery| delivery.seq);
    Ok(leased)
}

/// Gives back what was taken by a process that is no more. Only for a database that one process uses.
pub async fn release_all(connection: &mut AnyConnection, now: Micros) -> Result<u64> {
    let done = sqlx::query("UPDATE deliveries SET due_at = $1, leased = 0 WHERE leased = 1")
        .bind(now)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Ends a delivery (`next_at` none), or puts it back until then. False where it is no longer ours: the lease was over
/// and somebody else has taken it, or the webhook is gone.
pub async fn finish(
    connection: &mut AnyConnection,
    delivery: &Leased,
    next_at: Option<Micros>,
) -> Result<bool> {
    let sql = match next_at {
        Some(_) => "UPDATE deliveries SET due_at = $3, leased = 0 WHERE seq = $1 AND attempts = $2",
        None => "DELETE FROM deliveries WHERE seq = $1 AND attempts = $2",
    };
    let query = sqlx::query(sql).bind(delivery.seq).bind(delivery.attempt);
    let query = match next_at {
        Some(at) => query.bind(at),
        None => query,
    };
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// Drops whatever waits for a webhook.
pub async fn drop_waiting(connection: &mut AnyConnection, webhook_id: &str) -> Result<()> {
    sqlx::query("DELETE FROM deliveries WHERE webhook_id = $1")
        .bind(webhook_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// How many deliveries are due.
pub async fn due(connection: &mut AnyConnection, now: Micros) -> Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM deliveries WHERE due_at <= $1")
        .bind(now)
        .fetch_one(connection)
        .await
}

/// When the next delivery is due, or a lease over.
pub async fn next_due(connection: &mut AnyConnection) -> Result<Option<Micros>> {
    sqlx::query_scalar("SELECT MIN(due_at) FROM deliveries")
        .fetch_one(connection)
        .await
}

/// A delivery in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Where it goes.
    pub webhook_id: String,
    /// What it is about.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// Attempts that were begun.
    pub attempts: i64,
    /// When it is due, or its lease over.
    pub due_at: Micros,
    /// Whether a node has taken it.
    pub is_being_sent: bool,
}

/// The head of the queue of one webhook, or of all.
pub async fn waiting(
    connection: &mut AnyConnection,
    webhook_id: &str,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let rows = sqlx::query(
        "SELECT d.webhook_id, d.event_id, e.type, d.attempts, d.due_at, d.leased FROM deliveries d \
         JOIN events e ON e.id = d.event_id WHERE $1 = '' OR d.webhook_id = $2 ORDER BY d.due_at, d.seq LIMIT $3",
    )
    .bind(webhook_id.to_owned())
    .bind(webhook_id.to_owned())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let waiting = |row: &sqlx::any::AnyRow| {
        Ok(Waiting {
            webhook_id: row.text("webhook_id")?,
            event_id: row.text("event_id")?,
            event_type: row.text("type")?,
            attempts: row.int("attempts")?,
            due_at: row.int("due_at")?,
            is_being_sent: row.flag("leased")?,
        })
    };
    rows.iter().map(waiting).collect()
}

/// One attempt, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The webhook.
    pub webhook_id: String,
    /// The event.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// Which attempt it was, from 1.
    pub attempt: i64,
    /// Where it was sent.
    pub url: String,
    /// The size of what was sent.
    pub request_bytes: i64,
    /// When it was sent.
    pub sent_at: Micros,
    /// How long it took.
    pub duration: Micros,
    /// The status of the answer.
    pub status: Option<i64>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The first bytes of the answer.
    pub answer: Vec<u8>,
    /// When it is tried again.
    pub next_at: Option<Micros>,
}

/// Adds an attempt to the log.
pub async fn log(connection: &mut AnyConnection, entry: Entry) -> Result<()> {
    sqlx::query(
        "INSERT INTO delivery_log (webhook_id, event_id, event_type, attempt, url, request_bytes, sent_at, duration, \
         status, error, answer, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(entry.webhook_id)
    .bind(entry.event_id)
    .bind(entry.event_type)
    .bind(entry.attempt)
    .bind(entry.url)
    .bind(entry.request_bytes)
    .bind(entry.sent_at)
    .bind(entry.duration)
    .bind(entry.status)
    .bind(entry.error)
    .bind(entry.answer)
    .bind(entry.next_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// The last attempts for one webhook, or for all where it is empty; newest first.
pub async fn entries(
    connection: &mut AnyConnection,
    webhook_id: &str,
    limit: i64,
) -> Result<Vec<Entry>> {
    let filter = if webhook_id.is_empty() {
        "$1 = ''"
    } else {
        "webhook_id = $1"
    };
    let sql = format!(
        "SELECT webhook_id, event_id, event_type, attempt, url, request_bytes, sent_at, duration, status, error, \
         answer, next_at FROM delivery_log WHERE {filter} ORDER BY seq DESC LIMIT $2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(webhook_id.to_owned())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    let entry = |row: &sqlx::any::AnyRow| {
        Ok(Entry {
            webhook_id: row.text("webhook_id")?,
            event_id: row.text("event_id")?,
            event_type: row.text("event_type")?,
            attempt: row.int("attempt")?,
            url: row.text("url")?,
            request_bytes: row.int("request_bytes")?,
            sent_at: row.int("sent_at")?,
            duration: row.int("duration")?,
            status: row.int_opt("status")?,
            error: row.text_opt("error")?,
            answer: row.bytes("answer")?,
            next_at: row.int_opt("next_at")?,
        })
    };
    rows.iter().map(entry).collect()
}

/// Removes what the log keeps no longer, `at_once` rows of each table at most; true where there may be more.
pub async fn sweep(connection: &mut AnyConnection, before: Micros, at_once: i64) -> Result<bool> {
    let log = sqlx::query(
        "DELETE FROM delivery_log WHERE seq IN (SELECT seq FROM delivery_log WHERE sent_at <= $1 ORDER BY sent_at LIMIT $2)",
    )
    .bind(before)
    .bind(at_once)
    .execute(&mut *connection)
    .await?;
    // All deliveries are over a day after their event.
    let events = sqlx::query(
        "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE created_at <= $1 ORDER BY created_at LIMIT $2)",
    )
    .bind(before)
    .bind(at_once)
    .execute(connection)
    .await?;
    let full = at_once.unsigned_abs();
    Ok(log.rows_affected() == full || events.rows_affected() == full)
}
