//! HTTP itself: routes, methods, media types, versions, limits.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Api, path};
use crate::spec;

const URL: &str = "https://example.com/";

#[tokio::test]
async fn health_and_documents() {
    let api = Api::start().await;
    api.get("/healthz").anonymous().gives(200).await;
    let document = api
        .get("/api/openapi.json")
        .anonymous()
        .gives(200)
        .await
        .json();
    assert_eq!(document["openapi"], "3.1.0");
    let document = api
        .get("/api/openapi-3.0.json")
        .anonymous()
        .gives(200)
        .await
        .json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.0"));
    api.call("POST", "/healthz")
        .anonymous()
        .fails(405, "method_not_allowed")
        .await;
}

#[tokio::test]
async fn the_problem_codes_are_those_of_the_spec() {
    let known = spec::enum_values("ErrorCode");
    for code in approute_server::problem::Code::ALL {
        assert!(known.iter().any(|name| name == code.as_str()), "{code:?}");
    }
    let known = spec::enum_values("FieldErrorCode");
    for code in approute_server::problem::FieldCode::ALL {
        assert!(known.iter().any(|name| name == code.as_str()), "{code:?}");
    }
}

#[tokio::test]
async fn routes_and_methods() {
    let api = Api::start().await;
    for nothing in [
        "/v1/nothing",
        "/v1/links/x/y",
        "/v1/",
        "/a/b",
        "/",
        "/%00",
        "/v1/links/",
        "/..%2f",
    ] {
        api.get(nothing).fails(404, "not_found").await;
    }
    for (method, path, allowed) in [
        ("PUT", "/v1/links", "POST, GET"),
        ("GET", "/v1/links/batch", "POST"),
        ("HEAD", "/v1/links/x/restore", "POST"),
        ("OPTIONS", "/v1/links/x", "GET, PATCH, DELETE"),
        ("POST", "/someslug", "GET, HEAD"),
    ] {
        let answer = api.call(method, path).gives(405).await;
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
    // What cannot be an id is an id that is not there.
    for id in [
        "x",
        "lnk_",
        "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC",
        "%00",
        "%ff%fe",
        "..",
        "lnk_%2e%2e",
        &"9".repeat(3_000),
    ] {
        let answer = api.get(&format!("/v1/links/{id}")).send().await;
        assert_eq!(answer.status, 404, "{id}");
    }
}

#[tokio::test]
async fn versions() {
    let api = Api::start().await;
    api.get("/v1/links")
        .header("approute-version", "2026-11-01")
        .gives(200)
        .await;
    for version in ["2026-11-02", "1", "", "2026-11-01 ", "latest"] {
        let answer = api
            .get("/v1/links")
            .header("approute-version", version)
            .send()
            .await;
        // Trailing spaces are no part of a header's value.
        let expected = if version.trim() == "2026-11-01" {
            200
        } else {
            400
        };
        assert_eq!(answer.status, expected, "{version:?}");
    }
    let twice = api
        .get("/v1/links")
        .header("approute-version", "2026-11-01")
        .header("approute-version", "2026-11-01");
    twice.fails(400, "unsupported_version").await;
}

#[tokio::test]
async fn media_types() {
    let api = Api::start().await;
    let body = serde_json::to_vec(&json!({ "url": URL })).unwrap();
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
        "",
        "json",
    ] {
        let call = api
            .call("POST", "/v1/links")
            .header("content-type", media)
            .body(body.clone());
        call.fails(415, "unsupported_media_type").await;
    }
    api.call("POST", "/v1/links")
        .body(body.clone())
        .fails(415, "unsupported_media_type")
        .await;
    let packed = api
        .call("POST", "/v1/links")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    packed
        .body(body.clone())
        .fails(415, "unsupported_media_type")
        .await;
    let good = api
        .call("POST", "/v1/links")
        .header("content-type", "application/json; charset=utf-8")
        .body(body);
    good.gives(201).await;
    api.get("/v1/links")
        .header("accept", "text/html")
        .fails(406, "not_acceptable")
        .await;
    api.get("/v1/links")
        .header("accept", "text/html, application/*;q=0.5")
        .gives(200)
        .await;
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
}

#[tokio::test]
async fn headers_that_are_malformed() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    for key in ["", " ", "a b", "ä", &"k".repeat(256), "tab\tbed"] {
        let answer = api
            .post("/v1/links", json!({ "url": URL }))
            .header("idempotency-key", key)
            .send()
            .await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (400, Some("invalid_header")),
            "{key:?}"
        );
    }
    api.post("/v1/links", json!({ "url": URL }))
        .idempotent(&"k".repeat(255))
        .gives(201)
        .await;
    let twice = api
        .post("/v1/links", json!({ "url": URL }))
        .idempotent("a")
        .idempotent("b");
    twice.fails(400, "invalid_header").await;
    for tag in ["1", "*", "\"1\", \"2\"", "\"", "x"] {
        let answer = api
            .patch(&path(&link), json!({}))
            .header("if-match", tag)
            .send()
            .await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (400, Some("invalid_header")),
            "{tag:?}"
        );
        assert_eq!(answer.json()["errors"][0]["pointer"], "header:If-Match");
    }
}

#[tokio::test]
async fn running_requests_finish_when_the_server_stops() {
    let api = Api::start().await;
    let client = api.client.clone();
    let (url, key) = (
        format!("{}/v1/links", api.server.base_url()),
        api.key.clone(),
    );
    // Something that takes a while: a password is hashed.
    let running = tokio::spawn(async move {
        let body = json!({ "url": URL, "password": "correct horse" }).to_string();
        let call = client
            .request(http::Method::POST, &url)
            .header("authorization", format!("Bearer {key}"));
        call.header("content-type", "application/json")
            .body(body)
            .send()
            .await
    });
    tokio::time::sleep(Duration::from_millis(30)).await;
    let Api { server, .. } = api;
    server.stop().await.unwrap();
    assert_eq!(running.await.unwrap().status, 201);
}
