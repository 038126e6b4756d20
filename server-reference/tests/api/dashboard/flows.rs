//! What the forms do: many deletes, approvals, clicks, the workspace.

use approute_server::clock::HOUR;
use approute_server::store::workspaces::DeleteConfirmation;
use serde_json::json;

use super::browser::{Browser, text};
use crate::harness::{Api, id};

const DESKTOP: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";

/// What stands between two pieces of a page.
pub fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {page}"))
        .1;
    rest.split_once(after).unwrap().0
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
            let body =
                json!({ "url": "https://example.com/", "title": format!("Link number {number}") });
            ids.push(id(&api.link(body).await));
        }
        let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
        let asked = browser.post("/dashboard/links/delete", &fields).await;
        let page = text(&asked);
        assert_eq!(asked.status, 409, "{page}");
        assert!(
            (0..3).all(|number| page.contains(&format!("Link number {number}"))),
            "{page}"
        );
        assert_eq!(
            api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NOT NULL")
                .await,
            0
        );
        let token = between(&page, "name=\"confirmation\" value=\"", "\"").to_owned();
        // For other links it is good for nothing.
        let mut other = vec![("confirmation", token.as_str()), ("id", ids[0].as_str())];
        other.extend([
            ("id", ids[1].as_str()),
            ("id", "lnk_00000000000000000000000000"),
        ]);
        browser.post("/dashboard/links/delete", &other).await;
        let mut again = vec![("confirmation", token.as_str())];
        again.extend(fields);
        assert_eq!(
            api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NULL")
                .await
                .min(3),
            3 - api
                .count("SELECT COUNT(*) FROM links WHERE deleted_at IS NOT NULL")
                .await
        );
        let done = browser.post("/dashboard/links/delete", &again).await;
        assert_eq!(done.status, 303, "{}", text(&done));
        assert_eq!(
            api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NOT NULL")
                .await,
            3
        );
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
    let link = api
        .link(json!({ "url": "https://example.com/", "title": "The doomed one" }))
        .await;
    let path = format!("/v1/links/{}", id(&link));
    for decision in ["refuse", "approve"] {
        let asked = api
            .delete(&path)
            .fails(409, "confirmation_required")
            .await
            .json();
        let token = asked["confirmation"]["token"].as_str().unwrap().to_owned();
        let again = async || {
            api.delete(&path)
                .header("approute-confirmation", &token)
                .send()
                .await
                .status
        };
        assert_eq!(again().await, 409, "a person has to look first");
        let page = browser.page("/dashboard/approvals").await;
        assert!(
            page.contains("The doomed one") && page.contains("test wants to delete 1 link"),
            "{page}"
        );
        assert!(
            browser
                .page("/dashboard/keys")
                .await
                .contains("<span class=\"count\">1"),
            "said on every page"
        );
        // The last one is the one that was asked for last.
        let hash = page
            .rsplit_once("name=\"hash\" value=\"")
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0
            .to_owned();
        browser
            .led(
                "/dashboard/approvals",
                &[("hash", &hash), ("decision", decision)],
            )
            .await;
        let status = again().await;
        if decision == "approve" {
            assert_eq!(status, 200);
        } else {
            assert_eq!(status, 409);
            let asked: Vec<String> = waiting(&browser).await;
            for hash in asked {
                browser
                    .led(
                        "/dashboard/approvals",
                        &[("hash", &hash), ("decision", "refuse")],
                    )
                    .await;
            }
        }
    }
    assert!(
        browser
            .page("/dashboard/approvals")
            .await
            .contains("Nothing waits for you")
    );
}

