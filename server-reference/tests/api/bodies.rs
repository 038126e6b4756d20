//! Bodies that are too large, too late, cut off, or no JSON.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::Api;

const URL: &str = "https://example.com/";

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
    let (status, body) = crate::spec::read("POST", "/v1/links", answer.as_bytes()).unwrap();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &problem["code"]), (408, &json!("request_timeout")));
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
