//! The client against an HTTP server that behaves.

use approute::models::LinkCreate;
use approute::{Client, ErrorKind, Outcome};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, header, header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn client(server: &MockServer) -> Client {
    Client::builder()
        .api_key("ak_test_key")
        .base_url(server.uri())
        .build()
        .unwrap()
}

/// The link of the documentation.
fn link() -> Value {
    let operations = approute::resources::OPERATIONS.iter();
    let create = operations
        .clone()
        .find(|operation| operation.id == "links.create");
    serde_json::from_str(create.unwrap().example).unwrap()
}

#[tokio::test]
async fn a_link_is_created() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/links"))
        .and(header("authorization", "Bearer ak_test_key"))
        .and(header("accept", "application/json"))
        .and(header("content-type", "application/json"))
        .and(header("approute-version", "2026-11-01"))
        .and(header("idempotency-key", "order-7"))
        .and(header_exists("user-agent"))
        .and(body_json(
            json!({"url": "https://example.com/app", "slug": "summer"}),
        ))
        .respond_with(
            ResponseTemplate::new(201)
                .set_body_json(link())
                .insert_header("x-request-id", "req_1")
                .insert_header("ratelimit", "\"default\";r=99;t=30")
                .insert_header("ratelimit-policy", "\"default\";q=100;w=60"),
        )
        .expect(1)
        .mount(&server)
        .await;

    let created = client(&server)
        .links()
        .create(LinkCreate::new("https://example.com/app").slug("summer"))
        .idempotency_key("order-7")
        .await
        .unwrap();

    assert_eq!(created.status(), 201);
    assert_eq!(created.request_id(), Some("req_1"));
    assert_eq!(created.rate_limit().unwrap().remaining, 99);
    assert_eq!(json!(*created), link());
    let requests = server.received_requests().await.unwrap();
    let agent = requests[0].headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("approute-rust/"), "{agent}");
    assert!(agent.contains(" (rustc 1."), "{agent}");
}

#[tokio::test]
async fn pages_follow_their_cursors() {
    let server = MockServer::start().await;
    let page = |next: Value| {
        let more = !next.is_null();
        ResponseTemplate::new(200)
            .set_body_json(json!({"items": [link()], "next_cursor": next, "has_more": more}))
    };
    Mock::given(method("GET"))
        .and(path("/v1/links"))
        .and(query_param("cursor", "c 1"))
        .and(query_param("tag", "a&b"))
        .respond_with(page(Value::Null))
        .expect(1)
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/v1/links"))
        .and(query_param("tag", "a&b"))
        .respond_with(page(json!("c 1")))
        .expect(1)
        .mount(&server)
        .await;

    let mut links = client(&server).links().list().tag("a&b").limit(1).stream();
    let mut count = 0;
    while let Some(link) = links.next().await {
        assert_eq!(json!(link.unwrap()), self::link());
        count += 1;
    }
    assert_eq!(count, 2);
}

#[tokio::test]
async fn an_error_has_everything() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(
            ResponseTemplate::new(422)
                .insert_header("x-request-id", "req_2")
                .set_body_raw(
                    json!({
                        "type": "https://getapproute.com/docs/api", "title": "Unprocessable", "status": 422,
                        "code": "validation_failed", "detail": "The request is not valid.", "request_id": "req_2",
                        "errors": [{"pointer": "/url", "code": "invalid", "message": "must be http or https"}],
                    })
                    .to_string(),
                    "application/problem+json",
                ),
        )
        .expect(1)
        .mount(&server)
        .await;

    let error = client(&server)
        .links()
        .create(LinkCreate::new("ftp://example.com"))
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnprocessableEntity);
    assert_eq!(error.status().unwrap(), 422);
    assert_eq!(error.code(), Some("validation_failed"));
    assert_eq!(error.errors()[0].pointer, "/url");
    assert_eq!((error.attempts(), error.outcome()), (1, Outcome::Rejected));
    assert_eq!(error.idempotency_key().unwrap().len(), 36);
    assert!(!error.is_retryable());
    assert_eq!(
        error.to_string(),
        "422 validation_failed: The request is not valid. (request id req_2)"
    );
}
