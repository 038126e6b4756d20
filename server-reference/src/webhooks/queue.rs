//! The queue at work: one task per node takes what is due, has it sent, and writes down what came of it.
//!
//! It sleeps until somebody wakes it, an attempt ends, or the next delivery is due; only where other nodes may have put
//! something into the queue does it look by itself, once a second. The results of attempts and the taking of new
//! deliveries share one transaction, so that a queue under load costs few commits.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::AnyConnection;
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};

use super::deliver::{Done, Job, attempt};
use super::record::mode;
use crate::app::{App, SharedApp};
use crate::clock::Micros;
use crate::config::Config;
use crate::ids::unseeded;
use crate::problem::Failure;
use crate::store::{deliveries, events, webhooks};
use crate::webhook::outcome::Outcome;
use crate::webhook::schedule::next_attempt;
use crate::webhook::send::{Sender, Settings};
use crate::webhook::vault::Vault;

/// Attempts at one endpoint at a time, at most: a slow one holds up its own deliveries only.
pub const PER_ENDPOINT: usize = 8;
/// Attempts of one node at a time.
pub const IN_ALL: usize = 256;
/// How soon another node's deliveries are seen.
const POLL: Duration = Duration::from_secs(1);
/// How long the queue waits where the database takes no writes.
const PAUSE: Duration = Duration::from_millis(500);

/// What webhooks need of the server.
pub struct Hooks {
    /// Seals and opens their secrets.
    pub vault: Vault,
    /// Sends deliveries.
    pub sender: Sender,
    wake: Notify,
    working: AtomicBool,
}

impl Hooks {
    /// With this vault. Fails where the operating system's trust store cannot be read.
    pub fn new(vault: Vault, config: &Config) -> Result<Self, String> {
        let settings = Settings {
            timeout: config.webhook_timeout,
            ..Settings::new(mode(config.dev))
        };
        let sender = Sender::new(settings)
            .map_err(|error| format!("cannot read the system's certificates: {error}"))?;
        Ok(Self {
            vault,
            sender,
            wake: Notify::new(),
            working: AtomicBool::new(false),
        })
    }

    /// Whether this node is making attempts, or taking deliveries in order to make some.
    pub fn is_working(&self) -> bool {
        self.working.load(Ordering::SeqCst)
    }

