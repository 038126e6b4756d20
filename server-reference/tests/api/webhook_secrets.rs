//! Idempotency keys of calls whose answer shows a secret.

use approute_server::cli::seed;
use approute_server::store::keys::Scope;
use serde_json::{Value, json};

use crate::harness::Api;

const URL: &str = "https://hooks.example.com/approute";

fn body() -> Value {
    json!({ "url": URL, "events": ["link.created"] })
}

async fn another_key(api: &Api) -> String {
    let app = &api.server.app;
    let mut tx = app.store.write().await.unwrap();
    let key = seed::key(
        &mut tx,
        &app.ids,
        &api.workspace,
        "other",
        Scope::ReadWrite,
        app.now(),
    );
    let (_, secret) = key.await.unwrap();
    tx.commit().await.unwrap();
    secret.reveal().to_owned()
}

/// What is stored for idempotency keys, as text.
async fn stored(api: &Api) -> String {
    let mut connection = api.server.app.store.read().await.unwrap();
    let bodies: Vec<Vec<u8>> = sqlx::query_scalar("SELECT body FROM idempotency")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    bodies
        .iter()
        .map(|body| String::from_utf8_lossy(body))
        .collect()
}

#[tokio::test]
async fn a_replay_shows_the_secret_to_the_same_key_only() {
    let api = Api::start().await;
    let create = || api.post("/v1/webhooks", body()).idempotent("k");
    let first = create().gives(201).await;
    let again = create().gives(201).await;
    assert!(!first.is_replay() && again.is_replay());
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("cache-control"), Some("no-store"));
    let secret = first.json()["secret"].as_str().unwrap().to_owned();
    assert!(
        !stored(&api).await.contains(&secret[6..]),
        "the secret is nowhere but in its own row"
    );
    assert_eq!(api.count("SELECT COUNT(*) FROM webhooks").await, 1);

    let other = another_key(&api).await;
    let theirs = create().by(&other).gives(201).await;
    assert!(theirs.is_replay());
    let mut expected = first.json();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(theirs.json(), expected);
    // A change that leaves the secret alone leaves the replay alone.
    let path = format!("/v1/webhooks/{}", expected["id"].as_str().unwrap());
    api.patch(&path, json!({ "url": "https://example.org/" }))
        .gives(200)
        .await;
    assert_eq!(create().gives(201).await.body, first.body);
}

#[tokio::test]
async fn a_secret_that_is_gone_is_not_made_up() {
    let api = Api::start().await;
    let create = |key: &str| api.post("/v1/webhooks", body()).idempotent(key);
    let first = create("k").gives(201).await.json();
    let path = format!("/v1/webhooks/{}", first["id"].as_str().unwrap());
    let rotate = |key: &str| {
        api.post(
            &format!("{path}/rotate-secret"),
            json!({ "expire_previous_in": 0 }),
        )
        .idempotent(key)
    };

    let rotated = rotate("r1").gives(200).await;
    assert_ne!(rotated.json()["secret"], first["secret"]);
    assert_eq!(rotate("r1").gives(200).await.body, rotated.body);
    assert_eq!(api.count("SELECT secret_version FROM webhooks").await, 2);
    create("k").fails(409, "idempotency_result_gone").await;
    let gone = create("k").fails(409, "idempotency_result_gone").await;
    assert!(!gone.is_replay());
    rotate("r2").gives(200).await;
    rotate("r1").fails(409, "idempotency_result_gone").await;

    api.delete(&path).idempotent("d").gives(204).await;
    assert!(
        api.delete(&path)
            .idempotent("d")
            .gives(204)
            .await
            .is_replay()
    );
    rotate("r2").fails(409, "idempotency_result_gone").await;
    create("k").fails(409, "idempotency_result_gone").await;
    assert_eq!(api.count("SELECT COUNT(*) FROM webhooks").await, 0);
}
