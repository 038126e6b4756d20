//! Events in the database.

use sqlx::AnyConnection;

use super::rows::{self, Value};
use super::{Columns, Dialect, Result};
use crate::clock::Micros;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// In which workspace.
    pub workspace_id: String,
    /// Its type, such as `link.created`.
    pub kind: &'static str,
    /// What must not be announced twice.
    pub once: Option<String>,
    /// What it is about, as JSON.
    pub data: String,
    /// When it happened.
    pub created_at: Micros,
}

/// Inserts events and a delivery of each to each of these webhooks, due at once. An event that must happen once and has
/// happened is left out; the others are counted.
pub async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    events: Vec<Event>,
    webhook_ids: &[String],
    now: Micros,
) -> Result<usize> {
    const COLUMNS: &[&str] = &["id", "workspace_id", "type", "data", "created_at"];
    let (once, plain): (Vec<Event>, Vec<Event>) =
        events.into_iter().partition(|event| event.once.is_some());
    let mut ids: Vec<String> = plain.iter().map(|event| event.id.clone()).collect();
    let row = |event: Event| {
        vec![
            Value::Text(event.id),
            Value::Text(event.workspace_id),
            Value::Text(event.kind.to_owned()),
            Value::Text(event.data),
            Value::Int(event.created_at),
        ]
    };
    rows::insert(
        connection,
        dialect,
        "events",
        COLUMNS,
        plain.into_iter().map(row).collect(),
    )
    .await?;
    for event in once {
        if insert_once(connection, &event).await? {
            ids.push(event.id);
        }
    }
    let deliveries = ids.iter().flat_map(|event_id| {
        webhook_ids.iter().map(move |webhook_id| {
            vec![
                Value::Text(webhook_id.clone()),
                Value::Text(event_id.clone()),
                Value::Int(0),
                Value::Int(now),
                Value::Int(0),
            ]
        })
    });
    const QUEUE: &[&str] = &["webhook_id", "event_id", "attempts", "due_at", "leased"];
    rows::insert(
        connection,
        dialect,
        "deliveries",
        QUEUE,
        deliveries.collect(),
    )
    .await?;
    Ok(ids.len())
}

async fn insert_once(connection: &mut AnyConnection, event: &Event) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO events (id, workspace_id, type, once, data, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (once) DO NOTHING",
    )
    .bind(&event.id)
    .bind(&event.workspace_id)
    .bind(event.kind)
    .bind(event.once.clone())
    .bind(&event.data)
    .bind(event.created_at)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An event as it is sent.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// In which workspace.
    pub workspace_id: String,
    /// Its type.
    pub kind: String,
    /// What it is about, as JSON.
    pub data: String,
    /// When it happened.
    pub created_at: Micros,
}

/// These events.
pub async fn get(
    connection: &mut AnyConnection,
    dialect: Dialect,
    ids: &[String],
) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    for list in rows::lists(dialect, ids) {
        let sql = format!(
            "SELECT id, workspace_id, type, data, created_at FROM events WHERE id IN ({})",
            list.sql(0)
        );
        let query = list.bind(sqlx::query(sqlx::AssertSqlSafe(sql)));
        for row in query.fetch_all(&mut *connection).await? {
            found.push(Stored {
                id: row.text("id")?,
                workspace_id: row.text("workspace_id")?,
                kind: row.text("type")?,
                data: row.text("data")?,
                created_at: row.int("created_at")?,
            });
        }
    }
    Ok(found)
}
