//! From a generated operation to a request.
//!
//! The operations in `generated/operations.rs` are progenitor's. Each is an `async fn` that builds a request, shows it
//! to [`ClientHooks::pre`], sends it and decodes the answer. Here they are used for their first half only: `pre` keeps
//! the request and ends the operation, whose future is therefore ready at its first poll. What then becomes of the
//! request is up to [`crate::call`], the same for every language and for every way of doing I/O.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Method, Uri};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};

use crate::error::Error;
use crate::generated::operations;
use crate::transport::untrusting;

/// What a generated operation is, as far as the runtime needs to know. The generator writes one for each.
#[derive(Debug)]
pub struct Operation {
    /// Its name, such as `links.create`.
    pub id: &'static str,
    /// Its method.
    pub method: &'static str,
    /// Its path template, such as `/v1/links/{link_id}`.
    pub path: &'static str,
    /// The media types that it can answer with, as an `Accept` header.
    pub accept: &'static str,
    /// The status of its successful answer.
    pub status: u16,
    /// The body of that answer as the documentation shows it; empty when it is not JSON.
    pub example: &'static str,
}

/// The inner value of the generated client: the place where `pre` leaves the request.
#[derive(Debug, Default)]
pub struct Capture(Mutex<Option<Built>>);

/// A request without its base URL.
#[derive(Debug)]
struct Built {
    method: Method,
    path_and_query: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Clone for Capture {
    /// An empty one: each use of an operation has its own.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl ClientHooks<Capture> for operations::Client {
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        _info: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        use progenitor_client::Error as Generated;
        let Some(body) = request
            .body()
            .map_or(Some(&[][..]), reqwest::Body::as_bytes)
        else {
            return Err(Generated::InvalidRequest("its body is a stream".to_owned()));
        };
        let built = Built {
            method: request.method().clone(),
            path_and_query: request.url().as_str()[STAND_IN.len()..].to_owned(),
            body: Bytes::copy_from_slice(body),
            headers: std::mem::take(request.headers_mut()),
        };
        *self.inner().slot() = Some(built);
        // The operation ends here, before anything is sent.
        Err(Generated::Custom(String::new()))
    }
}

impl Capture {
    fn slot(&self) -> MutexGuard<'_, Option<Built>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where requests go: the base URL, taken apart once.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    scheme: Scheme,
    authority: Authority,
    /// The base URL's path, without a slash at its end.
    prefix: String,
}

/// What the operations build their URLs on. They are given the shortest base there is, since parsing a real one again
/// for each call takes longer than everything else that they do.
const STAND_IN: &str = "x://x";

impl Base {
    /// `None` when the URL has no scheme or host.
    pub(crate) fn new(url: &str) -> Option<Self> {
        let parts = url.parse::<Uri>().ok()?.into_parts();
        let path = parts.path_and_query.as_ref().map_or("", |path| path.path());
        Some(Self {
            scheme: parts.scheme?,
            authority: parts.authority?,
            prefix: path.trim_end_matches('/').to_owned(),
        })
    }

    /// What an operation built, here.
    fn request(&self, built: Built) -> Result<http::Request<Bytes>, http::Error> {
        let path = if self.prefix.is_empty() {
            built.path_and_query
        } else {
            [self.prefix.as_str(), &built.path_and_query].concat()
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(path))?);
        let mut request = http::Request::new(built.body);
        *request.method_mut() = built.method;
        *request.uri_mut() = Uri::from_parts(parts)?;
        *request.headers_mut() = built.headers;
        Ok(request)
    }
}

/// A client that only ever builds requests: no trust store, no proxies, no connections. One for the whole process.
fn request_builder_client() -> Result<&'static reqwest::Client, String> {
    static CLIENT: OnceLock<Result<reqwest::Client, String>> = OnceLock::new();
    let made = CLIENT.get_or_init(|| {
        // Said expressly, since reqwest panics when it has to find a TLS provider and there is none.
        let tls = untrusting().map_err(|error| error.to_string())?;
        let builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
        builder
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())
    });
    made.as_ref().map_err(Clone::clone)
}

/// Runs a generated operation up to the point where its request is built.
///
/// `ids` are the path's parameters with their names.
pub(crate) fn capture<F, T, E>(
    base: &Base,
    ids: &[(&str, &str)],
    operation: F,
) -> Result<http::Request<Bytes>, Error>
where
    F: AsyncFnOnce(&operations::Client) -> Result<T, progenitor_client::Error<E>>,
{
    for (name, id) in ids {
        check_path(name, id)?;
    }
    let client = request_builder_client()
        .map_err(|error| Error::configuration(format!("TLS cannot be set up: {error}")))?;
    let api = operations::Client::new_with_client(STAND_IN, client.clone(), Capture::default());
    let ended = {
        let future = pin!(operation(&api));
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(error)) => Some(error),
            Poll::Ready(Ok(_)) | Poll::Pending => None,
        }
    };
    let refused =
        |reason: String| Error::configuration(format!("the request cannot be sent: {reason}"));
    let built = api.inner().slot().take();
    let built = built.ok_or_else(|| {
        use progenitor_client::Error as Generated;
        refused(match ended {
            Some(Generated::InvalidRequest(reason)) => reason,
            Some(Generated::CommunicationError(error)) => error.without_url().to_string(),
            _ => "it was not built".to_owned(),
        })
    })?;
    base.request(built)
        .map_err(|error| refused(error.to_string()))
}

/// Refuses ids that would change the path that they are put into.
fn check_path(name: &str, value: &str) -> Result<(), Error> {
    match value {
        "" => Err(Error::configuration(format!("`{name}` is empty"))),
        "." | ".." => Err(Error::configuration(format!(
            "`{name}` is `{value}`, which is no id"
        ))),
        _ => Ok(()),
    }
}

/// Percent-encodes everything in a path segment but RFC 3986's unreserved characters.
///
/// The generated operations use this instead of progenitor's function, which leaves `\` as it is; a URL parser then
/// reads it as `/`.
pub fn encode_path(segment: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_segments_stay_one_segment() {
        assert_eq!(encode_path("lnk_01-x.y~z"), "lnk_01-x.y~z");
        assert_eq!(
            encode_path("a/b\\c?d#e%2e ä\n"),
            "a%2Fb%5Cc%3Fd%23e%252e%20%C3%A4%0A"
        );
        for refused in ["", ".", ".."] {
            assert!(check_path("link_id", refused).is_err());
        }
        assert!(check_path("link_id", "...").is_ok());
    }
}
