//! What the forms do: keys, links, approvals, clicks, the workspace.

use approute_server::clock::{DAY, HOUR};
use approute_server::store::workspaces::{DeleteConfirmation, Plan};
use serde_json::{Value, json};

use super::browser::{Browser, text};
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

const DESKTOP: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";

/// What stands between two pieces of a page.
pub fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {page}")).1;
    rest.split_once(after).unwrap().0
}

fn secret(page: &str) -> String {
    between(page, "<code id=\"secret\" aria-describedby=\"secret-hint\">", "<").to_owned()
}

#[tokio::test]
async fn a_key_is_issued_rotated_and_revoked() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let page = text(&browser.post("/dashboard/keys", &[("name", " ci "), ("scope", "read_write")]).await);
    let first = secret(&page);
    let path = between(&page, "href=\"/dashboard/keys/key_", "\"").to_owned();
    let path = format!("/dashboard/keys/key_{path}");
    api.post("/v1/links", json!({ "url": "https://example.com/", "slug": "k" })).by(&first).gives(201).await;
    api.get("/v1/links/lnk_00000000000000000000000000").by(&first).fails(404, "not_found").await;
    api.flush().await;
    let shown = browser.page(&path).await;
    assert!(shown.contains("<h1>ci</h1>") && shown.contains("links.create") && shown.contains(&format!("…{}", &first[first.len() - 4..])));
    assert!(!browser.page("/dashboard/keys").await.contains(&first) && !shown.contains(&first), "shown once");
    let refused = browser.page(&format!("{path}?result=refused")).await;
    assert!(refused.contains("not_found") && !refused.contains("<td>links.create</td>"));
    let creates = browser.page(&format!("{path}?operation=links.create&result=ok")).await;
    assert!(creates.contains("<td>links.create</td>") && !creates.contains("<td>links.get</td>"));

    let second = secret(&text(&browser.post(&format!("{path}/rotate"), &[("overlap", "24h")]).await));
    for key in [&first, &second] {
        api.get("/v1/links").by(key).gives(200).await;
    }
    api.clock.advance(DAY);
    api.get("/v1/links").by(&first).fails(401, "revoked_api_key").await;
    api.get("/v1/links").by(&second).gives(200).await;
    let browser = Browser::new(&api).await;
    assert_eq!(browser.led(&format!("{path}/revoke"), &[]).await, format!("{path}?done=revoked"));
    api.get("/v1/links").by(&second).fails(401, "revoked_api_key").await;
    assert_eq!(browser.post(&format!("{path}/rotate"), &[("overlap", "0")]).await.status, 422, "it is over");
}

#[tokio::test]
async fn the_plan_says_which_keys_there_are() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    for (plan, read, write) in [(Plan::Free, 422, 422), (Plan::Pro, 200, 422), (Plan::Team, 200, 200)] {
        api.change_workspace(|workspace| workspace.plan = plan).await;
        for (scope, status) in [("read", read), ("read_write", write)] {
            let answer = browser.post("/dashboard/keys", &[("name", "x"), ("scope", scope)]).await;
            assert_eq!(answer.status, status, "{plan} {scope}");
        }
    }
    let before = api.count("SELECT COUNT(*) FROM api_keys").await;
    for (name, scope) in [("", "read"), ("  ", "read"), (&*"x".repeat(101), "read"), ("a\nb", "read"), ("x", ""), ("x", "admin")] {
        let answer = browser.post("/dashboard/keys", &[("name", name), ("scope", scope)]).await;
        assert_eq!(answer.status, 422, "{name:?} {scope:?}");
    }
    assert_eq!(api.count("SELECT COUNT(*) FROM api_keys").await, before);
}

