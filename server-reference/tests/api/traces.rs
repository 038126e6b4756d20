//! Traces, as a collector gets them.

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::HeaderMap;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::harness::Api;
use crate::receiver::{Receiver, attempts, hook};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// What takes traces.
struct Collector {
    url: String,
    came: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, came) = mpsc::unbounded_channel();
        let take = async move |headers: HeaderMap, body: Bytes| {
            tell.send((headers, body)).unwrap();
        };
        let router = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, came }
    }

    /// All spans that came, and everything as it was on the wire.
    fn spans(&mut self) -> (Vec<Span>, Vec<u8>) {
        let (mut spans, mut wire) = (Vec::new(), Vec::new());
        while let Ok((headers, body)) = self.came.try_recv() {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            let request = ExportTraceServiceRequest::decode(body.clone()).unwrap();
            for resource in request.resource_spans {
                let about = resource.resource.unwrap().attributes;
                assert_eq!(text(&about, "service.name"), "approute-server");
                for scope in resource.scope_spans {
                    spans.extend(scope.spans);
                }
            }
            wire.extend_from_slice(&body);
        }
        (spans, wire)
    }
}

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a any_value::Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    found?.value.as_ref()?.value.as_ref()
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    match attribute(attributes, key) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        other => panic!("{key}: {other:?} in {attributes:?}"),
    }
}

fn number(span: &Span, key: &str) -> i64 {
    match attribute(&span.attributes, key) {
        Some(any_value::Value::IntValue(number)) => *number,
        other => panic!("{key}: {other:?} in {span:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn calls_visits_and_deliveries_are_traced_without_their_secrets() {
    let mut collector = Collector::start().await;
    let url = collector.url.clone();
    let api = Api::with(|config| config.otlp = Some(url)).await;
    let mut receiver = Receiver::start().await;
    let hook = hook(
        &api,
        &format!("{}?token=hook-token", receiver.url),
        &["link.created"],
    )
    .await;
    let created = api
        .post(
            "/v1/links",
            json!({ "url": "https://example.com/", "slug": "traced-slug", "password": "a pass phrase" }),
        )
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("tracestate", "vendor=1")
        .gives(201)
        .await;
    receiver.next().await;
    attempts(&api, 1).await;
    let refused = api.post("/v1/links", json!({})).gives(422).await;
    let visited = api
        .visit("traced-slug?secret=in-the-query", "Mozilla/5.0")
        .await;
    api.get("/v1/links?q=sought").gives(200).await;
    let (key, password) = (api.key.clone(), "a pass phrase");
    api.server.stop().await.unwrap();

    let (spans, wire) = collector.spans();
    let named = |name: &str| {
        spans
            .iter()
            .filter(|span| span.name == name)
            .collect::<Vec<_>>()
    };
    let creates = named("links.create");
    assert_eq!(creates.len(), 2, "{spans:#?}");
    // The trace of the request goes on.
    let [traced, failed] = creates[..] else {
        panic!()
    };
    assert_eq!(hex(&traced.trace_id), TRACE);
    assert_eq!(hex(&traced.parent_span_id), PARENT);
    assert_eq!(traced.trace_state, "vendor=1");
    assert_eq!(traced.kind, SpanKind::Server as i32);
    assert!(traced.end_time_unix_nano >= traced.start_time_unix_nano);
    assert_eq!(number(traced, "http.response.status_code"), 201);
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/links"),
        (
            "approute.request_id",
            created.header("x-request-id").unwrap(),
        ),
        (
            "approute.key_id",
            created.json()["created_by_key_id"].as_str().unwrap(),
        ),
    ] {
        assert_eq!(text(&traced.attributes, key), value);
    }
    // A request without one begins its own. That the caller was wrong is no error of the server's.
    assert_ne!(hex(&failed.trace_id), TRACE);
    assert!(failed.parent_span_id.is_empty());
    assert_eq!(number(failed, "http.response.status_code"), 422);
    assert_eq!(
        text(&failed.attributes, "approute.code"),
        "validation_failed"
    );
    assert_eq!(
        text(&failed.attributes, "approute.request_id"),
        refused.header("x-request-id").unwrap()
    );
    assert!(
        failed
            .status
            .as_ref()
            .is_none_or(|status| status.code() == StatusCode::Unset)
    );

    let visits = named("visit");
    assert_eq!(visits.len(), 1);
    assert_eq!(
        number(visits[0], "http.response.status_code"),
        i64::from(visited.status)
    );
    assert_eq!(
        text(&visits[0].attributes, "approute.request_id"),
        visited.header("x-request-id").unwrap()
    );
    let deliveries = named("delivery");
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].kind, SpanKind::Client as i32);
    assert_eq!(number(deliveries[0], "http.response.status_code"), 204);
    assert_eq!(number(deliveries[0], "approute.attempt"), 1);
    assert_eq!(
        text(&deliveries[0].attributes, "approute.webhook_id"),
        hook.id
    );
    assert_eq!(
        text(&deliveries[0].attributes, "server.address"),
        "127.0.0.1"
    );

    let wire = String::from_utf8_lossy(&wire);
    for secret in [
        &key,
        password,
        &hook.secret,
        "hook-token",
        "in-the-query",
        "sought",
        "traced-slug",
    ] {
        assert!(!wire.contains(secret), "{secret} is in the traces");
    }
}

#[tokio::test]
async fn a_collector_that_says_nothing_holds_up_nobody() {
    // It takes connections and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let api = Api::with(|config| config.otlp = Some(url)).await;
    // More than the queue has room for.
    let calls = async {
        for _ in 0..75 {
            at_once(&api, 30).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), calls)
        .await
        .unwrap();
    let (connection, _) = listener.accept().await.unwrap();
    api.get("/v1/links").gives(200).await;
    // Gone, it holds up the end of the server as little.
    drop((connection, listener));
    let stop = tokio::time::timeout(Duration::from_secs(4), api.server.stop());
    stop.await.unwrap().unwrap();
}

/// So many calls at once.
async fn at_once(api: &Api, count: usize) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..count {
        let (client, url) = (
            api.client.clone(),
            format!("{}/v1/links", api.server.base_url()),
        );
        calls.spawn(async move { client.get(&url).send().await.status });
    }
    while let Some(status) = calls.join_next().await {
        assert_eq!(status.unwrap(), 401);
    }
}
