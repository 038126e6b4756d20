//! Options by name, and what logger and hooks see.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use approute::bridge::Script;
use approute::{CallOptions, Client, ClientBuilder};
use serde_json::{Map, Value, json};

use crate::report::problem;

/// What logger and hooks have seen since the last answer.
#[derive(Default)]
pub struct Seen {
    pub log: String,
    pub hooks: Vec<Value>,
    /// How all that hooks were given prints.
    pub told: String,
}

pub type Notes = Arc<Mutex<Seen>>;

/// Headers by value: printed as they are, those that are marked as sensitive would not show what a hook can read.
fn values(headers: &approute::http::HeaderMap) -> Vec<String> {
    let value = headers.values().map(|value| value.as_bytes());
    value
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect()
}

pub fn builder(message: &Value, notes: &Notes) -> Result<ClientBuilder, String> {
    let script: Script = serde_json::from_value(message["script"].clone()).map_err(problem)?;
    let [logger, request, response, retry] = std::array::from_fn(|_| Arc::clone(notes));
    let note = |notes: &Notes, info: &dyn Debug, note| {
        let mut seen = notes.lock().unwrap();
        seen.told += &format!("{info:?}\n");
        seen.hooks.push(note);
    };
    let mut builder = script
        .apply(Client::builder())
        .logger(move |_, line| logger.lock().unwrap().log += &format!("{line}\n"))
        .on_request(move |seen| {
            note(
                &request,
                &(seen, values(&seen.headers)),
                json!({
            "hook": "request", "attempt": seen.attempt, "operation": seen.operation}),
            )
        })
        .on_response(move |seen| {
            note(
                &response,
                &(seen, values(&seen.headers)),
                json!({
            "hook": "response", "attempt": seen.attempt, "request_id": seen.request_id,
            "status": seen.status.map(|status| status.as_u16())}),
            )
        })
        .on_retry(move |seen| {
            note(
                &retry,
                seen,
                json!({
            "hook": "retry", "attempt": seen.attempt, "wait": seen.wait.as_secs_f64() * 1000.0,
            "status": seen.status.map(|status| status.as_u16())}),
            )
        });
    for (name, value) in entries(&message["options"]) {
        builder = match name.as_str() {
            "api_key" => builder.api_key(text(value)),
            "api_key_function" => {
                let keys: Vec<String> = serde_json::from_value(value.clone()).map_err(problem)?;
                let keys = Mutex::new(keys.into_iter());
                builder.api_key_provider(move || keys.lock().unwrap().next().ok_or("no more keys"))
            }
            "base_url" => builder.base_url(text(value)),
            "allow_insecure_http" => builder.allow_insecure_http(value == true),
            "timeout" => builder.timeout(time(value)),
            "attempt_timeout" => builder.attempt_timeout(time(value)),
            "connect_timeout" => builder.connect_timeout(time(value)),
            "max_retries" => builder.max_retries(number(value) as u32),
            "max_response_bytes" => builder.max_response_bytes(number(value)),
            "default_headers" => entries(value).fold(builder, |builder, (name, value)| {
                builder.default_header(name, text(value))
            }),
            "proxy" => builder.proxy(text(value)),
            "extra_ca" => builder.extra_ca_pem(text(value)),
            other => return Err(format!("there is no option {other}")),
        };
    }
    Ok(builder)
}

pub fn call_options(step: &Value) -> Result<CallOptions, String> {
    let mut options = CallOptions::new();
    for (name, value) in entries(&step["options"]) {
        options = match name.as_str() {
            "timeout" => options.timeout(time(value)),
            "attempt_timeout" => options.attempt_timeout(time(value)),
            "max_retries" => options.max_retries(number(value) as u32),
            "headers" => entries(value).fold(options, |options, (name, value)| {
                options.header(name, text(value))
            }),
            "query" => entries(value).fold(options, |options, (name, value)| {
                options.query(name, text(value))
            }),
            "idempotency_key" => options.idempotency_key(text(value)),
            "confirmation" => options.confirmation(text(value)),
            other => return Err(format!("there is no option {other}")),
        };
    }
    Ok(options)
}

fn entries(map: &Value) -> impl Iterator<Item = (&String, &Value)> {
    map.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn time(value: &Value) -> Duration {
    Duration::from_millis(number(value))
}
