//! Webhooks in the database.

use approute::models::EventType;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::rows::{self, Value};
use super::{Columns, Result};
use crate::clock::Micros;
use crate::webhook::outcome::{DisabledReason, Health};
use crate::webhooks::record::Record;

const COLUMNS: &str = "id, workspace_id, url, events, description, status, disabled_reason, consecutive_failures, \
                       last_delivery_at, last_delivery_status, secret, secret_hint, secret_version, previous_secret, \
                       previous_secret_expires_at, api_version, created_at";

fn from_row(row: &AnyRow) -> Result<Record> {
    let events = row.text("events")?;
    let previous = row.bytes_opt("previous_secret")?;
    Ok(Record {
        id: row.text("id")?,
        workspace_id: row.text("workspace_id")?,
        url: row.text("url")?,
        events: serde_json::from_str(&events).map_err(|error| sqlx::Error::Decode(error.into()))?,
        description: row.text_opt("description")?,
        active: row.text("status")? == "active",
        disabled_reason: row.text_opt("disabled_reason")?,
        consecutive_failures: row.int("consecutive_failures")?,
        last_delivery: match row.int_opt("last_delivery_at")? {
            Some(at) => Some((at, row.int_opt("last_delivery_status")?)),
            None => None,
        },
        secret: row.bytes("secret")?,
        secret_hint: row.text("secret_hint")?,
        secret_version: row.int("secret_version")?,
        previous: previous.zip(row.int_opt("previous_secret_expires_at")?),
        api_version: row.text("api_version")?,
        created_at: row.int("created_at")?,
    })
}

