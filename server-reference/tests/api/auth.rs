//! Keys, scopes, plans, rate limits and isolation.

use approute_server::clock::{HOUR, SECOND};
use approute_server::store::keys;
use approute_server::store::workspaces::Plan;
use serde_json::json;

use crate::harness::{Api, NOON, path};

const URL: &str = "https://example.com/";

#[tokio::test]
async fn every_operation_needs_a_key() {
    let api = Api::start().await;
    for operation in approute_server::generated::api::Operation::ALL {
        let path: String = operation
            .segments()
            .iter()
            .map(|part| format!("/{}", part.unwrap_or("x")))
            .collect();
        api.call(operation.method(), &path)
            .anonymous()
            .fails(401, "invalid_api_key")
            .await;
    }
}

#[tokio::test]
async fn keys_that_are_none() {
    let api = Api::start().await;
    let other_server = Api::start().await;
    let mut typo = api.key.clone().into_bytes();
    typo[20] = if typo[20] == b'x' { b'y' } else { b'x' };
    let typo = String::from_utf8(typo).unwrap();
    for key in [
        "x",
        "apr_live_short",
        &typo,
        &other_server.key,
        &"k".repeat(5_000),
    ] {
        api.get("/v1/links")
            .by(key)
            .fails(401, "invalid_api_key")
            .await;
    }
    for value in [
        "",
        "Bearer",
        "Basic abc",
        &format!("Token {}", api.key),
        &api.key.to_string(),
    ] {
        api.get("/v1/links")
            .anonymous()
            .header("authorization", value)
            .fails(401, "invalid_api_key")
            .await;
    }
    let twice = api
        .get("/v1/links")
        .header("authorization", format!("Bearer {}", api.key));
    twice.fails(401, "invalid_api_key").await;
    api.get("/v1/links")
        .anonymous()
        .header("authorization", format!("bearer {}", api.key))
        .gives(200)
        .await;
    api.get("/v1/links")
        .anonymous()
        .header("authorization", b"Bearer \xff\xfe")
        .fails(401, "invalid_api_key")
        .await;
}

#[tokio::test]
async fn a_read_key_reads() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    api.get(&path(&link)).by(&api.read_key).gives(200).await;
    api.get("/v1/links").by(&api.read_key).gives(200).await;
    // Whatever else is wrong with a write, the key comes first.
    api.post("/v1/links", json!({ "nonsense": 1 }))
        .by(&api.read_key)
        .fails(403, "read_only_key")
        .await;
    api.patch(&path(&link), json!({}))
        .by(&api.read_key)
        .fails(403, "read_only_key")
        .await;
    api.delete(&path(&link))
        .by(&api.read_key)
        .fails(403, "read_only_key")
        .await;
    api.post("/v1/links/batch", json!({}))
        .by(&api.read_key)
        .fails(403, "read_only_key")
        .await;
    api.delete("/v1/webhooks/x")
        .by(&api.read_key)
        .fails(403, "read_only_key")
        .await;
}

#[tokio::test]
async fn a_change_of_plan_counts_at_once() {
    let api = Api::start().await;
    api.change_workspace(|workspace| workspace.plan = Plan::Pro)
        .await;
    api.get("/v1/links").by(&api.read_key).gives(200).await;
    api.get("/v1/links")
        .fails(403, "plan_upgrade_required")
        .await;
    api.post("/v1/links", json!({ "url": URL }))
        .fails(403, "plan_upgrade_required")
        .await;
    api.change_workspace(|workspace| workspace.plan = Plan::Free)
        .await;
    api.get("/v1/links")
        .by(&api.read_key)
        .fails(403, "plan_upgrade_required")
        .await;
    api.change_workspace(|workspace| workspace.plan = Plan::Team)
        .await;
    api.post("/v1/links", json!({ "url": URL }))
        .gives(201)
        .await;
}

#[tokio::test]
async fn revoked_and_rotated_keys() {
    let api = Api::start().await;
    let caller = {
        let mut connection = api.server.app.store.read().await.unwrap();
        let hash = approute_server::auth::secret::Secret::parse(&api.key)
            .unwrap()
            .hash();
        keys::find_caller(&mut connection, &hash)
            .await
            .unwrap()
            .unwrap()
    };
    let mut tx = api.server.app.store.write().await.unwrap();
    keys::expire_secrets(&mut tx, &caller.key_id, NOON + HOUR)
        .await
        .unwrap();
    let fresh = approute_server::auth::secret::Secret::new([9; 32], true);
    keys::insert_secret(&mut tx, &caller.key_id, &fresh.hash(), fresh.hint(), NOON)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    // Both work while the rotation overlaps, then only the new one.
    api.get("/v1/links").gives(200).await;
    api.get("/v1/links").by(fresh.reveal()).gives(200).await;
    api.clock.advance(HOUR);
    api.get("/v1/links").fails(401, "revoked_api_key").await;
    api.get("/v1/links").by(fresh.reveal()).gives(200).await;
    let mut tx = api.server.app.store.write().await.unwrap();
    keys::revoke(&mut tx, &caller.key_id, NOON + HOUR)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    api.get("/v1/links")
        .by(fresh.reveal())
        .fails(401, "revoked_api_key")
        .await;
    api.get("/v1/links").by(&api.read_key).gives(200).await;
}

