//! Holds every answer against the spec. The tests of the binary use it too.

use std::collections::HashMap;
use std::sync::LazyLock;

use approute_server::validate::contract::OPENAPI;
use http::header::{HeaderMap, HeaderName};
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Map, Value, json};

static SPEC: LazyLock<Spec> = LazyLock::new(Spec::load);

struct Spec {
    document: Value,
    operations: Vec<Operation>,
    schemas: HashMap<String, Validator>,
}

struct Operation {
    id: String,
    method: String,
    path: Vec<String>,
    responses: Map<String, Value>,
}

impl Spec {
    fn load() -> Self {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let components = json!({ "components": { "schemas": document["components"]["schemas"] } });
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add("spec:///", &components)
            .unwrap()
            .prepare()
            .unwrap();
        let mut schemas = HashMap::new();
        for name in components["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
        {
            let schema = json!({ "$ref": format!("spec:///#/components/schemas/{name}") });
            let validator = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .with_registry(&registry)
                .should_validate_formats(true)
                .should_ignore_unknown_formats(true)
                .build(&schema)
                .unwrap();
            schemas.insert(name.clone(), validator);
        }
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in ["get", "post", "patch", "delete", "put"] {
                let Some(operation) = item.get(method) else {
                    continue;
                };
                operations.push(Operation {
                    id: operation["operationId"].as_str().unwrap().to_owned(),
                    method: method.to_ascii_uppercase(),
                    path: path.split('/').map(str::to_owned).collect(),
                    responses: operation["responses"].as_object().unwrap().clone(),
                });
            }
        }
        // Fixed paths first: `/v1/links/batch` is no link.
        operations.sort_by_key(|operation| {
            operation
                .path
                .iter()
                .filter(|part| part.starts_with('{'))
                .count()
        });
        Self {
            document,
            operations,
            schemas,
        }
    }

    fn resolve<'a>(&'a self, node: &'a Value) -> &'a Value {
        match node["$ref"].as_str() {
            Some(target) => self
                .document
                .pointer(target.strip_prefix('#').unwrap())
                .unwrap(),
            None => node,
        }
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |operation: &&Operation| {
            operation.method == method
                && operation.path.len() == parts.len()
                && operation
                    .path
                    .iter()
                    .zip(&parts)
                    .all(|(own, part)| own.starts_with('{') && !part.is_empty() || own == part)
        };
        // A path that is fixed elsewhere, with another method, is not this operation's either.
        self.operations.iter().find(fits).filter(|found| {
            !self.operations.iter().any(|other| {
                other.path.iter().zip(&parts).all(|(own, part)| own == part)
                    && other.path.len() == parts.len()
                    && other.path != found.path
            })
        })
    }

    fn check_schema(&self, schema: &Value, value: &Value, what: &str) {
        let name = schema["$ref"]
            .as_str()
            .map(|target| target.rsplit('/').next().unwrap());
        let errors: Vec<String> = match name {
            Some(name) => self.schemas[name]
                .iter_errors(value)
                .map(|error| format!("{} {error}", error.instance_path()))
                .collect(),
            None => jsonschema::validator_for(schema)
                .unwrap()
                .iter_errors(value)
                .map(|error| error.to_string())
                .collect(),
        };
        assert!(
            errors.is_empty(),
            "{what} breaks the spec: {errors:#?}\n{value:#}"
        );
    }
}

/// Panics where a value is not what this schema says.
pub fn conforms(schema: &str, value: &Value) {
    let reference = json!({ "$ref": format!("#/components/schemas/{schema}") });
    SPEC.check_schema(&reference, value, schema);
}

