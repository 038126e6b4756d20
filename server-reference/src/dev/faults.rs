//! `/_test/faults`: the next calls of an operation fail.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::Raw;
use crate::app::App;
use crate::generated::api::Operation;
use crate::http::cut::Breaker;
use crate::ids::Kind;
use crate::problem::{Code, Problem};

const MOST_FAULTS: usize = 100;
const LONGEST_DELAY: u64 = 600_000;

/// What happens to a call, and how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The operation, such as `links.create`; any where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// How many calls; those that are left, in answers.
    #[serde(default = "once")]
    times: u32,
    /// Whether the call is carried out before it fails. Left out: no with `status` or `reset`, yes otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    applied: Option<bool>,
    /// The answer is held back for so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// The answer has this status, with a problem as its body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// The answer has these headers too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    /// The body of an answer with `status`: a text as it is, everything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// The connection is reset instead of an answer.
    #[serde(default)]
    reset: bool,
    /// The connection ends after so many bytes of the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    truncate_after: Option<usize>,
}

fn once() -> u32 {
    1
}

/// The faults that wait for calls.
#[derive(Default)]
pub struct Faults(Mutex<Vec<Fault>>);

/// The faults as they are shown.
#[derive(Debug, Serialize)]
pub struct Listed {
    faults: Vec<Fault>,
}

impl Faults {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().expect("no panic while faults are counted")
    }

    /// Those that are left, in the order in which they apply.
    pub fn list(&self) -> Listed {
        Listed {
            faults: self.lock().clone(),
        }
    }

    /// Adds one behind the others.
    pub fn add(&self, fault: Fault) -> Result<Listed, Problem> {
        fault.check()?;
        let mut faults = self.lock();
        if faults.len() == MOST_FAULTS {
            let detail =
                format!("{MOST_FAULTS} faults wait already. DELETE /_test/faults removes them.");
            return Err(Problem::new(Code::ValidationFailed, detail));
        }
        faults.push(fault);
        drop(faults);
        Ok(self.list())
    }

    /// Removes all.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The fault for this call, if there is one.
    pub fn take(&self, operation: Operation) -> Option<Fault> {
        let mut faults = self.lock();
        let fits = |fault: &Fault| {
            fault
                .operation
                .as_deref()
                .is_none_or(|id| id == operation.id())
        };
        let index = faults.iter().position(fits)?;
        faults[index].times -= 1;
        Some(if faults[index].times == 0 {
            faults.remove(index)
        } else {
            faults[index].clone()
        })
    }
}

impl Fault {
    fn check(&self) -> Result<(), Problem> {
        let refuse = |detail: String| Err(Problem::new(Code::ValidationFailed, detail));
        if let Some(id) = &self.operation
            && !Operation::ALL.iter().any(|known| known.id() == id)
        {
            let known: Vec<&str> = Operation::ALL.iter().map(|known| known.id()).collect();
            return refuse(format!(
                "There is no operation {id}; there are {}.",
                known.join(", ")
            ));
        }
        if self.times == 0 {
            return refuse("times must be 1 or more.".to_owned());
        }
        if self.delay_ms.is_some_and(|delay| delay > LONGEST_DELAY) {
            return refuse(format!("delay_ms must be {LONGEST_DELAY} or less."));
        }
        if self
            .status
            .is_some_and(|status| !(200..=599).contains(&status))
        {
            return refuse("status must be between 200 and 599.".to_owned());
        }
        if self.body.is_some() && self.status.is_none() {
            return refuse("body needs status.".to_owned());
        }
        if self.reset && (self.status.is_some() || self.truncate_after.is_some()) {
            return refuse(
                "reset is no answer, so that it goes with neither status nor truncate_after."
                    .to_owned(),
            );
        }
        let idle =
            self.delay_ms.is_none() && self.status.is_none() && self.truncate_after.is_none();
        if idle && !self.reset && self.headers.is_empty() {
            return refuse(
                "Say what goes wrong: delay_ms, status, headers, reset or truncate_after."
                    .to_owned(),
            );
        }
        for (name, value) in &self.headers {
            if header(name, value).is_none() {
                return refuse(format!("{name}: {value} is no header."));
            }
        }
        Ok(())
    }

    /// What becomes of a call. `run` carries it out.
    pub async fn apply(
        self,
        app: &App,
        breaker: Option<Breaker>,
        run: impl Future<Output = Response>,
    ) -> Response {
        let applied = self.applied.unwrap_or(self.status.is_none() && !self.reset);
        let real = if applied { Some(run.await) } else { None };
        if let Some(delay) = self.delay_ms {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let breaker = breaker.unwrap_or_default();
        if self.reset {
            return breaker.reset();
        }
        let mut response = match (self.status, real) {
            (None, Some(real)) => real,
            (status, _) => self.answer(app, status.unwrap_or(503)),
        };
        for (name, value) in &self.headers {
            if let Some((name, value)) = header(name, value) {
                response.headers_mut().insert(name, value);
            }
        }
        match self.truncate_after {
            Some(bytes) => breaker.truncate(response, bytes).await,
            None => response,
        }
    }

    /// An answer as something in front of the API would give it.
    fn answer(&self, app: &App, status: u16) -> Response {
        let request_id = app.ids.next(Kind::Request);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let (media, body) = match &self.body {
            Some(Value::String(text)) => ("text/plain; charset=utf-8", text.clone()),
            Some(json) => ("application/json", json.to_string()),
            None if status.as_u16() < 400 => ("application/json", String::new()),
            None => ("application/problem+json", problem(status, &request_id)),
        };
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static(media))];
        let raw = Raw {
            status,
            headers,
            body: body.into(),
            code: None,
        };
        crate::http::send(raw, &request_id)
    }
}

fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name: HeaderName = name.parse().ok()?;
    let value = HeaderValue::from_str(value).ok()?;
    (name != CONTENT_LENGTH).then_some((name, value))
}

/// A problem with this status, and the first code that goes with it.
fn problem(status: StatusCode, request_id: &str) -> String {
    let code = Code::ALL
        .iter()
        .find(|code| code.status() == status)
        .copied()
        .unwrap_or(if status.is_server_error() {
            Code::InternalError
        } else {
            Code::MalformedRequest
        });
    let problem = Problem::new(
        code,
        "This fails because a test asked for it (/_test/faults).",
    );
    let mut body = serde_json::to_value(problem.body(request_id)).unwrap_or_default();
    body["status"] = json!(status.as_u16());
    body.to_string()
}
