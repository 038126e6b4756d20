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
use serde_json::Value;

use crate::client::{Client, ClientBuilder};
use crate::time::{BoxFuture, Timer};
use crate::transport::{Limits, Transport, TransportError, TransportErrorKind};

mod recorded;
mod reply;

pub use recorded::RecordedRequest;
pub use reply::Reply;
use reply::What;

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
            What::Answer(status, headers, body)
                if body.len() as u64 > limits.max_response_bytes =>
            {
                let kind = TransportErrorKind::TooLarge;
                Err(TransportError::new(kind, "mock: the body is too large")
                    .with_head(status, headers))
            }
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
