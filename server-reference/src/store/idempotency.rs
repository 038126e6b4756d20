//! Answers that were given, by idempotency key.

use sqlx::AnyConnection;

use super::{Columns, Result};
use crate::clock::Micros;

/// What a key names: this one effect in this workspace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// The workspace.
    pub workspace_id: String,
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: String,
    /// The caller's key.
    pub key: String,
}

/// An answer as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// SHA-256 of the raw body and `If-Match`.
    pub fingerprint: Vec<u8>,
    /// The API key that called.
    pub key_id: String,
    /// The status.
    pub status: i64,
    /// Its own headers, as JSON.
    pub headers: String,
    /// The body, without the secret that it showed.
    pub body: Vec<u8>,
    /// Whose secret it showed: the webhook, and which of its secrets.
    pub secret_of: Option<(String, i64)>,
    /// When it is forgotten.
    pub expires_at: Micros,
}

/// The stored answer, one that has expired excepted.
pub async fn find(
    connection: &mut AnyConnection,
    name: &Name,
    now: Micros,
) -> Result<Option<Stored>> {
    let row = sqlx::query(
        "SELECT fingerprint, key_id, status, headers, body, secret_of, secret_version, expires_at FROM idempotency \
         WHERE workspace_id = $1 AND method = $2 AND path = $3 AND idempotency_key = $4 AND expires_at > $5",
    )
    .bind(&name.workspace_id)
    .bind(name.method)
    .bind(&name.path)
    .bind(&name.key)
    .bind(now)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Stored {
            fingerprint: row.bytes("fingerprint")?,
            key_id: row.text("key_id")?,
            status: row.int("status")?,
            headers: row.text("headers")?,
            body: row.bytes("body")?,
            secret_of: row
                .text_opt("secret_of")?
                .zip(row.int_opt("secret_version")?),
            expires_at: row.int("expires_at")?,
        })
    })
    .transpose()
}

/// Stores an answer; one that has expired gives way.
pub async fn insert(
    connection: &mut AnyConnection,
    name: &Name,
    stored: Stored,
    now: Micros,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM idempotency WHERE workspace_id = $1 AND method = $2 AND path = $3 AND idempotency_key = $4 \
         AND expires_at <= $5",
    )
    .bind(&name.workspace_id)
    .bind(name.method)
    .bind(&name.path)
    .bind(&name.key)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    let (secret_of, secret_version) = stored.secret_of.unzip();
    sqlx::query(
        "INSERT INTO idempotency (workspace_id, method, path, idempotency_key, fingerprint, key_id, status, headers, \
         body, expires_at, secret_of, secret_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&name.workspace_id)
    .bind(name.method)
    .bind(&name.path)
    .bind(&name.key)
    .bind(stored.fingerprint)
    .bind(stored.key_id)
    .bind(stored.status)
    .bind(stored.headers)
    .bind(stored.body)
    .bind(stored.expires_at)
    .bind(secret_of)
    .bind(secret_version)
    .execute(connection)
    .await?;
    Ok(())
}
