//! Hooks: what a client tells about its calls while they run.
//!
//! For metrics and for logs of your own. They are called in the task that runs the call, so keep them short. Headers
//! that carry secrets are left out of what they see.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};

use crate::error::Error;
use crate::log::Log;
use crate::operation::Operation;
use crate::response::{RawResponse, request_id};
use crate::secret::shown_headers;
use crate::transport::TransportError;

/// A try is about to be sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestInfo {
    /// The operation, such as `links.create`.
    pub operation: &'static str,
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// The headers, without those that carry secrets.
    pub headers: HeaderMap,
    /// Which try of the call it is, from 1.
    pub attempt: u32,
}

/// A try has ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResponseInfo {
    /// The operation, such as `links.create`.
    pub operation: &'static str,
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// Which try of the call it was, from 1.
    pub attempt: u32,
    /// How long it took.
    pub took: Duration,
    /// The answer's status; `None` when there was no answer.
    pub status: Option<StatusCode>,
    /// The answer's headers, without those that carry secrets; empty when there was no answer.
    pub headers: HeaderMap,
    /// The answer's request id.
    pub request_id: Option<String>,
    /// Why there was no answer, in words.
    pub failure: Option<String>,
}

/// A try failed, and another will follow after a wait.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryInfo {
    /// The operation, such as `links.create`.
    pub operation: &'static str,
    /// Which try it was that failed, from 1.
    pub attempt: u32,
    /// How long the client waits before the next.
    pub wait: Duration,
    /// The failed answer's status; `None` when there was no answer.
    pub status: Option<StatusCode>,
    /// What failed, in words.
    pub reason: String,
}

pub(crate) type Hook<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// How a try ended, borrowed.
pub(crate) enum AttemptEnd<'a> {
    Answered(StatusCode, &'a HeaderMap),
    Failed(&'a TransportError),
}

/// The user's hooks and the log, which listens to the same events.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) on_request: Option<Hook<RequestInfo>>,
    pub(crate) on_response: Option<Hook<ResponseInfo>>,
    pub(crate) on_retry: Option<Hook<RetryInfo>>,
    pub(crate) log: Log,
}

impl Hooks {
    pub(crate) fn request(
        &self,
        operation: &'static Operation,
        request: &Request<Bytes>,
        attempt: u32,
    ) {
        if let Some(hook) = &self.on_request {
            hook(&RequestInfo {
                operation: operation.id,
                method: request.method().clone(),
                url: request.uri().to_string(),
                headers: shown_headers(request.headers()),
                attempt,
            });
        }
    }

    /// Whether [`Hooks::response`] has anything to do.
    pub(crate) fn wants_responses(&self) -> bool {
        self.on_response.is_some() || self.log.wants_attempts()
    }

    pub(crate) fn response(
        &self,
        operation: &'static Operation,
        request: &Request<Bytes>,
        attempt: u32,
        took: Duration,
        end: AttemptEnd<'_>,
    ) {
        let (status, headers, failure) = match end {
            AttemptEnd::Answered(status, headers) => (Some(status), Some(headers), None),
            AttemptEnd::Failed(failure) => (None, None, Some(failure.to_string())),
        };
        self.log
            .attempt(operation, attempt, took, status, failure.as_deref());
        if let Some(hook) = &self.on_response {
            hook(&ResponseInfo {
                operation: operation.id,
                method: request.method().clone(),
                url: request.uri().to_string(),
                attempt,
                took,
                status,
                headers: headers.map(shown_headers).unwrap_or_default(),
                request_id: headers.and_then(request_id).map(str::to_owned),
                failure,
            });
        }
    }

    pub(crate) fn retry(
        &self,
        operation: &'static Operation,
        attempt: u32,
        wait: Duration,
        error: &Error,
    ) {
        self.log.retry(operation, attempt, wait, error);
        if let Some(hook) = &self.on_retry {
            hook(&RetryInfo {
                operation: operation.id,
                attempt,
                wait,
                status: error.status(),
                reason: error.message().to_owned(),
            });
        }
    }

    /// Whether [`Hooks::end`] has anything to do.
    pub(crate) fn wants_ends(&self) -> bool {
        self.log.wants_calls()
    }

    pub(crate) fn end(
        &self,
        operation: &'static Operation,
        attempts: u32,
        took: Duration,
        result: &Result<RawResponse, Error>,
    ) {
        self.log.call(operation, attempts, took, result);
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("on_request", &self.on_request.is_some())
            .field("on_response", &self.on_response.is_some())
            .field("on_retry", &self.on_retry.is_some())
            .field("log", &self.log)
            .finish()
    }
}
