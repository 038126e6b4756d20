//! Steps that need no client: verifying, reading and signing deliveries.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use approute::models::Event;
use approute::webhook::{self, Headers, Verifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::protocol::{Report, headers_json};

pub fn run(step: &Value) -> Report {
    let payload = payload(&step["payload"]);
    let secrets: Vec<String> = texts(&step["secrets"]);
    let pairs: Vec<(String, String)> = step["headers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(texts)
        .filter_map(|pair| <[String; 2]>::try_from(pair).ok().map(Into::into))
        .collect();
    match (step["call"].as_str(), step["signature"].as_str()) {
        (Some("webhook.sign"), _) => sign(step, &payload, &secrets),
        (Some("webhook.unwrap"), None) => unwrap(step, &payload, &pairs, secrets),
        (_, Some(signature)) => verify(step, &payload, signature, secrets),
        _ => verify(step, &payload, &pairs, secrets),
    }
}

fn verifier(step: &Value, secrets: Vec<String>) -> Verifier<Vec<String>> {
    let mut verifier = Verifier::new(secrets).at(moment(&step["now"]));
    if let Some(seconds) = step["tolerance"].as_u64() {
        verifier = verifier.tolerance(Duration::from_secs(seconds));
    }
    verifier
}

fn verify(
    step: &Value,
    payload: &[u8],
    headers: &(impl Headers + ?Sized),
    secrets: Vec<String>,
) -> Report {
    match verifier(step, secrets).verify(payload, headers) {
        Ok(()) => {
            let mut report = Report::default();
            report.set("done", true);
            report
        }
        Err(error) => Report::error(&error),
    }
}

fn unwrap(
    step: &Value,
    payload: &[u8],
    headers: &[(String, String)],
    secrets: Vec<String>,
) -> Report {
    match verifier(step, secrets).parse_event(payload, headers) {
        Ok(event) => {
            let value = serde_json::to_value(&event).unwrap_or_default();
            let known = !matches!(event, Event::Unknown(_));
            let mut report = Report::default();
            report.set(
                "event",
                json!({"type": value["type"], "known": known, "value": value}),
            );
            report
        }
        Err(error) => Report::error(&error),
    }
}

fn sign(step: &Value, payload: &[u8], secrets: &[String]) -> Report {
    let secret = secrets.first().map(String::as_str).unwrap_or_default();
    let id = step["id"].as_str().unwrap_or_default();
    match webhook::sign(payload, secret, id, moment(&step["timestamp"])) {
        Ok(headers) => {
            let mut report = Report::default();
            report.set("headers", headers_json(&headers));
            report
        }
        Err(error) => Report::error(&error),
    }
}

fn moment(seconds: &Value) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.as_u64().unwrap_or_default())
}

fn payload(given: &Value) -> Vec<u8> {
    match (&given["text"], &given["base64"], given["size"].as_u64()) {
        (Value::String(text), ..) => text.clone().into_bytes(),
        (_, Value::String(text), _) => STANDARD.decode(text).unwrap_or_default(),
        (.., Some(size)) => vec![b' '; usize::try_from(size).unwrap_or_default()],
        _ => given["json"].to_string().into_bytes(),
    }
}

fn texts(list: &Value) -> Vec<String> {
    let entries = list.as_array().into_iter().flatten();
    entries
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}
