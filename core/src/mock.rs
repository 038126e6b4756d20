//! A transport that sends nothing, for tests of your own code.
//!
//! It answers from a script and remembers what it was asked. The client that it makes waits for nobody: retries happen
//! at once, on a clock of its own.
//!
//! ```
//! use approute::mock::{MockTransport, Reply};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let mock = MockTransport::new();
//! mock.reply(Reply::new(503));
//! mock.reply(Reply::problem(404, "not_found", "There is no such link."));
//!
//! let error = mock.client().links().get("lnk_1").await.unwrap_err();
//!
//! assert_eq!(error.code(), Some("not_found"));
//! mock.assert_sent(&["GET /v1/links/lnk_1", "GET /v1/links/lnk_1"]);
//! # });
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::client::{Client, ClientBuilder};
use crate::secret::RedactedHeaders;
use crate::time::{BoxFuture, Timer};
use crate::transport::{Limits, Transport, TransportError, TransportErrorKind};

/// The transport. Its clones share script and memory.
#[derive(Clone, Default)]
pub struct MockTransport {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Reply>,
    routes: Vec<(String, String, Reply)>,
    requests: Vec<RecordedRequest>,
    /// Whether the documentation's examples answer what nothing else does.
    examples: bool,
    /// The time that has passed on the mock's clock.
    now: Duration,
    waits: Vec<Duration>,
}

impl MockTransport {
    /// A mock without any reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// A mock that answers every operation as the documentation shows it, until something else is scripted.
    pub fn with_examples() -> Self {
        let mock = Self::default();
        mock.state().examples = true;
        mock
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a reply to the script, which is used up in order, one reply for each try.
    pub fn reply(&self, reply: Reply) -> &Self {
        self.state().script.push_back(reply);
        self
    }

    /// Answers every request with this method and path, such as `("GET", "/v1/links")`, without using up the script.
    pub fn when(&self, method: &str, path: &str, reply: Reply) -> &Self {
        let route = (method.to_ascii_uppercase(), path.to_owned(), reply);
        self.state().routes.push(route);
        self
    }

    /// A client that sends its requests here, with the key `test_key`.
    pub fn client(&self) -> Client {
        match self.builder().build() {
            Ok(client) => client,
            // The arguments are constants, and a test holds that they are right.
            Err(error) => unreachable!("the mock's client cannot be built: {error}"),
        }
    }

    /// A builder of a client that sends its requests here and goes by the mock's clock.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder()
            .api_key("test_key")
            .base_url("https://mock.invalid")
            .transport(self.clone())
            .timer(MockTimer(self.clone()))
            .ignore_env()
    }

    /// All requests so far, oldest first.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state().requests.clone()
    }

    /// The latest request, if any.
    pub fn last_request(&self) -> Option<RecordedRequest> {
        self.state().requests.last().cloned()
    }

    /// The waits between tries so far, which took no time.
    pub fn waits(&self) -> Vec<Duration> {
        self.state().waits.clone()
    }

    /// Lets time pass on the mock's clock.
    pub fn advance(&self, time: Duration) {
        self.state().now += time;
    }

    /// Checks that exactly these requests were sent, in this order, each as `"METHOD /path?query"`.
    ///
    /// # Panics
    /// When they were not, showing both lists.
    #[track_caller]
    pub fn assert_sent(&self, expected: &[&str]) {
        let sent: Vec<String> = self
            .state()
            .requests
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            sent == expected,
            "the requests differ\n  expected: {expected:#?}\n      sent: {sent:#?}"
        );
    }

    /// Checks that every reply of the script was used.
    ///
    /// # Panics
    /// When some are left.
    #[track_caller]
    pub fn assert_done(&self) {
        let left = self.state().script.len();
        assert!(left == 0, "{left} replies of the script were not used");
    }

    fn answer(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let mut state = self.state();
        let request = RecordedRequest::new(request);
        let routed =
            state.routes.iter().rev().find(|(method, path, _)| {
                *method == request.method.as_str() && *path == request.path
            });
        let reply = match routed {
            Some((_, _, reply)) => Some(reply.clone()),
            None => state.script.pop_front(),
        };
        let reply = reply.or_else(|| state.examples.then(|| example(&request)).flatten());
        let name = request.to_string();
        state.requests.push(request);
        let reply = reply.ok_or_else(|| {
            TransportError::new(
                TransportErrorKind::Configuration,
                format!("the mock has no reply left for {name}"),
            )
        })?;
        if reply.takes > limits.timeout {
            state.now += limits.timeout;
            return Err(crate::call::timed_out());
        }
        state.now += reply.takes;
        match reply.what {
            What::Failure(kind) => Err(TransportError::new(kind, format!("mock: {kind:?}"))),
            What::Answer(_, _, body) if body.len() as u64 > limits.max_response_bytes => Err(
                TransportError::new(TransportErrorKind::TooLarge, "mock: the body is too large"),
            ),
            What::Answer(status, headers, body) => {
                let mut answer = http::Response::new(body);
                *answer.status_mut() = status;
                *answer.headers_mut() = headers;
                Ok(answer)
            }
        }
    }
}