#[tokio::test]
async fn what_people_do_is_logged_under_a_key_that_nobody_can_use() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    browser.post("/dashboard/keys", &[("name", "x"), ("scope", "read")]).await;
    let led = browser.led("/dashboard/links", &[("url", "https://example.com/"), ("slug", "logged")]).await;
    let link = api.get(&format!("/v1/links/{}", between(&led, "/dashboard/links/", "?"))).gives(200).await.json();
    let own = link["created_by_key_id"].as_str().unwrap();
    let log = browser.page(&format!("/dashboard/keys/{own}")).await;
    assert!(log.contains("<td>dashboard.key_issue</td>") && log.contains("<td>links.create</td>"));
    for action in ["rotate", "revoke"] {
        let answer = browser.post(&format!("/dashboard/keys/{own}/{action}"), &[("overlap", "0")]).await;
        assert_eq!(answer.status, 422, "{action}");
    }
    assert_eq!(api.count("SELECT COUNT(*) FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id WHERE k.name = 'Dashboard'").await, 0);
    Browser::new(&api).await;
    assert_eq!(api.count("SELECT COUNT(*) FROM api_keys WHERE name = 'Dashboard'").await, 1, "one for each workspace");
}

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
        ("variants", "70 https://example.com/1\n30 https://example.com/2"),
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
        let field = edit.split_once(&format!("id=\"{name}\" name=\"{name}\"")).unwrap_or_else(|| panic!("{name}")).1;
        let tag = field.split_once('>').unwrap();
        if field.starts_with(" rows") {
            return tag.1.split_once("</textarea>").unwrap().0.trim_start_matches('\n').to_owned();
        }
        if tag.0.contains("value=\"") {
            return between(tag.0, "value=\"", "\"").to_owned();
        }
        if tag.0.contains(" checked") { "on".to_owned() } else { String::new() }
    };
    assert_eq!(shown("password"), "", "never shown");
    let mut fields: Vec<(&str, String)> = FIELDS
        .iter()
        .filter(|name| !matches!(**name, "slug" | "redirect_status"))
        .map(|name| (*name, shown(name)))
        .collect();
    fields.extend([("redirect_status", "307".to_owned()), ("version", shown_version(&edit))]);
    let same: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.led(&format!("/dashboard/links/{id}"), &same).await;
    assert_eq!(get().await, link);

    // An empty field clears, except the password, which has a box for that.
    let path = format!("/dashboard/links/{id}");
    let bare = [("url", "https://example.com/bare"), ("version", "1"), ("geo", "CH https://example.ch/")];
    browser.led(&path, &bare).await;
    let cleared = get().await;
    for name in ["title", "notes", "external_id", "sub_id", "program_id", "starts_at", "expires_at", "expired_url", "click_limit"] {
        assert_eq!(cleared[name], Value::Null, "{name}");
    }
    assert_eq!(cleared["geo"], json!({ "CH": "https://example.ch/" }));
    assert_eq!((&cleared["tags"], &cleared["variants"], &cleared["click_thresholds"]), (&json!([]), &json!([]), &json!([])));
    assert_eq!(cleared["targets"], json!({ "ios": null, "android": null }));
    assert_eq!((&cleared["forward_query"], &cleared["redirect_status"]), (&json!(false), &json!(302)));
    assert_eq!((&cleared["has_password"], &cleared["slug"]), (&json!(true), &json!("All")));
    browser.led(&path, &[("url", "https://example.com/bare"), ("version", "2"), ("remove_password", "on")]).await;
    assert_eq!(get().await["has_password"], false);

    // Somebody else was faster.
    let stale = browser.post(&path, &[("url", "https://example.com/late"), ("version", "2")]).await;
    assert_eq!(stale.status, 422);
    assert!(text(&stale).contains("changed the link meanwhile") && text(&stale).contains("https://example.com/late"));
    assert_eq!(get().await["url"], "https://example.com/bare");
}

fn shown_version(page: &str) -> String {
    between(page, "name=\"version\" value=\"", "\"").to_owned()
}

#[tokio::test]
async fn a_refused_link_says_what_is_wrong_at_its_field() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    api.link(json!({ "url": "https://example.com/", "slug": "taken" })).await;
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
        assert!(page.contains(&format!("id=\"{field}-error\"")), "{field} {value}: {page}");
        assert!(page.contains(&format!("<a href=\"#{field}\">")), "{field} {value}");
        let error = between(&page, &format!("id=\"{field}-error\">"), "<").to_lowercase();
        assert!(error.contains(words), "{field} {value}: {error}");
    }
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
}

#[tokio::test]
async fn a_second_click_on_create_makes_no_second_link() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let once = between(&browser.page("/dashboard/links/new").await, "name=\"once\" value=\"", "\"").to_owned();
    let fields = [("url", "https://example.com/"), ("once", once.as_str())];
    assert_eq!(browser.led("/dashboard/links", &fields).await, browser.led("/dashboard/links", &fields).await);
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
}

#[tokio::test]
async fn links_are_found_deleted_and_restored() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let mut ids = Vec::new();
    for number in 0..60 {
        let tags = if number < 5 { json!(["few"]) } else { json!([]) };
        let body = json!({ "url": format!("https://example.com/{number}"), "slug": format!("n{number}"), "tags": tags });
        ids.push(id(&api.link(body).await));
    }
    let first = browser.page("/dashboard/links").await;
    assert_eq!(first.matches("name=\"id\"").count(), 50);
    let next = between(&first, "<a href=\"/dashboard/links?cursor=", "\">Next page").to_owned();
    let second = browser.page(&format!("/dashboard/links?cursor={next}")).await;
    assert_eq!(second.matches("name=\"id\"").count(), 10);
    assert_eq!(browser.page("/dashboard/links?tag=few").await.matches("name=\"id\"").count(), 5);
    assert_eq!(browser.page("/dashboard/links?q=n59").await.matches("name=\"id\"").count(), 1);
    let wrong = browser.page("/dashboard/links?cursor=x").await;
    assert!(wrong.contains("That did not work"));

    let some: Vec<(&str, &str)> = ids[..3].iter().map(|id| ("id", id.as_str())).collect();
    assert_eq!(browser.led("/dashboard/links/delete", &some).await, "/dashboard/links?done=deleted");
    assert_eq!(browser.page("/dashboard/links?tag=few").await.matches("name=\"id\"").count(), 2);
    let path = format!("/dashboard/links/{}", ids[0]);
    assert!(browser.page(&path).await.contains("Restore the link"));
    assert_eq!(browser.page("/dashboard/links?status=deleted").await.matches("<span class=\"state off\">deleted").count(), 3);
    browser.led(&format!("{path}/restore"), &[]).await;
    assert!(!browser.page(&path).await.contains("Restore the link"));
    assert_eq!(browser.led(&format!("{path}/delete"), &[]).await, format!("{path}?done=deleted"));
}

