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
    /// Its place among calls of the same time.
    pub seq: i64,
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

/// Which calls are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The key.
    pub key_id: String,
    /// Only calls of this operation.
    pub operation: Option<String>,
    /// Only calls that ended so: `ok`, `refused` (400 and above) or `failed` (500 and above).
    pub result: Option<String>,
    /// Only calls before the one with this time and place.
    pub before: Option<(Micros, i64)>,
    /// How many at most.
    pub limit: i64,
}

/// A key's calls, newest first.
pub async fn select(connection: &mut AnyConnection, filter: &Filter) -> Result<Vec<Entry>> {
    let mut sql = String::from(
        "SELECT seq, occurred_at, operation, path, status, code, request_id FROM api_calls WHERE key_id = $1",
    );
    let mut values = vec![Value::Text(filter.key_id.clone())];
    if let Some(operation) = &filter.operation {
        values.push(Value::Text(operation.clone()));
        sql.push_str(&format!(" AND operation = ${}", values.len()));
    }
    sql.push_str(match filter.result.as_deref() {
        Some("ok") => " AND status < 400",
        Some("refused") => " AND status BETWEEN 400 AND 499",
        Some("failed") => " AND status >= 500",
        _ => "",
    });
    if let Some((at, seq)) = filter.before {
        values.extend([Value::Int(at), Value::Int(seq)]);
        let last = values.len();
        sql.push_str(&format!(
            " AND (occurred_at, seq) < (${}, ${last})",
            last - 1
        ));
    }
    values.push(Value::Int(filter.limit));
    sql.push_str(&format!(
        " ORDER BY occurred_at DESC, seq DESC LIMIT ${}",
        values.len()
    ));
    let entry = |row: &sqlx::any::AnyRow| {
        Ok(Entry {
            seq: row.int("seq")?,
            occurred_at: row.int("occurred_at")?,
            operation: row.text("operation")?,
            path: row.text("path")?,
            status: row.int("status")?,
            code: row.text_opt("code")?,
            request_id: row.text("request_id")?,
        })
    };
    rows::fetch(connection, sql, values, entry).await
}
