//! The one error type.
//!
//! Every failure is an [`Error`]. Its [`kind`](Error::kind) says what happened, [`outcome`](Error::outcome) what that
//! means for the data, and the rest is what a log line or a support request needs.
//!
//! ```
//! # let mock = approute::mock::MockTransport::new();
//! # mock.reply(approute::mock::Reply::problem(409, "slug_taken", "The slug is taken."));
//! # let client = mock.client();
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use approute::{ErrorKind, Outcome, models::LinkCreate};
//!
//! let link = LinkCreate::new("https://example.com/app").slug("summer");
//! match client.links().create(link).await {
//!     Ok(link) => println!("{}", link.short_url),
//!     Err(error) if error.code() == Some("slug_taken") => println!("choose another slug"),
//!     Err(error) if error.kind() == ErrorKind::RateLimit => println!("come back later"),
//!     // The server may or may not have done it. The same key makes asking again safe.
//!     Err(error) if error.outcome() == Outcome::Unknown => println!("{:?}", error.idempotency_key()),
//!     Err(error) => eprintln!("{error}"),
//! }
//! # });
//! ```

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::models::{Confirmation, FieldError};
use crate::response::request_id;
use crate::secret::RedactedHeaders;
use crate::webhook::Failure;

mod problem;

pub(crate) use problem::hidden;

/// The source of an [`Error`].
pub(crate) type Source = Box<dyn StdError + Send + Sync>;

/// What went wrong, one word for each class of the error tree that all AppRoute SDKs share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The server could not be reached, or the connection broke.
    Connection,
    /// A try or the whole call took too long. Also a connection error: see [`Error::is_connection`].
    Timeout,
    /// The answer came and could not be read: not what the API promises, too large, or a cursor that repeats.
    Decode,
    /// A bad argument; nothing was sent.
    Configuration,
    /// The call was ended from outside, by a `CancelHandle` of the client without `async`. A call of the async client is
    /// cancelled by dropping its future, and gives no error.
    Cancelled,
    /// A webhook that must not be trusted; [`Error::webhook_failure`] says why.
    WebhookVerification,
    /// Status 400.
    BadRequest,
    /// Status 401.
    Authentication,
    /// Status 403.
    PermissionDenied,
    /// Status 404.
    NotFound,
    /// Status 409.
    Conflict,
    /// Status 409, code `confirmation_required`: see [`Error::confirmation`].
    ConfirmationRequired,
    /// Status 412.
    PreconditionFailed,
    /// Status 422.
    UnprocessableEntity,
    /// Status 429.
    RateLimit,
    /// Status 500 to 599.
    Server,
    /// Any other status that is not a success.
    Api,
}

impl ErrorKind {
    /// The kind in snake case, such as `rate_limit`: what to count and to log by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Decode => "decode",
            Self::Configuration => "configuration",
            Self::Cancelled => "cancelled",
            Self::WebhookVerification => "webhook_verification",
            Self::BadRequest => "bad_request",
            Self::Authentication => "authentication",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::ConfirmationRequired => "confirmation_required",
            Self::PreconditionFailed => "precondition_failed",
            Self::UnprocessableEntity => "unprocessable_entity",
            Self::RateLimit => "rate_limit",
            Self::Server => "server",
            Self::Api => "api",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an error means for the data, over all tries of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// No try wrote a byte.
    NotSent,
    /// The server said that it did not carry the call out.
    Rejected,
    /// The server carried it out (2xx), but its answer could not be read.
    Applied,
    /// It may or may not have been carried out. Repeating the call with [`Error::idempotency_key`] is safe.
    Unknown,
}

