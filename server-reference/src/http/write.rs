//! A write: idempotency key, effect, answer and access log in one transaction.

use bytes::Bytes;
use http::HeaderValue;
use http::header::RETRY_AFTER;
use sha2::{Digest, Sha256};

use super::headers::REPLAYED;
use super::pipeline::Session;
use super::replay;
use crate::api::{Change, Handlers, Input, Raw, Reveal, Write};
use crate::clock::DAY;
use crate::generated::api;
use crate::problem::{Code, Failure, Problem};
use crate::store::idempotency::{self, Name, Stored};
use crate::store::keys::Caller;
use crate::store::{self, Tx, audit};

/// How often a transaction is repeated when others were faster.
const TRIES: usize = 8;

/// A write that is ready to be carried out.
pub(super) struct Job<'a> {
    pub session: &'a Session,
    pub caller: &'a Caller,
    pub input: Input,
    /// The answer, where the body breaks the schema.
    pub invalid: Option<Problem>,
    /// Its idempotency key, where it has one.
    pub name: Option<Name>,
    pub fingerprint: Vec<u8>,
}

/// How a transaction begins.
enum Begun {
    /// This was the answer before.
    Answered(Raw),
    /// It is carried out in this one.
    Open(Tx),
}

/// What tells one request from another under the same key.
pub(super) fn fingerprint(body: &Bytes, if_match: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update((body.len() as u64).to_be_bytes());
    hash.update(body);
    hash.update(if_match);
    hash.finalize().to_vec()
}

