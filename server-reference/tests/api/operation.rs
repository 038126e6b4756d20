//! What operates the server: its routes against the spec, its documentation, its metrics.

use std::collections::{BTreeMap, BTreeSet};

use approute_server::generated::api::Operation;
use approute_server::validate::contract::OPENAPI;
use http::Method;
use serde_json::{Value, json};

use crate::harness::Api;
use crate::http_client::Received;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

/// Method and operation of each path of the spec.
fn spec() -> BTreeMap<String, BTreeMap<String, String>> {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut paths = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let operations = item.as_object().unwrap().iter();
        let operations = operations.filter_map(|(method, operation)| {
            Some((
                method.to_ascii_uppercase(),
                operation["operationId"].as_str()?.to_owned(),
            ))
        });
        paths.insert(path.clone(), operations.collect());
    }
    paths
}

async fn request(api: &Api, method: &str, path: &str) -> Received {
    let url = format!("{}{path}", api.server.base_url());
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    api.client.request(method, &url).send().await
}

#[tokio::test]
async fn the_routes_are_those_of_the_spec() {
    let spec = spec();
    let ids: BTreeSet<&str> = spec
        .values()
        .flat_map(|item| item.values())
        .map(String::as_str)
        .collect();
    let known: BTreeSet<&str> = Operation::ALL.iter().map(|known| known.id()).collect();
    assert_eq!(ids, known);
    let api = Api::start().await;
    for (path, operations) in &spec {
        let parts = path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part });
        let concrete = parts.collect::<Vec<_>>().join("/");
        for method in METHODS {
            let answer = request(&api, method, &concrete).await;
            match operations.get(method) {
                // It got as far as looking for a key.
                Some(id) => assert_eq!(answer.status, 401, "{id}: {method} {concrete}"),
                None => {
                    assert_eq!(answer.status, 405, "{method} {concrete}");
                    let allowed: BTreeSet<&str> =
                        answer.header("allow").unwrap().split(", ").collect();
                    let expected: BTreeSet<&str> = operations.keys().map(String::as_str).collect();
                    assert_eq!(allowed, expected, "{concrete}");
                }
            }
        }
        for beside in [
            format!("{concrete}/"),
            format!("{concrete}/more/of/it"),
            format!("/v2{concrete}"),
        ] {
            assert_eq!(request(&api, "GET", &beside).await.status, 404, "{beside}");
        }
    }
}

#[tokio::test]
async fn the_documentation_needs_nothing_but_this_server() {
    let api = Api::start().await;
    let pages = [
        ("/docs/api", "text/html; charset=utf-8"),
        ("/docs/api/errors", "text/html; charset=utf-8"),
        ("/docs/api/style.css", "text/css; charset=utf-8"),
    ];
    let mut texts = Vec::new();
    for (path, media) in pages {
        let page = request(&api, "GET", path).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, Some(media))
        );
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self';"),
            "{policy}"
        );
        texts.push(String::from_utf8(page.body.to_vec()).unwrap());
        assert_eq!(request(&api, "POST", path).await.status, 405);
    }
    let (docs, errors) = (&texts[0], &texts[1]);
    // Links may lead elsewhere, but nothing is loaded from there, nothing is run, and nothing needs an inline style.
    for page in [docs, errors] {
        for word in ["<script", " style=", "<img", "<iframe", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("<html lang=\"en\">") && page.contains("<main id=\"content\">"));
        assert_eq!(page.matches("<h1").count(), 1, "one first heading");
    }
    for operation in Operation::ALL {
        assert!(
            docs.contains(&format!("<h3 id=\"{}\">", operation.id())),
            "{}",
            operation.id()
        );
    }
    for language in ["curl", "Rust", "Node.js", "Python", "Ruby", "Go"] {
        let samples = docs
            .matches(&format!("<summary>{language}</summary>"))
            .count();
        assert_eq!(samples, Operation::ALL.len(), "{language}");
    }
    // Every link within the page leads somewhere, and no two places have one name.
    let places: Vec<&str> = docs
        .split(" id=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let known: BTreeSet<&str> = places.iter().copied().collect();
    assert_eq!(known.len(), places.len());
    for link in docs
        .split("href=\"#")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        assert!(known.contains(link), "#{link}");
    }
    // Problems link here.
    for code in crate::spec::enum_values("ErrorCode") {
        assert!(errors.contains(&format!("id=\"{code}\"")), "{code}");
    }
}

#[tokio::test]
async fn metrics_are_on_a_listener_of_their_own() {
    let api = Api::with(|config| config.metrics = Some(([127, 0, 0, 1], 0).into())).await;
    api.link(json!({ "url": "https://example.com/", "slug": "counted" }))
        .await;
    api.post("/v1/links", json!({})).gives(422).await;
    api.visit("counted", "Mozilla/5.0 Firefox/140.0").await;
    api.visit("nothing", "Mozilla/5.0 Firefox/140.0").await;
    let url = format!("http://{}/metrics", api.server.metrics.unwrap());
    let page = api.client.get(&url).unchecked().send().await;
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    for line in [
        "approute_calls_total{operation=\"links.create\",status=\"201\"} 1",
        "approute_calls_total{operation=\"links.create\",status=\"422\"} 1",
        "approute_call_duration_seconds_count{operation=\"links.create\"} 2",
        "approute_visits_total{status=\"302\"} 1",
        "approute_visits_total{status=\"404\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(
        text.contains("approute_clicks_waiting ") && text.ends_with("# EOF\n"),
        "{text}"
    );
    for secret in [&api.key, &api.workspace.id, "counted"] {
        assert!(!text.contains(secret));
    }
    // It is not on the API's, and the API is not on it.
    assert_eq!(request(&api, "GET", "/metrics").await.status, 404);
    let url = format!("http://{}/v1/links", api.server.metrics.unwrap());
    let elsewhere = api.client.get(&url).unchecked().send().await;
    assert_eq!(elsewhere.status, 404);
}
