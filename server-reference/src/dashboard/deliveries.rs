//! What was sent to a webhook and what came back, and sending it again.

use askama::Template;
use axum::extract::Path;
use http::StatusCode;

use super::page::{self, Outcome, Page, Section, When, number};
use super::session::{Person, Posted};
use crate::clock::SECOND;
use crate::problem::{Failure, Problem};
use crate::store::deliveries::{self, Entry, Filter, MOST_RESENT, Resent};
use crate::store::events;
use crate::webhooks::deliver;

/// Attempts on a page.
const ATTEMPTS: i64 = 25;
/// Deliveries in the queue that are shown.
const WAITING: i64 = 25;

/// An attempt in the list.
pub struct Attempt {
    pub seq: i64,
    pub at: When,
    pub event_id: String,
    pub event_type: String,
    pub attempt: i64,
    pub ok: bool,
    pub result: String,
    pub ms: String,
    pub next: Option<When>,
}

/// A delivery in the queue.
pub struct Waiting {
    pub event_id: String,
    pub event_type: String,
    pub attempts: i64,
    pub due: When,
    pub being_sent: bool,
}

/// The log of a webhook, with what waits.
pub struct Log {
    pub waiting: Vec<Waiting>,
    pub attempts: Vec<Attempt>,
    pub result: String,
    pub event_type: String,
    pub older: Option<String>,
}

fn result(entry: &Entry) -> String {
    match (entry.status, &entry.error) {
        (Some(status), _) => status.to_string(),
        (None, error) => error.clone().unwrap_or_default(),
    }
}

fn is_ok(entry: &Entry) -> bool {
    entry
        .status
        .is_some_and(|status| (200..300).contains(&status))
}

impl From<Entry> for Attempt {
    fn from(entry: Entry) -> Self {
        Self {
            seq: entry.seq,
            at: When(entry.sent_at),
            ok: is_ok(&entry),
            result: result(&entry),
            ms: number(entry.duration / 1_000),
            next: entry.next_at.map(When),
            event_id: entry.event_id,
            event_type: entry.event_type,
            attempt: entry.attempt,
        }
    }
}

/// The log of a webhook, which must be the workspace's, by the filters of the query.
pub async fn log(person: &Person, webhook_id: &str) -> Result<Log, Failure> {
    let query = &person.query;
    let filter = Filter {
        webhook_id: webhook_id.to_owned(),
        result: query.filled("result").map(str::to_owned),
        event_type: query.filled("event_type").map(str::to_owned),
        before: query.get("before").parse().ok(),
        limit: ATTEMPTS + 1,
        ..Filter::default()
    };
    let mut connection = person.app.store.read().await?;
    let waiting = deliveries::waiting(&mut connection, webhook_id, WAITING).await?;
    let mut entries = deliveries::select(&mut connection, &filter).await?;
    let more = entries.len() as i64 > ATTEMPTS;
    entries.truncate(ATTEMPTS as usize);
    let last = entries.last().filter(|_| more);
    let older = last.map(|last| query.with("before", &last.seq.to_string()));
    let waiting = waiting.into_iter().map(|row| Waiting {
        event_id: row.event_id,
        event_type: row.event_type,
        attempts: row.attempts,
        due: When(row.due_at),
        being_sent: row.is_being_sent,
    });
    Ok(Log {
        waiting: waiting.collect(),
        attempts: entries.into_iter().map(Attempt::from).collect(),
        result: query.get("result").to_owned(),
        event_type: query.get("event_type").to_owned(),
        older,
    })
}

#[derive(Template)]
#[template(path = "dashboard/attempt.html")]
struct AttemptPage {
    page: Page,
    webhook_id: String,
    url: String,
    attempt: Attempt,
    headers: String,
    body: String,
    bytes: String,
    answer: String,
}

/// `GET /dashboard/webhooks/{id}/attempts/{seq}`
pub async fn show(person: Person, Path((id, seq)): Path<(String, String)>) -> Outcome {
    let webhook = person.webhook(&id).await?;
    let missing = || Problem::not_found("attempt");
    let filter = Filter {
        webhook_id: webhook.id.clone(),
        seq: Some(seq.parse().map_err(|_| missing())?),
        limit: 1,
        ..Filter::default()
    };
    let mut connection = person.app.store.read().await?;
    let found = deliveries::select(&mut connection, &filter).await?.pop();
    let entry = found.ok_or_else(missing)?;
    let ids = [entry.event_id.clone()];
    let dialect = person.app.store.dialect();
    let event = events::get(&mut connection, dialect, &ids).await?.pop();
    drop(connection);
    let body = match &event {
        Some(event) => {
            let body = deliver::body(event, &webhook.api_version, entry.attempt, entry.sent_at)?;
            let value: serde_json::Value = serde_json::from_slice(&body)?;
            serde_json::to_string_pretty(&value)?
        }
        None => "The event is no longer kept.".to_owned(),
    };
    let headers = format!(
        "POST {}\ncontent-type: application/json\nwebhook-id: {}\nwebhook-timestamp: {}\nwebhook-signature, x-approute-signature: not kept",
        entry.url,
        entry.event_id,
        entry.sent_at / SECOND
    );
    // Strangers wrote it: no control characters, line breaks excepted.
    let answer = String::from_utf8_lossy(&entry.answer);
    let answer = answer
        .chars()
        .filter(|letter| !letter.is_control() || *letter == '\n');
    page::show(&AttemptPage {
        page: person.page(Section::Webhooks, "Delivery"),
        webhook_id: webhook.id,
        url: webhook.url,
        headers,
        body,
        bytes: number(entry.request_bytes),
        answer: answer.collect(),
        attempt: entry.into(),
    })
}

/// `POST /dashboard/webhooks/{id}/resend`
pub async fn resend(Path(id): Path<String>, posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let webhook = person.webhook(&id).await?;
    let since = form.filled("since").map(|text| {
        let at = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M")
            .or_else(|_| chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"));
        at.map(|at| at.and_utc().timestamp_micros())
    });
    let types: Vec<&str> = webhook.events.iter().map(|event| event.as_str()).collect();
    let which = match (form.filled("event"), since) {
        (Some(event), _) => Ok(Resent::One(event)),
        (None, Some(Ok(at))) => Ok(Resent::Since(at, &types)),
        (None, _) => Err("Say since when, such as 2026-11-05T09:30."),
    };
    let which = if webhook.status.as_str() == "active" {
        which
    } else {
        Err("This webhook is disabled. Enable it first.")
    };
    let which = match which {
        Ok(which) => which,
        Err(reason) => return wrong(&person, reason),
    };
    let mut tx = person.app.store.write().await?;
    let workspace_id = &person.workspace.id;
    let due = deliveries::resend(&mut tx, workspace_id, &id, which, person.now).await?;
    person.log(&mut tx, "dashboard.resend", &id).await?;
    tx.commit().await?;
    person.app.hooks.wake();
    let done = match due {
        0 => "nothing",
        due if due as i64 >= MOST_RESENT => "most",
        _ => "resent",
    };
    page::go(&format!("/dashboard/webhooks/{id}?done={done}"))
}

fn wrong(person: &Person, reason: &'static str) -> Outcome {
    let mut page = person.page(Section::Webhooks, "Send again");
    page.errors.push((String::new(), reason.to_owned()));
    page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &page::Bare { page })
}
