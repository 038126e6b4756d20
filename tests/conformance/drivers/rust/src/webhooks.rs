//! Steps that need no client: verifying, reading and signing deliveries.

use std::time::{Duration, UNIX_EPOCH};

use approute::models::Event;
use approute::webhook::{self, Verifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::report::{failed, pairs, problem};

pub fn run(step: &Value) -> Result<Value, String> {
    let text = |name: &str| step[name].as_str().unwrap_or_default();
    let moment = |name: &str| UNIX_EPOCH + Duration::from_secs(step[name].as_u64().unwrap_or(0));
    let payload = STANDARD.decode(text("payload")).map_err(problem)?;
    let headers: Option<Vec<(String, String)>> = read(&step["headers"])?;
    let headers = headers.unwrap_or_default();
    let secrets: Vec<String> = read(&step["secrets"])?;
    let mut verifier = Verifier::new(secrets.clone()).at(moment("now"));
    if let Some(seconds) = step["tolerance"].as_u64() {
        verifier = verifier.tolerance(Duration::from_secs(seconds));
    }
    let end = match (text("do"), step["signature"].as_str()) {
        ("webhook.sign", _) => {
            webhook::sign(&payload, &secrets[0], text("id"), moment("timestamp"))
                .map(|headers| json!({"headers": pairs(&headers)}))
        }
        ("webhook.unwrap", _) => verifier.parse_event(&payload, &headers).map(|event| {
            let known = !matches!(event, Event::Unknown(_));
            json!({"event": {"known": known, "value": event}, "printed": format!("{event:?}")})
        }),
        (_, Some(signature)) => verifier.verify(&payload, signature).map(|()| json!({})),
        _ => verifier.verify(&payload, &headers).map(|()| json!({})),
    };
    Ok(end.unwrap_or_else(|error| failed(&error)))
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(problem)
}
