//! The one way of every API call: who calls, within what limits, with what input, and how it ended.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use super::explain::{explain, internal};
use super::headers;
use super::write::{self, Job};
use crate::api::{Handlers, Input, Raw, Read};
use crate::app::{App, SharedApp};
use crate::auth;
use crate::clock::Micros;
use crate::generated::api::{self, Operation};
use crate::ids::Kind;
use crate::links::password;
use crate::problem::{Code, Failure, Problem};
use crate::ratelimit::{RATE_LIMIT, RATE_LIMIT_POLICY, Standing};
use crate::store::audit::Call;
use crate::store::idempotency::Name;
use crate::store::keys::Caller;
use crate::validate::contract::OperationRules;
use crate::validate::{items, json, query};

const BODY_LIMIT: usize = 1 << 20;
const BATCH_LIMIT: usize = 10 << 20;

/// Where a call stands.
pub(super) struct Session {
    pub app: SharedApp,
    pub operation: Operation,
    pub parts: Parts,
    pub request_id: String,
    pub now: Micros,
    /// Who calls, as soon as that is known: the access log has calls that end in a panic, too.
    known: Arc<OnceLock<Caller>>,
    /// Whether a write is taken back, and only its answer given.
    pub rehearsal: bool,
}

/// How a call ended.
pub(super) struct Ending {
    raw: Raw,
    caller: Option<Caller>,
    standing: Option<Standing>,
    /// Whether the access log has it already, in the write's own transaction.
    logged: bool,
}

/// Carries out a call. It runs in a task of its own: a client that hangs up does not stop a write half-way between
/// its commit and what follows from it, and a panic ends as a problem.
pub async fn run(
    app: SharedApp,
    operation: Operation,
    path: Vec<String>,
    parts: Parts,
    body: Body,
) -> Response {
    let started = std::time::Instant::now();
    let (request_id, now) = (app.ids.next(Kind::Request), app.now());
    let (id, method, uri) = (
        request_id.clone(),
        parts.method.clone(),
        parts.uri.path().to_owned(),
    );
    let shared = app.clone();
    let known = Arc::new(OnceLock::new());
    let caller = known.clone();
    let traces = app.traces.as_ref();
    let span = traces.map(|traces| traces.call(operation, &parts.headers, &request_id));
    let task = tokio::spawn(async move {
        Session {
            app,
            operation,
            parts,
            request_id,
            now,
            known,
            rehearsal: false,
        }
        .run(path, body)
        .await
    });
    let ending = task.await.unwrap_or_else(|error| {
        tracing::error!(request_id = id, %error, "a handler panicked");
        Ending::panicked(caller.get().cloned(), &id)
    });
    let took = started.elapsed();
    shared.metrics.call(operation, ending.raw.status, took);
    tracing::info!(
        request_id = id,
        %method,
        path = uri,
        operation = operation.id(),
        status = ending.raw.status.as_u16(),
        key = ending.caller.as_ref().map(|caller| caller.key_id.as_str()),
        ms = took.as_millis() as u64,
        "call"
    );
    if let Some(mut span) = span {
        if let Some(caller) = &ending.caller {
            span.set("approute.key_id", caller.key_id.clone());
        }
        if let Some(code) = ending.raw.code {
            span.set("approute.code", code);
        }
        span.end(Some(ending.raw.status), ending.raw.status.is_server_error());
    }
    ending.finish(&shared, operation, uri, &id, now)
}

/// What a person who is signed in to the dashboard asks for.
pub struct Asked {
    /// The operation.
    pub operation: Operation,
    /// The values in its path.
    pub path: Vec<String>,
    /// Path, query and headers.
    pub parts: Parts,
    /// The body.
    pub body: Body,
    /// Whether a write is taken back, and only its answer given.
    pub rehearsal: bool,
}

/// Carries out an operation for a person: by the same rules, in the same transaction with the same log, but without an
/// API key, its plan and its rate limit.
pub async fn act(app: SharedApp, caller: Caller, asked: Asked) -> Result<Raw, Failure> {
    let session = Session {
        operation: asked.operation,
        parts: asked.parts,
        request_id: app.ids.next(Kind::Request),
        now: app.now(),
        rehearsal: asked.rehearsal,
        known: Arc::default(),
        app,
    };
    // In a task of its own, for the reasons that `run` has.
    let task = tokio::spawn(async move {
        session
            .carry_out(&caller, asked.path, asked.body, &mut false)
            .await
    });
    task.await
        .unwrap_or_else(|error| Err(Failure::Internal(format!("a handler panicked: {error}"))))
}

