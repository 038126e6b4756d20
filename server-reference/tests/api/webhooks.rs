//! The resource webhooks, as the contract says.

use approute_server::clock::{HOUR, SECOND};
use serde_json::{Value, json};

use crate::harness::Api;
use crate::receiver::hook;

const URL: &str = "https://hooks.example.com/approute";

fn body() -> Value {
    json!({ "url": URL, "events": ["link.created"], "description": "Partners" })
}

#[tokio::test]
async fn the_secret_is_shown_once_and_kept_sealed() {
    let api = Api::start().await;
    let created = api.post("/v1/webhooks", body()).gives(201).await;
    assert_eq!(created.header("cache-control"), Some("no-store"));
    let mut created = created.json();
    let secret = created["secret"].as_str().unwrap().to_owned();
    assert!(
        secret.starts_with("whsec_") && secret.len() == 6 + 44,
        "{secret}"
    );
    assert_eq!(created["secret_hint"], secret[secret.len() - 4..]);
    let id = created["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("whk_"));
    created.as_object_mut().unwrap().remove("secret");
    let expected = json!({
        "id": id, "url": URL, "events": ["link.created"], "description": "Partners", "status": "active",
        "disabled_reason": null, "consecutive_failures": 0, "last_delivery": null, "secret_hint": created["secret_hint"],
        "previous_secret_expires_at": null, "api_version": "2026-11-01", "created_at": "2026-11-23T12:00:00Z"
    });
    assert_eq!(created, expected);
    let path = format!("/v1/webhooks/{id}");
    assert_eq!(api.get(&path).gives(200).await.json(), expected);
    assert_eq!(
        api.get("/v1/webhooks").gives(200).await.json()["items"],
        json!([expected])
    );
    assert_eq!(
        api.patch(&path, json!({})).gives(200).await.json(),
        expected
    );
    // Two webhooks never share a secret.
    assert_ne!(hook(&api, URL, &["link.created"]).await.secret, secret);
    let mut connection = api.server.app.store.read().await.unwrap();
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT secret FROM webhooks")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert!(
        !sealed
            .windows(8)
            .any(|part| secret.as_bytes().windows(8).any(|other| other == part))
    );
}

#[tokio::test]
async fn only_endpoints_that_may_be_called() {
    let production = Api::with(|config| config.dev = false).await;
    let development = Api::start().await;
    let create = |api, url: &str| {
        Api::post(
            api,
            "/v1/webhooks",
            json!({ "url": url, "events": ["link.created"] }),
        )
    };
    for url in [
        "https://hooks.example.com/",
        "https://hooks.example.com:8443/a?b=c",
        "HTTPS://hooks.example.com",
    ] {
        create(&production, url).gives(201).await;
        create(&development, url).gives(201).await;
    }
    for url in [
        "http://127.0.0.1:1/",
        "http://localhost:1/x",
        "http://[::1]:1/",
        "https://127.0.0.1/",
        "https://localhost/",
    ] {
        create(&production, url)
            .invalid("/url", "invalid_url")
            .await;
        create(&development, url).gives(201).await;
    }
    for url in [
        "http://hooks.example.com/",
        "https://user@hooks.example.com/",
        "https://user:pass@hooks.example.com/",
        "https://10.0.0.1/",
        "http://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00::1]/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://metadata.google.internal/",
        "https://exa mple.com/",
    ] {
        create(&production, url)
            .invalid("/url", "invalid_url")
            .await;
        create(&development, url)
            .invalid("/url", "invalid_url")
            .await;
    }
    create(&production, "ftp://hooks.example.com/")
        .invalid("/url", "invalid_url")
        .await;
    let hook = hook(&production, URL, &["link.created"]).await;
    production
        .patch(&hook.path(), json!({ "url": "https://10.0.0.1/" }))
        .invalid("/url", "invalid_url")
        .await;
    assert_eq!(
        production.get(&hook.path()).gives(200).await.json()["url"],
        URL
    );
}

#[tokio::test]
async fn input_is_checked() {
    let api = Api::start().await;
    let hook = hook(&api, URL, &["link.created"]).await;
    for (change, pointer, code) in [
        (json!({ "events": [] }), "/events", "too_few"),
        (
            json!({ "events": ["link.created", "link.created"] }),
            "/events",
            "duplicate",
        ),
        (
            json!({ "events": ["link.deleted"] }),
            "/events/0",
            "invalid_value",
        ),
        (json!({ "events": null }), "/events", "not_null"),
        (json!({ "url": null }), "/url", "not_null"),
        (
            json!({ "description": "x".repeat(501) }),
            "/description",
            "too_long",
        ),
        (json!({ "secret": "whsec_x" }), "/secret", "unknown_field"),
    ] {
        let mut create = body();
        create
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        api.post("/v1/webhooks", create)
            .invalid(pointer, code)
            .await;
        api.patch(&hook.path(), change).invalid(pointer, code).await;
    }
    api.patch(&hook.path(), json!({ "status": "disabled" }))
        .invalid("/status", "invalid_value")
        .await;
    let rotate = format!("{}/rotate-secret", hook.path());
    api.post(&rotate, json!({ "expire_previous_in": -1 }))
        .invalid("/expire_previous_in", "too_small")
        .await;
    api.post(&rotate, json!({ "expire_previous_in": 604_801 }))
        .invalid("/expire_previous_in", "too_large")
        .await;
    assert_eq!(api.count("SELECT COUNT(*) FROM webhooks").await, 1);
}