/// Panics where an answer is not what the spec says of its operation.
pub fn check(method: &str, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    let spec = &*SPEC;
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    let request_id =
        header("x-request-id").unwrap_or_else(|| panic!("{method} {path}: no X-Request-Id"));
    spec.check_schema(
        &json!({ "$ref": "#/components/schemas/RequestId" }),
        &json!(request_id),
        "X-Request-Id",
    );
    let media = header("content-type").unwrap_or_default();
    // An answer to HEAD has the headers only.
    if status >= 400 && media == "application/problem+json" && method != "HEAD" {
        let problem: Value = serde_json::from_slice(body).unwrap();
        spec.check_schema(
            &json!({ "$ref": "#/components/schemas/Problem" }),
            &problem,
            "the problem",
        );
        let known = |list: &str, code: &Value| {
            spec.document["components"]["schemas"][list]["enum"]
                .as_array()
                .unwrap()
                .contains(code)
        };
        assert!(known("ErrorCode", &problem["code"]), "{problem:#}");
        for error in problem["errors"].as_array().unwrap() {
            assert!(known("FieldErrorCode", &error["code"]), "{problem:#}");
        }
        assert_eq!(problem["status"], status);
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    let Some(operation) = spec.operation(method, path) else {
        return;
    };
    let what = format!("{} answering {status}", operation.id);
    let wildcard = format!("{}XX", status / 100);
    let response = operation
        .responses
        .get(&status.to_string())
        .or_else(|| operation.responses.get(&wildcard));
    let response = spec
        .resolve(response.unwrap_or_else(|| panic!("{what}: the spec does not have this status")));
    for (name, declared) in response["headers"].as_object().into_iter().flatten() {
        let Some(value) = header(name) else { continue };
        let schema = &spec.resolve(declared)["schema"];
        let numeric = spec.resolve(schema)["type"] == "integer";
        let value = if numeric {
            json!(value.parse::<i64>().unwrap())
        } else {
            json!(value)
        };
        spec.check_schema(schema, &value, &format!("{what}: {name}"));
    }
    assert_eq!(header("approute-version"), Some("2026-11-01"), "{what}");
    if status == 401 {
        assert!(
            header("www-authenticate").unwrap().starts_with("Bearer"),
            "{what}"
        );
    } else {
        assert!(
            header("ratelimit").unwrap().starts_with("\"default\";r="),
            "{what}"
        );
        assert!(
            header("ratelimit-policy")
                .unwrap()
                .starts_with("\"default\";q="),
            "{what}"
        );
    }
    let declares = |name: &str| response["headers"].get(name).is_some();
    if declares("ETag") && status < 300 {
        assert!(header("etag").is_some(), "{what}: no ETag");
    }
    if header("idempotent-replayed").is_some() {
        assert!(declares("Idempotent-Replayed"), "{what}");
    }
    match response["content"].as_object() {
        None => assert!(
            body.is_empty(),
            "{what}: a body that the spec does not have"
        ),
        Some(content) => {
            let schema = &content
                .get(media)
                .unwrap_or_else(|| panic!("{what}: media type {media}"))["schema"];
            if resolve_format(spec, schema) == "binary" {
                assert!(!body.is_empty(), "{what}: no bytes");
            } else {
                spec.check_schema(schema, &serde_json::from_slice(body).unwrap(), &what);
            }
        }
    }
}

/// An answer as it came over the wire, and its body; none where it is not whole. It is checked like any other.
pub fn read(method: &str, path: &str, answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let (head, body) = (str::from_utf8(&answer[..end]).unwrap(), &answer[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, value.parse().unwrap());
    }
    let length = headers.get("content-length");
    let length: usize = length.map_or(0, |length| length.to_str().unwrap().parse().unwrap());
    if body.len() < length {
        return None;
    }
    let path = path.split('?').next().unwrap();
    check(method, path, status, &headers, body);
    Some((status, body.to_vec()))
}

fn resolve_format<'a>(spec: &'a Spec, schema: &'a Value) -> &'a str {
    spec.resolve(schema)["format"].as_str().unwrap_or_default()
}

/// The names of a spec's enum.
pub fn enum_values(schema: &str) -> Vec<String> {
    let values = SPEC.document["components"]["schemas"][schema]["enum"]
        .as_array()
        .unwrap();
    values
        .iter()
        .map(|value| value.as_str().unwrap().to_owned())
        .collect()
}