    /// Says that something was put into the queue; to be called after the commit.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

struct Worker {
    app: SharedApp,
    /// Attempts that are being made, with their webhooks.
    running: HashMap<Id, String>,
    tasks: JoinSet<Done>,
    /// Attempts whose results are not written yet.
    done: Vec<Done>,
}

/// Works on the queue until the server stops; then waits for what is being sent, as long as the server's grace allows.
/// What is given up falls due again when its lease is over.
pub async fn run(app: SharedApp, mut stop: watch::Receiver<bool>) {
    let other_nodes = app.store.dialect().is_shared();
    if !other_nodes {
        release(&app).await;
    }
    let mut worker = Worker {
        app: app.clone(),
        running: HashMap::new(),
        tasks: JoinSet::new(),
        done: Vec::new(),
    };
    while !*stop.borrow() {
        // Before anything is taken: who sees that nothing is due any more must see this too.
        app.hooks.working.store(true, Ordering::SeqCst);
        let next = match worker.step(true).await {
            Ok(Step::Worked) => continue,
            Ok(Step::Idle(next)) => {
                let working = !worker.tasks.is_empty();
                app.hooks.working.store(working, Ordering::SeqCst);
                next
            }
            Err(failure) => {
                tracing::warn!(
                    ?failure,
                    "the queue of deliveries cannot be worked on; trying again"
                );
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        tokio::select! {
            () = app.hooks.wake.notified() => {}
            () = app.clock.sleep_until(next.unwrap_or(Micros::MAX)), if next.is_some() => {}
            () = tokio::time::sleep(POLL), if other_nodes => {}
            Some(ended) = worker.tasks.join_next_with_id() => worker.ended(ended),
            _ = stop.changed() => {}
        }
    }
    if tokio::time::timeout(app.config.grace, worker.finish())
        .await
        .is_err()
    {
        tracing::warn!(
            attempts = worker.tasks.len(),
            "stopping although deliveries are being sent; they are sent again"
        );
    }
}

/// On a database of one's own, whatever is taken was taken by a process that is no more.
async fn release(app: &App) {
    let released = async {
        let mut tx = app.store.write().await?;
        let released = deliveries::release_all(&mut tx, app.now()).await?;
        tx.commit().await?;
        Ok::<_, sqlx::Error>(released)
    };
    match released.await {
        Ok(0) => {}
        Ok(released) => tracing::info!(released, "deliveries that were being sent are sent again"),
        Err(error) => {
            tracing::warn!(%error, "deliveries that were being sent wait for the end of their lease")
        }
    }
}

enum Step {
    /// Something was done, and there may be more to do.
    Worked,
    /// There is nothing to do until then, or until something happens.
    Idle(Option<Micros>),
}

impl Worker {
    fn ended(&mut self, ended: Result<(Id, Done), JoinError>) {
        match ended {
            Ok((id, done)) => {
                self.running.remove(&id);
                self.done.push(done);
            }
            Err(error) => {
                self.running.remove(&error.id());
                tracing::error!(%error, "an attempt panicked; its lease will run out");
            }
        }
    }

    /// Waits for what is being sent, and writes down what came of it.
    async fn finish(&mut self) {
        loop {
            match self.step(false).await {
                Ok(Step::Worked) => {}
                Ok(Step::Idle(_)) => match self.tasks.join_next_with_id().await {
                    Some(ended) => self.ended(ended),
                    None => return,
                },
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Writes down results, and takes what is due as far as there are free places.
    async fn step(&mut self, take: bool) -> Result<Step, Failure> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.ended(ended);
        }
        let now = self.app.now();
        let (wanted, next) = if take {
            self.plan(now).await?
        } else {
            (Vec::new(), None)
        };
        if wanted.is_empty() && self.done.is_empty() {
            return Ok(Step::Idle(next));
        }
        // Always in the same order, so that two nodes cannot wait for each other.
        self.done
            .sort_by(|a, b| a.leased.webhook_id.cmp(&b.leased.webhook_id));
        let mut tx = self.app.store.write().await?;
        for done in &self.done {
            write_down(&mut tx, done).await?;
            self.app.metrics.attempt(done.outcome);
        }
        let mut jobs = Vec::new();
        for (webhook_id, places) in wanted {
            jobs.extend(self.take(&mut tx, &webhook_id, places, now).await?);
        }
        tx.commit().await?;
        let worked = !jobs.is_empty() || !self.done.is_empty();
        self.done.clear();
        for job in jobs {
            let (app, webhook_id) = (self.app.clone(), job.leased.webhook_id.clone());
            let task = self.tasks.spawn(async move { attempt(&app, job).await });
            self.running.insert(task.id(), webhook_id);
        }
        Ok(if worked {
            Step::Worked
        } else {
            Step::Idle(next)
        })
    }

    /// Which webhooks have something due and how many places each gets, and when the next one has.
    async fn plan(&self, now: Micros) -> Result<(Vec<(String, usize)>, Option<Micros>), Failure> {
        let mut waiting = {
            let mut connection = self.app.store.read().await?;
            deliveries::overview(&mut connection).await?
        };
        waiting.sort_by_key(|(_, due_at)| *due_at);
        let mut busy: HashMap<&str, usize> = HashMap::new();
        for webhook_id in self.running.values() {
            *busy.entry(webhook_id).or_default() += 1;
        }
        let mut places = IN_ALL.saturating_sub(self.running.len());
        let mut wanted = Vec::new();
        let mut next = None;
        for (webhook_id, due_at) in waiting {
            if due_at > now {
                next = next.or(Some(due_at));
                continue;
            }
            let busy = busy.get(webhook_id.as_str()).copied().unwrap_or_default();
            let free = share(places).saturating_sub(busy).min(places);
            if free > 0 {
                places -= free;
                wanted.push((webhook_id, free));
            }
        }
        wanted.sort();
        Ok((wanted, next))
    }

    async fn take(
        &self,
        tx: &mut AnyConnection,
        webhook_id: &str,
        places: usize,
        now: Micros,
    ) -> Result<Vec<Job>, Failure> {
        let Some(record) = webhooks::find(tx, webhook_id)
            .await?
            .filter(|record| record.active)
        else {
            // It was deleted or disabled while something was on its way into the queue.
            deliveries::drop_waiting(tx, webhook_id).await?;
            return Ok(Vec::new());
        };
        let record = Arc::new(record);
        let leased =
            deliveries::lease(tx, self.app.store.dialect(), webhook_id, now, places as i64).await?;
        let ids: Vec<String> = leased
            .iter()
            .map(|delivery| delivery.event_id.clone())
            .collect();
        let events = events::get(tx, self.app.store.dialect(), &ids).await?;
        let mut events: HashMap<String, events::Stored> = events
            .into_iter()
            .map(|event| (event.id.clone(), event))
            .collect();
        let mut jobs = Vec::with_capacity(leased.len());
        for leased in leased {
            match events.remove(&leased.event_id) {
                Some(event) => jobs.push(Job {
                    leased,
                    event,
                    record: record.clone(),
                }),
                None => {
                    deliveries::finish(tx, &leased, None).await?;
                }
            }
        }
        Ok(jobs)
    }
}

/// How many places an endpoint may have where so many are left: the fewer there are, the fewer for each, and the last
/// ones only for endpoints that have none, so that it takes many slow endpoints to hold up the others.
fn share(left: usize) -> usize {
    (left / 16).clamp(1, PER_ENDPOINT)
}

/// Writes down what came of an attempt: on the webhook, in the queue and in the log.
async fn write_down(tx: &mut AnyConnection, done: &Done) -> Result<(), Failure> {
    let webhook_id = &done.leased.webhook_id;
    let Some(health) =
        webhooks::note_attempt(tx, webhook_id, done.entry.sent_at, done.entry.status).await?
    else {
        deliveries::finish(tx, &done.leased, None).await?;
        return Ok(());
    };
    let (health, disabled) = health.after(done.outcome, done.ended_at);
    let next_at = match (done.outcome, disabled) {
        (Outcome::Failed, None) => {
            let attempts = u32::try_from(done.leased.attempt).unwrap_or(u32::MAX);
            let random = u64::from_ne_bytes(unseeded());
            next_attempt(
                done.leased.first_at,
                attempts,
                done.ended_at,
                done.retry_after,
                random,
            )
        }
        _ => None,
    };
    let ours = deliveries::finish(tx, &done.leased, next_at).await?;
    let entry = deliveries::Entry {
        next_at: next_at.filter(|_| ours),
        ..done.entry.clone()
    };
    deliveries::log(tx, entry).await?;
    webhooks::set_health(tx, webhook_id, health, disabled).await?;
    if let Some(reason) = disabled {
        tracing::warn!(
            webhook_id,
            reason = reason.as_str(),
            "a webhook is disabled"
        );
    } else if done.outcome == Outcome::Failed && next_at.is_none() {
        tracing::warn!(
            webhook_id,
            event_id = done.leased.event_id,
            "a delivery is given up after its last attempt"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_slow_endpoints_leave_places_for_others() {
        let (mut left, mut endpoints) = (IN_ALL, 0);
        // Each takes what it can get and never gives it back.
        while left > 32 {
            left -= share(left).min(left);
            endpoints += 1;
        }
        assert!(endpoints > 32, "{endpoints}");
        assert_eq!((share(IN_ALL), share(31), share(1)), (PER_ENDPOINT, 1, 1));
    }
}
