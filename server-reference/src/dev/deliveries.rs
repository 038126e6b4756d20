//! `/_test/deliveries`: what was sent to webhooks, and what waits.

use serde::Serialize;
use serde_json::Value;

use super::time;
use crate::app::App;
use crate::problem::{Code, Failure, Problem};
use crate::store::{deliveries, events};

const MOST: i64 = 1_000;

/// What the query asks for.
#[derive(Debug, Default)]
pub struct Filter {
    /// One webhook only; all where it is empty.
    webhook_id: String,
}

impl Filter {
    pub fn read(query: &str) -> Result<Self, Problem> {
        let mut filter = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name != "webhook_id" {
                let detail = format!("There is no parameter {name}; there is webhook_id.");
                return Err(Problem::new(Code::ValidationFailed, detail));
            }
            filter.webhook_id = value.into_owned();
        }
        Ok(filter)
    }
}

#[derive(Debug, Serialize)]
pub struct Deliveries {
    /// In the queue, in its order.
    waiting: Vec<Waiting>,
    /// Made, oldest first; the last thousand.
    attempts: Vec<Attempt>,
}

#[derive(Debug, Serialize)]
struct Waiting {
    webhook_id: String,
    event_id: String,
    event_type: String,
    attempts: i64,
    due_at: String,
    is_being_sent: bool,
}

#[derive(Debug, Serialize)]
struct Attempt {
    webhook_id: String,
    event_id: String,
    event_type: String,
    attempt: i64,
    url: String,
    sent_at: String,
    duration_ms: i64,
    status: Option<i64>,
    error: Option<String>,
    answer: String,
    next_attempt_at: Option<String>,
    /// The event's `data`.
    data: Value,
}

pub async fn list(app: &App, filter: Filter) -> Result<Deliveries, Failure> {
    let mut connection = app.store.read().await?;
    let waiting = deliveries::waiting(&mut connection, &filter.webhook_id, MOST).await?;
    let mut entries = deliveries::entries(&mut connection, &filter.webhook_id, MOST).await?;
    entries.reverse();
    let ids: Vec<String> = entries.iter().map(|entry| entry.event_id.clone()).collect();
    let found = events::get(&mut connection, app.store.dialect(), &ids).await?;
    let data = |id: &str| {
        let event = found.iter().find(|event| event.id == id);
        event
            .and_then(|event| serde_json::from_str(&event.data).ok())
            .unwrap_or_default()
    };
    Ok(Deliveries {
        waiting: waiting
            .into_iter()
            .map(|row| Waiting {
                webhook_id: row.webhook_id,
                event_id: row.event_id,
                event_type: row.event_type,
                attempts: row.attempts,
                due_at: time(row.due_at),
                is_being_sent: row.is_being_sent,
            })
            .collect(),
        attempts: entries
            .into_iter()
            .map(|entry| Attempt {
                data: data(&entry.event_id),
                webhook_id: entry.webhook_id,
                event_id: entry.event_id,
                event_type: entry.event_type,
                attempt: entry.attempt,
                url: entry.url,
                sent_at: time(entry.sent_at),
                duration_ms: entry.duration / 1_000,
                status: entry.status,
                error: entry.error,
                answer: String::from_utf8_lossy(&entry.answer).into_owned(),
                next_attempt_at: entry.next_at.map(time),
            })
            .collect(),
    })
}
