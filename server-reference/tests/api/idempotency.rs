//! Idempotency keys, as the contract says.

use approute_server::clock::DAY;
use serde_json::json;

use crate::harness::{Api, path};

const URL: &str = "https://example.com/";

#[tokio::test]
async fn a_repeated_call_has_its_effect_once() {
    let api = Api::start().await;
    let create = || api.post("/v1/links", json!({ "url": URL })).idempotent("k");
    let first = create().gives(201).await;
    assert!(!first.is_replay());
    api.clock.advance(1_000_000);
    let again = create().gives(201).await;
    assert!(again.is_replay());
    assert_eq!(
        (&again.body, again.header("etag")),
        (&first.body, Some("\"1\""))
    );
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
    // Updates, deletes and restores too.
    let at = path(&first.json());
    for _ in 0..3 {
        assert_eq!(
            api.patch(&at, json!({ "title": "x" }))
                .idempotent("p")
                .gives(200)
                .await
                .json()["version"],
            2
        );
    }
    for _ in 0..3 {
        assert_eq!(
            api.delete(&at).idempotent("d").gives(200).await.json()["version"],
            3
        );
    }
    for _ in 0..3 {
        assert_eq!(
            api.call("POST", &format!("{at}/restore"))
                .idempotent("r")
                .gives(200)
                .await
                .json()["version"],
            4
        );
    }
    assert!(
        api.delete(&at).idempotent("d").gives(200).await.is_replay(),
        "although it is restored by now"
    );
    assert_eq!(
        api.get(&at).idempotent("d").gives(200).await.json()["status"],
        "active"
    );
}

#[tokio::test]
async fn the_scope_is_workspace_method_and_path() {
    let api = Api::start().await;
    let link = api
        .post("/v1/links", json!({ "url": URL }))
        .idempotent("k")
        .gives(201)
        .await
        .json();
    let other = api.link(json!({ "url": URL })).await;
    for call in [
        api.post("/v1/links", json!({ "url": URL }))
            .by(&api.other_key),
        api.patch(&path(&link), json!({ "title": "x" })),
        api.patch(&path(&other), json!({ "title": "x" })),
        api.delete(&path(&other)),
        api.call("POST", &format!("{}/restore", path(&other))),
        api.post("/v1/links/batch", json!({ "create": [{ "url": URL }] })),
    ] {
        let answer = call.idempotent("k").send().await;
        assert!(answer.status < 300 && !answer.is_replay());
    }
    assert!(
        api.post("/v1/links", json!({ "url": URL }))
            .idempotent("k")
            .gives(201)
            .await
            .is_replay()
    );
}

#[tokio::test]
async fn the_fingerprint_is_raw_body_and_if_match() {
    let api = Api::start().await;
    let send = |body: &str| {
        api.call("POST", "/v1/links")
            .header("content-type", "application/json")
            .body(body)
            .idempotent("k")
    };
    send("{\"url\":\"https://example.com/\"}").gives(201).await;
    for other in [
        "{\"url\": \"https://example.com/\"}",
        "{\"url\":\"https://example.org/\"}",
        "{\"url\":5}",
    ] {
        send(other).fails(422, "idempotency_key_reused").await;
    }
    assert!(
        send("{\"url\":\"https://example.com/\"}")
            .gives(201)
            .await
            .is_replay(),
        "a refused reuse changes nothing"
    );
    let link = api.link(json!({ "url": URL })).await;
    let patch = |tag: Option<&str>| {
        let call = api
            .patch(&path(&link), json!({ "title": "x" }))
            .idempotent("p");
        match tag {
            Some(tag) => call.header("if-match", tag),
            None => call,
        }
    };
    patch(Some("\"1\"")).gives(200).await;
    patch(None).fails(422, "idempotency_key_reused").await;
    patch(Some("\"2\""))
        .fails(422, "idempotency_key_reused")
        .await;
    assert!(patch(Some("\"1\"")).gives(200).await.is_replay());
    // Headers outside the fingerprint.
    let with = patch(Some("\"1\""))
        .header("approute-version", "2026-11-01")
        .header("approute-confirmation", "cnf_x");
    assert!(with.gives(200).await.is_replay());
}