impl Session {
    async fn run(self, path: Vec<String>, body: Body) -> Ending {
        let (caller, standing) = match self.authenticate().await {
            Ok(found) => found,
            Err(failure) => {
                return Ending::problem(&explain(failure, &self.request_id), &self.request_id);
            }
        };
        let _ = self.known.set(caller.clone());
        let mut logged = false;
        let outcome = self
            .admitted(&caller, &standing, path, body, &mut logged)
            .await;
        let raw = outcome.unwrap_or_else(|failure| {
            Raw::problem(&explain(failure, &self.request_id), &self.request_id)
        });
        Ending {
            raw,
            caller: Some(caller),
            standing: Some(standing),
            logged,
        }
    }

    async fn authenticate(&self) -> Result<(Caller, Standing), Failure> {
        let mut connection = self.app.store.read().await?;
        let caller = auth::find(&mut connection, &self.parts.headers).await?;
        let limiter = &self.app.limiter;
        let standing = limiter
            .take(&mut connection, &caller.key_id, self.now)
            .await?;
        Ok((caller, standing))
    }

    async fn admitted(
        &self,
        caller: &Caller,
        standing: &Standing,
        path: Vec<String>,
        body: Body,
        logged: &mut bool,
    ) -> Result<Raw, Failure> {
        if !standing.allowed {
            let seconds = HeaderValue::from(standing.retry_after);
            let detail = format!(
                "This key has used up its requests. Wait for {} seconds.",
                standing.retry_after
            );
            return Err(Problem::new(Code::RateLimited, detail)
                .with_header(RETRY_AFTER, seconds)
                .into());
        }
        auth::check(caller, self.operation.writes(), self.now)?;
        self.carry_out(caller, path, body, logged).await
    }

    /// Carries out a call of somebody who may make it.
    async fn carry_out(
        &self,
        caller: &Caller,
        path: Vec<String>,
        body: Body,
        logged: &mut bool,
    ) -> Result<Raw, Failure> {
        let headers = &self.parts.headers;
        headers::check_version(headers)?;
        // No id has such letters, and PostgreSQL would refuse to look for them.
        if path
            .iter()
            .any(|value| !value.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(Problem::new(Code::NotFound, "There is nothing with this id.").into());
        }
        let rules = self.rules()?;
        headers::check_accept(headers, &rules.produces)?;
        let mut parameters = headers::read(headers, rules)?;
        let key = text(parameters.remove("Idempotency-Key"));
        let confirmation = text(parameters.remove("Approute-Confirmation"));
        parameters.extend(query::read(
            self.parts.uri.query().unwrap_or_default(),
            rules,
        )?);
        let input = Input {
            path,
            parameters,
            confirmation,
            ..Input::default()
        };
        if self.operation.writes() {
            return self.write(caller, rules, input, key, body, logged).await;
        }
        let mut connection = self.app.store.read().await?;
        let mut cx = Read {
            app: &self.app,
            caller,
            connection: &mut connection,
            now: self.now,
            headers: &self.parts.headers,
        };
        api::read(&Handlers, self.operation, &mut cx, &input).await
    }

    async fn write(
        &self,
        caller: &Caller,
        rules: &OperationRules,
        mut input: Input,
        key: Option<String>,
        body: Body,
        logged: &mut bool,
    ) -> Result<Raw, Failure> {
        let headers = &self.parts.headers;
        if rules.body.is_some() {
            headers::check_content_type(headers)?;
        }
        let limit = if self.operation == Operation::LinksBatch {
            BATCH_LIMIT
        } else {
            BODY_LIMIT
        };
        let bytes = super::body::read(headers, body, limit, self.app.config.body_timeout).await?;
        let fingerprint = write::fingerprint(&bytes, headers::if_match(headers));
        let invalid = if rules.body.is_some() {
            self.check(rules, &bytes, &mut input)?
        } else {
            None
        };
        if let (Some(problem), None) = (&invalid, &key) {
            return Err(problem.clone().into());
        }
        drop(bytes);
        if invalid.is_none() {
            input.passwords = password::hash_all(&input.body).await?;
        }
        let name = key.map(|key| Name {
            workspace_id: caller.workspace_id.clone(),
            method: self.operation.method(),
            path: self.parts.uri.path().to_owned(),
            key,
        });
        let job = Job {
            session: self,
            caller,
            input,
            invalid,
            name,
            fingerprint,
        };
        if self.rehearsal {
            return job.rehearse().await;
        }
        let raw = job.run().await?;
        *logged = true;
        Ok(raw)
    }

