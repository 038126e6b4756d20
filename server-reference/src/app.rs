//! What all requests share.

use std::sync::Arc;

use crate::auth::limits::Limiter;
use crate::clock::{Micros, SharedClock};
use crate::config::Config;
use crate::dev::faults::Faults;
use crate::geoip::Database;
use crate::http::running::Running;
use crate::ids::Ids;
use crate::links::cursor::CursorKey;
use crate::links::view::Addresses;
use crate::metrics::Metrics;
use crate::password_page::token::Tokens;
use crate::problem::Failure;
use crate::redirect::cache::Destinations;
use crate::redirect::clicks::{Click, ClickBuffer};
use crate::store::Store;
use crate::store::audit::Call;
use crate::store::clicks::Writing;
use crate::validate::Contract;
use crate::visitor::Visitors;
use crate::webhooks::announce;
use crate::webhooks::queue::Hooks;

/// Clicks in one transaction.
const AT_ONCE: usize = 5_000;
/// More calls than this do not wait in memory while the database takes none.
const MOST_CALLS: usize = 200_000;

/// The server's parts.
pub struct App {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Ids and randomness.
    pub ids: Ids,
    /// The settings.
    pub config: Config,
    /// The spec.
    pub contract: &'static Contract,
    /// Requests per key.
    pub limiter: Limiter,
    /// Idempotency keys whose request is being carried out.
    pub running: Running,
    /// Signs cursors.
    pub cursors: CursorKey,
    /// How short URLs are written.
    pub addresses: Addresses,
    /// Links in use, for redirects.
    pub destinations: Destinations,
    /// Tells visitors apart.
    pub visitors: Visitors,
    /// Where visitors are, if there is a database for it.
    pub geoip: Option<Database>,
    /// Signs the forms that ask for passwords.
    pub forms: Tokens,
    /// Clicks that are not written yet.
    pub clicks: ClickBuffer,
    /// Webhooks: their secrets, and the queue of deliveries.
    pub hooks: Hooks,
    /// Calls that are not written yet.
    pub calls: std::sync::Mutex<Vec<Call>>,
    /// Held while what waits in memory is written.
    pub flushing: tokio::sync::Mutex<()>,
    /// What is counted.
    pub metrics: Metrics,
    /// Calls that are to fail, with `--dev`.
    pub faults: Faults,
}

/// The server's parts, shared.
pub type SharedApp = Arc<App>;

impl App {
    /// The time.
    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Remembers a call of the access log; it is written with the next flush.
    pub fn log_later(&self, call: Call) {
        self.calls
            .lock()
            .expect("no panic while logging")
            .push(call);
    }

    /// Writes down what waits in memory: clicks and calls. What cannot be written stays.
    pub async fn flush(&self) -> Result<(), Failure> {
        let _flushing = self.flushing.lock().await;
        let mut calls = std::mem::take(&mut *self.calls.lock().expect("no panic while logging"));
        let mut clicks = self.clicks.take();
        // Many at once, but never so many that other writers wait for long.
        while !calls.is_empty() || !clicks.is_empty() {
            let now: Vec<Click> = clicks.drain(..clicks.len().min(AT_ONCE)).collect();
            if let Err(error) = self.write_down(&calls, &now).await {
                self.put_back(calls);
                self.clicks
                    .put_back(now.into_iter().chain(clicks).collect());
                return Err(error.into());
            }
            calls.clear();
        }
        Ok(())
    }

    /// Writes calls and clicks in one transaction.
    async fn write_down(&self, calls: &[Call], clicks: &[Click]) -> sqlx::Result<()> {
        let dialect = self.store.dialect();
        let writing = Writing {
            dialect,
            ids: &self.ids,
            buffer: &self.clicks,
            now: self.now(),
        };
        let mut tx = self.store.write().await?;
        crate::store::audit::insert(&mut tx, dialect, calls).await?;
        let counted = crate::store::clicks::insert(&mut tx, writing, clicks).await?;
        let announced = announce::clicks_counted(self, &mut tx, &counted).await?;
        tx.commit().await?;
        self.clicks.remember(clicks);
        if announced {
            self.hooks.wake();
        }
        Ok(())
    }

    /// Keeps calls that could not be written, in front of those that came since.
    fn put_back(&self, mut calls: Vec<Call>) {
        let mut waiting = self.calls.lock().expect("no panic while logging");
        calls.append(&mut waiting);
        if calls.len() > MOST_CALLS {
            let lost = calls.len() - MOST_CALLS;
            tracing::error!(
                lost,
                "the database takes no access log and memory is full; the oldest calls are lost"
            );
            calls.drain(..lost);
        }
        *waiting = calls;
    }

    /// Removes what is past its time.
    pub async fn sweep(&self) -> Result<(), Failure> {
        let now = self.now();
        self.limiter.sweep(now);
        loop {
            let mut tx = self.store.write().await?;
            let more = crate::store::sweep::step(&mut tx, now).await?;
            tx.commit().await?;
            if !more {
                return Ok(());
            }
        }
    }
}
