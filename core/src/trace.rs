//! Spans for `tracing`: one `approute.call` for each call.
//!
//! Attributes: operation, method, path template, status, attempts, request id. Never a key, an id or a body.

use std::future::Future;

use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::error::Error;
use crate::operation::Operation;
use crate::response::{RawResponse, request_id};

/// Runs a call in its span, which in the end says how it went.
pub(crate) async fn in_span(
    operation: &'static Operation,
    call: impl Future<Output = Result<RawResponse, Error>>,
) -> Result<RawResponse, Error> {
    let span = tracing::info_span!(
        "approute.call",
        operation = operation.id,
        method = operation.method,
        path = operation.path,
        status = Empty,
        attempts = Empty,
        request_id = Empty,
        error = Empty,
    );
    if span.is_disabled() {
        return call.await;
    }
    let result = call.instrument(span.clone()).await;
    record(&span, &result);
    result
}

fn record(span: &Span, result: &Result<RawResponse, Error>) {
    let (status, attempts, id) = match result {
        Ok(answer) => (
            Some(answer.status),
            answer.attempts,
            request_id(&answer.headers),
        ),
        Err(error) => (error.status(), error.attempts(), error.request_id()),
    };
    span.record("attempts", attempts);
    if let Some(status) = status {
        span.record("status", status.as_u16());
    }
    if let Some(id) = id {
        span.record("request_id", id);
    }
    if let Err(error) = result {
        span.record("error", error.message());
    }
}
