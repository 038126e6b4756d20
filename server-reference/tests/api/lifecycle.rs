//! A link's life: its status, its deletion, its return and its end.

use approute_server::clock::{DAY, HOUR};
use serde_json::{Value, json};

use crate::harness::{Api, id, path};

const URL: &str = "https://example.com/";

#[tokio::test]
async fn deleting_is_soft_and_can_be_undone() {
    let api = Api::start().await;
    let link = api
        .link(json!({ "url": URL, "slug": "gone", "tags": ["t"] }))
        .await;
    let at = path(&link);
    api.clock.advance(HOUR);
    let deleted = api.delete(&at).gives(200).await;
    assert_eq!(deleted.header("etag"), Some("\"2\""));
    let deleted = deleted.json();
    assert_eq!(
        (&deleted["status"], &deleted["deleted_at"]),
        (&json!("deleted"), &json!("2026-11-23T13:00:00Z"))
    );
    assert_eq!(deleted["purge_at"], "2026-12-23T13:00:00Z");
    api.clock.advance(HOUR);
    assert_eq!(
        api.delete(&at).gives(200).await.json(),
        deleted,
        "again is the same"
    );
    assert_eq!(api.get(&at).gives(200).await.json(), deleted);
    api.patch(&at, json!({ "title": "x" }))
        .fails(409, "link_deleted")
        .await;
    api.patch(&at, json!({ "title": "x" }))
        .header("if-match", "\"9\"")
        .fails(409, "link_deleted")
        .await;
    assert_eq!(api.visit("gone", "Mozilla/5.0 Chrome/1").await.status, 410);
    let restored = api
        .call("POST", &format!("{at}/restore"))
        .gives(200)
        .await
        .json();
    assert_eq!(
        (&restored["status"], &restored["slug"], &restored["version"]),
        (&json!("active"), &json!("gone"), &json!(3))
    );
    assert_eq!(
        (&restored["deleted_at"], &restored["purge_at"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        api.call("POST", &format!("{at}/restore"))
            .gives(200)
            .await
            .json(),
        restored,
        "again changes nothing"
    );
    assert_eq!(api.visit("gone", "Mozilla/5.0 Chrome/1").await.status, 302);
    assert_eq!(
        api.get("/v1/links?tag=t").gives(200).await.json()["items"][0]["id"],
        link["id"]
    );
}

#[tokio::test]
async fn a_deleted_link_is_purged_after_30_days() {
    let api = Api::start().await;
    let link = api
        .link(json!({ "url": URL, "tags": ["t"], "external_id": "e" }))
        .await;
    api.visit(link["slug"].as_str().unwrap(), "Mozilla/5.0 Chrome/1")
        .await;
    api.flush().await;
    api.delete(&path(&link)).gives(200).await;
    api.clock.advance(30 * DAY - 1);
    api.get(&path(&link)).gives(200).await;
    api.clock.advance(1);
    // Whether the sweeper has been there or not makes no difference.
    for _ in 0..2 {
        api.get(&path(&link)).fails(404, "not_found").await;
        api.delete(&path(&link)).fails(404, "not_found").await;
        api.patch(&path(&link), json!({}))
            .fails(404, "not_found")
            .await;
        api.call("POST", &format!("{}/restore", path(&link)))
            .fails(404, "not_found")
            .await;
        assert_eq!(
            api.get("/v1/links?status=deleted").gives(200).await.json()["items"],
            json!([])
        );
        api.server.app.sweep().await.unwrap();
    }
    for table in [
        "SELECT COUNT(*) FROM links",
        "SELECT COUNT(*) FROM link_tags",
        "SELECT COUNT(*) FROM link_counts",
        "SELECT COUNT(*) FROM click_blocks",
    ] {
        assert_eq!(api.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn the_status_follows_from_the_fields() {
    let api = Api::start().await;
    let soon = "2026-11-23T13:00:00Z";
    let status = async |link: &Value| {
        api.get(&path(link)).gives(200).await.json()["status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let link = api.link(json!({ "url": URL, "starts_at": soon, "expires_at": "2026-11-23T14:00:00Z", "click_limit": 1 })).await;
    assert_eq!(status(&link).await, "scheduled");
    api.clock.advance(HOUR);
    assert_eq!(status(&link).await, "active");
    assert_eq!(
        api.visit(link["slug"].as_str().unwrap(), "Mozilla/5.0 Chrome/1")
            .await
            .status,
        302
    );
    assert_eq!(status(&link).await, "exhausted");
    api.clock.advance(HOUR);
    assert_eq!(status(&link).await, "expired");
    api.patch(
        &path(&link),
        json!({ "starts_at": "2026-11-23T14:30:00Z", "expires_at": null }),
    )
    .gives(200)
    .await;
    assert_eq!(status(&link).await, "scheduled");
    api.patch(&path(&link), json!({ "archived": true }))
        .gives(200)
        .await;
    assert_eq!(status(&link).await, "archived");
    api.delete(&path(&link)).gives(200).await;
    assert_eq!(status(&link).await, "deleted");
    assert!(id(&link).starts_with("lnk_"));
}
