//! Errors that a call makes of what is no answer, or no good one.

use crate::error::{Error, ErrorKind, Outcome, hidden};
use crate::response::RawResponse;
use crate::transport::{TransportError, TransportErrorKind};

impl Error {
    /// The error for a try without an answer.
    pub(super) fn from_transport(failure: TransportError, hide: &str) -> Self {
        let kind = match failure.kind {
            TransportErrorKind::Timeout => ErrorKind::Timeout,
            TransportErrorKind::TooLarge | TransportErrorKind::Undecodable => ErrorKind::Decode,
            TransportErrorKind::Configuration => ErrorKind::Configuration,
            _ => ErrorKind::Connection,
        };
        let mut error = Self::new(kind, hidden(&failure.message, hide));
        // What can be known of a body that was too large or garbled is its head.
        if let (ErrorKind::Decode, Some(head)) = (kind, &failure.head) {
            error.inner_mut().status = Some(head.0);
            error.inner_mut().headers = head.1.clone();
        }
        error.with_source(failure)
    }

    /// The error for an answer that was a success and is not what the API promises.
    pub(crate) fn undecodable(answer: &RawResponse, reason: impl std::fmt::Display) -> Self {
        let message = format!("the answer is not what the API promises: {reason}");
        let mut error = Self::new(ErrorKind::Decode, message);
        let inner = error.inner_mut();
        inner.status = Some(answer.status);
        inner.headers = answer.headers.clone();
        inner.body = answer.body.clone();
        inner.attempts = answer.attempts;
        inner.idempotency_key = answer.idempotency_key.clone();
        inner.outcome = Outcome::Applied;
        error
    }
}
