//! Every request is what the spec says, and is built by an operation that progenitor generated.

#[path = "generated/operations.rs"]
#[rustfmt::skip]
mod operations;

use std::collections::BTreeSet;
use std::path::Path;

use approute::bridge::{Action, Event};
use approute::mock::MockTransport;
use operations::CASES;
use serde_json::Value;

fn spec() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/openapi.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn resolve<'a>(spec: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => spec.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// What the spec says of an operation.
struct Expected<'a> {
    method: String,
    path: &'a str,
    parameters: Vec<&'a Value>,
    has_body: bool,
}

fn operations_of(spec: &Value) -> Vec<(&str, Expected<'_>)> {
    let mut all = Vec::new();
    for (path, item) in spec["paths"].as_object().unwrap() {
        let shared = item["parameters"].as_array().into_iter().flatten();
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let own = operation["parameters"].as_array().into_iter().flatten();
            all.push((
                operation["operationId"].as_str().unwrap(),
                Expected {
                    method: method.to_uppercase(),
                    path,
                    parameters: shared
                        .clone()
                        .chain(own)
                        .map(|p| resolve(spec, p))
                        .collect(),
                    has_body: operation.get("requestBody").is_some(),
                },
            ));
        }
    }
    all
}

fn names(expected: &Expected<'_>, location: &str) -> BTreeSet<String> {
    let parameters = expected.parameters.iter();
    parameters
        .filter(|parameter| parameter["in"] == location && parameter.get("x-call-option").is_none())
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_operation_builds_the_request_of_the_spec() {
    let spec = spec();
    let operations = operations_of(&spec);
    let tested: BTreeSet<_> = CASES.iter().map(|case| case.id).collect();
    let known: BTreeSet<_> = operations.iter().map(|(id, _)| *id).collect();
    assert_eq!(tested, known);

    let client = MockTransport::new()
        .builder()
        .base_url("https://gateway.example/approute/")
        .build()
        .unwrap();
    for (id, expected) in &operations {
        let case = CASES.iter().find(|case| case.id == *id).unwrap();
        let mut call = (case.call)(&client).unwrap();
        let Action::Send(request, _) = call.next(Event::Start) else {
            panic!("{id} does not begin with a request");
        };

        assert_eq!(request.method().as_str(), expected.method, "{id}");
        let mut path = format!("/approute{}", expected.path);
        for (name, value) in case.path {
            assert_eq!(*value, "a/b ?");
            path = path.replace(&format!("{{{name}}}"), "a%2Fb%20%3F");
        }
        assert_eq!(request.uri().path(), path, "{id}");
        assert_eq!(request.uri().authority().unwrap(), "gateway.example");

        let query = request.uri().query().unwrap_or_default();
        let url = reqwest::Url::parse(&format!("http://x/?{query}")).unwrap();
        let mut sent: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let pair = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let mut wanted: Vec<_> = case.query.iter().map(pair).collect();
        sent.sort();
        wanted.sort();
        assert_eq!(sent, wanted, "{id}");
        let query_names: BTreeSet<_> = sent.into_iter().map(|(name, _)| name).collect();
        assert_eq!(query_names, names(expected, "query"), "{id}");

        let header_names: BTreeSet<_> = case
            .headers
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        assert_eq!(header_names, names(expected, "header"), "{id}");
        for (name, value) in case.headers {
            assert_eq!(request.headers()[*name], value, "{id}");
        }
        let writes = expected.method != "GET";
        assert_eq!(
            request.headers().contains_key("idempotency-key"),
            writes,
            "{id}"
        );
        assert_eq!(
            request.headers()["approute-version"],
            spec["info"]["version"].as_str().unwrap()
        );
        assert_eq!(request.headers()["authorization"], "Bearer test_key");

        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        assert_eq!(body, (case.body)(), "{id}");
        assert_eq!(expected.has_body, !request.body().is_empty(), "{id}");
        if expected.has_body {
            assert_eq!(
                request.headers()["content-type"],
                "application/json",
                "{id}"
            );
        }
    }
}

#[test]
fn ids_that_change_the_path_are_refused() {
    let client = MockTransport::new().client();
    for id in ["", ".", ".."] {
        let error = client.links().get(id).into_call().err().unwrap();
        assert_eq!(error.kind(), approute::ErrorKind::Configuration);
        assert!(error.message().starts_with("`link_id` is "), "{error}");
        assert_eq!(error.outcome(), approute::Outcome::NotSent);
    }
    for (id, path) in [
        ("..\\..\\clicks", "/v1/links/..%5C..%5Cclicks"),
        ("../../clicks", "/v1/links/..%2F..%2Fclicks"),
        ("%2e%2e", "/v1/links/%252e%252e"),
        ("a\tb\n", "/v1/links/a%09b%0A"),
        ("...", "/v1/links/..."),
        (
            "ä+b;c=d:e@f$g&h'i",
            "/v1/links/%C3%A4%2Bb%3Bc%3Dd%3Ae%40f%24g%26h%27i",
        ),
    ] {
        let mut call = client.links().get(id).into_call().unwrap();
        let Action::Send(request, _) = call.next(Event::Start) else {
            panic!("{id} is not sent");
        };
        assert_eq!(request.uri().path(), path);
    }
}

/// The library's hand-written sources with their text.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("generated") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

#[test]
fn nothing_but_generated_operations_builds_requests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    assert!(found.len() > 20);
    // What makes a request in reqwest, http and hyper.
    let makers = [
        "Request::new(",
        "Request::builder",
        "RequestBuilder",
        "request_builder(",
        ".get(url",
        ".post(",
        ".patch(",
        ".delete(",
        "Method::from",
    ];
    for (path, text) in &found {
        for maker in makers {
            let uses = text.matches(maker).count();
            // The one place that takes over what an operation has built.
            let allowed = usize::from(path.ends_with("operation.rs") && maker == "Request::new(");
            // The mock's record of a request is no request.
            let recorded = text.matches(&format!("Recorded{maker}")).count();
            assert_eq!(uses - recorded, allowed, "{path}: {maker}");
        }
    }

    // Each resource's builder takes its request from the operation of its name.
    let generated = root.join("generated");
    let resources = std::fs::read_to_string(generated.join("resources.rs")).unwrap();
    let operations = std::fs::read_to_string(generated.join("operations.rs")).unwrap();
    assert_eq!(resources.matches("capture(").count(), CASES.len());
    for case in CASES {
        let function = case.id.replace('.', "_");
        assert!(
            resources.contains(&format!("api.{function}("))
                || resources.contains(&format!(".{function}(")),
            "{function}"
        );
        assert!(
            operations.contains(&format!("pub async fn {function}<")),
            "{function}"
        );
    }
}
