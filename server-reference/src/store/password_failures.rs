//! Wrong passwords of a link, counted within its window.

use sqlx::AnyConnection;

use super::{Columns, Result};
use crate::clock::Micros;

/// The window in which failures count together: it begins with the first of them.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The time.
    pub now: Micros,
    /// How long it is.
    pub length: Micros,
}

/// There were too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// When the window ends.
    pub until: Micros,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Wrong passwords within the window.
    pub failures: i64,
    /// The first of them.
    pub first_at: Micros,
    /// The last of them.
    pub last_at: Micros,
}

/// Writes down that a password is being looked at, unless `most` were wrong or are being looked at.
pub async fn admit(
    connection: &mut AnyConnection,
    link_id: &str,
    client: &[u8],
    most: i64,
    window: Window,
) -> Result<Option<Refused>> {
    let end = window.now.saturating_add(window.length);
    let admitted = sqlx::query(
        "INSERT INTO password_failures AS f (link_id, client, failures, pending, first_at, last_at, expires_at) \
         VALUES ($1, $2, 0, 1, $3, $3, $4) ON CONFLICT (link_id, client) DO UPDATE SET \
         failures = CASE WHEN f.expires_at <= $3 THEN 0 ELSE f.failures END, \
         pending = CASE WHEN f.expires_at <= $3 THEN 1 ELSE f.pending + 1 END, \
         first_at = CASE WHEN f.expires_at <= $3 THEN $3 ELSE f.first_at END, \
         expires_at = CASE WHEN f.expires_at <= $3 THEN $4 ELSE f.expires_at END \
         WHERE f.expires_at <= $3 OR f.failures + f.pending < $5",
    )
    .bind(link_id.to_owned())
    .bind(client.to_vec())
    .bind(window.now)
    .bind(end)
    .bind(most)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if admitted > 0 {
        return Ok(None);
    }
    let until: Option<Micros> = sqlx::query_scalar(
        "SELECT expires_at FROM password_failures WHERE link_id = $1 AND client = $2",
    )
    .bind(link_id.to_owned())
    .bind(client.to_vec())
    .fetch_optional(connection)
    .await?;
    Ok(Some(Refused {
        until: until.unwrap_or(end),
    }))
}

/// Writes down how it ended; none where nobody knows of it any more.
pub async fn settle(
    connection: &mut AnyConnection,
    link_id: &str,
    client: &[u8],
    right: bool,
    window: Window,
) -> Result<Option<Tally>> {
    let row = sqlx::query(
        "UPDATE password_failures SET pending = CASE WHEN pending > 0 THEN pending - 1 ELSE 0 END, \
         first_at = CASE WHEN failures = 0 AND $3 > 0 THEN $4 ELSE first_at END, \
         expires_at = CASE WHEN failures = 0 AND $3 > 0 THEN $5 ELSE expires_at END, \
         last_at = CASE WHEN $3 > 0 THEN $4 ELSE last_at END, failures = failures + $3 \
         WHERE link_id = $1 AND client = $2 RETURNING failures, first_at, last_at",
    )
    .bind(link_id.to_owned())
    .bind(client.to_vec())
    .bind(i64::from(!right))
    .bind(window.now)
    .bind(window.now.saturating_add(window.length))
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Tally {
            failures: row.int("failures")?,
            first_at: row.int("first_at")?,
            last_at: row.int("last_at")?,
        })
    })
    .transpose()
}

/// Forgets some of those whose window is over.
pub async fn sweep(connection: &mut AnyConnection, now: Micros, limit: i64) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM password_failures WHERE (link_id, client) IN \
         (SELECT link_id, client FROM password_failures WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    )
    .bind(now)
    .bind(limit)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
