//! The controls for tests under `/_test/`.

use approute_server::clock::DAY;
use approute_server::ids::hex;
use serde_json::{Value, json};

use crate::faults::fault;
use crate::harness::{Api, NOON, id};
use crate::receiver::{Receiver, Reply, hook};

const URL: &str = "https://example.com/";

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
