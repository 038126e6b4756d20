//! Flushes that were committed, by their ids.
//!
//! Where the connection breaks while a commit is answered, nobody knows whether it was carried out. To write the same
//! clicks again could count them twice, not to write them could lose them; so the flush leaves its id in the same
//! transaction, and whoever tries again looks for it first.

use sqlx::AnyConnection;

use super::Result;
use crate::clock::{DAY, Micros};

/// A flush: random, since nodes know nothing of each other.
pub type FlushId = [u8; 16];

/// How long ids are kept. A node that could not reach the database for longer has dropped its clicks.
const KEPT: Micros = 7 * DAY;

/// Leaves a flush's id; false where it is there already.
pub async fn begin(connection: &mut AnyConnection, id: FlushId, now: Micros) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO flushes (id, written_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
    )
    .bind(id.to_vec())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets some of the old ones.
pub async fn sweep(connection: &mut AnyConnection, now: Micros, limit: i64) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM flushes WHERE id IN (SELECT id FROM flushes WHERE written_at < $1 ORDER BY written_at LIMIT $2)",
    )
    .bind(now - KEPT)
    .bind(limit)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
