//! The controls for tests under `/_test/`.

use std::time::Duration;

use approute_server::clock::DAY;
use approute_server::ids::hex;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, NOON, id};
use crate::receiver::{Receiver, Reply, hook};

const URL: &str = "https://example.com/";

async fn fault(api: &Api, fault: Value) -> Value {
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
async fn none_of_it_is_there_without_dev() {
    let api = Api::with(|config| config.dev = false).await;
    for (method, path) in [
        ("POST", "/_test/reset"),
        ("GET", "/_test/clock"),
        ("POST", "/_test/faults"),
        ("GET", "/_test/deliveries"),
    ] {
        api.call(method, path).fails(404, "not_found").await;
    }
}

#[tokio::test]
async fn web_pages_are_refused() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    let reset = api
        .call("POST", "/_test/reset")
        .header("origin", "https://evil.example");
    reset.fails(404, "not_found").await;
    api.get(&crate::harness::path(&link)).gives(200).await;
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

#[tokio::test]
async fn a_day_of_retries_in_one_call() {
    let api = Api::start().await;
    let mut receiver = Receiver::with(|_| Reply::Status(500)).await;
    let hook = hook(&api, &receiver.url, &["link.created"]).await;
    let link = api.link(json!({ "url": URL })).await;
    let shown = api
        .post("/_test/clock", json!({ "advance_seconds": 86_400 }))
        .gives(200)
        .await
        .json();
    assert_eq!(
        shown,
        json!({ "now": "2026-11-24T12:00:00Z", "settled": true })
    );
    assert_eq!(api.server.app.now(), NOON + DAY);
    let mut sent_at = NOON;
    for attempt in 1..=11 {
        let delivery = receiver.next().await;
        let body = delivery.json();
        assert_eq!(body["attempt"], attempt);
        let at = body["sent_at"]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>();
        let at = at.unwrap().timestamp_micros();
        assert!(at >= sent_at, "each when it was due");
        delivery.verified(&hook.secret, at);
        sent_at = at;
    }
    receiver.assert_nothing();
    assert!(sent_at > NOON + 19 * DAY / 24);

    let sent = api
        .get(&format!("/_test/deliveries?webhook_id={}", hook.id))
        .gives(200)
        .await
        .json();
    assert_eq!(sent["waiting"], json!([]));
    let attempts = sent["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 11);
    assert_eq!(
        (&attempts[0]["attempt"], &attempts[10]["attempt"]),
        (&json!(1), &json!(11))
    );
    assert_eq!(
        (&attempts[0]["status"], &attempts[0]["answer"]),
        (&json!(500), &json!("thanks"))
    );
    assert_eq!(attempts[0]["data"]["link"]["id"], json!(id(&link)));
    assert_eq!(attempts[10]["next_attempt_at"], Value::Null);
    let none = api
        .get("/_test/deliveries?webhook_id=whk_none")
        .gives(200)
        .await
        .json();
    assert_eq!(none, json!({ "waiting": [], "attempts": [] }));
}

#[tokio::test]
async fn time_moves_everything_that_goes_by_it() {
    let api = Api::start().await;
    api.link(json!({ "url": URL, "slug": "short-lived", "expires_at": "2026-11-23T13:00:00Z" }))
        .await;
    assert_eq!(
        api.visit("short-lived", "Mozilla/5.0 Firefox/140.0")
            .await
            .status,
        302
    );
    // A step of nothing writes the clicks down.
    api.post("/_test/clock", json!({ "advance_seconds": 0 }))
        .gives(200)
        .await;
    assert_eq!(api.stored_clicks().await.len(), 1);
    let shown = api
        .post("/_test/clock", json!({ "advance_seconds": 3600.5 }))
        .gives(200)
        .await
        .json();
    assert_eq!(shown["now"], "2026-11-23T13:00:00.500Z");
    assert_eq!(
        api.get("/_test/clock").gives(200).await.json()["now"],
        shown["now"]
    );
    assert_eq!(api.visit("short-lived", "").await.status, 410);
    for wrong in [
        json!({ "advance_seconds": -1 }),
        json!({ "advance_seconds": 1e12 }),
        json!({}),
        json!({ "back": 1 }),
    ] {
        api.post("/_test/clock", wrong)
            .fails(422, "validation_failed")
            .await;
    }
    // What is past its time is removed.
    let link = api.link(json!({ "url": URL })).await;
    api.delete(&crate::harness::path(&link)).gives(200).await;
    api.post("/_test/clock", json!({ "advance_seconds": 31 * 86_400 }))
        .gives(200)
        .await;
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
}

#[tokio::test]
async fn a_reset_leaves_the_workspace_and_its_keys_and_nothing_else() {
    let api = Api::with(|config| config.rate_limit = "100/60".parse().unwrap()).await;
    let receiver = Receiver::start().await;
    let gone = hook(&api, &receiver.url, &["link.created"]).await;
    hook(&api, &receiver.url, &["link.created"]).await;
    let link = api
        .link(json!({ "url": URL, "slug": "again", "tags": ["a"], "external_id": "e" }))
        .await;
    api.visit("again", "Mozilla/5.0 Firefox/140.0").await;
    api.post("/v1/links", json!({ "url": URL }))
        .idempotent("k")
        .gives(201)
        .await;
    api.post("/_test/clock", json!({ "advance_seconds": 60 }))
        .gives(200)
        .await;
    api.delete(&gone.path()).gives(204).await;
    api.change_workspace(|workspace| workspace.delete_threshold = 0)
        .await;
    api.delete(&crate::harness::path(&link))
        .fails(409, "confirmation_required")
        .await;
    api.change_workspace(|workspace| workspace.delete_threshold = 1)
        .await;
    api.delete(&crate::harness::path(&link)).gives(200).await;
    fault(&api, json!({ "operation": "links.batch", "status": 500 })).await;
    // This click waits in memory when the reset comes.
    api.visit("again", "Mozilla/5.0 Firefox/140.0").await;

    api.call("POST", "/_test/reset").gives(200).await;
    api.flush().await;
    let kept = [
        "migrations",
        "settings",
        "workspaces",
        "domains",
        "api_keys",
        "api_key_secrets",
    ];
    for table in tables(&api).await {
        let rows = api
            .count(Box::leak(
                format!("SELECT COUNT(*) FROM {table}").into_boxed_str(),
            ))
            .await;
        assert_eq!(
            rows > 0,
            kept.contains(&table.as_str()),
            "{table}: {rows} rows"
        );
    }
    assert_eq!(api.server.app.now(), NOON);
    assert_eq!(
        api.get("/_test/faults").gives(200).await.json(),
        json!({ "faults": [] })
    );
    assert_eq!(
        api.visit("again", "").await.status,
        404,
        "no cache knows it"
    );
    let answer = api
        .post("/v1/links", json!({ "url": URL, "slug": "again" }))
        .idempotent("k")
        .gives(201)
        .await;
    assert!(!answer.is_replay());
    assert_eq!(answer.header("ratelimit"), Some("\"default\";r=99;t=1"));
    api.delete(&crate::harness::path(&answer.json()))
        .gives(200)
        .await;
}

/// Every table that the migrations have made, so that a new one is not forgotten.
async fn tables(api: &Api) -> Vec<String> {
    let sql = match api.server.app.store.dialect() {
        approute_server::store::Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        approute_server::store::Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()"
        }
    };
    let mut connection = api.server.app.store.read().await.unwrap();
    sqlx::query_scalar(sql)
        .fetch_all(&mut *connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_reset_leaves_workspaces_that_are_not_for_development() {
    let api = Api::start().await;
    let mut tx = api.server.app.store.write().await.unwrap();
    sqlx::query("UPDATE workspaces SET is_dev = 0 WHERE id <> $1")
        .bind(api.workspace.id.clone())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mine = api
        .post("/v1/links", json!({ "url": URL }))
        .by(&api.other_key)
        .gives(201)
        .await
        .json();
    api.link(json!({ "url": URL })).await;
    api.call("POST", "/_test/reset").gives(200).await;
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
    api.get(&crate::harness::path(&mine))
        .by(&api.other_key)
        .gives(200)
        .await;
}

#[tokio::test]
async fn a_seed_repeats_ids_slugs_keys_and_secrets() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let api = Api::with(|config| config.seed = Some(42)).await;
        let receiver = Receiver::start().await;
        let things = |api: Api, receiver: Receiver| async move {
            let hook = hook(&api, &receiver.url, &["link.created"]).await;
            let link = api.link(json!({ "url": URL })).await;
            (
                id(&link),
                link["slug"].clone(),
                hook.id,
                hook.secret,
                api.key.clone(),
                api,
            )
        };
        let (link, slug, hook_id, secret, key, api) = things(api, receiver).await;
        // A reset begins again, but does not give out a key twice.
        api.call("POST", "/_test/reset").gives(200).await;
        let again = api.link(json!({ "url": URL })).await;
        assert_eq!((id(&again), &again["slug"]), (link.clone(), &slug));
        let token = hex(&api
            .server
            .app
            .ids
            .random::<8>(approute_server::ids::Purpose::Secret));
        runs.push((link, slug, hook_id, secret, key, token));
        // Calls between do not change what comes.
        api.get("/v1/links").gives(200).await;
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].0.starts_with("lnk_01KDVD"), "{}", runs[0].0);
}
