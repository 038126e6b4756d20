//! Brings a driver's answer into the one form that is compared, so that drivers need not.

use serde_json::{Map, Value, json};

/// The class of errors for each kind that Rust and Go have instead.
const CLASSES: [(&str, &str); 16] = [
    ("connection", "APIConnectionError"),
    ("timeout", "APITimeoutError"),
    ("decode", "DecodeError"),
    ("configuration", "ConfigurationError"),
    ("webhook_verification", "WebhookVerificationError"),
    ("bad_request", "BadRequestError"),
    ("authentication", "AuthenticationError"),
    ("permission_denied", "PermissionDeniedError"),
    ("not_found", "NotFoundError"),
    ("conflict", "ConflictError"),
    ("confirmation_required", "ConfirmationRequiredError"),
    ("precondition_failed", "PreconditionFailedError"),
    ("unprocessable_entity", "UnprocessableEntityError"),
    ("rate_limit", "RateLimitError"),
    ("server", "ServerError"),
    ("api", "APIError"),
];

/// Rewrites an answer in place. `zero_is_null` is for languages that have an empty text or 0 where others have null.
pub fn answer(answer: &mut Value, zero_is_null: bool) {
    for pointer in ["/headers", "/response/headers", "/error/headers"] {
        if let Some(headers) = answer.pointer_mut(pointer) {
            *headers = match *headers {
                Value::Null if zero_is_null => json!({}),
                ref headers => folded(headers),
            };
        }
    }
    if zero_is_null {
        for pointer in ["/response", "/error"] {
            if let Some(Value::Object(fields)) = answer.pointer_mut(pointer) {
                nulls(fields);
            }
        }
        for hook in answer["hooks"].as_array_mut().into_iter().flatten() {
            hook.as_object_mut().into_iter().for_each(nulls);
        }
    }
    if let Some(Value::Object(error)) = answer.get_mut("error") {
        // A null list is an empty one in Go.
        if error.get("errors") == Some(&Value::Null) && zero_is_null {
            error.insert("errors".to_owned(), json!([]));
        }
        if let Some(kind) = error.remove("kind") {
            let class = CLASSES.iter().find(|(name, _)| kind == **name);
            let class = class.map_or_else(
                || format!("the unknown kind {kind}"),
                |(_, class)| (*class).to_owned(),
            );
            error.insert("class".to_owned(), json!(class));
        }
    }
    if let Some(Value::Object(event)) = answer.get_mut("event") {
        let name = event.get("value").map(|value| value["type"].clone());
        event.entry("type").or_insert(name.unwrap_or_default());
    }
    let ends = [
        "value",
        "bytes",
        "items",
        "error",
        "cancelled",
        "event",
        "headers",
    ];
    if let Value::Object(answer) = answer
        && !ends.iter().any(|name| answer.contains_key(*name))
    {
        answer.insert("done".to_owned(), json!(true));
    }
}

fn nulls(fields: &mut Map<String, Value>) {
    for name in ["status", "code", "request_id", "idempotency_key", "reason"] {
        if let Some(value) = fields.get_mut(name)
            && (*value == "" || *value == 0)
        {
            *value = Value::Null;
        }
    }
}

/// Headers as name in lower case → text, from that, from name → list of texts, or from pairs.
fn folded(headers: &Value) -> Value {
    let mut all = Map::new();
    let mut add = |name: &str, value: &Value| {
        let name = name.to_ascii_lowercase();
        match (all.get_mut(&name), value) {
            (Some(Value::String(whole)), Value::String(value)) => {
                whole.push_str(", ");
                whole.push_str(value);
            }
            // What is no text stays as it is, for the schema to refuse.
            _ => drop(all.insert(name, value.clone())),
        }
    };
    match headers {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::Array(values) => values.iter().for_each(|value| add(name, value)),
                    value => add(name, value),
                }
            }
        }
        Value::Array(pairs) => {
            for pair in pairs {
                add(pair[0].as_str().unwrap_or_default(), &pair[1]);
            }
        }
        other => return other.clone(),
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(mut value: Value, zero_is_null: bool) -> Value {
        answer(&mut value, zero_is_null);
        value
    }

    #[test]
    fn headers_come_in_three_shapes() {
        let expected = json!({"headers": {"x-a": "1, 2", "b": "3"}});
        for headers in [
            json!({"X-A": "1, 2", "b": "3"}),
            json!({"X-A": ["1", "2"], "B": ["3"]}),
            json!([["x-a", "1"], ["b", "3"], ["X-A", "2"]]),
        ] {
            assert_eq!(normal(json!({"headers": headers}), false), expected);
        }
        let nonsense = json!({"headers": {"a": 1}});
        assert_eq!(normal(nonsense.clone(), false), nonsense);
    }

    #[test]
    fn kinds_become_classes_and_zeros_become_null_where_asked() {
        let error =
            json!({"error": {"kind": "rate_limit", "code": "", "status": 0, "errors": null}});
        assert_eq!(
            normal(error.clone(), true)["error"],
            json!({"class": "RateLimitError", "code": null, "status": null, "errors": []})
        );
        assert_eq!(
            normal(error, false)["error"],
            json!({"class": "RateLimitError", "code": "", "status": 0, "errors": null})
        );
        let odd = normal(json!({"error": {"kind": "odd"}}), false);
        assert_eq!(odd["error"]["class"], "the unknown kind \"odd\"");
    }

    #[test]
    fn what_ends_with_nothing_is_done() {
        assert_eq!(normal(json!({"response": {}}), false)["done"], true);
        assert_eq!(normal(json!({"value": null}), false).get("done"), None);
        let event = normal(
            json!({"event": {"known": true, "value": {"type": "t"}}}),
            false,
        );
        assert_eq!(event["event"]["type"], "t");
    }
}
