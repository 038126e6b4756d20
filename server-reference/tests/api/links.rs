//! Creating, getting, updating, deleting and restoring one link.

use std::collections::HashSet;

use approute_server::clock::{DAY, SECOND};
use serde_json::json;

use crate::harness::{Api, path};

const URL: &str = "https://example.com/";

#[tokio::test]
async fn a_link_has_every_field() {
    let api = Api::start().await;
    let answer = api
        .post("/v1/links", json!({ "url": URL }))
        .gives(201)
        .await;
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let link = answer.json();
    assert_eq!(link["slug"].as_str().unwrap().len(), 8);
    let base = api.server.base_url();
    assert_eq!(
        link["short_url"],
        format!("{base}/{}", link["slug"].as_str().unwrap())
    );
    for (field, value) in [
        ("domain", json!("localhost")),
        ("url", json!(URL)),
        ("title", json!(null)),
        ("tags", json!([])),
        ("targets", json!({ "ios": null, "android": null })),
        ("geo", json!({})),
        ("variants", json!([])),
        (
            "utm",
            json!({ "source": null, "medium": null, "campaign": null, "term": null, "content": null }),
        ),
        ("forward_query", json!(false)),
        ("redirect_status", json!(302)),
        ("has_password", json!(false)),
        (
            "password_policy",
            json!({ "max_failures": 5, "window_seconds": 600 }),
        ),
        ("click_thresholds", json!([])),
        ("archived", json!(false)),
        ("status", json!("active")),
        ("click_count", json!(0)),
        ("created_at", json!("2026-11-23T12:00:00Z")),
        ("updated_at", json!("2026-11-23T12:00:00Z")),
        ("deleted_at", json!(null)),
        ("purge_at", json!(null)),
        ("version", json!(1)),
    ] {
        assert_eq!(link[field], value, "{field}");
    }
    assert!(link.get("password").is_none() && link.get("password_hash").is_none());
    let got = api.get(&path(&link)).gives(200).await;
    assert_eq!((got.json(), got.header("etag")), (link, Some("\"1\"")));
}

#[tokio::test]
async fn what_is_set_comes_back() {
    let api = Api::start().await;
    let body = json!({
        "url": "https://example.com/autumn?ref=nora", "domain": "localhost", "slug": "Autumn-Nora", "external_id": "creator:1042",
        "title": "Nora", "notes": "n", "tags": ["b", "a"],
        "targets": { "ios": { "app_store_id": "1", "bundle_id": "a.b", "universal_link_url": URL, "fallback_url": URL, "min_version": "4.2.0" },
                     "android": { "package_name": "a.b", "app_link_url": URL, "fallback_url": URL, "min_version_code": 7 } },
        "geo": { "DE": "https://example.de/" }, "variants": [{ "url": URL, "weight": 3 }],
        "utm": { "source": "s", "medium": "m", "campaign": "c", "term": "t", "content": "x" },
        "forward_query": true, "redirect_status": 307, "password_policy": { "max_failures": 3, "window_seconds": 60 },
        "starts_at": "2026-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00.5Z", "expired_url": URL,
        "click_limit": 10, "click_thresholds": [5, 1], "program_id": "p", "sub_id": "s", "archived": true
    });
    let link = api.link(body.clone()).await;
    for (field, value) in body.as_object().unwrap() {
        let shown = if field == "expires_at" {
            json!("2027-01-01T00:00:00.500Z")
        } else {
            value.clone()
        };
        assert_eq!(link[field], shown, "{field}");
    }
    assert_eq!(link["status"], "archived");
}

#[tokio::test]
async fn passwords_are_kept_as_argon2id_and_never_shown() {
    let api = Api::start().await;
    let secret = "correct horse battery";
    let answer = api
        .post("/v1/links", json!({ "url": URL, "password": secret }))
        .idempotent("k")
        .gives(201)
        .await;
    assert_eq!(answer.json()["has_password"], true);
    assert!(
        !String::from_utf8(answer.body.clone())
            .unwrap()
            .contains("horse")
    );
    let link = answer.json();
    let patched = api
        .patch(&path(&link), json!({ "title": "x" }))
        .gives(200)
        .await
        .json();
    assert_eq!(patched["has_password"], true, "absent leaves it");
    let mut connection = api.server.app.store.read().await.unwrap();
    let row: (String, String) = sqlx::query_as("SELECT password_hash, document FROM links")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    drop(connection);
    assert!(
        row.0.starts_with("$argon2id$") && !row.1.contains("horse"),
        "{row:?}"
    );
    let cleared = api
        .patch(&path(&link), json!({ "password": null }))
        .gives(200)
        .await
        .json();
    assert_eq!(
        (&cleared["has_password"], &cleared["version"]),
        (&json!(false), &json!(3))
    );
    let invalid = api
        .post("/v1/links", json!({ "url": "x", "password": secret }))
        .gives(422)
        .await;
    assert!(!String::from_utf8(invalid.body).unwrap().contains("horse"));
}

