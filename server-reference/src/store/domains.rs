//! The domains under which a workspace's short links live.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{Columns, Result};
use crate::associations::Apps;
use crate::clock::Micros;

/// A domain.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Its name, lower case.
    pub name: String,
    /// Whose it is.
    pub workspace_id: String,
    /// The apps that open its links.
    pub apps: Apps,
    /// When it was added.
    pub created_at: Micros,
}

const COLUMNS: &str = "name, workspace_id, apps, created_at";

fn from_row(row: &AnyRow) -> Result<Domain> {
    let apps = row.text("apps")?;
    Ok(Domain {
        name: row.text("name")?,
        workspace_id: row.text("workspace_id")?,
        apps: serde_json::from_str(&apps).map_err(|error| sqlx::Error::Decode(error.into()))?,
        created_at: row.int("created_at")?,
    })
}

fn to_json(apps: &Apps) -> Result<String> {
    serde_json::to_string(apps).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Adds a domain at the end of the workspace's list; false where the name is taken.
pub async fn insert(connection: &mut AnyConnection, domain: &Domain) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO domains (name, workspace_id, position, apps, created_at) \
         SELECT $1, $2, COALESCE(MAX(position), 0) + 1, $3, $4 FROM domains WHERE workspace_id = $5 \
         ON CONFLICT (name) DO NOTHING",
    )
    .bind(&domain.name)
    .bind(&domain.workspace_id)
    .bind(to_json(&domain.apps)?)
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

/// Replaces the apps of a domain; false where there is no such domain.
pub async fn set_apps(connection: &mut AnyConnection, name: &str, apps: &Apps) -> Result<bool> {
    let done = sqlx::query("UPDATE domains SET apps = $2 WHERE name = $1")
        .bind(name)
        .bind(to_json(apps)?)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The workspace's domains in their order, with their apps.
pub async fn with_apps(connection: &mut AnyConnection, workspace_id: &str) -> Result<Vec<Domain>> {
    let sql =
        format!("SELECT {COLUMNS} FROM domains WHERE workspace_id = $1 ORDER BY position, name");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(workspace_id.to_owned())
        .fetch_all(connection)
        .await?;
    rows.iter().map(from_row).collect()
}

/// All domains, for the command line.
pub async fn list(connection: &mut AnyConnection) -> Result<Vec<Domain>> {
    let sql = format!("SELECT {COLUMNS} FROM domains ORDER BY workspace_id, position, name");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await?;
    rows.iter().map(from_row).collect()
}

/// The domain of this name.
pub async fn find(connection: &mut AnyConnection, name: &str) -> Result<Option<Domain>> {
    let sql = format!("SELECT {COLUMNS} FROM domains WHERE name = $1");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(name.to_owned())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(from_row).transpose()
}
