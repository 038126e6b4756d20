//! The client: what it knows, and how it drives a call.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::HeaderValue;
use tracing::Instrument;

use crate::budget::RetryBudget;
use crate::call::{Action, Call, Context, Event, Settings, timed_out};
#[cfg(feature = "blocking")]
use crate::cancel::CancelHandle;
use crate::error::Error;
use crate::hooks::Hooks;
use crate::operation::Base;
use crate::options::CallOptions;
use crate::request::Prepared;
use crate::response::RawResponse;
use crate::secret::Secret;
use crate::time::{Random, Timer};
use crate::trace;
use crate::transport::Transport;

mod builder;

pub use builder::ClientBuilder;
pub(crate) use builder::check_api_key;

/// Where the API key comes from.
#[derive(Clone)]
pub(crate) enum KeySource {
    Fixed(Secret),
    Provider(Arc<KeyProvider>),
}

pub(crate) type KeyProvider =
    dyn Fn() -> Result<String, Box<dyn std::error::Error + Send + Sync>> + Send + Sync;

/// The client. It is cheap to clone, and its clones share connections and retry budget.
///
/// ```
/// # fn main() -> Result<(), approute::Error> {
/// let client = approute::Client::new("ak_live_4f1c")?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// Options of every call through this client, from [`Client::with_options`].
    options: Option<Arc<CallOptions>>,
    #[cfg(feature = "blocking")]
    cancel: Option<CancelHandle>,
}

pub(crate) struct Shared {
    pub(crate) base_url: String,
    pub(crate) base: Base,
    pub(crate) api_key: KeySource,
    pub(crate) user_agent: HeaderValue,
    pub(crate) defaults: CallOptions,
    pub(crate) settings: Settings,
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) hooks: Arc<Hooks>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) random: Arc<dyn Random>,
}

impl Client {
    /// A client with this API key and all defaults.
    ///
    /// Nothing is connected or loaded yet: that happens with the first call.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the key is not usable, or an environment
    /// variable (`APPROUTE_BASE_URL`, `APPROUTE_LOG`) is not.
    pub fn new(api_key: impl Into<Secret>) -> Result<Self, Error> {
        Self::builder().api_key(api_key).build()
    }

    /// A client with the API key of the environment variable `APPROUTE_API_KEY`.
    ///
    /// # Errors
    /// As [`Client::new`]; and when the variable is not set.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A builder, for everything that is not default.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client with other options for its calls. It shares connections, retry budget and all else with this one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when an option is not usable.
    pub fn with_options(&self, options: CallOptions) -> Result<Self, Error> {
        options.check()?;
        let options = match &self.options {
            Some(own) => options.over(own),
            None => options,
        };
        Ok(Self {
            options: Some(Arc::new(options)),
            ..self.clone()
        })
    }

    /// The base URL, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    pub(crate) fn base(&self) -> &Base {
        &self.shared.base
    }

    pub(crate) fn from_shared(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            options: None,
            #[cfg(feature = "blocking")]
            cancel: None,
        }
    }

    /// A copy whose calls end when the handle is cancelled.
    #[cfg(feature = "blocking")]
    pub(crate) fn cancelled_by(&self, handle: &CancelHandle) -> Self {
        Self {
            cancel: Some(handle.clone()),
            ..self.clone()
        }
    }

    /// Makes a call of what an operation's builder has prepared.
    pub(crate) fn call<T>(&self, prepared: Prepared<T>) -> Result<Call, Error> {
        let shared = &*self.shared;
        let mut options = prepared.options;
        if let Some(own) = &self.options {
            options = options.over(own);
        }
        options = options.over(&shared.defaults);
        options.check()?;
        let mut settings = shared.settings;
        let options = options.into_set();
        if let Some(set) = &options {
            settings.change(set);
        }
        let api_key = match (
            options.as_ref().and_then(|set| set.api_key.as_ref()),
            &shared.api_key,
        ) {
            (Some(key), _) | (None, KeySource::Fixed(key)) => key.clone(),
            (None, KeySource::Provider(provide)) => provided_key(&**provide)?,
        };
        let context = Context {
            operation: prepared.operation,
            timer: Arc::clone(&shared.timer),
            random: Arc::clone(&shared.random),
            budget: Arc::clone(&shared.budget),
            hooks: Arc::clone(&shared.hooks),
            api_key,
            user_agent: shared.user_agent.clone(),
            options: settings,
        };
        Call::new(context, prepared.request?, options)
    }

    /// Drives a call to its end. Dropping the future cancels what is under way.
    #[doc(hidden)]
    pub async fn drive(&self, mut call: Call) -> Result<RawResponse, Error> {
        let span = trace::span(call.operation());
        // Pinned here, and by reference from here on: a future that is handed from one async fn to the next is copied
        // into each of them.
        let driven = pin!(self.drive_in_span(&mut call));
        if span.is_disabled() {
            return driven.await;
        }
        let result = driven.instrument(span.clone()).await;
        trace::record(&span, &result);
        result
    }

    async fn drive_in_span(&self, call: &mut Call) -> Result<RawResponse, Error> {
        let (transport, timer) = (&*self.shared.transport, &*self.shared.timer);
        let mut event = Event::Start;
        loop {
            event = match call.next(event) {
                Action::Send(request, limits) => {
                    let answer = transport.send(request, limits);
                    let end = first(answer, timer.limit(limits.timeout));
                    match self.unless_cancelled(end).await {
                        Some(Some(Ok(answer))) => Event::Answered(answer),
                        Some(Some(Err(failure))) => Event::Failed(failure),
                        Some(None) => Event::Failed(timed_out()),
                        None => Event::Cancelled,
                    }
                }
                Action::Sleep(time) => match self.unless_cancelled(timer.sleep(time)).await {
                    Some(()) => Event::Slept,
                    None => Event::Cancelled,
                },
                Action::Done(result) => return result,
            }
        }
    }

    #[cfg(not(feature = "blocking"))]
    async fn unless_cancelled<T>(&self, step: impl Future<Output = T>) -> Option<T> {
        Some(step.await)
    }

    /// The step's output, or `None` when the call was cancelled before.
    #[cfg(feature = "blocking")]
    async fn unless_cancelled<T>(&self, step: impl Future<Output = T>) -> Option<T> {
        let Some(handle) = &self.cancel else {
            return Some(step.await);
        };
        let mut cancelled = pin!(handle.cancelled());
        let mut step = pin!(step);
        std::future::poll_fn(move |context| match cancelled.as_mut().poll(context) {
            // Asked first, so that a call that is cancelled already sends nothing.
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => step.as_mut().poll(context).map(Some),
        })
        .await
    }
}

fn provided_key(provide: &KeyProvider) -> Result<Secret, Error> {
    let key = provide().map_err(|error| {
        Error::configuration("the `api_key` function failed").with_source(error)
    })?;
    check_api_key(&key)?;
    Ok(Secret::new(key))
}

/// The future's output, or `None` when `limit` completes before.
async fn first<T>(future: impl Future<Output = T>, limit: impl Future<Output = ()>) -> Option<T> {
    let (mut future, mut limit) = (pin!(future), pin!(limit));
    std::future::poll_fn(move |context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        limit.as_mut().poll(context).map(|()| None)
    })
    .await
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.shared.base_url)
            .field("settings", &self.shared.settings)
            .field("options", &self.options)
            .field("hooks", &self.shared.hooks)
            .finish_non_exhaustive()
    }
}
