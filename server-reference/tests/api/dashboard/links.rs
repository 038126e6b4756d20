//! Links in the dashboard: everything that the API knows, refusals at their fields, lists.

use serde_json::{Value, json};

use super::browser::{Browser, text};
use super::flows::between;
use crate::harness::{Api, id};

/// The fields of a link's form.
pub const FIELDS: [&str; 34] = [
    "url",
    "slug",
    "title",
    "notes",
    "external_id",
    "tags",
    "sub_id",
    "program_id",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "ios_app_store_id",
    "ios_bundle_id",
    "ios_universal_link_url",
    "ios_fallback_url",
    "ios_min_version",
    "android_package_name",
    "android_app_link_url",
    "android_fallback_url",
    "android_min_version_code",
    "geo",
    "variants",
    "forward_query",
    "redirect_status",
    "starts_at",
    "expires_at",
    "expired_url",
    "click_limit",
    "click_thresholds",
    "archived",
    "password_max_failures",
    "password_window_seconds",
];

/// A form with everything in it.
fn everything() -> Vec<(&'static str, &'static str)> {
    vec![
        ("url", "https://example.com/all"),
        ("slug", "All"),
        ("title", "All of it"),
        ("notes", "one\r\ntwo"),
        ("external_id", "ext-1"),
        ("tags", "a, b"),
        ("sub_id", "nora"),
        ("program_id", "autumn"),
        ("utm_source", "s"),
        ("utm_medium", "m"),
        ("utm_campaign", "c"),
        ("utm_term", "t"),
        ("utm_content", "n"),
        ("ios_app_store_id", "123"),
        ("ios_bundle_id", "com.example.shop"),
        ("ios_universal_link_url", "https://example.com/u"),
        ("ios_fallback_url", "https://example.com/f"),
        ("ios_min_version", "4.2"),
        ("android_package_name", "com.example.shop"),
        ("android_app_link_url", "https://example.com/a"),
        ("android_fallback_url", "https://example.com/g"),
        ("android_min_version_code", "42"),
        ("geo", "de https://example.de/\r\nAT https://example.at/"),
        (
            "variants",
            "70 https://example.com/1\n30 https://example.com/2",
        ),
        ("forward_query", "on"),
        ("redirect_status", "307"),
        ("starts_at", "2026-01-01T00:00"),
        ("expires_at", "2027-01-01T12:30"),
        ("expired_url", "https://example.com/over"),
        ("click_limit", "1000"),
        ("click_thresholds", "10, 100"),
        ("password", "geheim ist es"),
        ("password_max_failures", "3"),
        ("password_window_seconds", "60"),
    ]
}

