//! Compares what was seen with what a case expects.

use regex::Regex;
use serde_json::Value;

/// How strictly objects are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Fields that the case does not name may be there.
    Part,
    /// Nothing else may be there.
    Whole,
}

/// Appends one line for every difference between `expected` and `seen`; `place` names where they stand.
///
/// In `expected`, `{$matches: regex}` stands for a text, `{$any: true}` for anything but nothing, and
/// `{$absent: true}` for a field that must not be there.
pub fn differences(
    place: &str,
    expected: &Value,
    seen: Option<&Value>,
    strictness: Strictness,
    out: &mut Vec<String>,
) {
    let special = expected.as_object().filter(|object| object.len() == 1);
    if let Some((key, argument)) = special.and_then(|object| object.iter().next()) {
        match (key.as_str(), seen) {
            ("$absent", None) => return,
            ("$absent", Some(seen)) => {
                out.push(format!("{place}: expected nothing, seen {seen}"));
                return;
            }
            ("$any", Some(_)) => return,
            ("$any", None) => {
                out.push(format!("{place}: expected anything, seen nothing"));
                return;
            }
            ("$matches", Some(Value::String(text))) if matches(argument, text) => return,
            ("$matches", seen) => {
                out.push(format!(
                    "{place}: expected text like {argument}, seen {}",
                    show(seen)
                ));
                return;
            }
            _ => {}
        }
    }
    match (expected, seen) {
        (Value::Object(expected), Some(Value::Object(seen))) => {
            for (key, expected) in expected {
                differences(
                    &format!("{place}/{key}"),
                    expected,
                    seen.get(key),
                    strictness,
                    out,
                );
            }
            if strictness == Strictness::Whole {
                for (key, value) in seen {
                    if !expected.contains_key(key) {
                        out.push(format!("{place}/{key}: expected nothing, seen {value}"));
                    }
                }
            }
        }
        (Value::Array(expected), Some(Value::Array(seen))) if expected.len() == seen.len() => {
            for (index, (expected, seen)) in expected.iter().zip(seen).enumerate() {
                differences(
                    &format!("{place}/{index}"),
                    expected,
                    Some(seen),
                    strictness,
                    out,
                );
            }
        }
        (expected, Some(seen)) if same_scalar(expected, seen) => {}
        (expected, seen) => {
            out.push(format!("{place}: expected {expected}, seen {}", show(seen)));
        }
    }
}

/// Whether a text has the form that a case asks for.
pub fn matches(pattern: &Value, text: &str) -> bool {
    pattern
        .as_str()
        .and_then(|pattern| Regex::new(pattern).ok())
        .is_some_and(|pattern| pattern.is_match(text))
}

fn show(seen: Option<&Value>) -> String {
    seen.map_or_else(|| "nothing".to_owned(), Value::to_string)
}

fn same_scalar(expected: &Value, seen: &Value) -> bool {
    match (expected, seen) {
        // Integers are compared as such: beyond 2^53 two of them share one double.
        (Value::Number(a), Value::Number(b)) => match (as_integer(a), as_integer(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        // The same moment may be spelled in several ways, and each language has its own.
        (Value::String(a), Value::String(b)) => a == b || same_moment(a, b),
        (a, b) => a == b,
    }
}

fn as_integer(number: &serde_json::Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

fn same_moment(a: &str, b: &str) -> bool {
    match (
        chrono::DateTime::parse_from_rfc3339(a),
        chrono::DateTime::parse_from_rfc3339(b),
    ) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn compare(expected: Value, seen: Value, strictness: Strictness) -> Vec<String> {
        let mut out = Vec::new();
        differences("value", &expected, Some(&seen), strictness, &mut out);
        out
    }

    #[test]
    fn what_matches() {
        for (expected, seen) in [
            (json!({"a": 1}), json!({"a": 1, "b": 2})),
            (json!({"a": {"$absent": true}}), json!({})),
            (json!({"a": {"$any": true}}), json!({"a": null})),
            (json!({"$matches": "^a+$"}), json!("aaa")),
            (json!([{"a": 1}]), json!([{"a": 1, "b": 1}])),
            (
                json!("2026-11-05T09:30:00Z"),
                json!("2026-11-05T10:30:00.000+01:00"),
            ),
            (json!(302), json!(302.0)),
        ] {
            assert_eq!(compare(expected, seen, Strictness::Part), [""; 0]);
        }
    }

    #[test]
    fn what_does_not() {
        for (expected, seen, strictness) in [
            (json!({"a": 1}), json!({"a": 2}), Strictness::Part),
            (json!({"a": null}), json!({}), Strictness::Part),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), Strictness::Whole),
            (
                json!({"a": {"$absent": true}}),
                json!({"a": null}),
                Strictness::Part,
            ),
            (json!({"a": {"$any": true}}), json!({}), Strictness::Part),
            (json!({"$matches": "^a+$"}), json!(7), Strictness::Part),
            (json!([1]), json!([1, 2]), Strictness::Part),
            (json!("1"), json!(1), Strictness::Part),
            (
                json!(9_007_199_254_740_993_u64),
                json!(9_007_199_254_740_992_u64),
                Strictness::Part,
            ),
            (
                json!("2026-11-05T09:30:00Z"),
                json!("2026-11-05T09:30:00.001Z"),
                Strictness::Part,
            ),
        ] {
            assert_eq!(compare(expected, seen, strictness).len(), 1);
        }
    }
}