fn to_json(events: &[EventType]) -> Result<String> {
    serde_json::to_string(events).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Inserts a new webhook.
pub async fn insert(connection: &mut AnyConnection, record: &Record) -> Result<()> {
    sqlx::query(
        "INSERT INTO webhooks (id, workspace_id, url, events, description, status, consecutive_failures, secret, \
         secret_hint, secret_version, api_version, created_at) VALUES ($1, $2, $3, $4, $5, 'active', 0, $6, $7, $8, $9, $10)",
    )
    .bind(&record.id)
    .bind(&record.workspace_id)
    .bind(&record.url)
    .bind(to_json(&record.events)?)
    .bind(record.description.clone())
    .bind(record.secret.clone())
    .bind(&record.secret_hint)
    .bind(record.secret_version)
    .bind(&record.api_version)
    .bind(record.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// A webhook of the workspace.
pub async fn get(
    connection: &mut AnyConnection,
    workspace_id: &str,
    id: &str,
) -> Result<Option<Record>> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE id = $1 AND workspace_id = $2");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(workspace_id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// A webhook, whosever it is: for its deliveries.
pub async fn find(connection: &mut AnyConnection, id: &str) -> Result<Option<Record>> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Webhooks of the workspace, newest first, after `after`.
pub async fn list(
    connection: &mut AnyConnection,
    workspace_id: &str,
    after: Option<(Micros, String)>,
    limit: i64,
) -> Result<Vec<Record>> {
    let condition = if after.is_some() {
        "AND (created_at, id) < ($3, $4)"
    } else {
        ""
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM webhooks WHERE workspace_id = $1 {condition} ORDER BY created_at DESC, id DESC LIMIT $2"
    );
    let mut values = vec![Value::Text(workspace_id.to_owned()), Value::Int(limit)];
    if let Some((at, id)) = after {
        values.extend([Value::Int(at), Value::Text(id)]);
    }
    rows::fetch(connection, sql, values, from_row).await
}

/// What its owner changes; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Where events are sent.
    pub url: Option<String>,
    /// Which events are sent.
    pub events: Option<Vec<EventType>>,
    /// What it is for, or that this is cleared.
    pub description: Option<Option<String>>,
    /// Enables it again, which is a fresh start.
    pub enable: bool,
}

/// Stores what its owner changed; false where there is no such webhook.
pub async fn update(
    connection: &mut AnyConnection,
    workspace_id: &str,
    id: &str,
    change: Change,
) -> Result<bool> {
    let events = change.events.as_deref().map(to_json).transpose()?;
    let done = sqlx::query(
        "UPDATE webhooks SET url = COALESCE($3, url), events = COALESCE($4, events), \
         description = CASE WHEN $5 = 1 THEN $6 ELSE description END WHERE id = $1 AND workspace_id = $2",
    )
    .bind(id)
    .bind(workspace_id)
    .bind(change.url)
    .bind(events)
    .bind(i64::from(change.description.is_some()))
    .bind(change.description.flatten())
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    if change.enable {
        sqlx::query(
            "UPDATE webhooks SET status = 'active', disabled_reason = NULL, consecutive_failures = 0, \
             failing_since = NULL WHERE id = $1 AND status <> 'active'",
        )
        .bind(id)
        .execute(connection)
        .await?;
    }
    Ok(true)
}

/// Stores the secrets after a rotation; false where another rotation was faster.
pub async fn rotate(connection: &mut AnyConnection, record: &Record) -> Result<bool> {
    let (previous, until) = record.previous.clone().unzip();
    let done = sqlx::query(
        "UPDATE webhooks SET secret = $3, secret_hint = $4, secret_version = secret_version + 1, previous_secret = $5, \
         previous_secret_expires_at = $6 WHERE id = $1 AND secret_version = $2",
    )
    .bind(&record.id)
    .bind(record.secret_version - 1)
    .bind(record.secret.clone())
    .bind(&record.secret_hint)
    .bind(previous)
    .bind(until)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a webhook with the deliveries that wait for it; false where there is none.
pub async fn delete(connection: &mut AnyConnection, workspace_id: &str, id: &str) -> Result<bool> {
    let done = sqlx::query("DELETE FROM webhooks WHERE id = $1 AND workspace_id = $2")
        .bind(id)
        .bind(workspace_id)
        .execute(&mut *connection)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    super::deliveries::drop_waiting(connection, id).await?;
    Ok(true)
}

/// The active webhooks of a workspace that want this type of event, in the order of their ids.
pub async fn subscribers(
    connection: &mut AnyConnection,
    workspace_id: &str,
    event_type: &str,
) -> Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT id FROM webhooks WHERE workspace_id = $1 AND status = 'active' AND events LIKE $2 ORDER BY id",
    )
    .bind(workspace_id)
    .bind(format!("%\"{event_type}\"%"))
    .fetch_all(connection)
    .await
}

/// Notes an attempt on its webhook, and gives how the webhook was doing before it. The row stays locked until the
/// transaction ends, so that two results cannot overwrite each other. None where the webhook is deleted.
pub async fn note_attempt(
    connection: &mut AnyConnection,
    id: &str,
    at: Micros,
    status: Option<i64>,
) -> Result<Option<Health>> {
    let row = sqlx::query(
        "UPDATE webhooks SET last_delivery_at = $2, last_delivery_status = $3 WHERE id = $1 \
         RETURNING consecutive_failures, failing_since",
    )
    .bind(id)
    .bind(at)
    .bind(status)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Health {
            consecutive_failures: row.int("consecutive_failures")?,
            failing_since: row.int_opt("failing_since")?,
        })
    })
    .transpose()
}

/// Stores how a webhook is doing now; with a reason it is disabled, and what waits for it is dropped.
pub async fn set_health(
    connection: &mut AnyConnection,
    id: &str,
    health: Health,
    disabled: Option<DisabledReason>,
) -> Result<()> {
    sqlx::query("UPDATE webhooks SET consecutive_failures = $2, failing_since = $3 WHERE id = $1")
        .bind(id)
        .bind(health.consecutive_failures)
        .bind(health.failing_since)
        .execute(&mut *connection)
        .await?;
    if let Some(reason) = disabled {
        sqlx::query("UPDATE webhooks SET status = 'disabled', disabled_reason = $2 WHERE id = $1 AND status = 'active'")
            .bind(id)
            .bind(reason.as_str())
            .execute(&mut *connection)
            .await?;
        super::deliveries::drop_waiting(connection, id).await?;
    }
    Ok(())
}
