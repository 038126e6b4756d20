//! Spans for `tracing`: one `approute.call` for each call.
//!
//! Attributes: operation, method, path template, status, attempts, request id. Never a key, an id or a body.

use tracing::Span;
use tracing::field::Empty;

use crate::error::Error;
use crate::operation::Operation;
use crate::response::{RawResponse, request_id};

/// The span of a call. [`record`] says in the end how it went.
pub(crate) fn span(operation: &'static Operation) -> Span {
    tracing::info_span!(
        "approute.call",
        operation = operation.id,
        method = operation.method,
        path = operation.path,
        status = Empty,
        attempts = Empty,
        request_id = Empty,
        error = Empty,
    )
}

pub(crate) fn record(span: &Span, result: &Result<RawResponse, Error>) {
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
