//! The facts of a response, as every language shows them.

use approute::http::HeaderMap;
use approute::{RateLimit, Response};

/// What a response says beside its value.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Tries that the call took.
    pub attempts: u32,
}

impl Answer {
    /// Takes a response apart.
    pub fn split<T>(response: Response<T>) -> (T, Self) {
        let facts = Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            attempts: response.attempts(),
        };
        (response.into_inner(), facts)
    }

    /// `X-Request-Id`.
    pub fn request_id(&self) -> Option<&str> {
        self.headers.get("x-request-id")?.to_str().ok()
    }

    /// The state of the rate limit.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }

    /// Whether the server answered from its memory of an earlier request with the same idempotency key.
    pub fn is_replayed(&self) -> bool {
        self.headers
            .get("idempotent-replayed")
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
    }
}

/// Headers as pairs, repeated ones joined by `, `. What is not UTF-8 is shown with replacement characters.
pub fn headers_of(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .keys()
        .map(|name| {
            let values: Vec<_> = headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            (name.as_str().to_owned(), values.join(", "))
        })
        .collect()
}
