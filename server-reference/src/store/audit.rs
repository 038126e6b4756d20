//! The access log: every API call, against its key.

use sqlx::AnyConnection;

use super::rows::{self, Value};
use super::{Dialect, Result};
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
