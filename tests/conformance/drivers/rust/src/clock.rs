//! Time that never passes by itself.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use approute::time::{BoxFuture, Timer};
use tokio::sync::Notify;

/// The case's clock: its start, the waits so far, and the milliseconds that the server let pass (a file).
#[derive(Clone)]
pub struct Clock(Arc<State>);

struct State {
    start: SystemTime,
    file: PathBuf,
    slept: Mutex<Duration>,
    waits: Mutex<Vec<f64>>,
    /// The client has said that a wait between two tries follows.
    announced: AtomicBool,
    cancel_in_sleep: AtomicBool,
    cancel: Notify,
}

impl Clock {
    pub fn new(start: SystemTime, file: PathBuf) -> Self {
        Self(Arc::new(State {
            start,
            file,
            slept: Mutex::default(),
            waits: Mutex::default(),
            announced: AtomicBool::new(false),
            cancel_in_sleep: AtomicBool::new(false),
            cancel: Notify::new(),
        }))
    }

    /// The timer measures waits and the timeouts of tries alike. The retry hook comes right before a wait, and so tells
    /// them apart: waits are virtual, a stalled socket's timeout is real.
    pub fn announce(&self) {
        self.0.announced.store(true, Ordering::SeqCst);
    }

    /// The waits in milliseconds since the last call of this.
    pub fn take_waits(&self) -> Vec<f64> {
        self.0
            .waits
            .lock()
            .map(|mut waits| std::mem::take(&mut *waits))
            .unwrap_or_default()
    }

    pub fn cancel_in_sleep(&self, on: bool) {
        self.0.cancel_in_sleep.store(on, Ordering::SeqCst);
    }

    /// Completes when a wait has begun that is to be cancelled.
    pub async fn cancelled(&self) {
        self.0.cancel.notified().await;
    }
}

impl Timer for Clock {
    fn now(&self) -> Duration {
        let text = std::fs::read_to_string(&self.0.file).unwrap_or_default();
        let elapsed = Duration::from_millis(text.trim().parse().unwrap_or_default());
        elapsed + self.0.slept.lock().map(|slept| *slept).unwrap_or_default()
    }

    fn wall_clock(&self) -> SystemTime {
        self.0.start + self.now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        if !self.0.announced.swap(false, Ordering::SeqCst) {
            return Box::pin(tokio::time::sleep(time));
        }
        if let (Ok(mut slept), Ok(mut waits)) = (self.0.slept.lock(), self.0.waits.lock()) {
            *slept += time;
            waits.push(time.as_secs_f64() * 1000.0);
        }
        if self.0.cancel_in_sleep.load(Ordering::SeqCst) {
            self.0.cancel.notify_one();
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}

/// Completes when the scripted server has made this file.
pub async fn appears(file: &Path) {
    while !file.exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
