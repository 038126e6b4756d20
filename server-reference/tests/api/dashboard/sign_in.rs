//! Signing in and out.

use approute_server::clock::{HOUR, MINUTE};

use super::browser::{Browser, cookie, link};
use crate::harness::Api;

#[tokio::test]
async fn a_link_signs_in_once_and_only_by_its_button() {
    let api = Api::start().await;
    let link = link(&api, &api.workspace.id).await;
    let path = link
        .strip_prefix(&api.server.base_url())
        .unwrap()
        .to_owned();
    let token = path.split_once("token=").unwrap().1.to_owned();
    let nobody = Browser {
        api: &api,
        base_url: api.server.base_url(),
        cookie: String::new(),
        form_token: String::new(),
    };
    for _ in 0..2 {
        let shown = nobody.get(&path).await;
        assert_eq!(shown.status, 200, "looking at it uses nothing up");
        assert_eq!(shown.header("set-cookie"), None);
    }
    let foreign = [("sec-fetch-site", "cross-site")];
    let answer = nobody
        .send_with("/dashboard/sign-in", &[("token", &token)], &foreign)
        .await;
    assert_eq!(answer.status, 403, "from another site");
    let answer = nobody
        .send("/dashboard/sign-in", &[("token", &token)])
        .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/dashboard"))
    );
    let set = answer.header("set-cookie").unwrap();
    assert!(
        set.contains("; HttpOnly")
            && set.contains("; SameSite=Strict")
            && set.contains("Path=/dashboard"),
        "{set}"
    );
    assert!(
        !set.contains("Max-Age") && !set.contains("Expires"),
        "gone with the browser: {set}"
    );
    for used in [&token, "", "x"] {
        let answer = nobody.send("/dashboard/sign-in", &[("token", used)]).await;
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (403, None),
            "{used:?}"
        );
    }
    assert_eq!(nobody.get(&path).await.status, 403);
}

#[tokio::test]
async fn a_link_is_too_old_after_ten_minutes() {
    let api = Api::start().await;
    let link = link(&api, &api.workspace.id).await;
    let token = link.split_once("token=").unwrap().1;
    api.clock.advance(10 * MINUTE);
    let nobody = Browser {
        api: &api,
        base_url: api.server.base_url(),
        cookie: String::new(),
        form_token: String::new(),
    };
    let answer = nobody.send("/dashboard/sign-in", &[("token", token)]).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (403, None));
}

#[tokio::test]
async fn away_from_this_machine_a_cookie_needs_tls_and_this_very_host() {
    let api = Api::start().await;
    let link = link(&api, &api.workspace.id).await;
    let token = link.split_once("token=").unwrap().1;
    let url = format!("{}/dashboard/sign-in", api.server.base_url());
    let answer = api
        .client
        .request("POST".parse().unwrap(), &url)
        .header("host", "api.example.com")
        .header("origin", "https://api.example.com")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={token}"))
        .send()
        .await;
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-approute_dashboard="), "{set}");
    assert!(
        set.contains("; Secure; HttpOnly; SameSite=Strict") && set.contains("; Path=/;"),
        "{set}"
    );
}

#[tokio::test]
async fn sessions_end() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    api.clock.advance(59 * MINUTE);
    assert_eq!(
        browser.get("/dashboard/keys").await.status,
        200,
        "which moves its end"
    );
    api.clock.advance(59 * MINUTE);
    assert_eq!(browser.get("/dashboard/keys").await.status, 200);
    api.clock.advance(HOUR);
    assert_eq!(
        browser.get("/dashboard/keys").await.status,
        401,
        "not used for an hour"
    );

    let browser = Browser::new(&api).await;
    for _ in 0..23 {
        api.clock.advance(30 * MINUTE);
        assert_eq!(browser.get("/dashboard/keys").await.status, 200);
    }
    api.clock.advance(30 * MINUTE);
    assert_eq!(
        browser.get("/dashboard/keys").await.status,
        401,
        "twelve hours are the most"
    );

    let browser = Browser::new(&api).await;
    let answer = browser.post("/dashboard/sign-out", &[]).await;
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(
        browser.get("/dashboard/keys").await.status,
        401,
        "signed out, and so is a copy of the cookie"
    );
    api.server.app.sweep().await.unwrap();
    assert_eq!(
        api.count("SELECT COUNT(*) FROM dashboard_sessions").await,
        0
    );
}

#[tokio::test]
async fn signing_in_again_ends_the_older_session() {
    let api = Api::start().await;
    let first = Browser::new(&api).await;
    let link = link(&api, &api.workspace.id).await;
    let token = link.split_once("token=").unwrap().1;
    let answer = first.send("/dashboard/sign-in", &[("token", token)]).await;
    assert_ne!(cookie(&answer), first.cookie);
    assert_eq!(first.get("/dashboard/keys").await.status, 401);
}

#[tokio::test]
async fn tokens_are_kept_as_hashes_only() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let unused = link(&api, &api.workspace.id).await;
    let secrets = [
        browser.cookie.split_once('=').unwrap().1.to_owned(),
        unused.split_once("token=").unwrap().1.to_owned(),
    ];
    let mut connection = api.server.app.store.read().await.unwrap();
    for table in ["dashboard_sessions", "dashboard_sign_ins"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT hash FROM {table}"));
        let kept: Vec<Vec<u8>> = sqlx::query_scalar(sql)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        assert_eq!(kept.len(), 1, "{table}");
        assert_eq!(kept[0].len(), 32);
        assert!(secrets.iter().all(|secret| secret.as_bytes() != kept[0]));
    }
}
