//! A client.

use std::time::Duration;

use approute_bridge::{Config, Failure};
use napi_derive::napi;

use crate::thrown;

/// A client: settings, connections and retry budget.
#[napi(js_name = "Client")]
pub struct NativeClient {
    pub(crate) bridge: approute_bridge::Client,
}

#[napi]
impl NativeClient {
    /// Makes one of settings as JSON.
    ///
    /// # Errors
    /// A failure as JSON.
    #[napi(constructor)]
    pub fn new(config: String) -> napi::Result<Self> {
        let made = Config::from_json(config.as_bytes()).and_then(approute_bridge::Client::new);
        let bridge = made.map_err(thrown)?;
        Ok(Self { bridge })
    }

    /// The base URL.
    #[napi]
    pub fn base_url(&self) -> &str {
        self.bridge.base_url()
    }

    /// Writes a wait down that a conformance case asked for, in place of waiting. Says whether it is to be held.
    #[napi]
    pub fn record_wait(&self, milliseconds: f64) -> bool {
        let wait = Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default();
        self.bridge
            .script()
            .is_some_and(|script| script.record(wait))
    }

    /// Whether waits are held.
    #[napi]
    pub fn holds_waits(&self) -> bool {
        self.bridge
            .script()
            .is_some_and(approute_bridge::Script::is_held)
    }

    /// Lets milliseconds pass on the clock for tests.
    #[napi]
    pub fn advance(&self, milliseconds: f64) {
        if let Some(clock) = self.bridge.clock() {
            clock.advance(milliseconds);
        }
    }
}

impl NativeClient {
    pub(crate) fn start(
        &self,
        operation: u32,
        request: &str,
    ) -> Result<approute_bridge::PendingCall, Failure> {
        self.bridge.start(operation as usize, request.as_bytes())
    }
}
