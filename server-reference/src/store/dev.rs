//! What only `--dev` does to the database.

use sqlx::AnyConnection;

use super::Result;
use super::workspaces::{DeleteConfirmation, Plan};
use crate::cli::seed::DELETE_THRESHOLD;

/// Removes everything that the API made in development workspaces, and gives those their first settings back. Their
/// keys and domains stay, and so do workspaces that are not for development.
pub async fn clear(connection: &mut AnyConnection) -> Result<()> {
    const STATEMENTS: &[&str] = &[
        "DELETE FROM deliveries WHERE event_id IN (SELECT id FROM events WHERE workspace_id IN ({dev}))",
        "DELETE FROM delivery_log WHERE event_id IN (SELECT id FROM events WHERE workspace_id IN ({dev}))",
        "DELETE FROM events WHERE workspace_id IN ({dev})",
        "DELETE FROM webhooks WHERE workspace_id IN ({dev})",
        "DELETE FROM click_blocks WHERE workspace_id IN ({dev})",
        "DELETE FROM click_terms WHERE workspace_id IN ({dev})",
        "DELETE FROM link_counts WHERE link_id IN (SELECT id FROM links WHERE workspace_id IN ({dev}))",
        "DELETE FROM click_streams WHERE workspace_id IN ({dev})",
        // These belong to nobody: they stay where there are other workspaces too.
        "DELETE FROM visitors WHERE NOT EXISTS (SELECT 1 FROM workspaces WHERE is_dev = 0)",
        "DELETE FROM flushes WHERE NOT EXISTS (SELECT 1 FROM workspaces WHERE is_dev = 0)",
        "DELETE FROM password_failures WHERE link_id IN (SELECT id FROM links WHERE workspace_id IN ({dev}))",
        "DELETE FROM link_tags WHERE workspace_id IN ({dev})",
        "DELETE FROM links WHERE workspace_id IN ({dev})",
        "DELETE FROM idempotency WHERE workspace_id IN ({dev})",
        "DELETE FROM confirmations WHERE key_id IN (SELECT id FROM api_keys WHERE workspace_id IN ({dev}))",
        "DELETE FROM deletions WHERE key_id IN (SELECT id FROM api_keys WHERE workspace_id IN ({dev}))",
        "DELETE FROM rate_limits WHERE key_id IN (SELECT id FROM api_keys WHERE workspace_id IN ({dev}))",
        "DELETE FROM api_calls WHERE workspace_id IN ({dev})",
        "DELETE FROM dashboard_imports WHERE workspace_id IN ({dev})",
    ];
    for statement in STATEMENTS {
        let sql = statement.replace("{dev}", "SELECT id FROM workspaces WHERE is_dev = 1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("UPDATE workspaces SET plan = $1, delete_threshold = $2, delete_confirmation = $3 WHERE is_dev = 1")
        .bind(Plan::Team.as_str())
        .bind(DELETE_THRESHOLD)
        .bind(DeleteConfirmation::Token.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
