//! Bad destinations, updates, query parameters, and many errors at once.

use serde_json::{Value, json};

use crate::harness::{Api, path};

const URL: &str = "https://example.com/";

#[tokio::test]
async fn destinations() {
    let api = Api::start().await;
    for url in [
        "",
        "example.com",
        "//example.com",
        "ftp://example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://?x",
        "http://[::1",
        "https://exa mple.com/",
        "https://example.com/\nx",
        "https://user:pw@example.com/",
        "https://ä.example/",
        "mailto:a@b.example",
        "https://example.com/\0",
    ] {
        let answer = api
            .post("/v1/links", json!({ "url": url }))
            .gives(422)
            .await
            .json();
        assert!(
            answer["errors"]
                .as_array()
                .unwrap()
                .iter()
                .all(|error| error["pointer"] == "/url"),
            "{url}: {answer:#}"
        );
    }
    let long = format!("https://example.com/{}", "a".repeat(2_029));
    api.post("/v1/links", json!({ "url": long }))
        .invalid("/url", "too_long")
        .await;
}

#[tokio::test]
async fn several_errors_come_together() {
    let api = Api::start().await;
    let body = json!({ "title": 5, "nonsense": true, "tags": ["a", "a"], "click_limit": 0 });
    let answer = api
        .post("/v1/links", body)
        .fails(422, "validation_failed")
        .await
        .json();
    let pointers: Vec<&str> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    for pointer in ["/url", "/title", "/nonsense", "/tags", "/click_limit"] {
        assert!(pointers.contains(&pointer), "{pointer} {pointers:?}");
    }
    // Ten thousand unknown fields make no ten thousand errors.
    let many: serde_json::Map<String, Value> = (0..10_000)
        .map(|n| (format!("field{n}"), json!(1)))
        .collect();
    let answer = api.post("/v1/links", Value::Object(many)).gives(422).await;
    assert!(answer.body.len() < 50_000);
}

#[tokio::test]
async fn query_parameters() {
    let api = Api::start().await;
    for (query, pointer, code) in [
        ("limit=0", "query:limit", "too_small"),
        ("limit=101", "query:limit", "too_large"),
        ("limit=ten", "query:limit", "invalid_type"),
        ("limit=", "query:limit", "invalid_type"),
        ("limit=1.5", "query:limit", "invalid_type"),
        ("limit=+5", "query:limit", "invalid_type"),
        ("limit=99999999999999999999", "query:limit", "invalid_type"),
        ("q=", "query:q", "too_short"),
        ("q=%00", "query:q", "invalid_format"),
        ("status=gone", "query:status", "invalid_value"),
        (
            "created_after=yesterday",
            "query:created_after",
            "invalid_format",
        ),
        ("cursor=", "query:cursor", "too_short"),
        ("cursor=a%20b", "query:cursor", "invalid_format"),
        ("tag=", "query:tag", "too_short"),
        ("tag=a&tag=a", "query:tag", "duplicate"),
        ("colour=red", "query:colour", "unknown_parameter"),
        ("Limit=5", "query:Limit", "unknown_parameter"),
        ("limit[]=5", "query:limit[]", "unknown_parameter"),
    ] {
        let answer = api.get(&format!("/v1/links?{query}")).send().await;
        let json = answer.json();
        assert_eq!(answer.status, 422, "{query}: {json:#}");
        let errors = json["errors"].as_array().unwrap();
        let hit = errors.iter().any(|error| {
            error["pointer"].as_str().unwrap().starts_with(pointer) && error["code"] == code
        });
        assert!(hit, "{query}: {json:#}");
    }
    for query in ["limit=5&limit=6", "q=a&q=b", "status=active&status=active"] {
        let answer = api
            .get(&format!("/v1/links?{query}"))
            .fails(400, "malformed_request")
            .await
            .json();
        assert_eq!(answer["errors"][0]["code"], "repeated_parameter");
    }
    api.get("/v1/links?q=%ff")
        .fails(400, "malformed_request")
        .await;
    api.get("/v1/links?&&limit=5&").gives(200).await;
    let link = api.link(json!({ "url": URL })).await;
    api.get(&format!("{}?expand=x", path(&link)))
        .invalid("query:expand", "unknown_parameter")
        .await;
}

#[tokio::test]
async fn updates_are_held_to_the_same_rules() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    for (body, pointer, code) in [
        (json!({ "url": null }), "/url", "not_null"),
        (json!({ "url": "x" }), "/url", "too_short"),
        (json!({ "slug": "new" }), "/slug", "unknown_field"),
        (json!({ "domain": "localhost" }), "/domain", "unknown_field"),
        (json!({ "title": 5 }), "/title", "invalid_type"),
        (json!({ "tags": [null] }), "/tags/0", "not_null"),
        (json!({ "geo": { "de": null } }), "/geo/de", "invalid_value"),
        (json!({ "geo": { "DE": 5 } }), "/geo/DE", "invalid_type"),
        (
            json!({ "variants": [{ "url": null, "weight": 1 }] }),
            "/variants/0/url",
            "not_null",
        ),
        (
            json!({ "targets": { "ios": { "bundle_id": "" } } }),
            "/targets/ios/bundle_id",
            "invalid_format",
        ),
        (
            json!({ "password_policy": { "max_failures": 101 } }),
            "/password_policy/max_failures",
            "too_large",
        ),
        (json!({ "click_limit": 0 }), "/click_limit", "too_small"),
        (
            json!({ "deleted_at": null }),
            "/deleted_at",
            "unknown_field",
        ),
        (
            json!({ "url": "https://a:b@example.com/" }),
            "/url",
            "invalid_url",
        ),
    ] {
        api.patch(&path(&link), body).invalid(pointer, code).await;
    }
    assert_eq!(api.get(&path(&link)).gives(200).await.json(), link);
}
