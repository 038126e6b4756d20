//! The conformance drivers for Rust: `conformance-driver-rust` for the async client, `--blocking` for the other one.
//!
//! One case per line on stdin, one report per line on stdout; `tests/conformance/README.md` describes both.

mod arguments;
mod clock;
#[rustfmt::skip]
mod generated;
mod report;
mod webhooks;

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use approute::{CallOptions, ClientBuilder, Error};
use serde_json::{Value, json};

use arguments::{Arguments, call_options};
use clock::Clock;
use report::Report;

/// What both clients can do; the blocking one has no way to cancel a call, and fetches no page ahead.
const CAPABILITIES: [&str; 5] = ["api_key_function", "proxy", "hooks", "log", "write_file"];
const ASYNC_CAPABILITIES: [&str; 2] = ["cancel", "prefetch"];

enum Client {
    Async(approute::Client),
    Blocking(approute::blocking::Client),
}

/// What hooks and logger have seen.
type Notes = Arc<Mutex<Vec<Value>>>;

fn main() -> io::Result<()> {
    let blocking = std::env::args().any(|argument| argument == "--blocking");
    let mut capabilities = CAPABILITIES.to_vec();
    if !blocking {
        capabilities.extend(ASYNC_CAPABILITIES);
    }
    let mut stdout = io::stdout();
    writeln!(
        stdout,
        "{}",
        json!({"protocol": 1, "capabilities": capabilities})
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for line in io::stdin().lock().lines() {
        let case: Value = serde_json::from_str(&line?)?;
        let mut told = if blocking {
            run_blocking(&case)
        } else {
            runtime.block_on(run_async(&case))
        };
        told["id"] = case["id"].clone();
        writeln!(stdout, "{told}")?;
    }
    Ok(())
}

async fn run_async(case: &Value) -> Value {
    let (builder, clock, notes) = builder(case);
    let client = builder.build().map(Client::Async);
    let mut told = Told::new(&client);
    for step in steps(case) {
        let result = match &client {
            _ if is_webhook(step) => Ok(webhooks::run(step)),
            Ok(Client::Async(client)) => step_async(client, case, step, &clock).await,
            Ok(Client::Blocking(_)) => Err("the wrong client".to_owned()),
            Err(error) => Ok(Report::error(error)),
        };
        told.add(result, &clock, &notes);
    }
    // A connection that was given up is closed by a task of its own, and what should not be sent any more would be.
    tokio::time::sleep(Duration::from_millis(5)).await;
    told.end()
}

fn run_blocking(case: &Value) -> Value {
    let (builder, clock, notes) = builder(case);
    let client = builder.build_blocking().map(Client::Blocking);
    let mut told = Told::new(&client);
    for step in steps(case) {
        let result = match &client {
            _ if is_webhook(step) => Ok(webhooks::run(step)),
            Ok(Client::Blocking(client)) => {
                let copy = client.with_options(CallOptions::new());
                let client = copy
                    .as_ref()
                    .ok()
                    .filter(|_| step["copy"] == true)
                    .unwrap_or(client);
                let name = step["call"].as_str().unwrap_or_default();
                generated::call_blocking(client, name, Arguments::of(step), call_options(step))
            }
            Ok(Client::Async(_)) => Err("the wrong client".to_owned()),
            Err(error) => Ok(Report::error(error)),
        };
        told.add(result, &clock, &notes);
    }
    told.end()
}

async fn step_async(
    client: &approute::Client,
    case: &Value,
    step: &Value,
    clock: &Clock,
) -> Result<Report, String> {
    let copy = client.with_options(CallOptions::new());
    let client = copy
        .as_ref()
        .ok()
        .filter(|_| step["copy"] == true)
        .unwrap_or(client);
    let name = step["call"].as_str().unwrap_or_default();
    let sign = case["cancel_file"].as_str().unwrap_or_default();
    let mut arguments = Arguments::of(step);
    arguments.stop_when_appears(sign);
    let call = generated::call(client, name, arguments, call_options(step));
    clock.cancel_in_sleep(step["cancel"] == "in_sleep");
    tokio::select! {
        result = call => return result,
        () = clock.cancelled() => {}
        () = clock::appears(Path::new(sign)), if step["cancel"] == "in_try" => {}
    }
    // The call's future is dropped. Its connection is closed by a task of the runtime, which needs a turn.
    let _ = std::fs::remove_file(sign);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let mut report = Report::default();
    report.set("cancelled", true);
    Ok(report)
}

fn steps(case: &Value) -> impl Iterator<Item = &Value> {
    case["steps"].as_array().into_iter().flatten()
}

fn is_webhook(step: &Value) -> bool {
    step["call"]
        .as_str()
        .is_some_and(|name| name.starts_with("webhook."))
}

fn builder(case: &Value) -> (ClientBuilder, Clock, Notes) {
    let wall = case["wall"].as_str().unwrap_or_default();
    let wall = wall
        .parse::<chrono::DateTime<chrono::Utc>>()
        .map_or(SystemTime::UNIX_EPOCH, Into::into);
    let clock = Clock::new(wall, case["clock_file"].as_str().unwrap_or_default().into());
    let notes = Notes::default();
    let (on_request, on_response, on_retry, log) =
        (notes.clone(), notes.clone(), notes.clone(), notes.clone());
    let announcing = clock.clone();
    let mut builder = approute::Client::builder()
        .timer(clock.clone())
        .on_request(move |seen| {
            note(&on_request, json!({"hook": "request", "attempt": seen.attempt, "operation": seen.operation}));
        })
        .on_response(move |seen| {
            let status = seen.status.map(|status| status.as_u16());
            note(&on_response, json!({"hook": "response", "attempt": seen.attempt, "status": status, "request_id": seen.request_id}));
        })
        .on_retry(move |seen| {
            announcing.announce();
            let (wait, status) = (seen.wait.as_secs_f64() * 1000.0, seen.status.map(|status| status.as_u16()));
            note(&on_retry, json!({"hook": "retry", "attempt": seen.attempt, "wait": wait, "status": status}));
        })
        .logger(move |_, line| note(&log, json!(line)));
    if let Some(share) = case["random"].as_f64() {
        // 1 means the highest draw that there is.
        let draw = (share * (u64::MAX as f64)) as u64;
        builder = builder.random(move || draw);
    }
    let client = &case["client"];
    for (name, value) in client.as_object().into_iter().flatten() {
        let time = Duration::from_millis(value.as_u64().unwrap_or_default());
        let text = value.as_str().unwrap_or_default();
        builder = match name.as_str() {
            "api_key" => builder.api_key(text),
            "base_url" => builder.base_url(text),
            "allow_insecure_http" => builder.allow_insecure_http(value == true),
            "timeout" => builder.timeout(time),
            "attempt_timeout" => builder.attempt_timeout(time),
            "connect_timeout" => builder.connect_timeout(time),
            "max_retries" => builder
                .max_retries(u32::try_from(value.as_u64().unwrap_or_default()).unwrap_or(u32::MAX)),
            "max_response_bytes" => builder.max_response_bytes(value.as_u64().unwrap_or_default()),
            "proxy" => builder.proxy(text),
            "default_headers" => {
                value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .fold(builder, |builder, (name, value)| {
                        builder.default_header(name, value.as_str().unwrap_or_default())
                    })
            }
            "api_key_function" => {
                let keys: Vec<String> = serde_json::from_value(value.clone()).unwrap_or_default();
                let keys = Mutex::new(keys.into_iter());
                builder.api_key_provider(move || {
                    let next = keys.lock().unwrap_or_else(PoisonError::into_inner).next();
                    next.ok_or("no more keys")
                })
            }
            _ => builder,
        };
    }
    (builder, clock, notes)
}

fn note(notes: &Notes, entry: Value) {
    notes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(entry);
}

/// The report of a case, as it grows.
struct Told {
    steps: Vec<Value>,
    problem: Option<String>,
    texts: [String; 3],
    log: String,
}

impl Told {
    fn new(client: &Result<Client, Error>) -> Self {
        let text = match client {
            Ok(Client::Async(client)) => format!("{client:?}"),
            Ok(Client::Blocking(client)) => format!("{client:?}"),
            Err(error) => format!("{error:?}"),
        };
        Self {
            steps: Vec::new(),
            problem: None,
            texts: [text, String::new(), String::new()],
            log: String::new(),
        }
    }

    fn add(&mut self, result: Result<Report, String>, clock: &Clock, notes: &Notes) {
        let mut report = result.unwrap_or_else(|problem| {
            self.problem = Some(problem);
            Report::default()
        });
        self.texts[1].push_str(&report.value_text);
        self.texts[2].push_str(&report.error_text);
        report.set("waits", clock.take_waits());
        let notes = std::mem::take(&mut *notes.lock().unwrap_or_else(PoisonError::into_inner));
        let (lines, hooks): (Vec<_>, Vec<_>) = notes.into_iter().partition(Value::is_string);
        report.set("hooks", hooks);
        for line in lines {
            self.log.push_str(line.as_str().unwrap_or_default());
            self.log.push('\n');
        }
        self.steps.push(Value::Object(report.fields));
    }

    fn end(self) -> Value {
        let [client, value, error] = self.texts;
        json!({
            "steps": self.steps, "problem": self.problem,
            "texts": {"client": client, "value": value, "error": error, "log": self.log},
        })
    }
}
