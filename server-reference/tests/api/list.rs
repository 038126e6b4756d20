//! Listing links: filters, order, pages and cursors.

use approute_server::clock::{HOUR, SECOND};
use serde_json::{Value, json};

use crate::harness::{Api, path};

const URL: &str = "https://example.com/";

fn slugs(page: &Value) -> Vec<String> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link["slug"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn filters() {
    let api = Api::start().await;
    for (slug, body) in [
        (
            "a",
            json!({ "tags": ["red", "big"], "title": "100% Cotton_Shirt", "program_id": "p1", "sub_id": "s1" }),
        ),
        (
            "b",
            json!({ "tags": ["red"], "notes": "ÄPFEL", "program_id": "p1", "external_id": "Ext:1" }),
        ),
        (
            "c",
            json!({ "tags": ["blue"], "program_id": "p2", "sub_id": "s1" }),
        ),
        ("d", json!({ "archived": true })),
        ("e", json!({ "starts_at": "2027-01-01T00:00:00Z" })),
        ("f", json!({ "expires_at": "2026-11-23T12:00:30Z" })),
        ("g", json!({ "click_limit": 1 })),
        ("h", json!({ "tags": ["red"] })),
    ] {
        let mut body = body;
        body["url"] = json!(format!("{URL}{slug}-Page"));
        body["slug"] = json!(slug);
        let link = api.link(body).await;
        if slug == "h" {
            api.delete(&path(&link)).gives(200).await;
        }
        api.clock.advance(SECOND);
    }
    api.visit("g", "Mozilla/5.0 Chrome/1").await;
    api.clock.advance(HOUR);
    for (query, expected) in [
        ("", "gfedcba"),
        ("tag=red", "ba"),
        ("tag=red&tag=big", "a"),
        ("tag=red&tag=blue", ""),
        ("tag=Red", ""),
        ("q=cotton", "a"),
        ("q=100%25", "a"),
        ("q=%25", "a"),
        ("q=n_s", "a"),
        ("q=_", "a"),
        ("q=%C3%A4pfel", "b"),
        ("q=ext:1", "b"),
        ("q=B-PAGE", "b"),
        ("q=example.com", "gfedcba"),
        ("external_id=Ext:1", "b"),
        ("external_id=ext:1", ""),
        ("program_id=p1", "ba"),
        ("sub_id=s1", "ca"),
        ("program_id=p1&sub_id=s1", "a"),
        ("domain=localhost&program_id=p2", "c"),
        ("domain=other.example", ""),
        ("status=archived", "d"),
        ("status=scheduled", "e"),
        ("status=expired", "f"),
        ("status=exhausted", "g"),
        ("status=active", "cba"),
        ("status=deleted", "h"),
        ("status=deleted&tag=red", "h"),
        ("created_after=2026-11-23T12:00:05Z", "gf"),
        ("created_before=2026-11-23T12:00:02Z", "ba"),
        (
            "created_after=2026-11-23T12:00:02Z&created_before=2026-11-23T12:00:03Z",
            "c",
        ),
        (
            "created_after=2026-11-23T13:00:01%2B01:00&created_before=2026-11-23T12:00:02Z",
            "b",
        ),
    ] {
        let page = api
            .get(&format!("/v1/links?{query}"))
            .gives(200)
            .await
            .json();
        assert_eq!(slugs(&page).concat(), expected, "{query}");
    }
}

#[tokio::test]
async fn pages() {
    let api = Api::start().await;
    let create: Vec<Value> = (0..25)
        .map(|n| json!({ "url": URL, "slug": format!("s{n:02}") }))
        .collect();
    // All have the same created_at, so that the id decides.
    api.post("/v1/links/batch", json!({ "create": create }))
        .gives(200)
        .await;
    let mut seen = Vec::new();
    let mut query = String::from("limit=10");
    for expected in [10, 10, 5] {
        let page = api
            .get(&format!("/v1/links?{query}"))
            .gives(200)
            .await
            .json();
        assert_eq!(page["items"].as_array().unwrap().len(), expected);
        seen.extend(slugs(&page));
        assert_eq!(page["has_more"], expected == 10);
        assert_eq!(page["next_cursor"].is_null(), expected != 10);
        query = format!(
            "limit=10&cursor={}",
            page["next_cursor"].as_str().unwrap_or_default()
        );
        // What is added meanwhile is newer than every page to come.
        api.clock.advance(SECOND);
        api.link(json!({ "url": URL })).await;
    }
    let expected: Vec<String> = (0..25).rev().map(|n| format!("s{n:02}")).collect();
    assert_eq!(seen, expected, "none skipped, none repeated");
    let exact = api.get("/v1/links?limit=28").gives(200).await.json();
    assert_eq!(
        (&exact["has_more"], &exact["next_cursor"]),
        (&json!(false), &json!(null))
    );
    assert_eq!(
        api.get("/v1/links?q=s00&limit=1").gives(200).await.json()["has_more"],
        false
    );
    let create: Vec<Value> = (0..100).map(|_| json!({ "url": URL })).collect();
    api.post("/v1/links/batch", json!({ "create": create }))
        .gives(200)
        .await;
    assert_eq!(
        slugs(&api.get("/v1/links").gives(200).await.json()).len(),
        50,
        "by default"
    );
    assert_eq!(
        slugs(&api.get("/v1/links?limit=100").gives(200).await.json()).len(),
        100
    );
}

#[tokio::test]
async fn cursors() {
    let api = Api::start().await;
    let create: Vec<Value> = (0..5)
        .map(|n| json!({ "url": URL, "tags": ["t"], "slug": format!("s{n}") }))
        .collect();
    api.post("/v1/links/batch", json!({ "create": create }))
        .gives(200)
        .await;
    let page = api.get("/v1/links?tag=t&limit=2").gives(200).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    // Bound to filters and workspace, not to limit, nor to the order in which parameters are written.
    let rest = api
        .get(&format!("/v1/links?cursor={cursor}&limit=100&tag=t"))
        .gives(200)
        .await
        .json();
    assert_eq!(slugs(&rest), ["s2", "s1", "s0"]);
    for other in [
        "",
        "tag=u&",
        "tag=t&q=s&",
        "tag=t&status=active&",
        "tag=t&domain=localhost&",
    ] {
        api.get(&format!("/v1/links?{other}cursor={cursor}"))
            .fails(400, "invalid_cursor")
            .await;
    }
    api.get(&format!("/v1/links?tag=t&cursor={cursor}"))
        .by(&api.other_key)
        .fails(400, "invalid_cursor")
        .await;
    api.get(&format!("/v1/links?tag=t&cursor={cursor}"))
        .by(&api.read_key)
        .gives(200)
        .await;
    for broken in [
        "x",
        "AAAA",
        &cursor[1..],
        &cursor[..cursor.len() - 1],
        &format!("{cursor}A"),
        &"A".repeat(1_024),
        &cursor.to_lowercase(),
    ] {
        api.get(&format!("/v1/links?tag=t&cursor={broken}"))
            .fails(400, "invalid_cursor")
            .await;
    }
    api.get(&format!("/v1/links?cursor={}", "A".repeat(1_025)))
        .invalid("query:cursor", "too_long")
        .await;
    let foreign = Api::start().await;
    foreign
        .get(&format!("/v1/links?tag=t&cursor={cursor}"))
        .fails(400, "invalid_cursor")
        .await;
}