impl Job<'_> {
    /// Carries it out, or gives the answer that was given before.
    pub async fn run(self) -> Result<Raw, Failure> {
        let running = &self.session.app.running;
        let _claim = match &self.name {
            Some(name) => Some(running.claim(name).ok_or_else(in_flight)?),
            None => None,
        };
        for attempt in 1..TRIES {
            match self.attempt(attempt > 1).await {
                Err(Failure::Conflict) => {}
                Err(Failure::Store(error)) if store::is_conflict(&error) => {
                    tracing::debug!(%error, "another transaction was faster; trying again");
                }
                outcome => return outcome,
            }
        }
        self.attempt(true).await
    }

    async fn attempt(&self, careful: bool) -> Result<Raw, Failure> {
        let app = &self.session.app;
        let mut tx = match self.begin().await? {
            Begun::Answered(raw) => return Ok(raw),
            Begun::Open(tx) => tx,
        };
        let mut cx = self.context(&mut tx, careful);
        let outcome = self.effect(&mut cx).await;
        let (changes, pending, reveal) = (cx.changes, cx.confirmation, cx.reveal);
        match outcome {
            Ok(mut raw) => {
                self.finish(tx, &raw, true, reveal.as_ref()).await?;
                app.destinations.forget(&changes);
                if changes.contains(&Change::Deliveries) {
                    app.hooks.wake();
                }
                if let Some(reveal) = reveal {
                    replay::show(&mut raw, &reveal.secret)?;
                }
                Ok(raw)
            }
            Err(Failure::Problem(problem)) => {
                // Nothing stays of what it has done, and the refusal is written down by itself. A savepoint would do both
                // in one transaction, but SQLite keeps a copy of every page that changes after one: 14 MB for a batch of
                // a thousand links, and a seventh of its time.
                tx.rollback().await?;
                let mut tx = match self.begin().await? {
                    Begun::Answered(raw) => return Ok(raw),
                    Begun::Open(tx) => tx,
                };
                if let Some(pending) = pending {
                    let operation = self.session.operation.id();
                    let (key_id, now) = (&self.caller.key_id, self.session.now);
                    store::confirmations::insert(&mut tx, key_id, operation, &pending, now).await?;
                }
                let raw = Raw::problem(&problem, &self.session.request_id);
                self.finish(tx, &raw, is_kept(problem.code), None).await?;
                Ok(raw)
            }
            Err(other) => Err(other),
        }
    }

    /// Begins a transaction, or gives the answer that was given before.
    async fn begin(&self) -> Result<Begun, Failure> {
        let app = &self.session.app;
        let mut tx = app.store.write().await?;
        let Some(raw) = self.replay(&mut tx).await? else {
            return Ok(Begun::Open(tx));
        };
        let call = self.session.call(self.caller, &raw);
        audit::insert(&mut tx, app.store.dialect(), &[call]).await?;
        tx.commit().await?;
        Ok(Begun::Answered(raw))
    }

    /// Writes the answer down, under its key where it is `kept`, and commits.
    async fn finish(
        &self,
        mut tx: Tx,
        raw: &Raw,
        kept: bool,
        reveal: Option<&Reveal>,
    ) -> Result<(), Failure> {
        if let (Some(name), true) = (&self.name, kept) {
            let stored = Stored {
                fingerprint: self.fingerprint.clone(),
                key_id: self.caller.key_id.clone(),
                status: raw.status.as_u16().into(),
                headers: raw.stored_headers(),
                body: raw.body.to_vec(),
                secret_of: reveal.map(|reveal| (reveal.webhook_id.clone(), reveal.version)),
                expires_at: self.session.now + DAY,
            };
            idempotency::insert(&mut tx, name, stored, self.session.now).await?;
        }
        let call = self.session.call(self.caller, raw);
        audit::insert(&mut tx, self.session.app.store.dialect(), &[call]).await?;
        Ok(tx.commit().await?)
    }

    /// Carries it out and takes it back; gives the answer that it would have had.
    pub async fn rehearse(self) -> Result<Raw, Failure> {
        let mut tx = self.session.app.store.write().await?;
        let mut cx = self.context(&mut tx, true);
        let outcome = self.effect(&mut cx).await;
        tx.rollback().await?;
        match outcome {
            Err(Failure::Problem(problem)) => Ok(Raw::problem(&problem, &self.session.request_id)),
            outcome => outcome,
        }
    }

    fn context<'t>(&'t self, tx: &'t mut Tx, careful: bool) -> Write<'t> {
        Write {
            app: &self.session.app,
            caller: self.caller,
            tx,
            now: self.session.now,
            request_id: &self.session.request_id,
            operation: self.session.operation.id(),
            input: &self.input,
            careful,
            changes: Vec::new(),
            confirmation: None,
            reveal: None,
        }
    }

    async fn effect(&self, cx: &mut Write<'_>) -> Result<Raw, Failure> {
        match &self.invalid {
            Some(problem) => Err(problem.clone().into()),
            None => api::write(&Handlers, self.session.operation, cx, &self.input).await,
        }
    }

    /// The answer that was given to this key before, if any.
    async fn replay(&self, tx: &mut Tx) -> Result<Option<Raw>, Failure> {
        let Some(name) = &self.name else {
            return Ok(None);
        };
        if !self
            .session
            .app
            .store
            .dialect()
            .try_claim(tx, claim_number(name))
            .await?
        {
            return Err(in_flight().into());
        }
        let Some(stored) = idempotency::find(tx, name, self.session.now).await? else {
            return Ok(None);
        };
        if stored.fingerprint != self.fingerprint {
            return Err(Problem::new(
                Code::IdempotencyKeyReused,
                "This Idempotency-Key was used for another request. Make a new key for each new request.",
            )
            .into());
        }
        let mut raw = Raw::from_stored(stored.status, &stored.headers, stored.body)?;
        if let Some((webhook_id, version)) = &stored.secret_of {
            // Another key of the workspace gets the answer as it is stored.
            if stored.key_id == self.caller.key_id {
                let (app, workspace_id) = (&self.session.app, &self.caller.workspace_id);
                let secret = replay::secret(app, tx, workspace_id, webhook_id, *version).await?;
                replay::show(&mut raw, &secret)?;
            }
        }
        raw.headers
            .push((REPLAYED.clone(), HeaderValue::from_static("true")));
        Ok(Some(raw))
    }
}

/// Whether the answer to a key is kept: what a handler decided is, what would be decided anew is not.
fn is_kept(code: Code) -> bool {
    matches!(code.status().as_u16(), 404 | 409 | 412 | 422)
        && !matches!(
            code,
            Code::IdempotencyInFlight | Code::ConfirmationRequired | Code::IdempotencyKeyReused
        )
}

fn in_flight() -> Problem {
    Problem::new(
        Code::IdempotencyInFlight,
        "The first request with this Idempotency-Key is still running. Ask again in a second.",
    )
    .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

/// The key as a number, for the lock that all nodes share.
fn claim_number(name: &Name) -> i64 {
    let mut hash = Sha256::new();
    for part in [&name.workspace_id, name.method, &name.path, &name.key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    i64::from_be_bytes(
        digest[..8]
            .try_into()
            .expect("a digest has more than eight bytes"),
    )
}
