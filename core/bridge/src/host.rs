//! Calls whose I/O the language does itself, with the HTTP client that its user has.

use std::fmt;
use std::time::Duration;

use approute::bridge::{Action, Call, Event, RawResponse, timed_out};
use approute::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use approute::transport::{TransportError, TransportErrorKind};
use bytes::Bytes;

use crate::failure::Failure;
use crate::guarding::guard;
use crate::notice::{Listener, listening};

/// What the host is to do next.
#[derive(Debug)]
pub enum HostAction {
    /// Send this, within these limits; then [`HostCall::answered`] or [`HostCall::failed`].
    Send {
        /// Such as `POST`.
        method: String,
        /// The whole URL, encoded.
        url: String,
        /// Header names in lower case.
        headers: Vec<(String, String)>,
        /// Empty where there is none.
        body: Bytes,
        /// How long the try may take from here to the body's last byte.
        timeout: Duration,
        /// How many bytes the body may have after decompression.
        max_response_bytes: u64,
    },
    /// Wait; then [`HostCall::slept`].
    Sleep(Duration),
    /// The call is over.
    Done(Result<RawResponse, Failure>),
}

/// An answer that the host's HTTP client brought.
#[derive(Debug)]
pub struct HostAnswer {
    /// Its status.
    pub status: u16,
    /// Its headers, repeated ones repeated.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body, decompressed.
    pub body: Bytes,
}

/// Why the host's HTTP client brought none.
#[derive(Debug)]
pub struct HostFailure {
    /// `connect`, `timeout`, `interrupted`, `certificate`, `proxy_authentication`, `too_large`, `undecodable` or
    /// `configuration`.
    pub kind: String,
    /// What happened, in the host's words.
    pub message: String,
    /// Whether a byte of the request may have left; by default what the kind suggests.
    pub sent: Option<bool>,
}

/// A call that does no I/O. [`begin`](HostCall::begin) it, do what it says, tell it what came of that.
pub struct HostCall {
    call: Call,
    listener: Option<Listener>,
    max_response_bytes: u64,
}

impl HostCall {
    pub(crate) fn new(call: Call, listener: Option<Listener>) -> Self {
        Self {
            call,
            listener,
            max_response_bytes: u64::MAX,
        }
    }

    /// The first thing to do.
    pub fn begin(&mut self) -> HostAction {
        self.next(Event::Start)
    }

    /// The wait is over.
    pub fn slept(&mut self) -> HostAction {
        self.next(Event::Slept)
    }

    /// An answer came.
    pub fn answered(&mut self, answer: HostAnswer) -> HostAction {
        let event = match self.response(answer) {
            Ok(response) => Event::Answered(response),
            Err(failure) => Event::Failed(failure),
        };
        self.next(event)
    }

    /// No answer came.
    pub fn failed(&mut self, failure: HostFailure) -> HostAction {
        self.next(Event::Failed(transport_error(failure)))
    }

    fn next(&mut self, event: Event) -> HostAction {
        let (call, listener) = (&mut self.call, self.listener.as_ref());
        let step = guard(|| Ok(listening(listener, || call.next(event))));
        match step {
            Ok(Action::Send(request, limits)) => {
                self.max_response_bytes = limits.max_response_bytes;
                let (head, body) = request.into_parts();
                HostAction::Send {
                    method: head.method.to_string(),
                    url: head.uri.to_string(),
                    headers: head
                        .headers
                        .iter()
                        .map(|(name, value)| {
                            let value = String::from_utf8_lossy(value.as_bytes());
                            (name.as_str().to_owned(), value.into_owned())
                        })
                        .collect(),
                    body,
                    timeout: limits.timeout,
                    max_response_bytes: limits.max_response_bytes,
                }
            }
            Ok(Action::Sleep(time)) => HostAction::Sleep(time),
            Ok(Action::Done(result)) => HostAction::Done(result.map_err(Into::into)),
            Err(failure) => HostAction::Done(Err(failure)),
        }
    }

    /// What the host says, as far as it makes sense.
    fn response(&self, answer: HostAnswer) -> Result<Response<Bytes>, TransportError> {
        let broken = |what: &str| {
            TransportError::new(
                TransportErrorKind::Undecodable,
                format!("the HTTP client gave {what}"),
            )
        };
        let status = StatusCode::from_u16(answer.status)
            .map_err(|_| broken("a status that is no HTTP status"))?;
        let mut headers = HeaderMap::with_capacity(answer.headers.len());
        for (name, value) in answer.headers {
            let name =
                HeaderName::try_from(name).map_err(|_| broken("a header whose name is none"))?;
            let value = HeaderValue::from_maybe_shared(Bytes::from(value))
                .map_err(|_| broken("a header whose value is none"))?;
            headers.append(name, value);
        }
        if answer.body.len() as u64 > self.max_response_bytes {
            let limit = self.max_response_bytes;
            return Err(TransportError::new(
                TransportErrorKind::TooLarge,
                format!("the answer is larger than `max_response_bytes` ({limit})"),
            )
            .with_head(status, headers));
        }
        let mut response = Response::new(answer.body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

fn transport_error(failure: HostFailure) -> TransportError {
    let kind = match failure.kind.as_str() {
        "timeout" => {
            let error = timed_out();
            return if failure.sent == Some(false) {
                error.not_sent()
            } else {
                error
            };
        }
        "connect" => TransportErrorKind::Connect,
        "certificate" => TransportErrorKind::Certificate,
        "proxy_authentication" => TransportErrorKind::ProxyAuthentication,
        "too_large" => TransportErrorKind::TooLarge,
        "undecodable" => TransportErrorKind::Undecodable,
        "configuration" => TransportErrorKind::Configuration,
        _ => TransportErrorKind::Interrupted,
    };
    let error = TransportError::new(kind, failure.message);
    match failure.sent {
        Some(true) => error.sent(),
        Some(false) => error.not_sent(),
        None => error,
    }
}

impl fmt::Debug for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HostCall")
            .field(&self.call.operation().id)
            .finish()
    }
}