#[tokio::test]
async fn what_a_handler_decided_is_stored() {
    let api = Api::start().await;
    let taken = api.link(json!({ "url": URL, "slug": "taken" })).await;
    let missing = "/v1/links/lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC";
    let create = |slug: &str, key: &str| {
        api.post("/v1/links", json!({ "url": URL, "slug": slug }))
            .idempotent(key)
    };
    for (what, status, slug) in [
        ("409", 409, "taken"),
        ("422-slug", 422, "api"),
        ("422-schema", 422, "-"),
    ] {
        let first = create(slug, what).gives(status).await;
        let second = create(slug, what).gives(status).await;
        assert!(
            !first.is_replay() && second.is_replay() && first.body == second.body,
            "{what}"
        );
    }
    let first = api.delete(missing).idempotent("404").gives(404).await;
    assert!(
        !first.is_replay()
            && api
                .delete(missing)
                .idempotent("404")
                .gives(404)
                .await
                .is_replay()
    );
    let stale = || {
        api.patch(&path(&taken), json!({ "title": "x" }))
            .header("if-match", "\"7\"")
            .idempotent("412")
    };
    stale().gives(412).await;
    let again = stale().gives(412).await;
    assert!(again.is_replay());
    assert_eq!(again.header("etag"), Some("\"1\""));
    // Stored even when the reason is gone.
    api.delete(&path(&taken)).gives(200).await;
    api.clock.advance(DAY - 1);
    assert!(create("taken", "409").gives(409).await.is_replay());
}

#[tokio::test]
async fn what_is_decided_anew_is_not_stored() {
    let api = Api::start().await;
    let create = || api.post("/v1/links", json!({ "url": URL })).idempotent("k");
    create().anonymous().fails(401, "invalid_api_key").await;
    create().by(&api.read_key).fails(403, "read_only_key").await;
    create()
        .header("approute-version", "2020-01-01")
        .fails(400, "unsupported_version")
        .await;
    create()
        .header("accept", "text/html")
        .fails(406, "not_acceptable")
        .await;
    api.call("POST", "/v1/links")
        .idempotent("k")
        .header("content-type", "text/plain")
        .body("x")
        .fails(415, "unsupported_media_type")
        .await;
    api.call("POST", "/v1/links")
        .idempotent("k")
        .header("content-type", "application/json")
        .body("{")
        .fails(400, "malformed_request")
        .await;
    api.post("/v1/links?x=1", json!({ "url": URL }))
        .idempotent("k")
        .fails(422, "validation_failed")
        .await;
    assert_eq!(api.count("SELECT COUNT(*) FROM idempotency").await, 0);
    assert!(!create().gives(201).await.is_replay());
}

#[tokio::test]
async fn a_key_is_kept_for_24_hours() {
    let api = Api::start().await;
    let create = || api.post("/v1/links", json!({ "url": URL })).idempotent("k");
    let first = create().gives(201).await.json();
    api.clock.advance(DAY - 1);
    assert_eq!(create().gives(201).await.json(), first);
    api.clock.advance(1);
    // Whether the sweeper has been there or not.
    assert_ne!(create().gives(201).await.json()["id"], first["id"]);
    api.clock.advance(DAY);
    api.server.app.sweep().await.unwrap();
    assert_eq!(api.count("SELECT COUNT(*) FROM idempotency").await, 0);
    assert!(
        !api.post("/v1/links", json!({ "url": "https://example.org/" }))
            .idempotent("k")
            .gives(201)
            .await
            .is_replay()
    );
}

#[tokio::test]
async fn a_replay_is_logged_and_needs_a_key_that_still_works() {
    let api = Api::start().await;
    let create = || api.post("/v1/links", json!({ "url": URL })).idempotent("k");
    create().gives(201).await;
    create().gives(201).await;
    assert_eq!(
        api.count("SELECT COUNT(*) FROM api_calls WHERE operation = 'links.create'")
            .await,
        2
    );
    create().by(&api.read_key).fails(403, "read_only_key").await;
}