async fn waiting(browser: &Browser<'_>) -> Vec<String> {
    let page = browser.page("/dashboard/approvals").await;
    let hashes = page.split("name=\"hash\" value=\"").skip(1);
    hashes
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn clicks_are_counted_over_time_and_by_kind() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let empty = browser.page("/dashboard/clicks").await;
    assert!(empty.contains("There are no clicks in this time") && !empty.contains("<svg"));
    api.link(json!({ "url": "https://example.com/", "slug": "c", "sub_id": "nora", "utm": { "source": "mail" } })).await;
    let other = api
        .link(json!({ "url": "https://example.com/", "slug": "d" }))
        .await;
    for _ in 0..3 {
        api.visit("c", DESKTOP).await;
    }
    api.flush().await;
    api.clock.advance(25 * HOUR);
    api.visit("d", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1").await;
    api.visit("d", "Googlebot/2.1 (+http://www.google.com/bot.html)")
        .await;
    api.flush().await;
    let browser = Browser::new(&api).await;
    let total = |page: &str| between(page, "<dd class=\"big\">", "<").to_owned();
    let all = browser.page("/dashboard/clicks").await;
    assert_eq!(total(&all), "4");
    assert!(
        all.contains(
            "<svg class=\"chart\" role=\"img\" aria-label=\"Bars: clicks by day, 4 in all."
        )
    );
    assert!(all.contains("<th scope=\"row\">2026-11-23</th><td class=\"number\">3</td><td class=\"number\">1</td>"), "{all}");
    assert!(all.contains("<th scope=\"row\">2026-11-24</th><td class=\"number\">1</td>"));
    assert!(
        all.contains("?sub_id=nora") && all.contains("?utm_source=mail") && all.contains("?os=ios")
    );
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
    assert!(
        page.contains("team: keys that read, and keys that read and write")
            && page.contains("6,000 calls within 60 seconds")
    );
    let fields = [
        ("delete_threshold", "0"),
        ("delete_confirmation", "dashboard"),
    ];
    browser.led("/dashboard/workspace", &fields).await;
    let link = api.link(json!({ "url": "https://example.com/" })).await;
    api.delete(&format!("/v1/links/{}", id(&link)))
        .fails(409, "confirmation_required")
        .await;
    for threshold in ["-1", "", "1.5", "1000001", "x"] {
        let answer = browser
            .post(
                "/dashboard/workspace",
                &[
                    ("delete_threshold", threshold),
                    ("delete_confirmation", "token"),
                ],
            )
            .await;
        assert_eq!(answer.status, 422, "{threshold}");
    }
    let fingerprint = "AB:".repeat(31) + "AB";
    let android = format!("com.example.shop={fingerprint}");
    let path = "/dashboard/domains/localhost/apps";
    browser
        .led(
            path,
            &[
                ("ios", "ABCDE12345.com.example.shop\r\n"),
                ("android", &android),
            ],
        )
        .await;
    api.clock.advance(2_000_000);
    let url = format!("{}/.well-known/assetlinks.json", api.server.base_url());
    let file = api.client.get(&url).send().await;
    assert!(text(&file).contains(&fingerprint), "{}", text(&file));
    assert!(
        browser
            .page("/dashboard/workspace")
            .await
            .contains(&android),
        "as it was written"
    );
    assert_eq!(
        browser
            .post(path, &[("ios", "nonsense"), ("android", "")])
            .await
            .status,
        422
    );
    assert_eq!(
        browser
            .post("/dashboard/domains/localhost/remove", &[])
            .await
            .status,
        422,
        "it has links"
    );
    browser
        .led("/dashboard/domains", &[("name", "Go.Example")])
        .await;
    assert_eq!(
        browser
            .post("/dashboard/domains", &[("name", "go.example")])
            .await
            .status,
        422
    );
    browser
        .led("/dashboard/domains/go.example/remove", &[])
        .await;
}

#[tokio::test]
async fn a_qr_code_is_shown_and_downloaded() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let link = id(&api.link(json!({ "url": "https://example.com/" })).await);
    for (format, media, begins) in [
        ("svg", "image/svg+xml", &b"<svg"[..]),
        ("png", "image/png", b"\x89PNG"),
        ("pdf", "application/pdf", b"%PDF"),
    ] {
        let answer = browser
            .get(&format!(
                "/dashboard/links/{link}/qr?format={format}&size=256&download=1"
            ))
            .await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(media))
        );
        assert!(
            answer.body.starts_with(begins) || text(&answer).contains("<svg"),
            "{format}"
        );
        let name = format!("attachment; filename=\"{link}.{format}\"");
        assert_eq!(answer.header("content-disposition"), Some(name.as_str()));
    }
    assert_eq!(
        browser
            .get(&format!("/dashboard/links/{link}/qr?size=9"))
            .await
            .status,
        422
    );
}
