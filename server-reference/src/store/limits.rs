//! Requests per key, counted for all nodes together.

use sqlx::AnyConnection;

use super::{Columns, Result};
use crate::clock::Micros;
use crate::ratelimit::{Bucket, Policy};

/// Takes a token from the key's bucket in one statement, as [`Bucket::take`] would, and says whether there was one.
/// PostgreSQL only: on SQLite one process has all buckets.
pub async fn take(
    connection: &mut AnyConnection,
    key_id: &str,
    policy: Policy,
    now: Micros,
) -> Result<(Bucket, bool)> {
    let row = sqlx::query(
        "INSERT INTO rate_limits AS r (key_id, full_at, allowed) VALUES ($1, $2 + $3, 1) \
         ON CONFLICT (key_id) DO UPDATE SET (full_at, allowed) = (\
           SELECT CASE WHEN was + $3 <= $4 THEN was + $3 ELSE was END, CASE WHEN was + $3 <= $4 THEN 1 ELSE 0 END \
           FROM (SELECT CASE WHEN r.full_at > 2 * $4 - $2 THEN $2 ELSE LEAST(GREATEST(r.full_at, $2), $4) END AS was) b) \
         RETURNING full_at, allowed",
    )
    .bind(key_id.to_owned())
    .bind(now)
    .bind(policy.interval())
    .bind(now + policy.capacity())
    .fetch_one(connection)
    .await?;
    let full_at = row.int("full_at")?;
    Ok((Bucket { full_at }, row.flag("allowed")?))
}
