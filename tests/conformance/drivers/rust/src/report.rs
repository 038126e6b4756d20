//! What a step reports, and how a call is waited for.

use std::fmt::{Debug, Display};
use std::path::Path;
use std::time::Duration;

use approute::blocking::CancelHandle;
use approute::http::HeaderMap;
use approute::page::Page;
use approute::{Binary, Error, ErrorKind, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// How often to look for a file.
const GLANCE: Duration = Duration::from_millis(2);

pub fn problem(error: impl Display) -> String {
    error.to_string()
}

/// An argument of a step; one that is optional may be missing.
pub fn argument<T: DeserializeOwned>(step: &Value, name: &str) -> Result<T, String> {
    serde_json::from_value(step["args"][name].clone()).map_err(|error| format!("{name}: {error}"))
}

/// Runs futures to their end, or until their step is cancelled.
pub struct Awaits(Runtime);

impl Awaits {
    pub fn new() -> std::io::Result<Self> {
        // With a worker, connections that are given up are closed while nobody waits.
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().map(Self)
    }

    /// What comes of a future; `None` when its step was cancelled: then it is dropped.
    pub fn end<T>(&self, step: &Value, future: impl Future<Output = T>) -> Option<T> {
        let cancelled = async {
            while !step["cancel"]
                .as_str()
                .is_some_and(|file| Path::new(file).exists())
            {
                tokio::time::sleep(GLANCE).await;
            }
        };
        self.0.block_on(async {
            tokio::select! { end = future => Some(end), () = cancelled => None }
        })
    }
}

fn appears(file: &str) {
    while !Path::new(file).exists() {
        std::thread::sleep(GLANCE);
    }
}

/// A handle that cancels the step's call when it is to be cancelled.
pub fn cancel_handle(step: &Value) -> CancelHandle {
    let handle = CancelHandle::new();
    if let Some(file) = step["cancel"].as_str() {
        let (file, handle) = (file.to_owned(), handle.clone());
        std::thread::spawn(move || {
            appears(&file);
            handle.cancel();
        });
    }
    handle
}

pub fn made<C: Debug>(made: &Result<C, Error>) -> Value {
    match made {
        Ok(client) => json!({"printed": format!("{client:?}")}),
        Err(error) => failed(error),
    }
}

pub fn json<T: Serialize + Debug>(end: Option<Result<Response<T>, Error>>) -> Value {
    answered(end, |value| ("value", json!(value)))
}

pub fn empty(end: Option<Result<Response<()>, Error>>) -> Value {
    answered(end, |()| ("problem", Value::Null))
}

pub fn binary(end: Option<Result<Response<Binary>, Error>>, step: &Value) -> Value {
    answered(end, |value| {
        let written = value.write_to(step["file"].as_str().unwrap_or_default());
        let told = json!({"content_type": value.content_type(), "length": value.bytes().len()});
        written.map_or_else(
            |error| ("problem", json!(problem(error))),
            |()| ("bytes", told),
        )
    })
}

fn answered<T: Debug>(
    end: Option<Result<Response<T>, Error>>,
    tell: impl FnOnce(&T) -> (&'static str, Value),
) -> Value {
    let response = match end {
        None => return json!({"cancelled": true}),
        Some(Err(error)) => return failed(&error),
        Some(Ok(response)) => response,
    };
    let limit = response.rate_limit();
    let facts = json!({
        "status": response.status().as_u16(), "request_id": response.request_id(),
        "rate_limit": limit.map(|limit| json!({
            "limit": limit.limit, "remaining": limit.remaining, "reset": limit.reset.as_secs(),
        })),
        "attempts": response.attempts(), "replayed": response.is_replayed(),
        "headers": pairs(response.headers()),
    });
    let (name, told) = tell(&response);
    json!({name: told, "response": facts, "printed": format!("{:?}", *response)})
}

pub fn items<T: Serialize>(step: &Value, items: impl Iterator<Item = Result<T, Error>>) -> Value {
    list(step, items.map(|item| item.map(|item| vec![item])))
}

pub fn pages<P: Page<Item: Serialize>>(
    step: &Value,
    pages: impl Iterator<Item = Result<Response<P>, Error>>,
) -> Value {
    list(
        step,
        pages.map(|page| page.map(|page| page.into_inner().into_items())),
    )
}

fn list<T: Serialize>(
    step: &Value,
    mut parts: impl Iterator<Item = Result<Vec<T>, Error>>,
) -> Value {
    let (mut items, mut pages, mut end) = (Vec::new(), Vec::new(), json!({}));
    let most = step["list"]["stop_after"].as_u64().unwrap_or(u64::MAX);
    for part in parts.by_ref().take(most as usize) {
        match part {
            Ok(part) => {
                pages.push(part.len());
                items.extend(part.iter().map(|item| json!(item)));
            }
            Err(error) => end = failed(&error),
        }
    }
    if let Some(file) = step["list"]["until"].as_str() {
        appears(file);
    }
    end["items"] = json!(items);
    end["pages"] = json!(pages);
    end
}

pub fn failed(error: &Error) -> Value {
    if error.kind() == ErrorKind::Cancelled {
        return json!({"cancelled": true});
    }
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| {
        error.source()
    });
    let mut printed: String = causes.map(|error| format!("{error} {error:?} ")).collect();
    printed += &format!("{:?}", error.confirmation());
    let fields = json!({
        "kind": error.kind().as_str(), "status": error.status().map(|status| status.as_u16()),
        "code": error.code(), "message": error.message(), "errors": error.errors(),
        "request_id": error.request_id(), "headers": pairs(error.headers()),
        "body": String::from_utf8_lossy(error.body()), "attempts": error.attempts(),
        "retryable": error.is_retryable(), "idempotency_key": error.idempotency_key(),
        "outcome": error.outcome().as_str(), "confirmation": error.confirmation(),
        "reason": error.webhook_failure().map(|failure| failure.as_str()), "text": error.to_string(),
    });
    json!({"error": fields, "printed": printed})
}

pub fn pairs(headers: &HeaderMap) -> Value {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), text(value.as_bytes())]))
        .collect()
}
