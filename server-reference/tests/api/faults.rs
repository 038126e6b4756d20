//! Answers that are made to fail, by `/_test/faults`.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Api};

const URL: &str = "https://example.com/";

pub async fn fault(api: &Api, fault: Value) -> Value {
    api.post("/_test/faults", fault).gives(200).await.json()
}

/// A call whose answer may break off.
async fn raw(
    api: &Api,
    method: &str,
    path: &str,
    extra: &str,
    body: &str,
) -> Result<Vec<u8>, String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = api.server.address;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n{extra}content-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        api.key,
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer).await {
        Ok(_) => Ok(answer),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn a_status_for_the_next_calls_of_an_operation() {
    let api = Api::start().await;
    let listed = fault(
        &api,
        json!({ "operation": "links.create", "times": 2, "status": 429, "headers": { "Retry-After": "0" } }),
    )
    .await;
    assert_eq!(listed["faults"].as_array().unwrap().len(), 1);
    api.get("/v1/links").gives(200).await;
    let create = json!({ "url": URL }).to_string();
    for _ in 0..2 {
        let answer = outside(&api, Method::POST, "/v1/links", &create).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.json()["code"], "rate_limited");
        assert_eq!(answer.header("retry-after"), Some("0"));
    }
    let left = api.get("/_test/faults").gives(200).await.json();
    assert_eq!(left, json!({ "faults": [] }));
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 0);
    api.link(json!({ "url": URL })).await;

    // In the order in which they came, any operation, a body of one's own.
    fault(
        &api,
        json!({ "status": 502, "body": "<html>bad gateway</html>" }),
    )
    .await;
    fault(
        &api,
        json!({ "operation": "links.list", "status": 503, "applied": true }),
    )
    .await;
    let bad = outside(&api, Method::GET, "/v1/webhooks", "").await;
    assert_eq!(
        (bad.status, bad.header("content-type")),
        (502, Some("text/plain; charset=utf-8"))
    );
    assert_eq!(bad.body, b"<html>bad gateway</html>");
    assert_eq!(
        outside(&api, Method::GET, "/v1/links", "").await.status,
        503
    );
    fault(&api, json!({ "status": 500 })).await;
    assert_eq!(
        api.call("DELETE", "/_test/faults").gives(200).await.json(),
        json!({ "faults": [] })
    );
    api.get("/v1/links").gives(200).await;
}

/// A call whose answer need not be one of the API.
async fn outside(api: &Api, method: Method, path: &str, body: &str) -> Answer {
    let url = format!("{}{path}", api.server.base_url());
    let request = api
        .client
        .request(method, &url)
        .header("authorization", format!("Bearer {}", api.key))
        .header("content-type", "application/json")
        .body(body.to_owned());
    let received = request.unchecked().send().await;
    Answer {
        status: received.status,
        headers: received.headers,
        body: received.body.to_vec(),
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_call_was_carried_out() {
    let api = Api::start().await;
    let body = json!({ "url": URL }).to_string();
    let key = "idempotency-key: once\r\n";
    fault(
        &api,
        json!({ "operation": "links.create", "reset": true, "applied": true }),
    )
    .await;
    let lost = raw(&api, "POST", "/v1/links", key, &body).await;
    assert!(
        lost.as_ref().is_err_and(|error| error.contains("reset")),
        "{lost:?}"
    );
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
    let again = api
        .post("/v1/links", json!({ "url": URL }))
        .idempotent("once")
        .gives(201)
        .await;
    assert!(again.is_replay());

    // Not carried out, unless it is asked for.
    fault(&api, json!({ "reset": true })).await;
    assert!(raw(&api, "POST", "/v1/links", "", &body).await.is_err());
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    let whole = api.get(&crate::harness::path(&link)).gives(200).await.body;
    for bytes in [0, 1, 25] {
        fault(
            &api,
            json!({ "operation": "links.get", "truncate_after": bytes }),
        )
        .await;
        let answer = raw(&api, "GET", &crate::harness::path(&link), "", "")
            .await
            .unwrap();
        let text = String::from_utf8(answer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        assert!(
            head.contains(&format!("content-length: {}", whole.len())),
            "{head}"
        );
        assert_eq!(body.as_bytes(), &whole[..bytes]);
    }
    // What has no body promises one.
    fault(&api, json!({ "status": 204, "truncate_after": 0 })).await;
    fault(&api, json!({ "status": 503, "truncate_after": 5 })).await;
    let _ = raw(&api, "GET", "/v1/links", "connection: close\r\n", "").await;
    let answer = raw(&api, "GET", "/v1/links", "", "").await.unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 503") && answer.ends_with(b"\r\n\r\n{\"cod"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn an_answer_that_comes_late() {
    let api = Api::start().await;
    fault(
        &api,
        json!({ "operation": "links.create", "delay_ms": 600_000 }),
    )
    .await;
    let body = json!({ "url": URL }).to_string();
    let late = tokio::time::timeout(
        Duration::from_millis(300),
        raw(
            &api,
            "POST",
            "/v1/links",
            "idempotency-key: late\r\n",
            &body,
        ),
    );
    assert!(late.await.is_err(), "the answer is held back");
    // The call itself was carried out, whatever became of its client.
    crate::receiver::until(&api, "SELECT COUNT(*) FROM links", 1).await;
    let again = api
        .post("/v1/links", json!({ "url": URL }))
        .idempotent("late")
        .gives(201)
        .await;
    assert!(again.is_replay());
    fault(
        &api,
        json!({ "delay_ms": 1, "headers": { "x-note": "late" } }),
    )
    .await;
    assert_eq!(
        api.get("/v1/links").gives(200).await.header("x-note"),
        Some("late")
    );
}

#[tokio::test]
async fn faults_that_are_none() {
    let api = Api::start().await;
    for (wrong, word) in [
        (json!({}), "Say what goes wrong"),
        (json!({ "status": 199 }), "between 200 and 599"),
        (json!({ "status": 503, "times": 0 }), "times"),
        (
            json!({ "status": 503, "operation": "links.fly" }),
            "links.create",
        ),
        (json!({ "reset": true, "status": 503 }), "reset"),
        (json!({ "delay_ms": 600_001 }), "delay_ms"),
        (json!({ "body": 1, "delay_ms": 1 }), "body"),
        (
            json!({ "status": 500, "headers": { "a b": "c" } }),
            "no header",
        ),
        (json!({ "status": 500, "wait": 3 }), "unknown field `wait`"),
        (json!([]), "faults"),
    ] {
        let answer = api
            .post("/_test/faults", wrong.clone())
            .fails(422, "validation_failed")
            .await
            .json();
        let detail = answer["detail"].as_str().unwrap();
        assert!(
            wrong == json!([]) || detail.contains(word),
            "{wrong}: {detail}"
        );
    }
    assert_eq!(
        api.get("/_test/faults").gives(200).await.json(),
        json!({ "faults": [] })
    );
}
