//! What a mock answers with.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::transport::TransportErrorKind;

/// How the mock answers a try.
#[derive(Clone)]
pub struct Reply {
    pub(super) what: What,
    pub(super) takes: Duration,
}

#[derive(Clone)]
pub(super) enum What {
    Answer(StatusCode, HeaderMap, Bytes),
    Failure(TransportErrorKind),
}

impl Reply {
    /// An answer with this status and no body.
    ///
    /// # Panics
    /// When it is no status: not 100 to 999.
    #[track_caller]
    pub fn new(status: u16) -> Self {
        let Ok(status) = StatusCode::from_u16(status) else {
            panic!("{status} is no HTTP status");
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HeaderValue::from_static("req_mock"));
        Self {
            what: What::Answer(status, headers, Bytes::new()),
            takes: Duration::ZERO,
        }
    }

    /// An answer with a JSON body.
    ///
    /// # Panics
    /// When the value cannot be written as JSON.
    #[track_caller]
    pub fn json(status: u16, value: impl Serialize) -> Self {
        match serde_json::to_vec(&value) {
            Ok(body) => Self::new(status)
                .header("content-type", "application/json")
                .body(body),
            Err(error) => panic!("the mock's reply is not JSON: {error}"),
        }
    }

    /// An error of the API, as a problem document.
    ///
    /// # Panics
    /// When it is no status: not 100 to 999.
    #[track_caller]
    pub fn problem(status: u16, code: &str, detail: &str) -> Self {
        let problem = json!({
            "type": format!("https://getapproute.com/docs/api#{code}"),
            "title": code, "status": status, "code": code, "detail": detail,
            "request_id": "req_mock", "doc_url": format!("https://getapproute.com/docs/api#{code}"),
            "errors": [],
        });
        Self::json(status, problem).header("content-type", "application/problem+json")
    }

    /// No answer, but this failure.
    pub fn failure(kind: TransportErrorKind) -> Self {
        Self {
            what: What::Failure(kind),
            takes: Duration::ZERO,
        }
    }

    /// Nobody listens.
    pub fn refused() -> Self {
        Self::failure(TransportErrorKind::Connect)
    }

    /// The connection breaks after the request was sent.
    pub fn reset() -> Self {
        Self::failure(TransportErrorKind::Interrupted)
    }

    /// No answer ever: the try runs into its timeout.
    pub fn never() -> Self {
        Self::failure(TransportErrorKind::Timeout).takes(Duration::MAX)
    }

    /// Adds a header, in place of one of that name.
    ///
    /// # Panics
    /// When name or value are not those of a header.
    #[must_use]
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let parsed = (name.parse::<HeaderName>(), HeaderValue::from_str(value));
        match (parsed, &mut self.what) {
            ((Ok(name), Ok(value)), What::Answer(_, headers, _)) => {
                headers.insert(name, value);
            }
            ((Ok(_), Ok(_)), What::Failure(_)) => panic!("a failure has no headers"),
            _ => panic!("`{name}: {value}` is no header"),
        }
        self
    }

    /// Sets the body.
    ///
    /// # Panics
    /// When the reply is a failure.
    #[must_use]
    #[track_caller]
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        match &mut self.what {
            What::Answer(_, _, body) => *body = bytes.into(),
            What::Failure(_) => panic!("a failure has no body"),
        }
        self
    }

    /// How long it takes on the mock's clock. Longer than the try may take, and it is a timeout.
    #[must_use]
    pub fn takes(mut self, time: Duration) -> Self {
        self.takes = time;
        self
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Answer(status, _, body) => write!(f, "Reply({status}, {} bytes)", body.len()),
            What::Failure(kind) => write!(f, "Reply({kind:?})"),
        }
    }
}
