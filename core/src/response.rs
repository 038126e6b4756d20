//! What every successful call returns: the value together with the response that carried it.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// A value and the response that it came in.
///
/// It dereferences to the value, so that `link.short_url` works on a `Response<Link>`.
///
/// ```
/// # let mock = approute::mock::MockTransport::new();
/// # mock.reply(approute::mock::Reply::json(200, serde_json::json!({"items": [], "next_cursor": null, "has_more": false}))
/// #     .header("x-request-id", "req_1"));
/// # let client = mock.client();
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let page = client.links().list().await?;
/// assert_eq!(page.status(), 200);
/// assert_eq!(page.request_id(), Some("req_1"));
/// assert_eq!(page.attempts(), 1);
/// assert!(page.items.is_empty());
/// # Ok::<_, approute::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, status: StatusCode, headers: HeaderMap, attempts: u32) -> Self {
        Self {
            value,
            status,
            headers,
            attempts,
        }
    }

    /// The HTTP status, 200 to 299.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// All headers of the response.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The request's id (`X-Request-Id`), which support asks for.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// The state of the rate limit after this call; `None` when the response does not say, or not in a readable form.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }

    /// How many tries the call took, 1 when the first succeeded.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether the server answered from its memory of an earlier request with the same idempotency key.
    pub fn is_replayed(&self) -> bool {
        self.headers
            .get("idempotent-replayed")
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The same response around another value.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: convert(self.value),
            status: self.status,
            headers: self.headers,
            attempts: self.attempts,
        }
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Response<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("status", &self.status.as_u16())
            .field("request_id", &self.request_id())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// The value, and the response that it came in without it.
pub fn split<T>(response: Response<T>) -> (T, Response<()>) {
    let Response {
        value,
        status,
        headers,
        attempts,
    } = response;
    (value, Response::new((), status, headers, attempts))
}

/// An answer as it came, before anything was decoded.
#[derive(Clone)]
pub struct RawResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) attempts: u32,
    pub(crate) idempotency_key: Option<String>,
}

impl RawResponse {
    /// The untouched body, as a [`Response`].
    pub fn into_response(self) -> Response<Bytes> {
        Response::new(self.body, self.status, self.headers, self.attempts)
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The key that every try carried.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }

    /// The error for a body that is not what the API promises.
    pub fn undecodable(&self, reason: &str) -> crate::Error {
        crate::Error::undecodable(self, reason)
    }
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body may hold a webhook's secret, so its length has to do.
        f.debug_struct("RawResponse")
            .field("status", &self.status.as_u16())
            .field("body_bytes", &self.body.len())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-request-id")?.to_str().ok()
}

/// The `RateLimit` and `RateLimit-Policy` headers of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// How many requests the policy allows per window.
    pub limit: u64,
    /// How many are left in the current window.
    pub remaining: u64,
    /// The time until the window starts anew, in whole seconds.
    pub reset: Duration,
}

impl RateLimit {
    /// Reads both headers; `None` when one is absent or not well-formed.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let (name, limit) = first_item(headers.get("ratelimit")?.to_str().ok()?)?;
        let policies = headers.get("ratelimit-policy")?.to_str().ok()?;
        // Several policies may apply; the one that is named like the limit gives its quota.
        let policy = split_outside_quotes(policies, ',')
            .filter_map(first_item)
            .find(|(policy, _)| *policy == name)?
            .1;
        Some(Self {
            limit: parameter(policy, "q")?,
            remaining: parameter(limit, "r")?,
            reset: Duration::from_secs(parameter(limit, "t")?),
        })
    }
}

/// The first member of a structured-field list: its name and its parameters.
fn first_item(list: &str) -> Option<(&str, &str)> {
    let item = split_outside_quotes(list, ',').next()?.trim();
    let (name, parameters) = match item.strip_prefix('"') {
        Some(quoted) => {
            let (name, rest) = quoted.split_once('"')?;
            (name, rest)
        }
        None => item.split_at(item.find(';').unwrap_or(item.len())),
    };
    let parameters = parameters.trim_start();
    let well_formed = parameters.is_empty() || parameters.starts_with(';');
    (well_formed && !name.is_empty()).then_some((name, parameters))
}

/// An integer parameter of an item.
fn parameter(parameters: &str, key: &str) -> Option<u64> {
    parameters.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        // 15 digits are the longest integer of a structured field.
        let digits = value.trim();
        let well_formed =
            (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        (name.trim() == key && well_formed).then(|| digits.parse().ok())?
    })
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_limits_that_can_and_cannot_be_read() {
        let known = Some(RateLimit {
            limit: 100,
            remaining: 99,
            reset: Duration::from_secs(30),
        });
        let policy = "\"default\";q=100;w=60";
        let rows = [
            ("\"default\";r=99;t=30", policy, known),
            ("\"default\"; t=30; r=99", policy, known),
            ("default;r=99;t=30", policy, known),
            (
                "\"default\";r=99;t=30, \"burst\";r=1;t=1",
                "\"burst\";q=5;w=1, \"default\";q=100;w=60",
                known,
            ),
            ("\"other\";r=99;t=30", policy, None),
            ("\"default\";r=99", policy, None),
            ("\"default\";r=-1;t=30", policy, None),
            ("\"default\";r=9.5;t=30", policy, None),
            ("\"default\";r=9999999999999999;t=30", policy, None),
            ("\"default", policy, None),
            ("\"default\"x;r=99;t=30", policy, None),
            ("", policy, None),
            ("99", policy, None),
            ("\"default\";r=99;t=30", "\"default\"", None),
            ("\"default\";r=99;t=30", "", None),
            ("\"a,b\";r=99;t=30", "\"a,b\";q=100", known),
        ];
        for (limit, policy, expected) in rows {
            let mut headers = HeaderMap::new();
            assert_eq!(RateLimit::from_headers(&headers), None);
            headers.insert("ratelimit", limit.parse().unwrap());
            assert_eq!(RateLimit::from_headers(&headers), None, "no policy");
            headers.insert("ratelimit-policy", policy.parse().unwrap());
            assert_eq!(
                RateLimit::from_headers(&headers),
                expected,
                "{limit} {policy}"
            );
        }
    }
}
