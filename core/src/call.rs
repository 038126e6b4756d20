//! One call as a state machine that does no I/O.
//!
//! [`Call::next`] is told what happened and says what to do: send this request, sleep this long, or take this result.
//! Whoever drives it does the sending and sleeping: the async client ([`crate::client`]), or a host language with its
//! own HTTP client. Retries, waits, deadlines, budgets, errors and hooks are all here, once.
//!
//! ```text
//!            Start            Slept
//!              │                │
//!              ▼                ▼
//!            Send ◀─────────── Sleep
//!              │ Answered        ▲
//!              │ Failed          │ worth a retry, allowed, in time
//!              └─────────────────┤
//!                                │ else
//!                                ▼
//!                              Done
//! ```

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response};

use crate::budget::{RETRY_COST, RetryBudget, SUCCESS_GIFT, TIMEOUT_COST};
use crate::error::{Error, ErrorKind};
use crate::hooks::{AttemptEnd, Hooks};
use crate::operation::Operation;
use crate::options::Options;
use crate::response::RawResponse;
use crate::retry::{self, AskedWait};
use crate::secret::Secret;
use crate::time::{Random, Timer, uuid_v4};
use crate::transport::{Limits, TransportError, TransportErrorKind};

mod errors;
mod outcome;
mod parts;

use outcome::OutcomeTracker;
use parts::{add_query, bearer, header_value};

const APPROUTE_VERSION: HeaderName = HeaderName::from_static("approute-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CONFIRMATION: HeaderName = HeaderName::from_static("approute-confirmation");

/// What happened since the last [`Call::next`].
#[derive(Debug)]
pub enum Event {
    /// Nothing yet.
    Start,
    /// The request of [`Action::Send`] was answered.
    Answered(Response<Bytes>),
    /// The request of [`Action::Send`] failed. When it ran into its timeout: [`timed_out`].
    Failed(TransportError),
    /// The time of [`Action::Sleep`] is over.
    Slept,
    /// The call was ended from outside, and whatever was under way with it.
    Cancelled,
}

/// What to do next.
#[derive(Debug)]
pub enum Action {
    /// Send the request within these limits, then report [`Event::Answered`] or [`Event::Failed`].
    Send(Request<Bytes>, Limits),
    /// Wait, then report [`Event::Slept`].
    Sleep(Duration),
    /// The call is over; `next` must not be called again.
    Done(Result<RawResponse, Error>),
}

/// What an [`Event::Failed`] carries when a try took longer than [`Limits::timeout`].
pub fn timed_out() -> TransportError {
    TransportError::new(
        TransportErrorKind::Timeout,
        "no complete answer within `attempt_timeout`",
    )
}

/// What a call needs to know of its client.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) operation: &'static Operation,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) hooks: Arc<Hooks>,
    pub(crate) api_key: Secret,
    pub(crate) user_agent: HeaderValue,
    pub(crate) options: Settings,
}

/// The limits of a call, all decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) max_response_bytes: u64,
}

impl Settings {
    /// What a call sets takes the place of what its client has.
    pub(crate) fn change(&mut self, set: &Options) {
        self.timeout = set.timeout.unwrap_or(self.timeout);
        self.attempt_timeout = set.attempt_timeout.unwrap_or(self.attempt_timeout);
        self.max_retries = set.max_retries.unwrap_or(self.max_retries);
        self.max_response_bytes = set.max_response_bytes.unwrap_or(self.max_response_bytes);
    }
}

/// One call. See the module.
pub struct Call {
    context: Context,
    request: Request<Bytes>,
    idempotency_key: Option<String>,
    started: Duration,
    deadline: Duration,
    attempt_started: Duration,
    /// Tries started, polls of a call in flight included.
    attempts: u32,
    /// Retries that count against `max_retries`.
    retries: u32,
    /// What the current retry took out of the budget; `None` for a first try.
    taken: Option<u32>,
    /// Whether a try is under way.
    trying: bool,
    outcome: OutcomeTracker,
    /// What the wait that is under way is for.
    last_error: Option<Error>,
}

