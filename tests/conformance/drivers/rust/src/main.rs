//! The conformance drivers for Rust: `conformance-driver-rust` for the async client, `--blocking` for the other one.
//!
//! One case per line on stdin, one report per line on stdout; `tests/conformance/README.md` describes both.

mod clock;
#[rustfmt::skip]
mod dispatch;
#[rustfmt::skip]
mod protocol;
mod webhooks;

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use approute::{CallOptions, Client, ClientBuilder, Error, blocking};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use clock::Clock;
use protocol::{Arguments, Report, call_options, client_options};

/// What both clients can do; the blocking one has no way to cancel a call, and fetches no page ahead.
const CAPABILITIES: [&str; 6] = [
    "api_key_function",
    "proxy",
    "hooks",
    "log",
    "write_file",
    "extra_ca",
];
const ASYNC_CAPABILITIES: [&str; 2] = ["cancel", "prefetch"];

enum Either {
    Async(Client),
    Blocking(blocking::Client),
}

/// What hooks (objects) and logger (lines) have seen.
type Notes = Arc<Mutex<Vec<Value>>>;

fn main() -> io::Result<()> {
    let blocking = std::env::args().any(|argument| argument == "--blocking");
    let mut capabilities = CAPABILITIES.to_vec();
    capabilities.extend(ASYNC_CAPABILITIES.iter().filter(|_| !blocking));
    let hello = json!({"protocol": 1, "capabilities": capabilities});
    writeln!(io::stdout(), "{hello}")?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    for line in io::stdin().lock().lines() {
        let report = run(&serde_json::from_str(&line?)?, blocking, &runtime);
        writeln!(io::stdout(), "{report}")?;
    }
    Ok(())
}

fn run(case: &Value, blocking: bool, runtime: &Runtime) -> Value {
    let (builder, clock, notes) = builder(case);
    let client = match blocking {
        true => builder.build_blocking().map(Either::Blocking),
        false => builder.build().map(Either::Async),
    };
    let (mut problem, mut steps) = (None, Vec::new());
    let (mut value, mut error, mut log) = (String::new(), String::new(), String::new());
    for step in case["steps"].as_array().into_iter().flatten() {
        let call = step["call"].as_str().unwrap_or_default();
        let result = match &client {
            _ if call.starts_with("webhook.") => Ok(webhooks::run(step)),
            Err(error) => Ok(Report::error(error)),
            Ok(Either::Async(client)) => {
                let copy = client.with_options(CallOptions::new());
                let client = pick(step, client, &copy);
                runtime.block_on(call_async(client, call, case, step, &clock))
            }
            Ok(Either::Blocking(client)) => {
                let copy = client.with_options(CallOptions::new());
                let client = pick(step, client, &copy);
                dispatch::call_blocking(client, call, Arguments::of(step), call_options(step))
            }
        };
        let mut report = result.unwrap_or_else(|found| {
            problem = Some(found);
            Report::default()
        });
        let seen = std::mem::take(&mut *notes.lock().unwrap_or_else(PoisonError::into_inner));
        let (lines, hooks): (Vec<_>, Vec<_>) = seen.into_iter().partition(Value::is_string);
        report.set("hooks", hooks);
        report.set("waits", clock.take_waits());
        log.extend(lines.iter().map(|line| format!("{line}\n")));
        value.push_str(&report.value_text);
        error.push_str(&report.error_text);
        steps.push(Value::Object(report.fields));
    }
    // A connection that was given up is closed by a task of its own, and what should not be sent any more would be now.
    runtime.block_on(async { tokio::time::sleep(Duration::from_millis(5)).await });
    let client = match &client {
        Ok(Either::Async(client)) => format!("{client:?}"),
        Ok(Either::Blocking(client)) => format!("{client:?}"),
        Err(error) => format!("{error:?}"),
    };
    let texts = json!({"client": client, "value": value, "error": error, "log": log});
    json!({"id": case["id"], "steps": steps, "problem": problem, "texts": texts})
}

fn pick<'a, C>(step: &Value, client: &'a C, copy: &'a Result<C, Error>) -> &'a C {
    let copy = copy.as_ref().ok();
    copy.filter(|_| step["copy"] == true).unwrap_or(client)
}

async fn call_async(
    client: &Client,
    call: &str,
    case: &Value,
    step: &Value,
    clock: &Clock,
) -> Result<Report, String> {
    let sign = case["cancel_file"].as_str().unwrap_or_default();
    let mut arguments = Arguments::of(step);
    arguments.stop_when_appears(sign);
    clock.cancel_in_sleep(step["cancel"] == "in_sleep");
    tokio::select! {
        result = dispatch::call(client, call, arguments, call_options(step)) => return result,
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

fn builder(case: &Value) -> (ClientBuilder, Clock, Notes) {
    let wall = case["wall"].as_str().unwrap_or_default();
    let wall = wall.parse::<chrono::DateTime<chrono::Utc>>();
    let file = case["clock_file"].as_str().unwrap_or_default();
    let clock = Clock::new(wall.map_or(SystemTime::UNIX_EPOCH, Into::into), file.into());
    let notes = Notes::default();
    let note = |notes: &Notes| {
        let notes = Arc::clone(notes);
        move |entry| {
            notes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(entry)
        }
    };
    let (request, response, retry, log) = (note(&notes), note(&notes), note(&notes), note(&notes));
    let announcing = clock.clone();
    let mut builder = Client::builder()
        .timer(clock.clone())
        .logger(move |_, line| log(json!(line)))
        .on_request(move |seen| {
            request(json!({
                "hook": "request", "attempt": seen.attempt, "operation": seen.operation,
            }));
        })
        .on_response(move |seen| {
            let status = seen.status.map(|status| status.as_u16());
            response(json!({
                "hook": "response", "attempt": seen.attempt, "status": status,
                "request_id": seen.request_id,
            }));
        })
        .on_retry(move |seen| {
            announcing.announce();
            let status = seen.status.map(|status| status.as_u16());
            let wait = seen.wait.as_secs_f64() * 1000.0;
            retry(
                json!({"hook": "retry", "attempt": seen.attempt, "wait": wait, "status": status}),
            );
        });
    if let Some(share) = case["random"].as_f64() {
        // 1 means the highest draw that there is.
        let draw = (share * (u64::MAX as f64)) as u64;
        builder = builder.random(move || draw);
    }
    (client_options(case, builder), clock, notes)
}
