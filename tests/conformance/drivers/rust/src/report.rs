//! How results are told: the SDK's own values in the spelling of the protocol.

use std::path::Path;

use approute::page::{Items, List, Page, Pages};
use approute::webhook::Failure;
use approute::{Binary, Error, ErrorKind, Response, blocking};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a step reports, and what its value and its error look like when they are printed.
#[derive(Default)]
pub struct Report {
    pub fields: Map<String, Value>,
    pub value_text: String,
    pub error_text: String,
}

impl Report {
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    pub fn error(error: &Error) -> Self {
        let mut report = Self::default();
        report.set("error", error_json(error));
        report.error_text = format!("{error} {error:?}");
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            report.error_text.push_str(&format!(" {cause} {cause:?}"));
            source = cause.source();
        }
        report
    }
}

fn answered<T>(result: Result<Response<T>, Error>, tell: impl FnOnce(&mut Report, &T)) -> Report {
    let response = match result {
        Ok(response) => response,
        Err(error) => return Report::error(&error),
    };
    let mut report = Report::default();
    let limit = response.rate_limit();
    report.set(
        "response",
        json!({
            "status": response.status().as_u16(),
            "request_id": response.request_id(),
            "rate_limit": limit.map(|limit| json!({
                "limit": limit.limit, "remaining": limit.remaining, "reset": limit.reset.as_secs(),
            })),
            "attempts": response.attempts(),
            "replayed": response.is_replayed(),
            "headers": headers_json(response.headers()),
        }),
    );
    tell(&mut report, &response);
    report
}

pub fn json<T: Serialize + std::fmt::Debug>(result: Result<Response<T>, Error>) -> Report {
    answered(result, |report, value| {
        report.set("value", serde_json::to_value(value).unwrap_or_default());
        report.value_text = format!("{value:?}");
    })
}

pub fn empty(result: Result<Response<()>, Error>) -> Report {
    answered(result, |report, ()| report.set("done", true))
}

pub fn binary(result: Result<Response<Binary>, Error>) -> Report {
    answered(result, |report, value| {
        // Through a file and back: the helper that writes it is a part of what is shown.
        let file = std::env::temp_dir().join(format!("approute-qr-{}", std::process::id()));
        let bytes = value
            .write_to(&file)
            .and_then(|()| std::fs::read(&file))
            .unwrap_or_default();
        let _ = std::fs::remove_file(&file);
        let mut told = json!({"content_type": value.content_type(), "length": value.bytes().len()});
        if bytes.len() <= 65_536 && bytes == value.bytes() {
            told["base64"] = json!(STANDARD.encode(&bytes));
        }
        report.set("bytes", told);
    })
}

pub async fn items<L: List>(mut items: Items<L>, stop_after: Option<usize>, sign: &Path) -> Report
where
    <L::Page as Page>::Item: Serialize,
{
    let mut seen = Seen::default();
    while stop_after.is_none_or(|stop| seen.items.len() < stop) {
        let Some(item) = items.next().await else {
            break;
        };
        if !seen.item(item) {
            break;
        }
    }
    if !sign.as_os_str().is_empty() {
        crate::clock::appears(sign).await;
    }
    seen.report()
}

pub async fn pages<L: List>(mut pages: Pages<L>) -> Report
where
    <L::Page as Page>::Item: Serialize,
{
    let mut seen = Seen::default();
    while let Some(page) = pages.next().await {
        seen.page(page);
    }
    seen.report()
}

pub fn items_blocking<L: List>(mut items: blocking::Items<L>, stop_after: Option<usize>) -> Report
where
    <L::Page as Page>::Item: Serialize,
{
    let mut seen = Seen::default();
    while stop_after.is_none_or(|stop| seen.items.len() < stop) {
        let Some(item) = items.next() else { break };
        if !seen.item(item) {
            break;
        }
    }
    seen.report()
}

pub fn pages_blocking<L: List>(pages: blocking::Pages<L>) -> Report
where
    <L::Page as Page>::Item: Serialize,
{
    let mut seen = Seen::default();
    for page in pages {
        seen.page(page);
    }
    seen.report()
}

/// What came of a list so far.
#[derive(Default)]
struct Seen {
    items: Vec<Value>,
    pages: Vec<usize>,
    error: Option<Report>,
}

impl Seen {
    /// `false` when the list has ended with an error.
    fn item<T: Serialize>(&mut self, item: Result<T, Error>) -> bool {
        match item {
            Ok(item) => self
                .items
                .push(serde_json::to_value(item).unwrap_or_default()),
            Err(error) => self.error = Some(Report::error(&error)),
        }
        self.error.is_none()
    }

    fn page<P: Page<Item: Serialize>>(&mut self, page: Result<Response<P>, Error>) {
        match page {
            Ok(page) => {
                let items = page.into_inner().into_items();
                self.pages.push(items.len());
                self.items.extend(
                    items
                        .iter()
                        .map(|item| serde_json::to_value(item).unwrap_or_default()),
                );
            }
            Err(error) => self.error = Some(Report::error(&error)),
        }
    }

    fn report(self) -> Report {
        let mut report = self.error.unwrap_or_default();
        report.set("items", self.items);
        report.set("pages", self.pages);
        report
    }
}

pub fn headers_json(headers: &approute::http::HeaderMap) -> Value {
    let mut all = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        all.insert(name.to_string(), json!(values.join(", ")));
    }
    Value::Object(all)
}

fn error_json(error: &Error) -> Value {
    let errors = error.errors().iter();
    json!({
        "class": class(error.kind()),
        "status": error.status().map(|status| status.as_u16()),
        "code": error.code(),
        "message": error.message(),
        "errors": errors.map(|entry| json!({
            "pointer": entry.pointer, "code": entry.code, "message": entry.message,
        })).collect::<Vec<_>>(),
        "request_id": error.request_id(),
        "headers": headers_json(error.headers()),
        "body": String::from_utf8_lossy(error.body()),
        "attempts": error.attempts(),
        "retryable": error.is_retryable(),
        "idempotency_key": error.idempotency_key(),
        "outcome": error.outcome().as_str(),
        "confirmation": error.confirmation().map(|asked| json!({
            "token": asked.token, "delete_count": asked.delete_count,
            "expires_at": asked.expires_at.to_rfc3339(),
        })),
        "reason": error.webhook_failure().map(|failure| match failure {
            Failure::NoSignature => "no_signature",
            Failure::Malformed => "malformed",
            Failure::NoMatch => "no_match",
            Failure::TooOld => "too_old",
            Failure::InFuture => "in_future",
            _ => "another",
        }),
        "text": error.to_string(),
    })
}

fn class(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Connection => "APIConnectionError",
        ErrorKind::Timeout => "APITimeoutError",
        ErrorKind::Decode => "DecodeError",
        ErrorKind::Configuration => "ConfigurationError",
        ErrorKind::WebhookVerification => "WebhookVerificationError",
        ErrorKind::BadRequest => "BadRequestError",
        ErrorKind::Authentication => "AuthenticationError",
        ErrorKind::PermissionDenied => "PermissionDeniedError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::Conflict => "ConflictError",
        ErrorKind::ConfirmationRequired => "ConfirmationRequiredError",
        ErrorKind::PreconditionFailed => "PreconditionFailedError",
        ErrorKind::UnprocessableEntity => "UnprocessableEntityError",
        ErrorKind::RateLimit => "RateLimitError",
        ErrorKind::Server => "ServerError",
        ErrorKind::Api => "APIError",
        _ => "a kind that the driver does not know",
    }
}
