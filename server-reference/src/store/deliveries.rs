//! The queue of deliveries, and the log of their attempts.
//!
//! A row of the queue is a delivery that is not over. Taking one moves `due_at` behind the end of the lease, so that it
//! falls due again by itself where the node that took it dies; `attempts` then tells the old lease from the new one.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::rows::{self, Value};
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
    /// Its place in the log; 0 before it has one.
    pub seq: i64,
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

/// Which attempts are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this webhook; of all where it is empty.
    pub webhook_id: String,
    /// Only those that ended so: `ok` (2xx) or `failed`.
    pub result: Option<String>,
    /// Only those of this type of event.
    pub event_type: Option<String>,
    /// Only this one.
    pub seq: Option<i64>,
    /// Only those before this place.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: i64,
}

/// Attempts, newest first.
pub async fn select(connection: &mut AnyConnection, filter: &Filter) -> Result<Vec<Entry>> {
    let mut sql = String::from(
        "SELECT seq, webhook_id, event_id, event_type, attempt, url, request_bytes, sent_at, duration, status, error, \
         answer, next_at FROM delivery_log WHERE 1 = 1",
    );
    sql.push_str(match filter.result.as_deref() {
        Some("ok") => " AND status BETWEEN 200 AND 299",
        Some("failed") => " AND (status IS NULL OR status NOT BETWEEN 200 AND 299)",
        _ => "",
    });
    let mut values = Vec::new();
    let webhook_id = Some(filter.webhook_id.clone()).filter(|id| !id.is_empty());
    for (condition, value) in [
        ("webhook_id =", webhook_id.map(Value::Text)),
        ("event_type =", filter.event_type.clone().map(Value::Text)),
        ("seq =", filter.seq.map(Value::Int)),
        ("seq <", filter.before.map(Value::Int)),
    ] {
        if let Some(value) = value {
            values.push(value);
            sql.push_str(&format!(" AND {condition} ${}", values.len()));
        }
    }
    values.push(Value::Int(filter.limit));
    sql.push_str(&format!(" ORDER BY seq DESC LIMIT ${}", values.len()));
    let entry = |row: &sqlx::any::AnyRow| {
        Ok(Entry {
            seq: row.int("seq")?,
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
    rows::fetch(connection, sql, values, entry).await
}

/// The last attempts for one webhook, or for all where it is empty; newest first.
pub async fn entries(
    connection: &mut AnyConnection,
    webhook_id: &str,
    limit: i64,
) -> Result<Vec<Entry>> {
    let filter = Filter {
        webhook_id: webhook_id.to_owned(),
        limit,
        ..Filter::default()
    };
    select(connection, &filter).await
}

/// Puts events of a workspace into the queue of one of its webhooks once more, due at once: this one, or those of these
/// types since a time, the oldest first. What waits there already falls due at once, and what is being sent is left
/// alone. Gives how many are due.
pub async fn resend(
    connection: &mut AnyConnection,
    workspace_id: &str,
    webhook_id: &str,
    which: Resent<'_>,
    now: Micros,
) -> Result<u64> {
    let (condition, mut values) = match which {
        Resent::One(event_id) => ("id = $2".to_owned(), vec![Value::Text(event_id.to_owned())]),
        Resent::Since(at, types) => {
            let mut values = vec![Value::Int(at)];
            values.extend(types.iter().map(|name| Value::Text((*name).to_owned())));
            let places: Vec<String> = (3..values.len() + 2).map(|n| format!("${n}")).collect();
            (
                format!("created_at >= $2 AND type IN ({})", places.join(", ")),
                values,
            )
        }
    };
    values.insert(0, Value::Text(workspace_id.to_owned()));
    let next = values.len() + 1;
    let events = format!("SELECT id FROM events WHERE workspace_id = $1 AND {condition}");
    let bound = |sql: String, more: Vec<Value>| {
        let all = values.iter().cloned().chain(more);
        all.fold(sqlx::query(AssertSqlSafe(sql)), rows::bind)
    };
    let sooner = format!(
        "UPDATE deliveries SET due_at = ${next} WHERE webhook_id = ${} AND leased = 0 AND event_id IN ({events})",
        next + 1
    );
    let more = vec![Value::Int(now), Value::Text(webhook_id.to_owned())];
    let sooner = bound(sooner, more).execute(&mut *connection).await?;
    let added = format!(
        "INSERT INTO deliveries (webhook_id, event_id, attempts, due_at, leased) \
         SELECT CAST(${next} AS TEXT), e.id, 0, CAST(${} AS BIGINT), 0 FROM events e WHERE e.id IN ({events}) \
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook_id = ${} AND d.event_id = e.id) \
         ORDER BY e.created_at, e.id LIMIT {MOST_RESENT}",
        next + 1,
        next + 2
    );
    let webhook_id = Value::Text(webhook_id.to_owned());
    let more = vec![webhook_id.clone(), Value::Int(now), webhook_id];
    let added = bound(added, more).execute(connection).await?;
    Ok(sooner.rows_affected() + added.rows_affected())
}

/// So many events are sent again at a time.
pub const MOST_RESENT: i64 = 10_000;

/// Which events are sent again.
#[derive(Debug, Clone, Copy)]
pub enum Resent<'a> {
    /// This one.
    One(&'a str),
    /// Those since a time, of these types; there is one type or more.
    Since(Micros, &'a [&'a str]),
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
