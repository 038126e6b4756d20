//! One attempt to deliver an event, from the row that was taken to the entry of the log.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::value::RawValue;

use super::record::{Record, mode};
use crate::app::App;
use crate::clock::{Micros, to_datetime};
use crate::store::deliveries::{Entry, Leased};
use crate::store::events::Stored;
use crate::webhook::outcome::Outcome;
use crate::webhook::schedule::retry_after;
use crate::webhook::send::Answer;
use crate::webhook::sign;
use crate::webhook::target::Target;

/// How much of an answer the log keeps.
const KEPT: usize = 1024;

/// An attempt to be made.
#[derive(Clone)]
pub struct Job {
    /// The delivery.
    pub leased: Leased,
    /// The event.
    pub event: Stored,
    /// The webhook, as it was when the delivery was taken.
    pub record: Arc<Record>,
}

/// An attempt that was made.
pub struct Done {
    /// The delivery.
    pub leased: Leased,
    /// What it means.
    pub outcome: Outcome,
    /// How long the endpoint asked to wait.
    pub retry_after: Option<Micros>,
    /// When it ended.
    pub ended_at: Micros,
    /// The entry for the log, still without the next attempt.
    pub entry: Entry,
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    r#type: &'a str,
    created_at: String,
    sent_at: String,
    attempt: i64,
    api_version: &'a str,
    workspace_id: &'a str,
    data: &'a RawValue,
}

/// Makes an attempt. Each is signed anew, with its own time and number in the signed body.
pub async fn attempt(app: &App, job: Job) -> Done {
    let Job {
        leased,
        event,
        record,
    } = job;
    let (started, sent_at) = (Instant::now(), app.now());
    let traces = app.traces.as_ref();
    let span = traces
        .map(|traces| traces.delivery(&leased.webhook_id, &record.url, &event.id, leased.attempt));
    let prepared = prepare(app, &leased, &event, &record, sent_at);
    let (request_bytes, answer) = match prepared {
        Ok((target, headers, body)) => {
            let size = body.len() as i64;
            let sent = app.hooks.sender.send(&target, headers, body).await;
            (size, sent.map_err(|failure| failure.to_string()))
        }
        Err(reason) => (0, Err(reason)),
    };
    let ended_at = app.now();
    let entry = Entry {
        seq: 0,
        webhook_id: leased.webhook_id.clone(),
        event_id: leased.event_id.clone(),
        event_type: event.kind,
        attempt: leased.attempt,
        url: record.url.clone(),
        request_bytes,
        sent_at,
        duration: Micros::try_from(started.elapsed().as_micros()).unwrap_or(Micros::MAX),
        status: answer
            .as_ref()
            .ok()
            .map(|answer| answer.status.as_u16().into()),
        // PostgreSQL keeps no NUL in text.
        error: answer.as_ref().err().map(|reason| reason.replace('\0', "")),
        answer: answer.as_ref().map_or_else(|_| Vec::new(), beginning),
        next_at: None,
    };
    let answer = answer.ok();
    let outcome = answer
        .as_ref()
        .map_or(Outcome::Failed, |answer| Outcome::of_status(answer.status));
    if let Some(span) = span {
        let status = answer.as_ref().map(|answer| answer.status);
        span.end(status, !matches!(outcome, Outcome::Delivered));
    }
    Done {
        outcome,
        retry_after: answer
            .and_then(|answer| retry_after(answer.retry_after.as_deref()?, ended_at)),
        leased,
        ended_at,
        entry,
    }
}

type Prepared = (Target, http::HeaderMap, Bytes);

fn prepare(
    app: &App,
    leased: &Leased,
    event: &Stored,
    record: &Record,
    sent_at: Micros,
) -> Result<Prepared, String> {
    let target =
        Target::parse(&record.url, mode(app.config.dev)).map_err(|refused| refused.to_string())?;
    let body: Bytes = body(event, &record.api_version, leased.attempt, sent_at)
        .map_err(|error| error.to_string())?
        .into();
    let secrets = record
        .secrets(&app.hooks.vault)
        .map_err(|error| error.to_string())?;
    let headers =
        sign::headers(&secrets, &event.id, sent_at, &body).map_err(|error| error.to_string())?;
    Ok((target, headers, body))
}

/// The body of an attempt: the same for the same attempt, so that the log need not keep it.
pub fn body(
    event: &Stored,
    api_version: &str,
    attempt: i64,
    sent_at: Micros,
) -> serde_json::Result<Vec<u8>> {
    let time = |at| to_datetime(at).to_rfc3339_opts(SecondsFormat::AutoSi, true);
    serde_json::to_vec(&Body {
        id: &event.id,
        r#type: &event.kind,
        created_at: time(event.created_at),
        sent_at: time(sent_at),
        attempt,
        api_version,
        workspace_id: &event.workspace_id,
        data: serde_json::from_str(&event.data)?,
    })
}

fn beginning(answer: &Answer) -> Vec<u8> {
    answer.body[..answer.body.len().min(KEPT)].to_vec()
}