    /// Reads the body into `input`. A body that is no JSON ends the call; one that breaks the schema is an answer.
    fn check(
        &self,
        rules: &OperationRules,
        bytes: &[u8],
        input: &mut Input,
    ) -> Result<Option<Problem>, Failure> {
        input.body =
            json::parse(bytes).map_err(|reason| Problem::new(Code::MalformedRequest, reason))?;
        let errors = rules.check_body(&input.body);
        if self.operation == Operation::LinksBatch {
            return Ok(
                match items::split(&mut input.body, errors, |body| rules.check_body(body)) {
                    Ok(rejected) => {
                        input.rejected = rejected;
                        None
                    }
                    Err(errors) => Some(Problem::validation(errors)),
                },
            );
        }
        Ok(if errors.is_empty() {
            None
        } else {
            Some(Problem::validation(errors))
        })
    }

    fn rules(&self) -> Result<&OperationRules, Failure> {
        let id = self.operation.id();
        self.app
            .contract
            .operation(id)
            .ok_or_else(|| Failure::Internal(format!("the spec does not have {id}")))
    }

    /// The call as the access log has it.
    pub fn call(&self, caller: &Caller, raw: &Raw) -> Call {
        log_entry(
            caller,
            self.operation,
            self.parts.uri.path().to_owned(),
            &self.request_id,
            raw,
            self.now,
        )
    }
}

fn log_entry(
    caller: &Caller,
    operation: Operation,
    path: String,
    request_id: &str,
    raw: &Raw,
    now: Micros,
) -> Call {
    Call {
        workspace_id: caller.workspace_id.clone(),
        key_id: caller.key_id.clone(),
        request_id: request_id.to_owned(),
        operation: operation.id(),
        path: path.chars().take(256).collect(),
        status: raw.status.as_u16(),
        code: raw.code,
        occurred_at: now,
    }
}

impl Ending {
    fn problem(problem: &Problem, request_id: &str) -> Self {
        Self {
            raw: Raw::problem(problem, request_id),
            caller: None,
            standing: None,
            logged: false,
        }
    }

    fn panicked(caller: Option<Caller>, request_id: &str) -> Self {
        Self {
            caller,
            ..Self::problem(&internal(), request_id)
        }
    }

    fn finish(
        self,
        app: &App,
        operation: Operation,
        path: String,
        request_id: &str,
        now: Micros,
    ) -> Response {
        if let (Some(caller), false) = (&self.caller, self.logged) {
            app.log_later(log_entry(
                caller, operation, path, request_id, &self.raw, now,
            ));
        }
        // Revoked keys are callers for the log, but their answers are those of a stranger.
        let standing = self
            .standing
            .filter(|_| self.raw.status != StatusCode::UNAUTHORIZED);
        let mut response = super::send(self.raw, request_id);
        let headers = response.headers_mut();
        headers.insert(headers::VERSION.clone(), headers::version());
        if let Some(standing) = standing {
            headers.insert(RATE_LIMIT, standing.header());
            headers.insert(RATE_LIMIT_POLICY, app.limiter.policy().header());
        }
        response
    }
}

fn text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::config::Config;
    use crate::server::Server;
    use crate::store::Target;
    use crate::store::keys::Scope;
    use crate::store::workspaces::{DeleteConfirmation, Plan};

    #[tokio::test]
    async fn a_call_that_ends_in_a_panic_is_in_the_access_log() {
        let clock = Arc::new(ManualClock::new(0));
        let mut config = Config::new(Target::Memory);
        config.flush_every = std::time::Duration::from_secs(3_600);
        let server = Server::start(config, clock).await.expect("a server");
        let caller = Caller {
            key_id: "key_1".to_owned(),
            workspace_id: "wsp_1".to_owned(),
            scope: Scope::Read,
            plan: Plan::Team,
            delete_threshold: 25,
            delete_confirmation: DeleteConfirmation::Token,
            ended_at: None,
        };
        let ending = Ending::panicked(Some(caller), "req_1");
        let path = "/v1/links".to_owned();
        let answer = ending.finish(&server.app, Operation::LinksList, path, "req_1", 7);
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let calls = std::mem::take(&mut *server.app.calls.lock().expect("no panic"));
        let [call] = &calls[..] else {
            panic!("{calls:?}");
        };
        assert_eq!((&*call.key_id, call.status), ("key_1", 500));
        assert_eq!(call.code, Some(Code::InternalError.as_str()));
        server.stop().await.expect("a clean end");
    }
}
