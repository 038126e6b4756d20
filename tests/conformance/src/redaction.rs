//! No text of any driver shows a secret: not in one case only, but in all of them.
//!
//! What is secret is read off the case: the API key, what stands under `password`, `secret` or `secrets`, tokens of
//! confirmations, headers whose names say so, and the password of a proxy's URL.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::case::Case;
use crate::session::API_KEY;

/// Shorter words would be found in what is no secret.
const SHORTEST: usize = 6;

/// The secrets that go through a case, by value.
pub fn secrets(case: &Case) -> BTreeSet<String> {
    let mut found = BTreeSet::from([API_KEY.to_owned()]);
    for (name, value) in &case.client {
        look(name, value, &mut found);
    }
    for (name, value) in &case.env {
        let name = if name == "APPROUTE_API_KEY" {
            "api_key"
        } else {
            "proxy"
        };
        look(name, &Value::from(value.clone()), &mut found);
    }
    for step in &case.calls {
        for (name, value) in &step.details {
            look(name, value, &mut found);
        }
    }
    for entry in &case.tries {
        if let Some(json) = &entry.answer.json {
            look("", json, &mut found);
        }
    }
    found.retain(|secret| secret.len() >= SHORTEST);
    found
}

fn look(name: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => match name.to_ascii_lowercase().as_str() {
            "api_key" | "api_key_function" | "password" | "token" | "confirmation"
            | "x-api-token" => drop(found.insert(text.clone())),
            "secret" | "secrets" => {
                found.insert(text.clone());
                // What it is without what all of them begin with.
                found.insert(text.trim_start_matches("whsec_").to_owned());
            }
            "proxy" => found.extend(password(text)),
            _ => {}
        },
        Value::Array(list) => list.iter().for_each(|value| look(name, value, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                look(name, value, found);
            }
        }
        _ => {}
    }
}

/// `http://user:password@host` → `password`.
fn password(url: &str) -> Option<String> {
    let (credentials, _) = url.split_once("://")?.1.split_once('@')?;
    Some(credentials.split_once(':')?.1.to_owned())
}

/// What the driver's texts show of the case's secrets.
pub fn leaks(case: &Case, texts: &Value) -> Vec<String> {
    let secrets = secrets(case);
    let mut leaks = Vec::new();
    for (name, text) in texts.as_object().into_iter().flatten() {
        let text = text.as_str().unwrap_or_default();
        for secret in secrets
            .iter()
            .filter(|secret| text.contains(secret.as_str()))
        {
            leaks.push(format!(
                "text of {name} shows the secret {secret:?}: {text}"
            ));
        }
    }
    leaks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case(value: &Value) -> Case {
        let mut whole = json!({"id": "x", "title": "x", "rule": "a.b", "calls": [], "tries": []});
        for (name, part) in value.as_object().unwrap() {
            whole[name] = part.clone();
        }
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn secrets_are_found_where_they_stand() {
        let case = case(&json!({
            "client": {"api_key": "ark_1234", "proxy": "http://me:proxy-pw@host:1", "default_headers": {"X-Api-Token": "tok_1234"}},
            "calls": [
                {"call": "links.create", "args": {"body": {"password": "link-pw", "title": "no secret"}},
                    "options": {"confirmation": "cnf_1234"}, "expect": {}},
                {"call": "webhook.verify", "secrets": ["whsec_abcdef"], "expect": {}},
            ],
            "tries": [{"request": "GET /", "answer": {"status": 409, "json": {"confirmation": {"token": "tok_5678"}}}}],
        }));
        let found = secrets(&case);
        for secret in [
            API_KEY,
            "ark_1234",
            "proxy-pw",
            "tok_1234",
            "link-pw",
            "cnf_1234",
            "whsec_abcdef",
            "abcdef",
            "tok_5678",
        ] {
            assert!(found.contains(secret), "{secret}: {found:?}");
        }
        assert_eq!(found.len(), 9, "{found:?}");
    }

    #[test]
    fn a_text_that_shows_one_is_told() {
        let case = case(&json!({"client": {"api_key": "ark_1234"}}));
        let texts = json!({"log": "GET /v1/links", "error": "the key ark_1234 is wrong"});
        let leaks = leaks(&case, &texts);
        assert_eq!(leaks.len(), 1, "{leaks:?}");
        assert!(leaks[0].starts_with("text of error shows the secret \"ark_1234\""));
    }
}