#[tokio::test]
async fn workspaces_do_not_see_each_other() {
    let api = Api::start().await;
    let link = api
        .link(json!({ "url": URL, "slug": "mine", "external_id": "e" }))
        .await;
    let path = path(&link);
    api.get(&path)
        .by(&api.other_key)
        .fails(404, "not_found")
        .await;
    api.patch(&path, json!({ "title": "x" }))
        .by(&api.other_key)
        .fails(404, "not_found")
        .await;
    api.delete(&path)
        .by(&api.other_key)
        .fails(404, "not_found")
        .await;
    api.call("POST", &format!("{path}/restore"))
        .by(&api.other_key)
        .fails(404, "not_found")
        .await;
    let batch = json!({ "update": [{ "id": link["id"], "title": "x" }] });
    let answer = api
        .post("/v1/links/batch", batch)
        .by(&api.other_key)
        .gives(200)
        .await
        .json();
    assert_eq!(answer["update"][0]["error"]["code"], "not_found");
    let answer = api
        .post("/v1/links/batch", json!({ "delete": [link["id"]] }))
        .by(&api.other_key)
        .gives(200)
        .await
        .json();
    assert_eq!(answer["delete"][0]["status"], 404);
    assert_eq!(
        api.get("/v1/links")
            .by(&api.other_key)
            .gives(200)
            .await
            .json()["items"],
        json!([])
    );
    assert_eq!(
        api.get(&path).gives(200).await.json(),
        link,
        "nothing of it had an effect"
    );
    // The external id is free there, a slug is its own on each domain, and a foreign domain is none.
    let own = api
        .post(
            "/v1/links",
            json!({ "url": URL, "slug": "mine", "external_id": "e" }),
        )
        .by(&api.other_key);
    assert_eq!(own.gives(201).await.json()["domain"], "second.example");
    let foreign = api
        .post("/v1/links", json!({ "url": URL, "domain": "localhost" }))
        .by(&api.other_key);
    foreign.invalid("/domain", "invalid_value").await;
}

#[tokio::test]
async fn requests_per_key_are_limited() {
    let api = Api::with(|config| config.rate_limit = "3/60".parse().unwrap()).await;
    for left in [2, 1, 0] {
        let answer = api.get("/v1/links").gives(200).await;
        assert!(
            answer
                .header("ratelimit")
                .unwrap()
                .starts_with(&format!("\"default\";r={left};t="))
        );
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some("\"default\";q=3;w=60")
        );
    }
    let answer = api.get("/v1/links").fails(429, "rate_limited").await;
    assert_eq!(answer.header("retry-after"), Some("20"));
    api.post("/v1/links", json!({ "url": URL }))
        .idempotent("k")
        .fails(429, "rate_limited")
        .await;
    api.get("/v1/links").by(&api.read_key).gives(200).await;
    api.clock.advance(20 * SECOND);
    let answer = api
        .post("/v1/links", json!({ "url": URL }))
        .idempotent("k")
        .gives(201)
        .await;
    assert!(!answer.is_replay(), "a 429 is not stored");
}

#[tokio::test]
async fn every_call_is_logged_against_its_key() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    let writes = "SELECT COUNT(*) FROM api_calls WHERE operation = 'links.create' AND status = 201";
    assert_eq!(
        api.count(writes).await,
        1,
        "a write is logged in its own transaction"
    );
    api.get(&path(&link)).gives(200).await;
    api.post("/v1/links", json!({})).gives(422).await;
    api.post("/v1/links", json!({}))
        .by(&api.read_key)
        .gives(403)
        .await;
    api.get("/v1/links").anonymous().gives(401).await;
    api.flush().await;
    assert_eq!(
        api.count("SELECT COUNT(*) FROM api_calls").await,
        4,
        "a stranger has no key to log against"
    );
    assert_eq!(
        api.count("SELECT COUNT(*) FROM api_calls WHERE code = 'read_only_key' AND status = 403")
            .await,
        1
    );
    assert_eq!(
        api.count("SELECT COUNT(DISTINCT key_id) FROM api_calls")
            .await,
        2
    );
}
