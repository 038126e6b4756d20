//! The access log: every API call, against its key.

use sqlx::AnyConnection;

use super::rows::{self, Value};
use super::{Columns, Dialect, Result};
use crate::clock::Micros;

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Whose key it was.
    pub workspace_id: String,
    /// The key.
    pub key_id: String,
    /// The request.
    pub request_id: String,
    /// The operation, such as `links.create`.
    pub operation: &'static str,
    /// The path, without its query.
    pub path: String,
    /// How it ended.
    pub status: u16,
    /// The problem's code, where it was one.
    pub code: Option<&'static str>,
    /// When.
    pub occurred_at: Micros,
}

/// Writes calls down.
pub async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    calls: &[Call],
) -> Result<()> {
    const COLUMNS: &[&str] = &[
        "workspace_id",
        "key_id",
        "request_id",
        "operation",
        "path",
        "status",
        "code",
        "occurred_at",
    ];
    let row = |call: &Call| {
        vec![
            Value::Text(call.workspace_id.clone()),
            Value::Text(call.key_id.clone()),
            Value::Text(call.request_id.clone()),
            Value::Text(call.operation.to_owned()),
            Value::Text(call.path.clone()),
            Value::Int(call.status.into()),
            Value::TextOpt(call.code.map(str::to_owned)),
            Value::Int(call.occurred_at),
        ]
    };
    let rows = calls.iter().map(row).collect();
    rows::insert(connection, dialect, "api_calls", COLUMNS, rows).await
}

/// A call as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub occurred_at: Micros,
    /// The operation.
    pub operation: String,
    /// The path, without its query.
    pub path: String,
    /// How it ended.
    pub status: i64,
    /// The problem's code, where it was one.
    pub code: Option<String>,
    /// The request.
    pub request_id: String,
}

/// A key's last calls, newest first.
pub async fn entries(
    connection: &mut AnyConnection,
    key_id: &str,
    limit: i64,
) -> Result<Vec<Entry>> {
    let rows = sqlx::query(
        "SELECT occurred_at, operation, path, status, code, request_id FROM api_calls WHERE key_id = $1 \
         ORDER BY occurred_at DESC, seq DESC LIMIT $2",
    )
    .bind(key_id.to_owned())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let entry = |row: &sqlx::any::AnyRow| {
        Ok(Entry {
            occurred_at: row.int("occurred_at")?,
            operation: row.text("operation")?,
            path: row.text("path")?,
            status: row.int("status")?,
            code: row.text_opt("code")?,
            request_id: row.text("request_id")?,
        })
    };
    rows.iter().map(entry).collect()
}
