//! The conformance drivers for Rust: `conformance-driver-rust` for the async client, `--blocking` for the other one.
//!
//! One message per line on stdin, one answer per line on stdout; `tests/conformance/README.md` describes both.

mod client;
#[rustfmt::skip]
mod dispatch;
mod report;
mod webhooks;

use std::fmt::Debug;
use std::io::{self, BufRead, Write};

use approute::{CallOptions, Client, ClientBuilder, Error, blocking};
use serde_json::{Value, json};

use client::{Notes, call_options};
use report::{Awaits, problem};

const CAPABILITIES: &str = "api_key_function cancel extra_ca hooks log prefetch proxy";

fn main() -> io::Result<()> {
    if std::env::args().any(|argument| argument == "--blocking") {
        let call = |client: &blocking::Client, step: &Value| {
            let client = client.cancelled_by(&report::cancel_handle(step));
            dispatch::call_blocking(&client, step, call_options(step)?)
        };
        return serve(
            ClientBuilder::build_blocking,
            blocking::Client::with_options,
            call,
        );
    }
    let awaits = Awaits::new()?;
    let call =
        |client: &Client, step: &Value| dispatch::call(client, step, call_options(step)?, &awaits);
    serve(ClientBuilder::build, Client::with_options, call)
}

fn serve<C: Debug>(
    build: fn(ClientBuilder) -> Result<C, Error>,
    copy: fn(&C, CallOptions) -> Result<C, Error>,
    call: impl Fn(&C, &Value) -> Result<Value, String>,
) -> io::Result<()> {
    let capabilities: Vec<_> = CAPABILITIES.split(' ').collect();
    let hello = json!({"protocol": 2, "capabilities": capabilities});
    writeln!(io::stdout(), "{hello}")?;
    let (mut client, mut notes) = (None, Notes::default());
    for line in io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line?)?;
        let answer = match (message["do"].as_str(), &client) {
            (Some("client"), _) => {
                notes = Notes::default();
                let made = client::builder(&message, &notes).map(build);
                made.map(|made| {
                    let answer = report::made(&made);
                    client = made.ok();
                    answer
                })
            }
            (Some("call"), Some(client)) if message["copy"] == true => {
                let copy = copy(client, CallOptions::new()).map_err(problem);
                copy.and_then(|copy| call(&copy, &message))
            }
            (Some("call"), Some(client)) => call(client, &message),
            _ => webhooks::run(&message),
        };
        let mut answer = answer.unwrap_or_else(|problem| json!({"problem": problem}));
        let seen = std::mem::take(&mut *notes.lock().unwrap());
        answer["log"] = json!(seen.log);
        answer["hooks"] = json!(seen.hooks);
        answer["told"] = json!(seen.told);
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}
