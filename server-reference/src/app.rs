//! What all requests share.

use std::sync::Arc;

use crate::auth::limits::Limiter;
use crate::clock::{Micros, SharedClock};
use crate::config::Config;
use crate::dev::faults::Faults;
use crate::http::running::Running;
use crate::ids::Ids;
use crate::links::cursor::CursorKey;
use crate::links::view::Addresses;
use crate::problem::Failure;
use crate::redirect::cache::Destinations;
use crate::redirect::clicks::ClickBuffer;
use crate::store::Store;
use crate::store::audit::Call;
use crate::validate::Contract;
use crate::webhooks::announce;
use crate::webhooks::queue::Hooks;

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
    /// Clicks that are not written yet.
    pub clicks: ClickBuffer,
    /// Webhooks: their secrets, and the queue of deliveries.
    pub hooks: Hooks,
    /// Calls that are not written yet.
    pub calls: std::sync::Mutex<Vec<Call>>,
    /// Held while what waits in memory is written.
    pub flushing: tokio::sync::Mutex<()>,
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

    /// Writes down what waits in memory: clicks and calls, in one transaction. What cannot be written stays.
    pub async fn flush(&self) -> Result<(), Failure> {
        let _flushing = self.flushing.lock().await;
        let calls = std::mem::take(&mut *self.calls.lock().expect("no panic while logging"));
        let clicks = self.clicks.take();
        if calls.is_empty() && clicks.is_empty() {
            return Ok(());
        }
        let done = async {
            let mut tx = self.store.write().await?;
            crate::store::audit::insert(&mut tx, self.store.dialect(), &calls).await?;
            let counted =
                crate::store::clicks::insert(&mut tx, self.store.dialect(), &clicks, self.now())
                    .await?;
            let announced = announce::clicks_counted(self, &mut tx, &counted).await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(announced)
        };
        match done.await {
            Ok(true) => self.hooks.wake(),
            Ok(false) => {}
            Err(error) => {
                self.calls
                    .lock()
                    .expect("no panic while logging")
                    .extend(calls);
                self.clicks.put_back(clicks);
                return Err(error.into());
            }
        }
        Ok(())
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
