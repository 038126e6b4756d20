//! A client, and its calls before they are carried out.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use approute::bridge::{Call, RawResponse, Script};

use crate::clock::Clock;
use crate::config::Config;
use crate::failure::Failure;
use crate::generated;
use crate::guarding::guard;
use crate::host::HostCall;
use crate::notice::{Listener, listening};

/// A client. Clones share connections and retry budget.
#[derive(Clone)]
pub struct Client {
    core: approute::Client,
    clock: Option<Clock>,
    script: Option<Script>,
}

impl Client {
    /// Makes a client of a facade's settings.
    ///
    /// # Errors
    /// A `ConfigurationError` that names the setting.
    pub fn new(config: Config) -> Result<Self, Failure> {
        guard(|| {
            let built = config.build()?;
            Ok(Self {
                core: built.core,
                clock: built.clock,
                script: built.script,
            })
        })
    }

    /// The clock for tests, where the settings ask for one.
    pub fn clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }

    /// Clock and chance of a conformance case, where the settings name one. A host that waits by itself says so here.
    pub fn script(&self) -> Option<&Script> {
        self.script.as_ref()
    }

    /// The base URL, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.core.base_url()
    }

    /// A call of the operation with this number (its place in [`OPERATIONS`](crate::OPERATIONS)).
    ///
    /// `request` is JSON: `{"args": {…}, "options": {…}}`. `args` holds the parameters by their names in snake_case, and
    /// the `body`; `options` what every call takes. Nothing is sent yet.
    ///
    /// # Errors
    /// A `ConfigurationError` that names the argument.
    pub fn start(&self, operation: usize, request: &[u8]) -> Result<PendingCall, Failure> {
        guard(|| {
            let call = generated::start(&self.core, operation, request)?;
            Ok(PendingCall {
                core: self.core.clone(),
                call,
            })
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.core, f)
    }
}

/// A call that is ready to be carried out: by [`wait`](crate::wait), a [`Queue`](crate::Queue) or a [`HostCall`].
#[must_use = "nothing is sent yet"]
pub struct PendingCall {
    core: approute::Client,
    call: Call,
}

impl PendingCall {
    /// For the language's own HTTP client.
    pub fn into_host_call(self, listener: Option<Listener>) -> HostCall {
        HostCall::new(self.call, listener)
    }

    /// Carries the call out on the core's connections, reads the answer, and keeps panics in.
    pub(crate) async fn carry_out<T>(
        self,
        listener: Option<Listener>,
        read: impl FnOnce(RawResponse) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        // Pinned once: each layer that takes a future by value holds a copy of it.
        let mut driven = pin!(self.core.drive(self.call));
        let answer = poll_fn(|context| {
            let polled = guard(|| {
                let step = listening(listener.as_ref(), || driven.as_mut().poll(context));
                Ok(step.map_err(Failure::from))
            });
            polled.unwrap_or_else(|failure| Poll::Ready(Err(failure)))
        })
        .await?;
        guard(|| read(answer))
    }
}

impl fmt::Debug for PendingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PendingCall")
            .field(&self.call.operation().id)
            .finish()
    }
}
