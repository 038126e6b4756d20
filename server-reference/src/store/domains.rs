//! The domains under which a workspace's short links live.

use sqlx::AnyConnection;

use super::{Columns, Result};
use crate::clock::Micros;

/// A domain.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Its name, lower case.
    pub name: String,
    /// Whose it is.
    pub workspace_id: String,
    /// When it was added.
    pub created_at: Micros,
}

/// Adds a domain at the end of the workspace's list; false where the name is taken.
pub async fn insert(connection: &mut AnyConnection, domain: &Domain) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO domains (name, workspace_id, position, apps, created_at) \
         SELECT $1, $2, COALESCE(MAX(position), 0) + 1, '{}', $3 FROM domains WHERE workspace_id = $4 \
         ON CONFLICT (name) DO NOTHING",
    )
    .bind(&domain.name)
    .bind(&domain.workspace_id)
    .bind(domain.created_at)
    .bind(&domain.workspace_id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a domain that has no links; false where it has some or is not there.
pub async fn remove(connection: &mut AnyConnection, name: &str) -> Result<bool> {
    let done = sqlx::query(
        "DELETE FROM domains WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM links WHERE links.domain = domains.name)",
    )
    .bind(name)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The workspace's domains; the first is used where a link names none.
pub async fn of_workspace(
    connection: &mut AnyConnection,
    workspace_id: &str,
) -> Result<Vec<String>> {
    sqlx::query_scalar("SELECT name FROM domains WHERE workspace_id = $1 ORDER BY position, name")
        .bind(workspace_id)
        .fetch_all(connection)
        .await
}

/// All domains, for the command line.
pub async fn list(connection: &mut AnyConnection) -> Result<Vec<Domain>> {
    sqlx::query(
        "SELECT name, workspace_id, created_at FROM domains ORDER BY workspace_id, position, name",
    )
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        Ok(Domain {
            name: row.text("name")?,
            workspace_id: row.text("workspace_id")?,
            created_at: row.int("created_at")?,
        })
    })
    .collect()
}

/// Whether this domain is served here.
pub async fn exists(connection: &mut AnyConnection, name: &str) -> Result<bool> {
    let found: Option<String> = sqlx::query_scalar("SELECT name FROM domains WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}
