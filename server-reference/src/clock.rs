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

    /// What moves this clock; none where it cannot be moved.
    fn control(&self) -> Option<&dyn Control> {
        None
    }
}

/// Moves a clock. Whoever waits for what has come is woken.
pub trait Control: Send + Sync {
    /// Moves forward by `by`.
    fn advance(&self, by: Micros);

    /// Takes back every advance.
    fn reset(&self);
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

/// The operating system's clock, as far ahead as it is told to be: the clock of `--dev`.
#[derive(Debug)]
pub struct ShiftedClock(watch::Sender<Micros>);

impl Default for ShiftedClock {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Micros {
        SystemClock.now() + *self.0.borrow()
    }

    fn sleep_until(&self, at: Micros) -> Sleep<'_> {
        let mut shift = self.0.subscribe();
        Box::pin(async move {
            while self.now() < at {
                let moment = at - *shift.borrow_and_update();
                tokio::select! {
                    () = SystemClock.sleep_until(moment) => {}
                    _ = shift.changed() => {}
                }
            }
        })
    }

    fn control(&self) -> Option<&dyn Control> {
        Some(self)
    }
}

impl Control for ShiftedClock {
    fn advance(&self, by: Micros) {
        self.0.send_modify(|shift| *shift += by);
    }

    fn reset(&self) {
        self.0.send_replace(0);
    }
}

/// A clock that stands still until it is told to move, for tests.
#[derive(Debug)]
pub struct ManualClock {
    start: Micros,
    now: watch::Sender<Micros>,
}

impl ManualClock {
    /// Starts at `now`.
    pub fn new(now: Micros) -> Self {
        Self {
            start: now,
            now: watch::Sender::new(now),
        }
    }

    /// Moves forward by `by`, and wakes whoever waits for what has come.
    pub fn advance(&self, by: Micros) {
        self.now.send_modify(|now| *now += by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Micros {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: Micros) -> Sleep<'_> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // The sender is this clock itself, so that it outlives the wait.
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }

    fn control(&self) -> Option<&dyn Control> {
        Some(self)
    }
}

impl Control for ManualClock {
    fn advance(&self, by: Micros) {
        self.advance(by);
    }

    fn reset(&self) {
        self.now.send_replace(self.start);
    }
}

/// The time as chrono has it; times outside chrono's range (which the API cannot express) become 1970.
pub fn to_datetime(at: Micros) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_shift_wakes_whoever_waits_for_what_has_come() {
        let clock = std::sync::Arc::new(ShiftedClock::default());
        let started = SystemClock.now();
        let sleeper = {
            let clock = clock.clone();
            tokio::spawn(async move { clock.sleep_until(started + 2 * DAY).await })
        };
        clock.advance(DAY);
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(DAY);
        sleeper.await.unwrap();
        assert!(clock.now() >= started + 2 * DAY);
        clock.reset();
        assert!(clock.now() < started + DAY);
    }
}
