//! Answers: typed as handlers give them, and raw as they are sent and stored.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::problem::{Failure, Problem};

/// What a handler answers with.
#[derive(Debug)]
pub struct Answer<T> {
    body: T,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Where it is not that of the operation.
    status: Option<StatusCode>,
}

impl<T> Answer<T> {
    /// Just a body.
    pub fn new(body: T) -> Self {
        Self {
            body,
            headers: Vec::new(),
            status: None,
        }
    }

    /// With these headers too.
    pub fn with_headers(
        mut self,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Self {
        self.headers.extend(headers);
        self
    }

    /// With an `ETag` made of the version.
    pub fn versioned(body: T, version: i64) -> Self {
        Self::new(body).with_headers([(ETAG, etag(version))])
    }

    /// With something in it that nobody on the way may keep.
    pub fn no_store(body: T) -> Self {
        Self::new(body).with_headers([(CACHE_CONTROL, HeaderValue::from_static("no-store"))])
    }
}

/// The strong entity tag of a version.
pub fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("a number in quotes is a valid header")
}

impl<T: Serialize> Answer<T> {
    /// As JSON, with this status.
    pub fn into_json(self, status: u16) -> Result<Raw, Failure> {
        let mut headers = self.headers;
        headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        Ok(Raw {
            status: status_code(status),
            headers,
            body: serde_json::to_vec(&self.body)?.into(),
            code: None,
        })
    }
}

impl Answer<()> {
    /// Without a body.
    pub fn into_empty(self, status: u16) -> Result<Raw, Failure> {
        Ok(Raw {
            status: status_code(status),
            headers: self.headers,
            body: Bytes::new(),
            code: None,
        })
    }
}

impl Answer<Bytes> {
    /// The caller's copy is current.
    pub fn not_modified(headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        Self {
            status: Some(StatusCode::NOT_MODIFIED),
            ..Self::new(Bytes::new()).with_headers(headers)
        }
    }

    /// As bytes, whose media type is among the answer's headers.
    pub fn into_bytes(self, status: u16) -> Result<Raw, Failure> {
        Ok(Raw {
            status: self.status.unwrap_or_else(|| status_code(status)),
            headers: self.headers,
            body: self.body,
            code: None,
        })
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::OK)
}

/// An answer without the headers that every answer has.
#[derive(Debug, Clone)]
pub struct Raw {
    /// The status.
    pub status: StatusCode,
    /// The answer's own headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// The problem's code, where it is one.
    pub code: Option<&'static str>,
}

impl Raw {
    /// A problem.
    pub fn problem(problem: &Problem, request_id: &str) -> Self {
        let mut headers = problem.headers.clone();
        headers.push((
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        ));
        let body = serde_json::to_vec(&problem.body(request_id)).unwrap_or_default();
        Self {
            status: problem.code.status(),
            headers,
            body: body.into(),
            code: Some(problem.code.as_str()),
        }
    }

    /// Its headers as they are stored with an idempotency key.
    pub fn stored_headers(&self) -> String {
        let pairs: Vec<(&str, &str)> = self
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        serde_json::to_string(&pairs).unwrap_or_else(|_| "[]".to_owned())
    }

    /// An answer that was stored.
    pub fn from_stored(status: i64, headers: &str, body: Vec<u8>) -> Result<Self, Failure> {
        let pairs: Vec<(String, String)> = serde_json::from_str(headers)?;
        let headers = pairs
            .into_iter()
            .filter_map(|(name, value)| {
                Some((name.parse().ok()?, HeaderValue::try_from(value).ok()?))
            })
            .collect();
        let status = u16::try_from(status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok());
        let status = status
            .ok_or_else(|| Failure::Internal("a stored status is out of range".to_owned()))?;
        Ok(Self {
            status,
            headers,
            body: body.into(),
            code: None,
        })
    }
}
