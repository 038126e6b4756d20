//! Keys in the dashboard.

use approute_server::clock::DAY;
use approute_server::store::workspaces::Plan;
use serde_json::json;

use super::browser::{Browser, text};
use super::flows::between;
use crate::harness::Api;

fn secret(page: &str) -> String {
    between(
        page,
        "<code id=\"secret\" aria-describedby=\"secret-hint\">",
        "<",
    )
    .to_owned()
}

#[tokio::test]
async fn a_key_is_issued_rotated_and_revoked() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let page = text(
        &browser
            .post(
                "/dashboard/keys",
                &[("name", " ci "), ("scope", "read_write")],
            )
            .await,
    );
    let first = secret(&page);
    let path = between(&page, "href=\"/dashboard/keys/key_", "\"").to_owned();
    let path = format!("/dashboard/keys/key_{path}");
    api.post(
        "/v1/links",
        json!({ "url": "https://example.com/", "slug": "k" }),
    )
    .by(&first)
    .gives(201)
    .await;
    api.get("/v1/links/lnk_00000000000000000000000000")
        .by(&first)
        .fails(404, "not_found")
        .await;
    api.flush().await;
    let shown = browser.page(&path).await;
    assert!(
        shown.contains("<h1>ci</h1>")
            && shown.contains("links.create")
            && shown.contains(&format!("…{}", &first[first.len() - 4..]))
    );
    assert!(
        !browser.page("/dashboard/keys").await.contains(&first) && !shown.contains(&first),
        "shown once"
    );
    let refused = browser.page(&format!("{path}?result=refused")).await;
    assert!(refused.contains("not_found") && !refused.contains("<td>links.create</td>"));
    let creates = browser
        .page(&format!("{path}?operation=links.create&result=ok"))
        .await;
    assert!(creates.contains("<td>links.create</td>") && !creates.contains("<td>links.get</td>"));

    let second = secret(&text(
        &browser
            .post(&format!("{path}/rotate"), &[("overlap", "24h")])
            .await,
    ));
    for key in [&first, &second] {
        api.get("/v1/links").by(key).gives(200).await;
    }
    api.clock.advance(DAY);
    api.get("/v1/links")
        .by(&first)
        .fails(401, "revoked_api_key")
        .await;
    api.get("/v1/links").by(&second).gives(200).await;
    let browser = Browser::new(&api).await;
    assert_eq!(
        browser.led(&format!("{path}/revoke"), &[]).await,
        format!("{path}?done=revoked")
    );
    api.get("/v1/links")
        .by(&second)
        .fails(401, "revoked_api_key")
        .await;
    assert_eq!(
        browser
            .post(&format!("{path}/rotate"), &[("overlap", "0")])
            .await
            .status,
        422,
        "it is over"
    );
}

#[tokio::test]
async fn the_plan_says_which_keys_there_are() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    for (plan, read, write) in [
        (Plan::Free, 422, 422),
        (Plan::Pro, 200, 422),
        (Plan::Team, 200, 200),
    ] {
        api.change_workspace(|workspace| workspace.plan = plan)
            .await;
        for (scope, status) in [("read", read), ("read_write", write)] {
            let answer = browser
                .post("/dashboard/keys", &[("name", "x"), ("scope", scope)])
                .await;
            assert_eq!(answer.status, status, "{plan} {scope}");
        }
    }
    let before = api.count("SELECT COUNT(*) FROM api_keys").await;
    for (name, scope) in [
        ("", "read"),
        ("  ", "read"),
        (&*"x".repeat(101), "read"),
        ("a\nb", "read"),
        ("x", ""),
        ("x", "admin"),
    ] {
        let answer = browser
            .post("/dashboard/keys", &[("name", name), ("scope", scope)])
            .await;
        assert_eq!(answer.status, 422, "{name:?} {scope:?}");
    }
    assert_eq!(api.count("SELECT COUNT(*) FROM api_keys").await, before);
}

#[tokio::test]
async fn what_people_do_is_logged_under_a_key_that_nobody_can_use() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    browser
        .post("/dashboard/keys", &[("name", "x"), ("scope", "read")])
        .await;
    let led = browser
        .led(
            "/dashboard/links",
            &[("url", "https://example.com/"), ("slug", "logged")],
        )
        .await;
    let link = api
        .get(&format!(
            "/v1/links/{}",
            between(&led, "/dashboard/links/", "?")
        ))
        .gives(200)
        .await
        .json();
    let own = link["created_by_key_id"].as_str().unwrap();
    let log = browser.page(&format!("/dashboard/keys/{own}")).await;
    assert!(log.contains("<td>dashboard.key_issue</td>") && log.contains("<td>links.create</td>"));
    for action in ["rotate", "revoke"] {
        let answer = browser
            .post(
                &format!("/dashboard/keys/{own}/{action}"),
                &[("overlap", "0")],
            )
            .await;
        assert_eq!(answer.status, 422, "{action}");
    }
    assert_eq!(api.count("SELECT COUNT(*) FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id WHERE k.name = 'Dashboard'").await, 0);
    Browser::new(&api).await;
    assert_eq!(
        api.count("SELECT COUNT(*) FROM api_keys WHERE name = 'Dashboard'")
            .await,
        1,
        "one for each workspace"
    );
}
