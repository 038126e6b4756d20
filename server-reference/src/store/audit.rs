//! The access log: every API call, against its key.

use sqlx::AnyConnection;

use super::Result;
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
pub async fn insert(connection: &mut AnyConnection, calls: &[Call]) -> Result<()> {
    for call in calls {
        sqlx::query(
            "INSERT INTO api_calls (workspace_id, key_id, request_id, operation, path, status, code, occurred_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&call.workspace_id)
        .bind(&call.key_id)
        .bind(&call.request_id)
        .bind(call.operation)
        .bind(&call.path)
        .bind(i64::from(call.status))
        .bind(call.code)
        .bind(call.occurred_at)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