impl Outcome {
    /// `not_sent`, `rejected`, `applied` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Applied => "applied",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a call, a constructor or a verification failed. See the [module](crate::error).
pub struct Error(Box<Inner>);

pub(crate) struct Inner {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) status: Option<StatusCode>,
    pub(crate) code: Option<String>,
    pub(crate) errors: Vec<FieldError>,
    pub(crate) confirmation: Option<Confirmation>,
    pub(crate) webhook_failure: Option<Failure>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) attempts: u32,
    pub(crate) retryable: bool,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) outcome: Outcome,
    pub(crate) source: Option<Source>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            status: None,
            code: None,
            errors: Vec::new(),
            confirmation: None,
            webhook_failure: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            attempts: 0,
            retryable: false,
            idempotency_key: None,
            outcome: Outcome::NotSent,
            source: None,
        }))
    }

    /// A bad argument.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    pub(crate) fn webhook(failure: Failure) -> Self {
        let mut error = Self::new(ErrorKind::WebhookVerification, failure.to_string());
        error.0.webhook_failure = Some(failure);
        error
    }

    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn inner_mut(&mut self) -> &mut Inner {
        &mut self.0
    }

    /// What happened.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, for people: the server's words where it gave any. One line, without the request id.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The answer's status; `None` when there was no answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The API's stable code, such as `slug_taken`. New ones can come with any release of the API.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The fields that the server refused; empty when it named none.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The request's id (`X-Request-Id`), which support asks for.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.0.headers)
    }

    /// The answer's headers; empty when there was no answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The answer's raw body; empty when there was no answer. It may hold a confirmation's token.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The answer's body as JSON, where it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.0.body).ok()
    }

    /// How many tries were started; 0 when the call failed before the first.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the same call may succeed later: the last failure is one that the SDK retries, but its retries, budget
    /// or time had run out.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The idempotency key that every try of this call carried; `None` for reads.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// What the error means for the data.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// What a person has to confirm, when [`kind`](Error::kind) is [`ErrorKind::ConfirmationRequired`].
    ///
    /// Show them the number. If they agree, repeat the call with `.confirmation(token)`; the SDK never does it by itself.
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.0.confirmation.as_ref()
    }

    /// Why a webhook was refused, when [`kind`](Error::kind) is [`ErrorKind::WebhookVerification`].
    pub fn webhook_failure(&self) -> Option<Failure> {
        self.0.webhook_failure
    }

    /// Whether there was no complete answer: [`ErrorKind::Connection`] or [`ErrorKind::Timeout`].
    pub fn is_connection(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Connection | ErrorKind::Timeout)
    }

    /// Whether a try or the whole call took too long.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Whether the server answered with a status that is not a success.
    pub fn is_api(&self) -> bool {
        !matches!(
            self.0.kind,
            ErrorKind::Connection
                | ErrorKind::Timeout
                | ErrorKind::Decode
                | ErrorKind::Configuration
                | ErrorKind::Cancelled
                | ErrorKind::WebhookVerification
        )
    }

    /// Whether the answer was 304: the copy that `if_none_match` named is still current.
    pub fn is_not_modified(&self) -> bool {
        self.0.status == Some(StatusCode::NOT_MODIFIED)
    }
}

impl fmt::Display for Error {
    /// One line: status and code, the message, and the request id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (inner.status, &inner.code) {
            (Some(status), Some(code)) => write!(f, "{} {code}: ", status.as_u16())?,
            (Some(status), None) => write!(f, "{}: ", status.as_u16())?,
            (None, _) => {}
        }
        // Whatever a server or a proxy wrote must not break a log line in two.
        for c in inner.message.chars() {
            f.write_fmt(format_args!("{}", if c.is_control() { ' ' } else { c }))?;
        }
        if inner.attempts > 1 {
            write!(f, " (after {} tries)", inner.attempts)?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        // The body is left out: it can hold a confirmation's token or whatever a proxy wrote.
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("status", &inner.status.map(|status| status.as_u16()))
            .field("code", &inner.code)
            .field("errors", &inner.errors)
            .field("request_id", &self.request_id())
            .field("attempts", &inner.attempts)
            .field("retryable", &inner.retryable)
            .field("idempotency_key", &inner.idempotency_key)
            .field("outcome", &inner.outcome)
            .field("headers", &RedactedHeaders(&inner.headers))
            .field("body_bytes", &inner.body.len())
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
