//! A clock that tests move: waits between tries pass at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use approute::time::{BoxFuture, Timer};

use crate::config::ClockConfig;

/// The clock of a language's mock: it stands at its start, plus the waits so far, plus what it was moved by. A clock of
/// more talents, for the conformance cases, is the core's `Script`.
#[derive(Clone)]
pub struct Clock {
    start: SystemTime,
    passed: Arc<Mutex<Duration>>,
}

impl Clock {
    pub(crate) fn new(config: &ClockConfig) -> Self {
        Self {
            start: SystemTime::UNIX_EPOCH + duration(config.start),
            passed: Arc::default(),
        }
    }

    fn passed(&self) -> MutexGuard<'_, Duration> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets milliseconds pass.
    pub fn advance(&self, milliseconds: f64) {
        *self.passed() += duration(milliseconds);
    }

    /// The milliseconds that have passed since its start.
    pub fn elapsed(&self) -> f64 {
        self.passed().as_secs_f64() * 1000.0
    }
}

fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default()
}

impl Timer for Clock {
    fn now(&self) -> Duration {
        *self.passed()
    }

    fn wall_clock(&self) -> SystemTime {
        self.start + self.now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        *self.passed() += time;
        Box::pin(std::future::ready(()))
    }

    fn limit(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}
