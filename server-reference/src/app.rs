//! What all requests share.

use std::sync::Arc;

use crate::agent::Agents;
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
use crate::store::flushes::{self, FlushId};
use crate::traces::Traces;
use crate::validate::Contract;
use crate::visitor::Visitors;
use crate::webhooks::announce;
use crate::webhooks::queue::Hooks;

/// Clicks in one transaction: as many as most often wait at the highest rates, but never so many that other writers wait
/// for long.
const AT_ONCE: usize = 60_000;
/// From so many clicks on, a flush is large: more of them share what it writes, and the pages that it changes are not worth
/// keeping until the next one.
pub const MANY_CLICKS: usize = 2_000;
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
    /// User agents that were read lately.
    pub agents: Agents,
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
    /// Held while what waits in memory is written. What could not be written is in it.
    pub flushing: tokio::sync::Mutex<Option<Batch>>,
    /// What is counted.
    pub metrics: Metrics,
    /// Where spans begin, if somebody collects them.
    pub traces: Option<Traces>,
    /// Calls that are to fail, with `--dev`.
    pub faults: Faults,
}

/// What is written in one transaction.
pub struct Batch {
    id: FlushId,
    clicks: Vec<Click>,
    calls: Vec<Call>,
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

    /// Writes down what waits in memory: clicks and calls. What cannot be written stays; what comes meanwhile waits for the
    /// next time, since each transaction for a few clicks writes nearly as many pages as one for thousands.
    pub async fn flush(&self) -> Result<(), Failure> {
        let mut unwritten = self.flushing.lock().await;
        loop {
            let (batch, is_last) = match unwritten.take() {
                // What failed comes first, as it was: it may have been written after all.
                Some(batch) => (batch, false),
                None => match self.next_batch() {
                    Some(batch) => {
                        let is_last = batch.clicks.len() < AT_ONCE;
                        (batch, is_last)
                    }
                    None => return Ok(()),
                },
            };
            if let Err(error) = self.write_down(&batch).await {
                *unwritten = Some(batch);
                self.clicks.limit();
                self.limit_calls();
                return Err(error.into());
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Clicks and calls for one transaction; none where none wait.
    pub fn next_batch(&self) -> Option<Batch> {
        let calls = std::mem::take(&mut *self.calls.lock().expect("no panic while logging"));
        let clicks = self.clicks.take(AT_ONCE);
        (!calls.is_empty() || !clicks.is_empty()).then(|| Batch {
            id: crate::ids::unseeded(),
            clicks,
            calls,
        })
    }

    /// Writes calls and clicks in one transaction, once however often it is tried.
    pub async fn write_down(&self, batch: &Batch) -> sqlx::Result<()> {
        let dialect = self.store.dialect();
        let writing = Writing {
            dialect,
            ids: &self.ids,
            buffer: &self.clicks,
            now: self.now(),
        };
        let mut tx = self.store.write().await?;
        let mut announced = false;
        if flushes::begin(&mut tx, batch.id, writing.now).await? {
            crate::store::audit::insert(&mut tx, dialect, &batch.calls).await?;
            let counted = crate::store::clicks::insert(&mut tx, writing, &batch.clicks).await?;
            announced = announce::clicks_counted(self, &mut tx, &counted).await?;
        }
        tx.commit().await?;
        self.clicks.remember(&batch.clicks);
        if batch.clicks.len() > MANY_CLICKS
            && let Err(error) = self.store.release_pages().await
        {
            // What was committed is committed; the next checkpoint does it.
            tracing::debug!(%error, "memory cannot be given back");
        }
        if announced {
            self.hooks.wake();
        }
        Ok(())
    }

    /// Keeps the newest calls, where the database takes none for long.
    fn limit_calls(&self) {
        let mut calls = self.calls.lock().expect("no panic while logging");
        if calls.len() > MOST_CALLS {
            let lost = calls.len() - MOST_CALLS;
            tracing::error!(
                lost,
                "the database takes no access log and memory is full; the oldest calls are lost"
            );
            calls.drain(..lost);
        }
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