#[tokio::test]
async fn a_link_has_everything_that_the_api_knows() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let led = browser.led("/dashboard/links", &everything()).await;
    let id = between(&led, "/dashboard/links/", "?").to_owned();
    let get = async || api.get(&format!("/v1/links/{id}")).gives(200).await.json();
    let link = get().await;
    let expected = json!({
        "url": "https://example.com/all", "slug": "All", "title": "All of it", "notes": "one\ntwo", "external_id": "ext-1",
        "tags": ["a", "b"], "sub_id": "nora", "program_id": "autumn",
        "utm": { "source": "s", "medium": "m", "campaign": "c", "term": "t", "content": "n" },
        "targets": {
            "ios": { "app_store_id": "123", "bundle_id": "com.example.shop", "universal_link_url": "https://example.com/u",
                     "fallback_url": "https://example.com/f", "min_version": "4.2" },
            "android": { "package_name": "com.example.shop", "app_link_url": "https://example.com/a",
                         "fallback_url": "https://example.com/g", "min_version_code": 42 },
        },
        "geo": { "DE": "https://example.de/", "AT": "https://example.at/" },
        "variants": [{ "url": "https://example.com/1", "weight": 70 }, { "url": "https://example.com/2", "weight": 30 }],
        "forward_query": true, "redirect_status": 307, "starts_at": "2026-01-01T00:00:00Z", "expires_at": "2027-01-01T12:30:00Z",
        "expired_url": "https://example.com/over", "click_limit": 1000, "click_thresholds": [10, 100], "has_password": true,
        "password_policy": { "max_failures": 3, "window_seconds": 60 }, "archived": false,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&link[name], value, "{name}");
    }

    // The form shows what there is: sent as it is, it changes nothing.
    let edit = browser.page(&format!("/dashboard/links/{id}/edit")).await;
    let shown = |name: &str| -> String {
        let field = edit
            .split_once(&format!("id=\"{name}\" name=\"{name}\""))
            .unwrap_or_else(|| panic!("{name}"))
            .1;
        let tag = field.split_once('>').unwrap();
        if field.starts_with(" rows") {
            return tag
                .1
                .split_once("</textarea>")
                .unwrap()
                .0
                .trim_start_matches('\n')
                .to_owned();
        }
        if tag.0.contains("value=\"") {
            return between(tag.0, "value=\"", "\"").to_owned();
        }
        if tag.0.contains(" checked") {
            "on".to_owned()
        } else {
            String::new()
        }
    };
    assert_eq!(shown("password"), "", "never shown");
    let mut fields: Vec<(&str, String)> = FIELDS
        .iter()
        .filter(|name| !matches!(**name, "slug" | "redirect_status"))
        .map(|name| (*name, shown(name)))
        .collect();
    fields.extend([
        ("redirect_status", "307".to_owned()),
        ("version", shown_version(&edit)),
    ]);
    let same: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    browser.led(&format!("/dashboard/links/{id}"), &same).await;
    assert_eq!(get().await, link);

    // An empty field clears, except the password, which has a box for that.
    let path = format!("/dashboard/links/{id}");
    let bare = [
        ("url", "https://example.com/bare"),
        ("version", "1"),
        ("geo", "CH https://example.ch/"),
    ];
    browser.led(&path, &bare).await;
    let cleared = get().await;
    for name in [
        "title",
        "notes",
        "external_id",
        "sub_id",
        "program_id",
        "starts_at",
        "expires_at",
        "expired_url",
        "click_limit",
    ] {
        assert_eq!(cleared[name], Value::Null, "{name}");
    }
    assert_eq!(cleared["geo"], json!({ "CH": "https://example.ch/" }));
    assert_eq!(
        (
            &cleared["tags"],
            &cleared["variants"],
            &cleared["click_thresholds"]
        ),
        (&json!([]), &json!([]), &json!([]))
    );
    assert_eq!(cleared["targets"], json!({ "ios": null, "android": null }));
    assert_eq!(
        (&cleared["forward_query"], &cleared["redirect_status"]),
        (&json!(false), &json!(302))
    );
    assert_eq!(
        (&cleared["has_password"], &cleared["slug"]),
        (&json!(true), &json!("All"))
    );
    browser
        .led(
            &path,
            &[
                ("url", "https://example.com/bare"),
                ("version", "2"),
                ("remove_password", "on"),
            ],
        )
        .await;
    assert_eq!(get().await["has_password"], false);

    // Somebody else was faster.
    let stale = browser
        .post(
            &path,
            &[("url", "https://example.com/late"), ("version", "2")],
        )
        .await;
    assert_eq!(stale.status, 422);
    assert!(
        text(&stale).contains("changed the link meanwhile")
            && text(&stale).contains("https://example.com/late")
    );
    assert_eq!(get().await["url"], "https://example.com/bare");
}

fn shown_version(page: &str) -> String {
    between(page, "name=\"version\" value=\"", "\"").to_owned()
}

