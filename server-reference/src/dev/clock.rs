//! `/_test/clock`: moves the time, from one due delivery to the next, so that a day of retries is over at once.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::time;
use crate::app::App;
use crate::clock::{DAY, Micros, SECOND};
use crate::problem::{Code, Failure, Problem};
use crate::store::deliveries;

/// How long deliveries may take in all, in real time, before the answer comes anyway.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(1);
const LONGEST: f64 = 10.0 * 366.0 * (DAY / SECOND) as f64;

/// What `POST` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    /// How far to go; 0 only waits for what is due.
    advance_seconds: f64,
}

/// What is answered.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// The server's time.
    now: String,
    /// Whether every delivery that was due has been tried.
    settled: bool,
}

impl Shown {
    /// The clock now.
    pub fn new(app: &App, settled: bool) -> Self {
        Self {
            now: time(app.now()),
            settled,
        }
    }
}

/// Moves the clock forward. Clicks are written first, deliveries are made when they are due, and what is past its time
/// is removed.
pub async fn advance(app: &App, by: Advance) -> Result<Shown, Failure> {
    if !(0.0..=LONGEST).contains(&by.advance_seconds) {
        let detail = "advance_seconds must be between 0 and ten years. Time does not go back; /_test/reset does.";
        return Err(Problem::new(Code::ValidationFailed, detail).into());
    }
    let control = app
        .clock
        .control()
        .ok_or_else(|| Failure::Internal("this clock cannot be moved".to_owned()))?;
    app.flush().await?;
    let target = app.now() + (by.advance_seconds * SECOND as f64) as Micros;
    let deadline = Instant::now() + PATIENCE;
    let settled = loop {
        if !settle(app, deadline).await? {
            break false;
        }
        let next = {
            let mut connection = app.store.read().await?;
            deliveries::next_due(&mut connection).await?
        };
        match next {
            Some(at) if at <= target => control.advance((at - app.now()).max(0)),
            _ => break true,
        }
    };
    control.advance((target - app.now()).max(0));
    app.sweep().await?;
    Ok(Shown::new(app, settled))
}

/// Waits until nothing is due and this node sends nothing; false where that takes too long.
async fn settle(app: &App, deadline: Instant) -> Result<bool, Failure> {
    app.hooks.wake();
    loop {
        let due = {
            let mut connection = app.store.read().await?;
            deliveries::due(&mut connection, app.now()).await?
        };
        if due == 0 && !app.hooks.is_working() {
            return Ok(true);
        }
        if Instant::now() > deadline {
            return Ok(false);
        }
        tokio::time::sleep(POLL).await;
    }
}