/// The answer of the documentation to a request.
fn example(request: &RecordedRequest) -> Option<Reply> {
    let fits = |template: &str| {
        let mut parts = request.path.split('/');
        template.split('/').all(|wanted| {
            parts
                .next()
                .is_some_and(|part| wanted == part || wanted.starts_with('{'))
        }) && parts.next().is_none()
    };
    let operations = crate::resources::OPERATIONS.iter();
    let mut found = operations
        .filter(|operation| operation.method == request.method.as_str() && fits(operation.path));
    let operation = found.next()?;
    let reply = Reply::new(operation.status);
    Some(if operation.example.is_empty() {
        let content_type = operation.accept.split(',').next().unwrap_or_default();
        reply.header("content-type", content_type)
    } else {
        reply
            .header("content-type", "application/json")
            .body(last_page(operation.example))
    })
}

/// An example as the last page of its list, or else a loop over all pages would never end.
fn last_page(example: &'static str) -> Bytes {
    match serde_json::from_str::<serde_json::Map<String, Value>>(example) {
        Ok(mut page) if page.contains_key("next_cursor") => {
            page.insert("next_cursor".to_owned(), Value::Null);
            page.insert("has_more".to_owned(), Value::Bool(false));
            Bytes::from(Value::Object(page).to_string())
        }
        _ => Bytes::from_static(example.as_bytes()),
    }
}

impl Transport for MockTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move { self.answer(request, limits) })
    }
}

impl fmt::Debug for MockTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MockTransport")
            .field("requests", &state.requests)
            .field("replies_left", &state.script.len())
            .finish()
    }
}

/// The mock's clock: waiting only moves it forward.
struct MockTimer(MockTransport);

impl Timer for MockTimer {
    fn now(&self) -> Duration {
        self.0.state().now
    }

    fn wall_clock(&self) -> SystemTime {
        // 2026-11-01T00:00:00Z and on.
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_491_200) + self.now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let mock = self.0.clone();
        Box::pin(async move {
            let mut state = mock.state();
            state.now += time;
            state.waits.push(time);
        })
    }
}

/// How the mock answers a try.
#[derive(Clone)]
pub struct Reply {
    what: What,
    takes: Duration,
}

#[derive(Clone)]
enum What {
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

/// A request that the mock was asked to send.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// The path, percent-encoded.
    pub path: String,
    /// The query without its question mark; empty when there is none.
    pub query: String,
    /// The headers, the API key included.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl RecordedRequest {
    fn new(request: http::Request<Bytes>) -> Self {
        let (head, body) = request.into_parts();
        Self {
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            method: head.method,
            headers: head.headers,
            body,
        }
    }

    /// The body as JSON; null when it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Display for RecordedRequest {
    /// `METHOD /path?query`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        Ok(())
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedRequest")
            .field("request", &self.to_string())
            .field("headers", &RedactedHeaders(&self.headers))
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
