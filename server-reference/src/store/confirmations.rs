//! How many links a key deleted, and the tokens that confirm more.

use sqlx::AnyConnection;

use super::{Columns, Result};
use crate::api::PendingConfirmation;
use crate::clock::{HOUR, Micros};

/// Puts this key's deletes in order on every node until the transaction ends, and says how many links it deleted
/// within the last hour.
pub async fn deleted_lately(
    connection: &mut AnyConnection,
    key_id: &str,
    now: Micros,
) -> Result<i64> {
    sqlx::query("UPDATE api_keys SET delete_calls = delete_calls + 1 WHERE id = $1")
        .bind(key_id)
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar(
        "SELECT CAST(COALESCE(SUM(links), 0) AS BIGINT) FROM deletions WHERE key_id = $1 AND occurred_at > $2",
    )
    .bind(key_id)
    .bind(now - HOUR)
    .fetch_one(connection)
    .await
}

/// Counts deletes.
pub async fn count_deleted(
    connection: &mut AnyConnection,
    key_id: &str,
    links: i64,
    now: Micros,
) -> Result<()> {
    sqlx::query("INSERT INTO deletions (key_id, occurred_at, links) VALUES ($1, $2, $3)")
        .bind(key_id)
        .bind(now)
        .bind(links)
        .execute(connection)
        .await?;
    Ok(())
}

/// A token that was given out.
#[derive(Debug)]
pub struct Confirmation {
    /// SHA-256 of the ids that it is for.
    pub targets: Vec<u8>,
    /// How many links it is about.
    pub delete_count: i64,
    /// Until when it works.
    pub expires_at: Micros,
    /// When a person approved it.
    pub approved_at: Option<Micros>,
}

/// The token with this hash, if it belongs to this key and operation and still works.
pub async fn find(
    connection: &mut AnyConnection,
    hash: &[u8],
    key_id: &str,
    operation: &str,
    now: Micros,
) -> Result<Option<Confirmation>> {
    let row = sqlx::query(
        "SELECT targets, delete_count, expires_at, approved_at FROM confirmations \
         WHERE hash = $1 AND key_id = $2 AND operation = $3 AND expires_at > $4",
    )
    .bind(hash.to_vec())
    .bind(key_id)
    .bind(operation)
    .bind(now)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Confirmation {
            targets: row.bytes("targets")?,
            delete_count: row.int("delete_count")?,
            expires_at: row.int("expires_at")?,
            approved_at: row.int_opt("approved_at")?,
        })
    })
    .transpose()
}

/// Uses a token up; false where another call was faster.
pub async fn consume(connection: &mut AnyConnection, hash: &[u8]) -> Result<bool> {
    let done = sqlx::query("DELETE FROM confirmations WHERE hash = $1")
        .bind(hash.to_vec())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Remembers a token that is given out.
pub async fn insert(
    connection: &mut AnyConnection,
    key_id: &str,
    operation: &str,
    pending: &PendingConfirmation,
    now: Micros,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO confirmations (hash, key_id, operation, targets, delete_count, created_at, expires_at, approved_at, ids) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(pending.hash.clone())
    .bind(key_id)
    .bind(operation)
    .bind(pending.targets.clone())
    .bind(pending.delete_count)
    .bind(now)
    .bind(pending.expires_at)
    .bind(None::<i64>)
    .bind(serde_json::to_string(&pending.ids).map_err(|error| sqlx::Error::Encode(error.into()))?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Approves a token for a workspace whose deletes a person confirms; false where there is none that still works.
pub async fn approve(connection: &mut AnyConnection, hash: &[u8], now: Micros) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE confirmations SET approved_at = $2 WHERE hash = $1 AND expires_at > $3",
    )
    .bind(hash.to_vec())
    .bind(now)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A token that waits for a person.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// The key that asks, by its name.
    pub key_name: String,
    /// The key that asks.
    pub key_id: String,
    /// The operation.
    pub operation: String,
    /// How many links it is about.
    pub delete_count: i64,
    /// When it was asked for.
    pub created_at: Micros,
    /// Until when it works.
    pub expires_at: Micros,
    /// The links that the call names.
    pub ids: Vec<String>,
}

/// The tokens of a workspace that a person could still approve, oldest first.
pub async fn waiting(
    connection: &mut AnyConnection,
    workspace_id: &str,
    now: Micros,
) -> Result<Vec<Waiting>> {
    let rows = sqlx::query(
        "SELECT c.hash, c.key_id, k.name, c.operation, c.delete_count, c.created_at, c.expires_at, c.ids \
         FROM confirmations c JOIN api_keys k ON k.id = c.key_id \
         WHERE k.workspace_id = $1 AND c.approved_at IS NULL AND c.expires_at > $2 ORDER BY c.created_at, c.hash",
    )
    .bind(workspace_id.to_owned())
    .bind(now)
    .fetch_all(connection)
    .await?;
    let waiting = |row: &sqlx::any::AnyRow| {
        let ids = row.text_opt("ids")?.unwrap_or_else(|| "[]".to_owned());
        Ok(Waiting {
            hash: row.bytes("hash")?,
            key_name: row.text("name")?,
            key_id: row.text("key_id")?,
            operation: row.text("operation")?,
            delete_count: row.int("delete_count")?,
            created_at: row.int("created_at")?,
            expires_at: row.int("expires_at")?,
            ids: serde_json::from_str(&ids).map_err(|error| sqlx::Error::Decode(error.into()))?,
        })
    };
    rows.iter().map(waiting).collect()
}