#[tokio::test]
async fn changes() {
    let api = Api::start().await;
    let hook = hook(&api, URL, &["link.created"]).await;
    let patch = async |change: Value| api.patch(&hook.path(), change).gives(200).await.json();
    assert_eq!(
        patch(json!({ "description": "x" })).await["description"],
        "x"
    );
    let changed =
        patch(json!({ "url": "https://example.org/", "events": ["link.password_failed"] })).await;
    assert_eq!(changed["url"], "https://example.org/");
    assert_eq!(changed["events"], json!(["link.password_failed"]));
    assert_eq!(changed["description"], "x", "what is absent stays");
    assert_eq!(
        patch(json!({ "description": null })).await["description"],
        Value::Null
    );
    assert_eq!(
        patch(json!({ "status": "active" })).await["status"],
        "active"
    );
    api.delete(&hook.path()).gives(204).await;
    api.delete(&hook.path()).fails(404, "not_found").await;
    api.get(&hook.path()).fails(404, "not_found").await;
}

#[tokio::test]
async fn another_workspace_sees_nothing() {
    let api = Api::start().await;
    let hook = hook(&api, URL, &["link.created"]).await;
    let (path, other) = (hook.path(), api.other_key.as_str());
    api.get(&path).by(other).fails(404, "not_found").await;
    api.patch(&path, json!({ "description": "x" }))
        .by(other)
        .fails(404, "not_found")
        .await;
    api.post(&format!("{path}/rotate-secret"), json!({}))
        .by(other)
        .fails(404, "not_found")
        .await;
    api.delete(&path).by(other).fails(404, "not_found").await;
    assert_eq!(
        api.get("/v1/webhooks").by(other).gives(200).await.json()["items"],
        json!([])
    );
    api.get(&path).by(&api.read_key).gives(200).await;
    api.delete(&path)
        .by(&api.read_key)
        .fails(403, "read_only_key")
        .await;
    api.post("/v1/webhooks", body())
        .by(&api.read_key)
        .fails(403, "read_only_key")
        .await;
    assert_eq!(
        api.get(&path).gives(200).await.json()["description"],
        Value::Null
    );
}

#[tokio::test]
async fn pages() {
    let api = Api::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(hook(&api, URL, &["link.created"]).await.id);
        api.clock.advance(SECOND);
    }
    made.reverse();
    let (mut seen, mut path) = (Vec::new(), "/v1/webhooks?limit=2".to_owned());
    loop {
        let page = api.get(&path).gives(200).await.json();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        assert_eq!(page["has_more"], page["next_cursor"].is_string());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        if seen.len() == 2 {
            // Neither one that is new nor one that is gone moves the others.
            hook(&api, URL, &["link.created"]).await;
            api.delete(&format!("/v1/webhooks/{}", made[0]))
                .gives(204)
                .await;
            api.get(&format!("/v1/webhooks?cursor={cursor}"))
                .by(&api.other_key)
                .fails(400, "invalid_cursor")
                .await;
            api.get(&format!("/v1/links?cursor={cursor}"))
                .fails(400, "invalid_cursor")
                .await;
        }
        path = format!("/v1/webhooks?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, made);
    api.get("/v1/webhooks?cursor=abc")
        .fails(400, "invalid_cursor")
        .await;
    api.get("/v1/webhooks?limit=101")
        .invalid("query:limit", "too_large")
        .await;
}

#[tokio::test]
async fn rotations_overlap_once() {
    let api = Api::start().await;
    let hook = hook(&api, URL, &["link.created"]).await;
    let path = format!("{}/rotate-secret", hook.path());
    let rotate = |body: Value| api.post(&path, body);
    let first = rotate(json!({})).gives(200).await;
    assert_eq!(first.header("cache-control"), Some("no-store"));
    let first = first.json();
    assert_eq!(
        first["previous_secret_expires_at"], "2026-11-24T12:00:00Z",
        "a day is the default"
    );
    let secret = first["secret"].as_str().unwrap();
    assert_ne!(secret, hook.secret);
    assert_eq!(first["secret_hint"], secret[secret.len() - 4..]);
    let shown = api.get(&hook.path()).gives(200).await.json();
    assert_eq!(
        (&shown["secret_hint"], &shown["secret"]),
        (&first["secret_hint"], &Value::Null)
    );

    api.clock.advance(24 * HOUR - 1);
    rotate(json!({})).fails(409, "rotation_in_progress").await;
    rotate(json!({ "expire_previous_in": 60 }))
        .fails(409, "rotation_in_progress")
        .await;
    assert_eq!(
        api.get(&hook.path()).gives(200).await.json()["secret_hint"],
        first["secret_hint"]
    );
    api.clock.advance(1);
    assert_eq!(
        api.get(&hook.path()).gives(200).await.json()["previous_secret_expires_at"],
        Value::Null
    );
    let second = rotate(json!({ "expire_previous_in": 3_600 }))
        .gives(200)
        .await
        .json();
    assert_eq!(second["previous_secret_expires_at"], "2026-11-24T13:00:00Z");
    // 0 is always accepted, and ends the overlap too.
    let third = rotate(json!({ "expire_previous_in": 0 }))
        .gives(200)
        .await
        .json();
    assert_eq!(third["previous_secret_expires_at"], Value::Null);
    rotate(json!({ "expire_previous_in": 60 })).gives(200).await;
}