#[tokio::test]
async fn many_deletes_of_a_person_are_spelled_out_first() {
    for confirmation in [DeleteConfirmation::Token, DeleteConfirmation::Dashboard] {
        let api = Api::start().await;
        api.change_workspace(|workspace| {
            workspace.delete_threshold = 2;
            workspace.delete_confirmation = confirmation;
        })
        .await;
        let browser = Browser::new(&api).await;
        let mut ids = Vec::new();
        for number in 0..3 {
            let body = json!({ "url": "https://example.com/", "title": format!("Link number {number}") });
            ids.push(id(&api.link(body).await));
        }
        let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
        let asked = browser.post("/dashboard/links/delete", &fields).await;
        let page = text(&asked);
        assert_eq!(asked.status, 409, "{page}");
        assert!((0..3).all(|number| page.contains(&format!("Link number {number}"))), "{page}");
        assert_eq!(api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NOT NULL").await, 0);
        let token = between(&page, "name=\"confirmation\" value=\"", "\"").to_owned();
        // For other links it is good for nothing.
        let mut other = vec![("confirmation", token.as_str()), ("id", ids[0].as_str())];
        other.extend([("id", ids[1].as_str()), ("id", "lnk_00000000000000000000000000")]);
        browser.post("/dashboard/links/delete", &other).await;
        let mut again = vec![("confirmation", token.as_str())];
        again.extend(fields);
        assert_eq!(api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NULL").await.min(3), 3 - api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NOT NULL").await);
        let done = browser.post("/dashboard/links/delete", &again).await;
        assert_eq!(done.status, 303, "{}", text(&done));
        assert_eq!(api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NOT NULL").await, 3);
    }
}

#[tokio::test]
async fn a_person_approves_what_a_program_asks_for() {
    let api = Api::start().await;
    api.change_workspace(|workspace| {
        workspace.delete_threshold = 0;
        workspace.delete_confirmation = DeleteConfirmation::Dashboard;
    })
    .await;
    let browser = Browser::new(&api).await;
    let link = api.link(json!({ "url": "https://example.com/", "title": "The doomed one" })).await;
    let path = format!("/v1/links/{}", id(&link));
    for decision in ["refuse", "approve"] {
        let asked = api.delete(&path).fails(409, "confirmation_required").await.json();
        let token = asked["confirmation"]["token"].as_str().unwrap().to_owned();
        let again = async || api.delete(&path).header("approute-confirmation", &token).send().await.status;
        assert_eq!(again().await, 409, "a person has to look first");
        let page = browser.page("/dashboard/approvals").await;
        assert!(page.contains("The doomed one") && page.contains("test wants to delete 1 link"), "{page}");
        assert!(browser.page("/dashboard/keys").await.contains("<span class=\"count\">1"), "said on every page");
        // The last one is the one that was asked for last.
        let hash = page.rsplit_once("name=\"hash\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        browser.led("/dashboard/approvals", &[("hash", &hash), ("decision", decision)]).await;
        let status = again().await;
        if decision == "approve" {
            assert_eq!(status, 200);
        } else {
            assert_eq!(status, 409);
            let asked: Vec<String> = waiting(&browser).await;
            for hash in asked {
                browser.led("/dashboard/approvals", &[("hash", &hash), ("decision", "refuse")]).await;
            }
        }
    }
    assert!(browser.page("/dashboard/approvals").await.contains("Nothing waits for you"));
}

async fn waiting(browser: &Browser<'_>) -> Vec<String> {
    let page = browser.page("/dashboard/approvals").await;
    let hashes = page.split("name=\"hash\" value=\"").skip(1);
    hashes.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn clicks_are_counted_over_time_and_by_kind() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let empty = browser.page("/dashboard/clicks").await;
    assert!(empty.contains("There are no clicks in this time") && !empty.contains("<svg"));
    api.link(json!({ "url": "https://example.com/", "slug": "c", "sub_id": "nora", "utm": { "source": "mail" } })).await;
    let other = api.link(json!({ "url": "https://example.com/", "slug": "d" })).await;
    for _ in 0..3 {
        api.visit("c", DESKTOP).await;
    }
    api.flush().await;
    api.clock.advance(25 * HOUR);
    api.visit("d", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1").await;
    api.visit("d", "Googlebot/2.1 (+http://www.google.com/bot.html)").await;
    api.flush().await;
    let browser = Browser::new(&api).await;
    let total = |page: &str| between(page, "<dd class=\"big\">", "<").to_owned();
    let all = browser.page("/dashboard/clicks").await;
    assert_eq!(total(&all), "4");
    assert!(all.contains("<svg class=\"chart\" role=\"img\" aria-label=\"Bars: clicks by day, 4 in all."));
    assert!(all.contains("<th scope=\"row\">2026-11-23</th><td class=\"number\">3</td><td class=\"number\">1</td>"), "{all}");
    assert!(all.contains("<th scope=\"row\">2026-11-24</th><td class=\"number\">1</td>"));
    assert!(all.contains("?sub_id=nora") && all.contains("?utm_source=mail") && all.contains("?os=ios"));
    for (query, clicks) in [
        ("span=24h".to_owned(), "1"),
        ("bots=on".to_owned(), "1"),
        ("sub_id=nora".to_owned(), "3"),
        ("sub_id=nora&os=ios".to_owned(), "0"),
        ("utm_source=mail&os=windows".to_owned(), "3"),
        (format!("link={}", id(&other)), "1"),
        (format!("link={}&os=windows", id(&other)), "0"),
        ("country=XX".to_owned(), "0"),
        ("span=nonsense".to_owned(), "4"),
    ] {
        let page = browser.page(&format!("/dashboard/clicks?{query}")).await;
        assert_eq!(total(&page), clicks, "{query}");
    }
    let home = browser.page("/dashboard").await;
    assert!(home.contains("Clicks of the last 7 days: 4"));
}

#[tokio::test]
async fn settings_and_apps_of_a_domain() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let page = browser.page("/dashboard/workspace").await;
    assert!(page.contains("team: keys that read, and keys that read and write") && page.contains("6,000 calls within 60 seconds"));
    let fields = [("delete_threshold", "0"), ("delete_confirmation", "dashboard")];
    browser.led("/dashboard/workspace", &fields).await;
    let link = api.link(json!({ "url": "https://example.com/" })).await;
    api.delete(&format!("/v1/links/{}", id(&link))).fails(409, "confirmation_required").await;
    for threshold in ["-1", "", "1.5", "1000001", "x"] {
        let answer = browser.post("/dashboard/workspace", &[("delete_threshold", threshold), ("delete_confirmation", "token")]).await;
        assert_eq!(answer.status, 422, "{threshold}");
    }
    let fingerprint = "AB:".repeat(31) + "AB";
    let android = format!("com.example.shop={fingerprint}");
    let path = "/dashboard/domains/localhost/apps";
    browser.led(path, &[("ios", "ABCDE12345.com.example.shop\r\n"), ("android", &android)]).await;
    api.clock.advance(2_000_000);
    let url = format!("{}/.well-known/assetlinks.json", api.server.base_url());
    let file = api.client.get(&url).send().await;
    assert!(text(&file).contains(&fingerprint), "{}", text(&file));
    assert!(browser.page("/dashboard/workspace").await.contains(&android), "as it was written");
    assert_eq!(browser.post(path, &[("ios", "nonsense"), ("android", "")]).await.status, 422);
    assert_eq!(browser.post("/dashboard/domains/localhost/remove", &[]).await.status, 422, "it has links");
    browser.led("/dashboard/domains", &[("name", "Go.Example")]).await;
    assert_eq!(browser.post("/dashboard/domains", &[("name", "go.example")]).await.status, 422);
    browser.led("/dashboard/domains/go.example/remove", &[]).await;
}

#[tokio::test]
async fn a_qr_code_is_shown_and_downloaded() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let link = id(&api.link(json!({ "url": "https://example.com/" })).await);
    for (format, media, begins) in [("svg", "image/svg+xml", &b"<svg"[..]), ("png", "image/png", b"\x89PNG"), ("pdf", "application/pdf", b"%PDF")] {
        let answer = browser.get(&format!("/dashboard/links/{link}/qr?format={format}&size=256&download=1")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(media)));
        assert!(answer.body.starts_with(begins) || text(&answer).contains("<svg"), "{format}");
        let name = format!("attachment; filename=\"{link}.{format}\"");
        assert_eq!(answer.header("content-disposition"), Some(name.as_str()));
    }
    assert_eq!(browser.get(&format!("/dashboard/links/{link}/qr?size=9")).await.status, 422);
}