impl Call {
    pub(crate) fn new(
        context: Context,
        mut request: Request<Bytes>,
        options: Option<Box<Options>>,
    ) -> Result<Self, Error> {
        let (mut key, mut token, mut extra) = (None, None, None);
        if let Some(set) = options {
            if !set.query.is_empty() {
                add_query(&mut request, &set.query)?;
            }
            (key, token, extra) = (set.idempotency_key, set.confirmation, Some(set.headers));
        }
        let writes = matches!(
            *request.method(),
            Method::POST | Method::PATCH | Method::DELETE
        );
        let idempotency_key = writes.then(|| key.unwrap_or_else(|| uuid_v4(&*context.random)));
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, context.user_agent.clone());
        headers.insert(ACCEPT, HeaderValue::from_static(context.operation.accept));
        headers.insert(AUTHORIZATION, bearer(&context.api_key)?);
        headers.insert(
            APPROUTE_VERSION,
            HeaderValue::from_static(crate::generated::API_VERSION),
        );
        if let Some(key) = &idempotency_key {
            headers.insert(IDEMPOTENCY_KEY, header_value(key, "idempotency_key")?);
        }
        if let Some(token) = &token {
            let mut value = header_value(token.expose(), "confirmation")?;
            value.set_sensitive(true);
            headers.insert(CONFIRMATION, value);
        }
        headers.extend(extra.unwrap_or_default());
        Ok(Self {
            context,
            request,
            idempotency_key,
            started: Duration::ZERO,
            deadline: Duration::ZERO,
            attempt_started: Duration::ZERO,
            attempts: 0,
            retries: 0,
            taken: None,
            trying: false,
            outcome: OutcomeTracker::default(),
            last_error: None,
        })
    }

    /// The operation that this is a call of.
    pub fn operation(&self) -> &'static Operation {
        self.context.operation
    }

    /// How many tries were started.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Takes the call one step further.
    pub fn next(&mut self, event: Event) -> Action {
        match event {
            Event::Start => {
                self.started = self.context.timer.now();
                self.deadline = self.started.saturating_add(self.context.options.timeout);
                self.send()
            }
            // A machine that was suspended sleeps longer than it was told.
            Event::Slept if self.passes_deadline(Duration::ZERO) => {
                let late = || Error::from_transport(timed_out(), "");
                let error = self.last_error.take().unwrap_or_else(late);
                self.fail(error)
            }
            Event::Slept => self.send(),
            Event::Answered(answer) => self.answered(answer),
            Event::Failed(failure) => self.failed(failure),
            Event::Cancelled => self.cancelled(),
        }
    }

    fn send(&mut self) -> Action {
        let now = self.context.timer.now();
        let settings = &self.context.options;
        let timeout = settings
            .attempt_timeout
            .min(self.deadline.saturating_sub(now));
        let limits = Limits {
            timeout,
            max_response_bytes: settings.max_response_bytes,
        };
        self.attempts += 1;
        self.trying = true;
        self.attempt_started = now;
        let (operation, hooks) = (self.context.operation, &self.context.hooks);
        hooks.request(operation, &self.request, self.attempts);
        Action::Send(self.request.clone(), limits)
    }

    fn answered(&mut self, answer: Response<Bytes>) -> Action {
        let (head, body) = answer.into_parts();
        let (status, headers) = (head.status, head.headers);
        self.attempt_ended(AttemptEnd::Answered(status, &headers));
        if status.is_success() {
            // A retry that worked gives back what it took; any other success gives a little.
            self.context.budget.give(self.taken.unwrap_or(SUCCESS_GIFT));
            self.outcome.answered(status, None);
            return self.done(Ok(RawResponse {
                status,
                headers,
                body,
                attempts: self.attempts,
                idempotency_key: self.idempotency_key.clone(),
            }));
        }
        let asked = retry::asked_wait(&headers, self.context.timer.wall_clock());
        let forbidden = retry::should_retry_header(&headers) == Some(false);
        let retryable = retry::is_retryable(status, &headers);
        let hide = self.context.api_key.expose();
        let mut error = Error::from_answer(status, headers, body, hide);
        self.outcome.answered(status, error.code());
        if error.code() == Some("idempotency_in_flight") && status == 409 && !forbidden {
            error.inner_mut().retryable = true;
            return self.poll(asked, error);
        }
        error.inner_mut().retryable = retryable;
        if !retryable {
            return self.fail(error);
        }
        let cost = match asked {
            AskedWait::None => RETRY_COST,
            _ if status == 429 => 0,
            _ => RETRY_COST,
        };
        self.retry(asked, cost, error)
    }

    fn failed(&mut self, failure: TransportError) -> Action {
        self.attempt_ended(AttemptEnd::Failed(&failure));
        self.outcome.failed(&failure);
        let cost = match failure.kind {
            TransportErrorKind::Timeout => TIMEOUT_COST,
            _ => RETRY_COST,
        };
        let retryable = failure.is_retryable();
        let too_late =
            failure.kind == TransportErrorKind::Timeout && self.passes_deadline(Duration::ZERO);
        let mut error = Error::from_transport(failure, self.context.api_key.expose());
        error.inner_mut().retryable = retryable;
        if too_late {
            error.inner_mut().message = "no complete answer within `timeout`".to_owned();
        }
        if retryable {
            self.retry(AskedWait::None, cost, error)
        } else {
            self.fail(error)
        }
    }

    fn cancelled(&mut self) -> Action {
        let mut error = Error::new(ErrorKind::Cancelled, "the call was cancelled");
        if self.trying {
            // It may have arrived, and may be carried out.
            let failure = TransportError::new(TransportErrorKind::Interrupted, "cancelled");
            self.attempt_ended(AttemptEnd::Failed(&failure));
            self.outcome.failed(&failure);
        } else if let Some(last) = self.last_error.take() {
            error = error.with_source(last);
        }
        self.fail(error)
    }

    /// The same call is still running on the server: ask again until it is done, outside `max_retries`.
    fn poll(&mut self, asked: AskedWait, error: Error) -> Action {
        let wait = match asked {
            AskedWait::TooLong => return self.fail(error),
            AskedWait::None => retry::IN_FLIGHT_WAIT,
            AskedWait::Wait(wait) => wait,
        };
        let wait = AskedWait::lengthened(wait, &*self.context.random);
        if self.passes_deadline(wait) {
            return self.fail(error);
        }
        self.sleep(wait, error)
    }

    fn retry(&mut self, asked: AskedWait, cost: u32, error: Error) -> Action {
        if self.retries >= self.context.options.max_retries {
            return self.fail(error);
        }
        let random = &*self.context.random;
        let wait = match asked {
            AskedWait::TooLong => return self.fail(error),
            AskedWait::Wait(wait) => AskedWait::lengthened(wait, random),
            AskedWait::None => retry::backoff(self.retries + 1, random),
        };
        // What would come too late must not cost anything either.
        if self.passes_deadline(wait) || !self.context.budget.take(cost) {
            return self.fail(error);
        }
        self.retries += 1;
        self.taken = Some(cost);
        self.sleep(wait, error)
    }

    fn sleep(&mut self, wait: Duration, error: Error) -> Action {
        let (operation, hooks) = (self.context.operation, &self.context.hooks);
        hooks.retry(operation, self.attempts, wait, &error);
        self.last_error = Some(error);
        Action::Sleep(wait)
    }

    fn passes_deadline(&self, wait: Duration) -> bool {
        self.context.timer.now().saturating_add(wait) >= self.deadline
    }

    fn attempt_ended(&mut self, end: AttemptEnd<'_>) {
        self.trying = false;
        let hooks = &self.context.hooks;
        if hooks.wants_responses() {
            let took = self
                .context
                .timer
                .now()
                .saturating_sub(self.attempt_started);
            hooks.response(
                self.context.operation,
                &self.request,
                self.attempts,
                took,
                end,
            );
        }
    }

    fn fail(&mut self, mut error: Error) -> Action {
        let inner = error.inner_mut();
        inner.attempts = self.attempts;
        inner.idempotency_key = self.idempotency_key.clone();
        inner.outcome = self.outcome.of_call(self.idempotency_key.is_some());
        self.done(Err(error))
    }

    fn done(&mut self, result: Result<RawResponse, Error>) -> Action {
        let hooks = &self.context.hooks;
        if hooks.wants_ends() {
            let took = self.context.timer.now().saturating_sub(self.started);
            hooks.end(self.context.operation, self.attempts, took, &result);
        }
        Action::Done(result)
    }
}