#[tokio::test]
async fn a_slug_that_is_drawn_twice_is_drawn_again() {
    let api = Api::with(|config| config.seed = Some(42)).await;
    let first = api.link(json!({ "url": URL })).await;
    // From here on the server draws the same ids and slugs once more.
    api.server.app.ids.restart();
    let second = api.link(json!({ "url": URL })).await;
    api.server.app.ids.restart();
    let body = json!({ "create": [{ "url": URL }, { "url": URL }] });
    let batch = api.post("/v1/links/batch", body).gives(200).await.json();
    let mut links = vec![first, second];
    links.extend([0, 1].map(|index| batch["create"][index]["link"].clone()));
    for member in ["id", "slug"] {
        let different: HashSet<&str> = links
            .iter()
            .map(|link| link[member].as_str().unwrap())
            .collect();
        assert_eq!(different.len(), links.len(), "{member}: {links:?}");
    }
}

#[tokio::test]
async fn slugs() {
    let api = Api::start().await;
    let link = api
        .link(json!({ "url": URL, "slug": "Summer", "title": "Winter" }))
        .await;
    assert_eq!(link["slug"], "Summer");
    for same in ["Summer", "summer", "SUMMER"] {
        let answer = api
            .post("/v1/links", json!({ "url": URL, "slug": same }))
            .fails(409, "slug_taken")
            .await
            .json();
        assert_eq!(answer["conflicting_link_id"], link["id"]);
    }
    for reserved in [
        "v1",
        "V99",
        "api",
        "Docs",
        "dashboard",
        "healthz",
        "login",
        "static",
        "assets",
        "admin",
        "robots",
    ] {
        let answer = api
            .post("/v1/links", json!({ "url": URL, "slug": reserved }))
            .fails(422, "slug_reserved")
            .await
            .json();
        assert_eq!(answer["errors"][0]["pointer"], "/slug");
    }
    // A deleted link keeps its slug until it is purged.
    api.delete(&path(&link)).gives(200).await;
    api.post("/v1/links", json!({ "url": URL, "slug": "summer" }))
        .fails(409, "slug_taken")
        .await;
    api.clock.advance(30 * DAY);
    let next = api.link(json!({ "url": URL, "slug": "summer" })).await;
    assert_ne!(next["id"], link["id"]);
    api.get(&path(&link)).fails(404, "not_found").await;
}

#[tokio::test]
async fn external_ids_are_unique_in_the_workspace() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL, "external_id": "e" })).await;
    let answer = api
        .post("/v1/links", json!({ "url": URL, "external_id": "e" }))
        .fails(409, "external_id_taken")
        .await
        .json();
    assert_eq!(answer["conflicting_link_id"], link["id"]);
    api.link(json!({ "url": URL, "external_id": "E" })).await;
    let second = api.link(json!({ "url": URL })).await;
    api.patch(&path(&second), json!({ "external_id": "e" }))
        .fails(409, "external_id_taken")
        .await;
    api.patch(&path(&link), json!({ "external_id": "e" }))
        .gives(200)
        .await;
    api.delete(&path(&link)).gives(200).await;
    api.patch(&path(&second), json!({ "external_id": "e" }))
        .fails(409, "external_id_taken")
        .await;
    api.clock.advance(30 * DAY);
    assert_eq!(
        api.patch(&path(&second), json!({ "external_id": "e" }))
            .gives(200)
            .await
            .json()["external_id"],
        "e"
    );
}

#[tokio::test]
async fn combinations_that_are_refused() {
    let api = Api::start().await;
    for status in [301, 308] {
        for (field, value) in [
            ("password", json!("secret")),
            ("expires_at", json!("2030-01-01T00:00:00Z")),
            ("geo", json!({ "DE": URL })),
            ("variants", json!([{ "url": URL, "weight": 1 }])),
            ("click_limit", json!(5)),
        ] {
            let body = json!({ "url": URL, "redirect_status": status, field: value });
            api.post("/v1/links", body)
                .invalid("/redirect_status", "invalid_combination")
                .await;
            // By an update, it does not matter which of the two comes second.
            let link = api.link(json!({ "url": URL, field: value })).await;
            api.patch(&path(&link), json!({ "redirect_status": status }))
                .invalid("/redirect_status", "invalid_combination")
                .await;
            let link = api
                .link(json!({ "url": URL, "redirect_status": status }))
                .await;
            api.patch(&path(&link), json!({ field: value }))
                .invalid("/redirect_status", "invalid_combination")
                .await;
        }
    }
    let times = json!({ "url": URL, "starts_at": "2027-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z" });
    api.post("/v1/links", times)
        .invalid("/expires_at", "invalid_combination")
        .await;
}

