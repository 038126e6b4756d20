//! Time, injected: the server never asks the operating system for it anywhere else.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

/// Microseconds since 1970 (UTC), the form in which the database keeps every time.
pub type Micros = i64;

/// One second in [`Micros`].
pub const SECOND: Micros = 1_000_000;
/// One minute in [`Micros`].
pub const MINUTE: Micros = 60 * SECOND;
/// One hour in [`Micros`].
pub const HOUR: Micros = 60 * MINUTE;
/// One day in [`Micros`].
pub const DAY: Micros = 24 * HOUR;

/// Ends when a moment has come.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Where the server reads the time.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Micros;

    /// Waits until this clock shows `at` or later.
    fn sleep_until(&self, at: Micros) -> Sleep<'_>;
}

/// A clock that all parts of a server share.
pub type SharedClock = Arc<dyn Clock>;

/// The operating system's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Micros {
        Utc::now().timestamp_micros()
    }

    fn sleep_until(&self, at: Micros) -> Sleep<'_> {
        Box::pin(async move {
            // In steps, since somebody may set the clock meanwhile.
            while let Some(left @ 1..) = at.checked_sub(self.now()) {
                tokio::time::sleep(Duration::from_micros(left.min(MINUTE).unsigned_abs())).await;
            }
        })
    }
}

/// A clock that stands still until it is told to move, for tests.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Micros>);

impl ManualClock {
    /// Starts at `now`.
    pub fn new(now: Micros) -> Self {
        Self(watch::Sender::new(now))
    }

    /// Moves forward by `by`, and wakes whoever waits for what has come.
    pub fn advance(&self, by: Micros) {
        self.0.send_modify(|now| *now += by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Micros {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Micros) -> Sleep<'_> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            // The sender is this clock itself, so that it outlives the wait.
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }
}

/// The time as chrono has it; times outside chrono's range (which the API cannot express) become 1970.
pub fn to_datetime(at: Micros) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at).unwrap_or_default()
}
