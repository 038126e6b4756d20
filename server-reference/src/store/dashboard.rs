//! Who is signed in to the dashboard. Tokens are 32 random bytes, of which only the SHA-256 is kept.

use sqlx::AnyConnection;

use super::{Columns, Result};
use crate::clock::Micros;
use crate::ids::{Ids, Kind};
use crate::store::keys::{self, ApiKey, Scope};

/// Remembers a link by which somebody may sign in to a workspace, once.
pub async fn insert_sign_in(
    connection: &mut AnyConnection,
    hash: &[u8],
    workspace_id: &str,
    expires_at: Micros,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO dashboard_sign_ins (hash, workspace_id, expires_at) VALUES ($1, $2, $3)",
    )
    .bind(hash.to_vec())
    .bind(workspace_id)
    .bind(expires_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether the link with this hash still works.
pub async fn has_sign_in(connection: &mut AnyConnection, hash: &[u8], now: Micros) -> Result<bool> {
    let found: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM dashboard_sign_ins WHERE hash = $1 AND expires_at > $2",
    )
    .bind(hash.to_vec())
    .bind(now)
    .fetch_one(connection)
    .await?;
    Ok(found > 0)
}

/// Uses a link up and gives its workspace; none where it was used before or is too old. Of two that try at once, on
/// whatever nodes, one gets it.
pub async fn take_sign_in(
    connection: &mut AnyConnection,
    hash: &[u8],
    now: Micros,
) -> Result<Option<String>> {
    sqlx::query_scalar(
        "DELETE FROM dashboard_sign_ins WHERE hash = $1 AND expires_at > $2 RETURNING workspace_id",
    )
    .bind(hash.to_vec())
    .bind(now)
    .fetch_optional(connection)
    .await
}

/// Begins a session.
pub async fn insert_session(
    connection: &mut AnyConnection,
    hash: &[u8],
    workspace_id: &str,
    now: Micros,
    expires_at: Micros,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO dashboard_sessions (hash, workspace_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(hash.to_vec())
    .bind(workspace_id)
    .bind(now)
    .bind(expires_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// A session.
#[derive(Debug, Clone)]
pub struct Session {
    /// The workspace that it is for.
    pub workspace_id: String,
    /// The key under which its changes are logged.
    pub key_id: String,
    /// When it began.
    pub created_at: Micros,
    /// When it ends, unless it is used before.
    pub expires_at: Micros,
}

/// The session with this hash, if it goes on.
pub async fn session(
    connection: &mut AnyConnection,
    hash: &[u8],
    now: Micros,
) -> Result<Option<Session>> {
    let row = sqlx::query(
        "SELECT s.workspace_id, s.created_at, s.expires_at, w.dashboard_key_id FROM dashboard_sessions s \
         JOIN workspaces w ON w.id = s.workspace_id WHERE s.hash = $1 AND s.expires_at > $2",
    )
    .bind(hash.to_vec())
    .bind(now)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Session {
            workspace_id: row.text("workspace_id")?,
            key_id: row.text_opt("dashboard_key_id")?.unwrap_or_default(),
            created_at: row.int("created_at")?,
            expires_at: row.int("expires_at")?,
        })
    })
    .transpose()
}

/// Moves the end of a session.
pub async fn extend_session(
    connection: &mut AnyConnection,
    hash: &[u8],
    expires_at: Micros,
) -> Result<()> {
    sqlx::query("UPDATE dashboard_sessions SET expires_at = $2 WHERE hash = $1")
        .bind(hash.to_vec())
        .bind(expires_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends a session.
pub async fn end_session(connection: &mut AnyConnection, hash: &[u8]) -> Result<()> {
    sqlx::query("DELETE FROM dashboard_sessions WHERE hash = $1")
        .bind(hash.to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

/// The key under which people act in a workspace's dashboard, made where there is none.
pub async fn actor(
    connection: &mut AnyConnection,
    ids: &Ids,
    workspace_id: &str,
    now: Micros,
) -> Result<String> {
    // Locks the row, so that two nodes do not make two.
    let found: Option<String> = sqlx::query_scalar(
        "UPDATE workspaces SET dashboard_key_id = dashboard_key_id WHERE id = $1 RETURNING dashboard_key_id",
    )
    .bind(workspace_id)
    .fetch_one(&mut *connection)
    .await?;
    if let Some(id) = found {
        return Ok(id);
    }
    let key = ApiKey {
        id: ids.at(Kind::ApiKey, now),
        workspace_id: workspace_id.to_owned(),
        name: "Dashboard".to_owned(),
        scope: Scope::ReadWrite,
        created_at: now,
        revoked_at: None,
    };
    keys::insert(connection, &key).await?;
    sqlx::query("UPDATE workspaces SET dashboard_key_id = $2 WHERE id = $1")
        .bind(workspace_id)
        .bind(&key.id)
        .execute(connection)
        .await?;
    Ok(key.id)
}

/// Removes what is over.
pub async fn sweep(
    connection: &mut AnyConnection,
    now: Micros,
    imports_before: Micros,
) -> Result<()> {
    for (sql, at) in [
        ("DELETE FROM dashboard_sign_ins WHERE expires_at <= $1", now),
        ("DELETE FROM dashboard_sessions WHERE expires_at <= $1", now),
        (
            "DELETE FROM dashboard_imports WHERE created_at <= $1",
            imports_before,
        ),
    ] {
        sqlx::query(sql).bind(at).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A file of links that was checked.
#[derive(Debug, Clone)]
pub struct Import {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub workspace_id: String,
    /// `checked`, `running` or `done`.
    pub state: String,
    /// What its rows ask for, as JSON.
    pub links: String,
    /// Its rows.
    pub total: i64,
    /// The rows that were tried, from the first on.
    pub done: i64,
    /// Those that became links.
    pub created: i64,
    /// Why others did not, as JSON.
    pub failures: String,
    /// When it was checked.
    pub created_at: Micros,
}

/// Keeps a file that was checked.
pub async fn insert_import(connection: &mut AnyConnection, import: &Import) -> Result<()> {
    sqlx::query(
        "INSERT INTO dashboard_imports (id, workspace_id, state, links, total, done, created, failures, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&import.id)
    .bind(&import.workspace_id)
    .bind(&import.state)
    .bind(&import.links)
    .bind(import.total)
    .bind(import.done)
    .bind(import.created)
    .bind(&import.failures)
    .bind(import.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// A file of the workspace.
pub async fn import(
    connection: &mut AnyConnection,
    workspace_id: &str,
    id: &str,
) -> Result<Option<Import>> {
    let row = sqlx::query(
        "SELECT id, workspace_id, state, links, total, done, created, failures, created_at FROM dashboard_imports \
         WHERE id = $1 AND workspace_id = $2",
    )
    .bind(id.to_owned())
    .bind(workspace_id.to_owned())
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Import {
            id: row.text("id")?,
            workspace_id: row.text("workspace_id")?,
            state: row.text("state")?,
            links: row.text("links")?,
            total: row.int("total")?,
            done: row.int("done")?,
            created: row.int("created")?,
            failures: row.text("failures")?,
            created_at: row.int("created_at")?,
        })
    })
    .transpose()
}

/// Notes how far an import has come.
pub async fn update_import(connection: &mut AnyConnection, import: &Import) -> Result<()> {
    sqlx::query(
        "UPDATE dashboard_imports SET state = $2, done = $3, created = $4, failures = $5 WHERE id = $1",
    )
    .bind(&import.id)
    .bind(&import.state)
    .bind(import.done)
    .bind(import.created)
    .bind(&import.failures)
    .execute(connection)
    .await?;
    Ok(())
}