#[tokio::test]
async fn an_update_merges() {
    let api = Api::start().await;
    let link = api
        .link(json!({
            "url": URL, "title": "t", "notes": "n", "tags": ["a", "b"], "geo": { "DE": URL, "AT": URL },
            "targets": { "ios": { "app_store_id": "1", "bundle_id": "a.b" }, "android": { "package_name": "a.b" } },
            "utm": { "source": "s", "term": "t" }, "password_policy": { "max_failures": 3, "window_seconds": 60 }, "click_limit": 5,
            "forward_query": true, "redirect_status": 307, "archived": true, "click_thresholds": [1]
        }))
        .await;
    let patch = json!({
        "title": null, "tags": ["c"], "geo": { "DE": null, "CH": "https://example.ch/" },
        "targets": { "ios": { "bundle_id": null, "min_version": "1.0" }, "android": null },
        "utm": { "term": null, "medium": "m" }, "password_policy": { "max_failures": null }, "click_limit": null,
        "forward_query": null, "redirect_status": null, "archived": null, "click_thresholds": null
    });
    api.clock.advance(SECOND);
    let answer = api.patch(&path(&link), patch).gives(200).await;
    assert_eq!(answer.header("etag"), Some("\"2\""));
    let changed = answer.json();
    for (field, value) in [
        ("url", json!(URL)),
        ("title", json!(null)),
        ("notes", json!("n")),
        ("tags", json!(["c"])),
        ("geo", json!({ "AT": URL, "CH": "https://example.ch/" })),
        (
            "targets",
            json!({ "ios": { "app_store_id": "1", "bundle_id": null, "universal_link_url": null, "fallback_url": null, "min_version": "1.0" }, "android": null }),
        ),
        (
            "utm",
            json!({ "source": "s", "medium": "m", "campaign": null, "term": null, "content": null }),
        ),
        (
            "password_policy",
            json!({ "max_failures": 5, "window_seconds": 60 }),
        ),
        ("click_limit", json!(null)),
        ("forward_query", json!(false)),
        ("redirect_status", json!(302)),
        ("archived", json!(false)),
        ("click_thresholds", json!([])),
        ("version", json!(2)),
        ("updated_at", json!("2026-11-23T12:00:01Z")),
        ("created_at", link["created_at"].clone()),
        ("slug", link["slug"].clone()),
    ] {
        assert_eq!(changed[field], value, "{field}");
    }
    assert_eq!(api.get(&path(&link)).gives(200).await.json(), changed);
    // A change to what is already there is none.
    api.clock.advance(SECOND);
    assert_eq!(
        api.patch(&path(&link), json!({ "notes": "n" }))
            .gives(200)
            .await
            .json(),
        changed
    );
    assert_eq!(
        api.patch(&path(&link), json!({})).gives(200).await.json(),
        changed
    );
    for all in [
        "geo",
        "targets",
        "utm",
        "variants",
        "tags",
        "password_policy",
    ] {
        api.patch(&path(&link), json!({ all: null }))
            .gives(200)
            .await;
    }
    let bare = api.get(&path(&link)).gives(200).await.json();
    assert_eq!(
        (&bare["geo"], &bare["targets"]["ios"], &bare["tags"]),
        (&json!({}), &json!(null), &json!([]))
    );
}

#[tokio::test]
async fn if_match_guards_an_update() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    let at = path(&link);
    api.patch(&at, json!({ "title": "a" }))
        .header("if-match", "\"1\"")
        .gives(200)
        .await;
    let answer = api
        .patch(&at, json!({ "title": "b" }))
        .header("if-match", "\"1\"")
        .fails(412, "precondition_failed")
        .await;
    assert_eq!(answer.header("etag"), Some("\"2\""));
    // If-Match compares strongly.
    api.patch(&at, json!({ "title": "b" }))
        .header("if-match", "W/\"2\"")
        .fails(412, "precondition_failed")
        .await;
    assert_eq!(api.get(&at).gives(200).await.json()["title"], "a");
    // Clicks touch neither version nor updated_at.
    let slug = link["slug"].as_str().unwrap();
    api.clock.advance(SECOND);
    api.visit(slug, "Mozilla/5.0 (Windows NT 10.0) Chrome/126.0")
        .await;
    api.flush().await;
    let clicked = api.get(&at).gives(200).await.json();
    assert_eq!(
        (&clicked["click_count"], &clicked["version"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(clicked["updated_at"], "2026-11-23T12:00:00Z");
    assert_eq!(clicked["last_clicked_at"], "2026-11-23T12:00:01Z");
    api.patch(&at, json!({ "title": "c" }))
        .header("if-match", "\"2\"")
        .gives(200)
        .await;
}
