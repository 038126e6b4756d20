//! Steps that need no client: verifying, reading and signing deliveries.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use approute::models::Event;
use approute::webhook::{self, Verifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::report::{failed, pairs, problem};

#[derive(Deserialize)]
struct Step {
    r#do: String,
    payload: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    signature: Option<String>,
    secrets: Vec<String>,
    #[serde(default)]
    now: u64,
    tolerance: Option<u64>,
    #[serde(default)]
    id: String,
    #[serde(default)]
    timestamp: u64,
}

pub fn run(message: &Value) -> Result<Value, String> {
    let step: Step = serde_json::from_value(message.clone()).map_err(problem)?;
    let payload = STANDARD.decode(&step.payload).map_err(problem)?;
    let mut verifier = Verifier::new(step.secrets.clone()).at(moment(step.now));
    if let Some(seconds) = step.tolerance {
        verifier = verifier.tolerance(Duration::from_secs(seconds));
    }
    let end = match (step.r#do.as_str(), &step.signature) {
        ("webhook.sign", _) => {
            webhook::sign(&payload, &step.secrets[0], &step.id, moment(step.timestamp))
                .map(|headers| json!({"headers": pairs(&headers)}))
        }
        ("webhook.unwrap", _) => verifier.parse_event(&payload, &step.headers).map(|event| {
            let known = !matches!(event, Event::Unknown(_));
            json!({"event": {"known": known, "value": event}, "printed": format!("{event:?}")})
        }),
        (_, Some(signature)) => verifier.verify(&payload, signature).map(|()| json!({})),
        _ => verifier.verify(&payload, &step.headers).map(|()| json!({})),
    };
    Ok(end.unwrap_or_else(|error| failed(&error)))
}

fn moment(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}