#[tokio::test]
async fn a_refused_link_says_what_is_wrong_at_its_field() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    api.link(json!({ "url": "https://example.com/", "slug": "taken" }))
        .await;
    for (field, value, words) in [
        ("url", "ftp://example.com/", "http"),
        ("slug", "taken", "taken"),
        ("slug", "dashboard", "reserved"),
        ("slug", "a b", "slug"),
        ("click_limit", "many", "integer"),
        ("click_limit", "0", "1"),
        ("starts_at", "tomorrow", ""),
        ("geo", "Germany https://example.de/", ""),
        ("variants", "half https://example.com/", ""),
        ("android_min_version_code", "x", ""),
        ("ios_app_store_id", "x", ""),
        ("tags", "a,a", ""),
        ("password", "x", "4"),
    ] {
        let mut fields = vec![("url", "https://example.com/"), (field, value)];
        if field == "url" {
            fields.remove(0);
        }
        let answer = browser.post("/dashboard/links", &fields).await;
        let page = text(&answer);
        assert_eq!(answer.status, 422, "{field} {value}: {page}");
        assert!(
            page.contains(&format!("id=\"{field}-error\"")),
            "{field} {value}: {page}"
        );
        assert!(
            page.contains(&format!("<a href=\"#{field}\">")),
            "{field} {value}"
        );
        let error = between(&page, &format!("id=\"{field}-error\">"), "<").to_lowercase();
        assert!(error.contains(words), "{field} {value}: {error}");
    }
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
}

#[tokio::test]
async fn a_second_click_on_create_makes_no_second_link() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let once = between(
        &browser.page("/dashboard/links/new").await,
        "name=\"once\" value=\"",
        "\"",
    )
    .to_owned();
    let fields = [("url", "https://example.com/"), ("once", once.as_str())];
    assert_eq!(
        browser.led("/dashboard/links", &fields).await,
        browser.led("/dashboard/links", &fields).await
    );
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
}

#[tokio::test]
async fn links_are_found_deleted_and_restored() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let mut ids = Vec::new();
    for number in 0..60 {
        let tags = if number < 5 {
            json!(["few"])
        } else {
            json!([])
        };
        let body = json!({ "url": format!("https://example.com/{number}"), "slug": format!("n{number}"), "tags": tags });
        ids.push(id(&api.link(body).await));
    }
    let first = browser.page("/dashboard/links").await;
    assert_eq!(first.matches("name=\"id\"").count(), 50);
    let next = between(&first, "<a href=\"/dashboard/links?cursor=", "\">Next page").to_owned();
    let second = browser
        .page(&format!("/dashboard/links?cursor={next}"))
        .await;
    assert_eq!(second.matches("name=\"id\"").count(), 10);
    assert_eq!(
        browser
            .page("/dashboard/links?tag=few")
            .await
            .matches("name=\"id\"")
            .count(),
        5
    );
    assert_eq!(
        browser
            .page("/dashboard/links?q=n59")
            .await
            .matches("name=\"id\"")
            .count(),
        1
    );
    let wrong = browser.page("/dashboard/links?cursor=x").await;
    assert!(wrong.contains("That did not work"));

    let some: Vec<(&str, &str)> = ids[..3].iter().map(|id| ("id", id.as_str())).collect();
    assert_eq!(
        browser.led("/dashboard/links/delete", &some).await,
        "/dashboard/links?done=deleted"
    );
    assert_eq!(
        browser
            .page("/dashboard/links?tag=few")
            .await
            .matches("name=\"id\"")
            .count(),
        2
    );
    let path = format!("/dashboard/links/{}", ids[0]);
    assert!(browser.page(&path).await.contains("Restore the link"));
    assert_eq!(
        browser
            .page("/dashboard/links?status=deleted")
            .await
            .matches("<span class=\"state off\">deleted")
            .count(),
        3
    );
    browser.led(&format!("{path}/restore"), &[]).await;
    assert!(!browser.page(&path).await.contains("Restore the link"));
    assert_eq!(
        browser.led(&format!("{path}/delete"), &[]).await,
        format!("{path}?done=deleted")
    );
}
