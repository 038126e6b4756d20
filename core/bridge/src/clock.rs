//! A clock that tests move: waits pass at once and are written down.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use approute::time::{BoxFuture, Timer};

use crate::config::ClockConfig;

/// A clock for tests: for a language's mock, and for the conformance cases.
///
/// It stands at its start, plus the waits so far, plus what it was moved by, plus the milliseconds in a file, where it
/// has one.
#[derive(Clone)]
pub struct Clock(Arc<Shared>);

struct Shared {
    start: SystemTime,
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passed: Duration,
    waits: Vec<f64>,
    /// A wait between two tries is about to begin. Timeouts of tries are measured with the same timer; those are real.
    announced: bool,
    endless: bool,
}

impl Clock {
    pub(crate) fn new(config: ClockConfig) -> Self {
        Self(Arc::new(Shared {
            start: SystemTime::UNIX_EPOCH
                + Duration::try_from_secs_f64(config.start / 1000.0).unwrap_or_default(),
            file: config.file.map(Into::into),
            state: Mutex::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets milliseconds pass.
    pub fn advance(&self, milliseconds: f64) {
        let time = Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default();
        self.state().passed += time;
    }

    /// The milliseconds that have passed since its start.
    pub fn elapsed(&self) -> f64 {
        self.now().as_secs_f64() * 1000.0
    }

    /// The waits between tries since the last call of this, in milliseconds.
    pub fn take_waits(&self) -> Vec<f64> {
        std::mem::take(&mut self.state().waits)
    }

    /// Whether waits never end, so that a test can cancel one.
    pub fn endless_waits(&self, endless: bool) {
        self.state().endless = endless;
    }

    /// Whether a wait has begun since the last [`take_waits`](Self::take_waits).
    pub fn is_waiting(&self) -> bool {
        !self.state().waits.is_empty()
    }

    /// Says that the next sleep is a wait between tries.
    pub(crate) fn announce(&self) {
        self.state().announced = true;
    }
}

impl Timer for Clock {
    fn now(&self) -> Duration {
        let text = self.0.file.as_ref().map(std::fs::read_to_string);
        let text = text.and_then(Result::ok).unwrap_or_default();
        let told = Duration::from_millis(text.trim().parse().unwrap_or_default());
        told + self.state().passed
    }

    fn wall_clock(&self) -> SystemTime {
        self.0.start + self.now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.state();
        if !std::mem::take(&mut state.announced) {
            return Box::pin(tokio::time::sleep(time));
        }
        state.waits.push(time.as_secs_f64() * 1000.0);
        state.passed += time;
        if state.endless {
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}
