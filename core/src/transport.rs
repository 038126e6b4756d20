//! How a request reaches the server.
//!
//! The client hands each try to a [`Transport`] and does everything else itself: retries, timeouts, keys, errors. The
//! default one is hyper on tokio, made on first use; implement the trait to send requests some other way, or use
//! [`crate::mock`] in tests.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use ::http::{HeaderMap, Request, Response, StatusCode};
use bytes::Bytes;

use crate::time::BoxFuture;

mod body;
mod classify;
mod connect;
mod http;
mod tls;

pub(crate) use self::http::{HttpConfig, HttpTransport};
pub(crate) use connect::Proxies;
pub(crate) use tls::{check_certificates, untrusting};

/// Sends one request and reads its whole answer.
///
/// Three rules for an implementation: do not retry and do not follow redirects, since the client does the one and
/// refuses the other; undo any compression; and when the future is dropped, stop. The client drops it when a try takes
/// longer than [`Limits::timeout`], so an implementation needs no timeout of its own.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request and reads the answer up to the limit.
    fn send(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>>;
}

/// What one try may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long the try may take; enforced by the client.
    pub timeout: Duration,
    /// How many bytes the body may have after decompression; enforced by the transport.
    pub max_response_bytes: u64,
}

/// Why a try ended without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection could be made. Retried.
    Connect,
    /// It took too long. Retried.
    Timeout,
    /// The connection broke before the answer was complete, or what came was not HTTP. Retried.
    Interrupted,
    /// The server's certificate is not trusted. Not retried.
    Certificate,
    /// The proxy wants a user name and password, or others. Not retried.
    ProxyAuthentication,
    /// The body is larger than [`Limits::max_response_bytes`]. Not retried.
    TooLarge,
    /// The body cannot be decompressed. Not retried.
    Undecodable,
    /// The transport cannot work as it is set up. Not retried.
    Configuration,
}

/// Why a try ended without an answer, and whether the server may have seen the request.
pub struct TransportError {
    pub(crate) kind: TransportErrorKind,
    pub(crate) message: String,
    pub(crate) sent: bool,
    pub(crate) head: Option<Box<(StatusCode, HeaderMap)>>,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// A failure of this kind. Unless [`not_sent`](Self::not_sent) or [`sent`](Self::sent) says otherwise, the request
    /// counts as sent, except for kinds that fail before anything is written.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        use TransportErrorKind::{Certificate, Configuration, Connect, ProxyAuthentication};
        Self {
            kind,
            message: message.into(),
            sent: !matches!(
                kind,
                Connect | Certificate | ProxyAuthentication | Configuration
            ),
            head: None,
            source: None,
        }
    }

    /// States that no byte of the request was written.
    #[must_use]
    pub fn not_sent(mut self) -> Self {
        self.sent = false;
        self
    }

    /// States that a part of the request may have been written.
    #[must_use]
    pub fn sent(mut self) -> Self {
        self.sent = true;
        self
    }

    /// Adds status and headers, where they came before the failure.
    #[must_use]
    pub fn with_head(mut self, status: StatusCode, headers: HeaderMap) -> Self {
        self.head = Some(Box::new((status, headers)));
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What happened.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether a part of the request may have been written.
    pub fn was_sent(&self) -> bool {
        self.sent
    }

    /// Whether another try may go better.
    pub(crate) fn is_retryable(&self) -> bool {
        use TransportErrorKind::{Connect, Interrupted, Timeout};
        matches!(self.kind, Connect | Interrupted | Timeout)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("sent", &self.sent)
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
