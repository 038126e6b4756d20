//! API keys. Only the SHA-256 of a secret is stored: it is 32 random bytes, so that nothing slower is needed.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::workspaces::{DeleteConfirmation, Plan, words};
use super::{Columns, Result};
use crate::clock::Micros;

words! {
    /// What a key may do.
    Scope {
        /// Read only.
        Read = "read",
        /// Read and write.
        ReadWrite = "read_write",
    }
}

/// A key as the command line shows it.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub workspace_id: String,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Micros,
    /// When it was revoked.
    pub revoked_at: Option<Micros>,
}

/// Who calls, as found by the secret's hash.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key's id.
    pub key_id: String,
    /// The key's workspace.
    pub workspace_id: String,
    /// What the key may do.
    pub scope: Scope,
    /// The workspace's plan, now.
    pub plan: Plan,
    /// Deletes per hour without confirmation.
    pub delete_threshold: i64,
    /// How more are confirmed.
    pub delete_confirmation: DeleteConfirmation,
    /// When the key was revoked, or the secret before a rotation ran out.
    pub ended_at: Option<Micros>,
}

impl Caller {
    /// Whether the key works no more.
    pub fn is_over(&self, now: Micros) -> bool {
        self.ended_at.is_some_and(|ended| ended <= now)
    }
}

/// Adds a key.
pub async fn insert(connection: &mut AnyConnection, key: &ApiKey) -> Result<()> {
    sqlx::query(
        "INSERT INTO api_keys (id, workspace_id, name, scope, created_at, revoked_at, delete_calls) \
         VALUES ($1, $2, $3, $4, $5, $6, 0)",
    )
    .bind(&key.id)
    .bind(&key.workspace_id)
    .bind(&key.name)
    .bind(key.scope.as_str())
    .bind(key.created_at)
    .bind(key.revoked_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a secret to a key.
pub async fn insert_secret(
    connection: &mut AnyConnection,
    key_id: &str,
    hash: &[u8],
    hint: &str,
    now: Micros,
) -> Result<()> {
    sqlx::query("INSERT INTO api_key_secrets (hash, key_id, hint, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(hash.to_vec())
        .bind(key_id)
        .bind(hint)
        .bind(now)
        .bind(None::<i64>)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends the key's secrets at `at`, those that end earlier excepted.
pub async fn expire_secrets(
    connection: &mut AnyConnection,
    key_id: &str,
    at: Micros,
) -> Result<()> {
    sqlx::query("UPDATE api_key_secrets SET expires_at = $2 WHERE key_id = $1 AND (expires_at IS NULL OR expires_at > $3)")
        .bind(key_id)
        .bind(at)
        .bind(at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Revokes a key; the time of an earlier revocation stays.
pub async fn revoke(connection: &mut AnyConnection, key_id: &str, now: Micros) -> Result<()> {
    sqlx::query("UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1")
        .bind(key_id)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

fn from_row(row: &AnyRow) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.text("id")?,
        workspace_id: row.text("workspace_id")?,
        name: row.text("name")?,
        scope: Scope::parse(&row.text("scope")?)?,
        created_at: row.int("created_at")?,
        revoked_at: row.int_opt("revoked_at")?,
    })
}

/// The key with this id.
pub async fn get(connection: &mut AnyConnection, id: &str) -> Result<Option<ApiKey>> {
    sqlx::query(
        "SELECT id, workspace_id, name, scope, created_at, revoked_at FROM api_keys WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?
    .as_ref()
    .map(from_row)
    .transpose()
}

/// A key in a list: the key, the end of its newest secret, and its last call.
#[derive(Debug)]
pub struct Listed {
    /// The key.
    pub key: ApiKey,
    /// The last letters of its newest secret.
    pub hint: String,
    /// When it was last used.
    pub last_used_at: Option<Micros>,
}

/// Keys of one workspace or of all, oldest first.
pub async fn list(
    connection: &mut AnyConnection,
    workspace_id: Option<&str>,
) -> Result<Vec<Listed>> {
    sqlx::query(
        "SELECT id, workspace_id, name, scope, created_at, revoked_at, \
         (SELECT hint FROM api_key_secrets WHERE key_id = api_keys.id ORDER BY created_at DESC LIMIT 1) AS hint, \
         (SELECT MAX(occurred_at) FROM api_calls WHERE key_id = api_keys.id) AS last_used_at \
         FROM api_keys WHERE $1 = '' OR workspace_id = $2 ORDER BY workspace_id, created_at, id",
    )
    .bind(workspace_id.unwrap_or_default())
    .bind(workspace_id.unwrap_or_default())
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        Ok(Listed {
            key: from_row(row)?,
            hint: row.text_opt("hint")?.unwrap_or_default(),
            last_used_at: row.int_opt("last_used_at")?,
        })
    })
    .collect()
}

/// A secret of a key, as far as it is known.
#[derive(Debug)]
pub struct StoredSecret {
    /// Its last letters.
    pub hint: String,
    /// When it was made.
    pub created_at: Micros,
    /// When it ends.
    pub expires_at: Option<Micros>,
}

/// The secrets of a key that still work, newest first.
pub async fn secrets(
    connection: &mut AnyConnection,
    key_id: &str,
    now: Micros,
) -> Result<Vec<StoredSecret>> {
    sqlx::query(
        "SELECT hint, created_at, expires_at FROM api_key_secrets WHERE key_id = $1 \
         AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at DESC",
    )
    .bind(key_id.to_owned())
    .bind(now)
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        Ok(StoredSecret {
            hint: row.text("hint")?,
            created_at: row.int("created_at")?,
            expires_at: row.int_opt("expires_at")?,
        })
    })
    .collect()
}

/// Whoever holds the secret with this hash, revoked ones too.
pub async fn find_caller(connection: &mut AnyConnection, hash: &[u8]) -> Result<Option<Caller>> {
    let row = sqlx::query(
        "SELECT k.id, k.workspace_id, k.scope, k.revoked_at, s.expires_at, w.plan, w.delete_threshold, \
         w.delete_confirmation FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id \
         JOIN workspaces w ON w.id = k.workspace_id WHERE s.hash = $1",
    )
    .bind(hash.to_vec())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let ends = [row.int_opt("revoked_at")?, row.int_opt("expires_at")?];
    Ok(Some(Caller {
        key_id: row.text("id")?,
        workspace_id: row.text("workspace_id")?,
        scope: Scope::parse(&row.text("scope")?)?,
        plan: Plan::parse(&row.text("plan")?)?,
        delete_threshold: row.int("delete_threshold")?,
        delete_confirmation: DeleteConfirmation::parse(&row.text("delete_confirmation")?)?,
        ended_at: ends.into_iter().flatten().min(),
    }))
}
