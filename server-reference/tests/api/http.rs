//! HTTP itself: routes, methods, media types, versions, limits.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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
async fn what_has_its_own_issue_says_so() {
    let api = Api::start().await;
    let id = "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC";
    api.get("/v1/clicks?limit=1000&order=asc")
        .fails(501, "not_implemented")
        .await;
    api.get(&format!("/v1/qr/{id}?format=svg"))
        .fails(501, "not_implemented")
        .await;
    // Their input is checked all the same.
    api.get("/v1/clicks?limit=1001")
        .invalid("query:limit", "too_large")
        .await;
    api.get(&format!("/v1/qr/{id}?size=1"))
        .invalid("query:size", "too_small")
        .await;
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
async fn bodies_that_are_too_large() {
    let api = Api::start().await;
    let body = |size: usize| format!("{{\"url\":\"{URL}\",\"notes\":\"{}\"}}", "x".repeat(size));
    let send = |path: &str, body: String| {
        api.call("POST", path)
            .header("content-type", "application/json")
            .body(body)
            .idempotent("k")
    };
    send("/v1/links", body(1 << 20))
        .fails(413, "payload_too_large")
        .await;
    send("/v1/links", body(5 << 20))
        .fails(413, "payload_too_large")
        .await;
    send("/v1/links", body((1 << 20) - 1_000))
        .invalid("/notes", "too_long")
        .await;
    send("/v1/links/batch", body(2 << 20)).gives(422).await;
    send("/v1/links/batch", body(10 << 20))
        .fails(413, "payload_too_large")
        .await;
    api.get("/v1/links").gives(200).await;
}

#[tokio::test]
async fn bodies_that_come_too_late_or_not_whole() {
    let api = Api::with(|config| config.body_timeout = Duration::from_millis(200)).await;
    let head = |length: usize| {
        format!(
            "POST /v1/links HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n",
            api.key
        )
    };
    let mut slow = tokio::net::TcpStream::connect(api.server.address)
        .await
        .unwrap();
    slow.write_all(format!("{}{{", head(50)).as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"),
        "{answer}"
    );
    // A client that hangs up leaves nothing behind.
    let mut cut = tokio::net::TcpStream::connect(api.server.address)
        .await
        .unwrap();
    cut.write_all(format!("{}{{", head(50)).as_bytes())
        .await
        .unwrap();
    drop(cut);
    // Nonsense on the wire is answered or dropped, and the server stays up.
    for nonsense in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"POST /v1/links HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    ] {
        let mut stream = tokio::net::TcpStream::connect(api.server.address)
            .await
            .unwrap();
        let _ = stream.write_all(nonsense).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    }
    api.get("/v1/links").gives(200).await;
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 0);
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    let api = Api::start().await;
    let deep = format!("{{\"url\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let deeper = "[".repeat(500_000);
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"  ".to_vec(),
        b"{".to_vec(),
        b"{\"url\":\"https://example.com/\"".to_vec(),
        b"{'url':1}".to_vec(),
        b"{\"url\":\"https://example.com/\",\"url\":\"https://example.org/\"}".to_vec(),
        b"{\"url\":\"https://example.com/\",\"geo\":{\"DE\":\"https://a.example\",\"DE\":\"https://b.example\"}}".to_vec(),
        b"{\"url\":\"\xff\xfe\"}".to_vec(),
        b"{\"url\":\"\\ud800\"}".to_vec(),
        b"{\"url\":NaN}".to_vec(),
        b"{\"click_limit\":1e999}".to_vec(),
        b"{} {}".to_vec(),
        b"url=https://example.com/".to_vec(),
        deep.into_bytes(),
        deeper.into_bytes(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body)
            .chars()
            .take(60)
            .collect::<String>();
        let call = api
            .call("POST", "/v1/links")
            .header("content-type", "application/json")
            .idempotent("same")
            .body(body);
        let answer = call.send().await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (400, Some("malformed_request")),
            "{shown}"
        );
    }
    for body in ["null", "[]", "1", "\"x\"", "true"] {
        let call = api
            .call("POST", "/v1/links")
            .header("content-type", "application/json")
            .body(body);
        call.invalid(
            "",
            if body == "null" {
                "not_null"
            } else {
                "invalid_type"
            },
        )
        .await;
    }
    // None of the 400s was stored under the key.
    assert_eq!(
        api.post("/v1/links", json!({ "url": URL }))
            .idempotent("same")
            .gives(201)
            .await
            .header("idempotent-replayed"),
        None
    );
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
