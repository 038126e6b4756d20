//! Time and chance as a conformance case wants them: `tests/conformance/README.md` describes the clock's folder.
//!
//! Nothing here is used unless a driver asks for it. It lives in the core because the SDKs that stand on it need the
//! same clock, and could not hand one in: theirs is native too.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::client::ClientBuilder;
use crate::time::{BoxFuture, Timer, TokioTimer};

/// How often a held wait looks whether it is over.
const GLANCE: Duration = Duration::from_millis(2);

/// The member `script` of the message that a driver makes a client of. Its clones share the clock.
#[derive(Debug, Clone, Deserialize)]
pub struct Script {
    /// The clock's folder.
    clock: PathBuf,
    /// The time of day at the start, in milliseconds since 1970.
    wall: u64,
    /// Where in its range every random draw is, from 0 to 1; real randomness without it.
    random: Option<f64>,
    #[serde(skip)]
    slept: Arc<Mutex<Duration>>,
}

impl Script {
    /// A builder whose client goes by this.
    pub fn apply(&self, builder: ClientBuilder) -> ClientBuilder {
        let builder = builder.timer(self.clone());
        match self.random {
            // Beyond the range of the target, `as` gives its highest value: 1 is the highest draw that there is.
            Some(share) => builder.random(move || (share * 2f64.powi(64)) as u64),
            None => builder,
        }
    }

    /// Writes a wait down and lets it pass. `true` when it is to be held: the wait must not end before
    /// [`is_held`](Self::is_held) says so.
    pub fn record(&self, wait: Duration) -> bool {
        *self.slept.lock().unwrap_or_else(PoisonError::into_inner) += wait;
        let mut waits = OpenOptions::new();
        let waits = waits.append(true).create(true);
        let waits = waits.open(self.clock.join("waits"));
        let written = waits.and_then(|mut file| writeln!(file, "{}", wait.as_secs_f64() * 1000.0));
        // The case fails for want of the line; where the cause is of interest, here it is.
        if let Err(error) = written {
            eprintln!("{}: {error}", self.clock.display());
        }
        let held = self.is_held();
        if held {
            let _ = fs::write(self.clock.join("cancel"), "");
        }
        held
    }

    /// Whether waits are held.
    pub fn is_held(&self) -> bool {
        self.clock.join("hold").exists()
    }
}

impl Timer for Script {
    fn now(&self) -> Duration {
        let elapsed = fs::read_to_string(self.clock.join("elapsed")).unwrap_or_default();
        let elapsed = Duration::from_millis(elapsed.trim().parse().unwrap_or_default());
        elapsed + *self.slept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.wall) + self.now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let script = self.clone();
        Box::pin(async move {
            if script.record(time) {
                while script.is_held() {
                    TokioTimer::default().sleep(GLANCE).await;
                }
            }
        })
    }

    fn limit(&self, time: Duration) -> BoxFuture<'static, ()> {
        TokioTimer::default().sleep(time)
    }
}
