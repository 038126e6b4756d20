//! Compares what a driver reports with what the case expects.

use serde_json::{Map, Value, json};

use crate::case::{BytesExpect, Case, Expect, Wait};
use crate::matching::{Strictness, differences};
use crate::redaction;
use crate::wire::Request;

/// What rounding may do to a wait, in milliseconds.
const ROUNDING: f64 = 1.0;

/// All differences between the case's expectations and the driver's report.
pub fn check_report(case: &Case, report: &Value, requests: &[Request]) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(problem) = report["problem"].as_str() {
        problems.push(format!("the driver says: {problem}"));
    }
    let steps = report["steps"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if steps.len() != case.calls.len() {
        problems.push(format!(
            "{} steps reported, not {}",
            steps.len(),
            case.calls.len()
        ));
    }
    for (index, (step, seen)) in case.calls.iter().zip(steps).enumerate() {
        let mut found = Vec::new();
        check_step(&step.expect, seen, requests, &mut found);
        let place = format!("call {} ({})", index + 1, step.call);
        problems.extend(
            found
                .into_iter()
                .map(|problem| format!("{place}: {problem}")),
        );
    }
    check_texts(case, &report["texts"], &mut problems);
    problems
}

fn check_step(expect: &Expect, seen: &Value, requests: &[Request], problems: &mut Vec<String>) {
    match (&expect.error, seen.get("error")) {
        (Some(expected), Some(seen)) => {
            let whole = whole_error(expected, requests);
            differences("error", &whole, Some(seen), Strictness::Part, problems);
        }
        (Some(_), None) => problems.push(format!("expected an error, seen {seen}")),
        (None, Some(error)) => problems.push(format!("expected no error, seen {error}")),
        (None, None) => {}
    }
    let cancelled = seen["cancelled"] == true;
    if expect.cancelled != cancelled {
        problems.push(format!(
            "expected cancelled: {}, seen {seen}",
            expect.cancelled
        ));
    }
    if expect.done && seen["done"] != true {
        problems.push(format!("expected to be done without a value, seen {seen}"));
    }
    let parts = [
        ("value", &expect.value, Strictness::Part),
        ("value", &expect.exactly, Strictness::Whole),
    ];
    for (name, expected, strictness) in parts {
        if let Some(expected) = expected {
            differences(name, expected, seen.get(name), strictness, problems);
        }
    }
    let objects = [
        ("response", &expect.response),
        ("headers", &expect.headers),
        ("event", &expect.event),
    ];
    for (name, expected) in objects {
        if let Some(expected) = expected {
            let expected = Value::Object(expected.clone());
            differences(name, &expected, seen.get(name), Strictness::Part, problems);
        }
    }
    let lists = [
        ("items", expect.items.as_ref().map(|items| json!(items))),
        ("pages", expect.pages.as_ref().map(|pages| json!(pages))),
        ("hooks", expect.hooks.as_ref().map(|hooks| json!(hooks))),
    ];
    for (name, expected) in lists {
        if let Some(expected) = expected {
            differences(name, &expected, seen.get(name), Strictness::Part, problems);
        }
    }
    if let Some(expected) = &expect.bytes {
        check_bytes(expected, &seen["bytes"], problems);
    }
    if let Some(expected) = &expect.waits {
        check_waits(expected, &seen["waits"], problems);
    }
}

/// Every field of an error has an expectation: one that a case leaves out is null, or empty.
fn whole_error(expected: &Map<String, Value>, requests: &[Request]) -> Value {
    let mut whole = json!({
        "status": null, "code": null, "message": {"$matches": "^[^\\n]+$"}, "errors": [],
        "request_id": null, "idempotency_key": null, "confirmation": null, "reason": null,
    });
    for (field, value) in expected {
        whole[field] = from_request(value, requests);
    }
    whole
}

/// `{$header: {try: 1, name: idempotency-key}}` stands for what that try carried.
fn from_request(value: &Value, requests: &[Request]) -> Value {
    let Some(header) = value.get("$header") else {
        return value.clone();
    };
    let number = header["try"]
        .as_u64()
        .and_then(|number| usize::try_from(number).ok());
    let request = number.and_then(|number| requests.get(number.checked_sub(1)?));
    let values = request.map(|request| request.header(header["name"].as_str().unwrap_or_default()));
    match values.as_deref() {
        Some([value]) => json!(value),
        // Nothing equals this, so that a missing header is a difference.
        _ => json!({"no such header on that try": value}),
    }
}

fn check_bytes(expected: &BytesExpect, seen: &Value, problems: &mut Vec<String>) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let Some(length) = seen["length"].as_u64() else {
        problems.push(format!("expected bytes, seen {seen}"));
        return;
    };
    if seen["written"] != length {
        problems.push(format!(
            "{length} bytes, of which {} were written to the file",
            seen["written"]
        ));
    }
    let bytes = seen["base64"]
        .as_str()
        .and_then(|text| STANDARD.decode(text).ok());
    if let Some(kind) = &expected.content_type
        && seen["content_type"] != **kind
    {
        problems.push(format!(
            "content type: expected {kind}, seen {}",
            seen["content_type"]
        ));
    }
    let texts = [
        expected.text.as_ref().map(|text| text.clone().into_bytes()),
        expected
            .base64
            .as_ref()
            .and_then(|text| STANDARD.decode(text).ok()),
    ];
    for expected in texts.into_iter().flatten() {
        if bytes.as_ref() != Some(&expected) {
            problems.push(format!("bytes: expected {expected:?}, seen {bytes:?}"));
        }
    }
    if expected
        .length
        .is_some_and(|expected| expected as u64 != length)
    {
        problems.push(format!(
            "expected {:?} bytes, seen {length}",
            expected.length
        ));
    }
}

fn check_waits(expected: &[Wait], seen: &Value, problems: &mut Vec<String>) {
    let waits: Vec<f64> = seen
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect();
    let fits = |(expected, seen): (&Wait, &f64)| match *expected {
        Wait::Exact(exact) => (exact - seen).abs() <= ROUNDING,
        Wait::Range([least, most]) => *seen >= least - ROUNDING && *seen <= most + ROUNDING,
    };
    if waits.len() != expected.len() || !expected.iter().zip(&waits).all(fits) {
        problems.push(format!("waits: expected {expected:?}, seen {seen} (ms)"));
    }
}

fn check_texts(case: &Case, texts: &Value, problems: &mut Vec<String>) {
    for (name, expected) in &case.text {
        let text = texts[name].as_str().unwrap_or_default();
        for part in &expected.includes {
            if !text.contains(part) {
                problems.push(format!("text of {name}: {part:?} is not in {text:?}"));
            }
        }
        for part in &expected.excludes {
            if text.contains(part) {
                problems.push(format!("text of {name}: {part:?} is in {text:?}"));
            }
        }
    }
    // Every case holds this one rule.
    problems.extend(redaction::leaks(case, texts));
}
