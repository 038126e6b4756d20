//! Compares a request with what the script expects of it.

use serde_json::Value;

use crate::case::{Connection, Try};
use crate::matching::{Strictness, differences, matches};
use crate::wire::Request;

/// All differences; `earlier` are the requests of the tries before.
pub fn check_request(
    expected: &Try,
    seen: &Request,
    connection: Connection,
    earlier: &[Request],
) -> Vec<String> {
    let mut problems = Vec::new();
    let line = format!("{} {}", seen.method, seen.path);
    if line != expected.request {
        problems.push(format!("expected {}, seen {line}", expected.request));
    }
    check_query(
        expected.query.as_ref(),
        seen.query.as_deref(),
        &mut problems,
    );
    for (name, value) in &expected.headers {
        check_header(name, value, seen, earlier, &mut problems);
    }
    if expected
        .connection
        .is_some_and(|expected| expected != connection)
    {
        problems.push(format!(
            "expected another connection than a {connection:?} one"
        ));
    }
    if let Some(json) = &expected.json {
        match serde_json::from_slice(&seen.body) {
            Ok(body) => differences("body", json, Some(&body), Strictness::Whole, &mut problems),
            Err(error) => problems.push(format!("the body is not JSON: {error}")),
        }
    }
    if let Some(body) = &expected.body
        && body.as_bytes() != seen.body
    {
        let seen = String::from_utf8_lossy(&seen.body);
        problems.push(format!("body: expected {body:?}, seen {seen:?}"));
    }
    if expected.json.is_none() && expected.body.is_none() && !seen.body.is_empty() {
        let seen = String::from_utf8_lossy(&seen.body);
        problems.push(format!("expected no body, seen {seen:?}"));
    }
    problems
}

fn check_query(expected: Option<&Value>, seen: Option<&str>, problems: &mut Vec<String>) {
    let same = match expected {
        // Saying nothing means that there is none.
        None => seen.is_none_or(str::is_empty),
        Some(Value::String(text)) => seen == Some(text),
        Some(Value::Array(pairs)) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|pair| (text(&pair[0]), text(&pair[1])))
                .collect();
            pairs == decoded(seen)
        }
        Some(Value::Object(map)) => {
            let mut pairs: Vec<_> = map
                .iter()
                .flat_map(|(name, value)| match value {
                    Value::Array(values) => {
                        values.iter().map(|v| (name.clone(), text(v))).collect()
                    }
                    value => vec![(name.clone(), text(value))],
                })
                .collect();
            let mut seen = decoded(seen);
            pairs.sort();
            seen.sort();
            pairs == seen
        }
        Some(_) => false,
    };
    if !same {
        let expected = expected.map_or_else(|| "none".to_owned(), Value::to_string);
        problems.push(format!(
            "query: expected {expected}, seen {}",
            seen.unwrap_or("none")
        ));
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn decoded(query: Option<&str>) -> Vec<(String, String)> {
    query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name), percent_decoded(value))
        })
        .collect()
}

/// `%C3%A4+b` → `ä b`.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn check_header(
    name: &str,
    expected: &Value,
    seen: &Request,
    earlier: &[Request],
    problems: &mut Vec<String>,
) {
    let values = seen.header(name);
    let value = values.join(", ");
    let present = !values.is_empty();
    let other = |key: &str| {
        let number = usize::try_from(expected[key].as_u64()?).ok()?;
        Some(earlier.get(number.checked_sub(1)?)?.header(name).join(", "))
    };
    let fine = match expected {
        Value::String(text) => present && *text == value,
        Value::Object(_) if expected.get("absent").is_some() => !present,
        Value::Object(_) if expected.get("matches").is_some() => {
            present && matches(&expected["matches"], &value)
        }
        Value::Object(_) if expected.get("same_as").is_some() => {
            present && other("same_as") == Some(value.clone())
        }
        Value::Object(_) if expected.get("differs_from").is_some() => {
            present && other("differs_from").is_some_and(|other| other != value)
        }
        _ => false,
    };
    if !fine {
        let seen = if present { value } else { "nothing".to_owned() };
        problems.push(format!("header {name}: expected {expected}, seen {seen}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn query_problems(expected: Option<Value>, seen: Option<&str>) -> usize {
        let mut problems = Vec::new();
        check_query(expected.as_ref(), seen, &mut problems);
        problems.len()
    }

    #[test]
    fn queries_as_text_in_order_and_in_any_order() {
        for (expected, seen, count) in [
            (None, None, 0),
            (None, Some("a=1"), 1),
            (Some(json!("a=%20&b=2")), Some("a=%20&b=2"), 0),
            (Some(json!("a=%20&b=2")), Some("a=+&b=2"), 1),
            (Some(json!([["a", " "], ["b", 2]])), Some("a=+&b=2"), 0),
            (Some(json!([["b", 2], ["a", " "]])), Some("a=+&b=2"), 1),
            (
                Some(json!({"b": 2, "a": ["ä", "x"]})),
                Some("a=x&b=2&a=%C3%A4"),
                0,
            ),
            (Some(json!({"b": 2})), Some("b=2&b=2"), 1),
            (Some(json!({"b": "100%"})), Some("b=100%"), 0),
        ] {
            assert_eq!(
                query_problems(expected.clone(), seen),
                count,
                "{expected:?} {seen:?}"
            );
        }
    }
}
