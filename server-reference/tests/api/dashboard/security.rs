//! What the dashboard refuses.

use serde_json::json;

use super::browser::{Browser, second_workspace, text};
use crate::harness::{Api, id};

/// Every form of the dashboard, with ids of the first workspace in it.
async fn forms(api: &Api) -> Vec<(String, Vec<(&'static str, String)>)> {
    let link = id(&api
        .link(json!({ "url": "https://example.com/a", "slug": "a" }))
        .await);
    let deleted = id(&api
        .link(json!({ "url": "https://example.com/b", "slug": "b" }))
        .await);
    api.delete(&format!("/v1/links/{deleted}")).gives(200).await;
    let hook = json!({ "url": "http://127.0.0.1:9/", "events": ["link.created"] });
    let hook = id(&api.post("/v1/webhooks", hook).gives(201).await.json());
    let key = first_key(api).await;
    let to = |path: String, fields: &[(&'static str, &str)]| {
        let fields = fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        (path, fields.collect::<Vec<_>>())
    };
    vec![
        to(
            "/dashboard/keys".into(),
            &[("name", "stolen"), ("scope", "read_write")],
        ),
        to(format!("/dashboard/keys/{key}/rotate"), &[("overlap", "0")]),
        to(format!("/dashboard/keys/{key}/revoke"), &[]),
        to(
            "/dashboard/links".into(),
            &[("url", "https://example.com/stolen"), ("slug", "stolen")],
        ),
        to(
            format!("/dashboard/links/{link}"),
            &[("url", "https://example.com/stolen"), ("version", "1")],
        ),
        to(format!("/dashboard/links/{link}/delete"), &[]),
        to("/dashboard/links/delete".into(), &[("id", &link)]),
        to(format!("/dashboard/links/{deleted}/restore"), &[]),
        to(
            "/dashboard/webhooks".into(),
            &[
                ("url", "http://127.0.0.1:9/stolen"),
                ("events", "link.created"),
            ],
        ),
        to(
            format!("/dashboard/webhooks/{hook}"),
            &[
                ("url", "http://127.0.0.1:9/stolen"),
                ("events", "link.created"),
            ],
        ),
        to(format!("/dashboard/webhooks/{hook}/enable"), &[]),
        to(
            format!("/dashboard/webhooks/{hook}/rotate"),
            &[("overlap", "0")],
        ),
        to(
            format!("/dashboard/webhooks/{hook}/resend"),
            &[("since", "2020-01-01T00:00")],
        ),
        to(format!("/dashboard/webhooks/{hook}/delete"), &[]),
        to(
            "/dashboard/approvals".into(),
            &[("hash", "00"), ("decision", "approve")],
        ),
        to(
            "/dashboard/workspace".into(),
            &[
                ("delete_threshold", "0"),
                ("delete_confirmation", "dashboard"),
            ],
        ),
        to("/dashboard/domains".into(), &[("name", "stolen.example")]),
        to(
            "/dashboard/domains/localhost/apps".into(),
            &[("ios", "ABCDE12345.com.stolen")],
        ),
        to("/dashboard/domains/localhost/remove".into(), &[]),
        to("/dashboard/imports/00".into(), &[]),
        to("/dashboard/sign-out".into(), &[]),
    ]
}

async fn first_key(api: &Api) -> String {
    let mut connection = api.server.app.store.read().await.unwrap();
    sqlx::query_scalar("SELECT k.id FROM api_keys k JOIN workspaces w ON w.id = k.workspace_id WHERE w.name = 'First' ORDER BY k.id LIMIT 1")
        .fetch_one(&mut *connection)
        .await
        .unwrap()
}

/// Everything that a form could change, in one line. What a session or a read leaves behind is not in it.
async fn state(api: &Api) -> String {
    const PARTS: [&str; 8] = [
        "SELECT id || ':' || CAST(version AS TEXT) || slug FROM links ORDER BY 1",
        "SELECT id || COALESCE(CAST(revoked_at AS TEXT), '') FROM api_keys WHERE name <> 'Dashboard' ORDER BY 1",
        "SELECT key_id || hint || COALESCE(CAST(expires_at AS TEXT), '') FROM api_key_secrets ORDER BY 1",
        "SELECT id || url || secret_hint FROM webhooks ORDER BY 1",
        "SELECT id || plan || CAST(delete_threshold AS TEXT) || delete_confirmation FROM workspaces ORDER BY 1",
        "SELECT name || apps FROM domains ORDER BY 1",
        "SELECT webhook_id || event_id FROM deliveries ORDER BY 1",
        "SELECT key_id || operation FROM confirmations WHERE approved_at IS NOT NULL ORDER BY 1",
    ];
    let mut connection = api.server.app.store.read().await.unwrap();
    let mut state = String::new();
    for sql in PARTS {
        let rows: Vec<String> = sqlx::query_scalar(sql)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        state.push_str(&rows.join(" "));
        state.push('\n');
    }
    state
}

fn borrowed<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

#[tokio::test]
async fn without_a_session_nothing_is_shown_and_nothing_done() {
    let api = Api::start().await;
    let forms = forms(&api).await;
    let before = state(&api).await;
    let browser = Browser::new(&api).await;
    let strangers = [
        "",
        "approute_dashboard=",
        "approute_dashboard=AAAA",
        "other=1",
    ];
    for cookie in strangers {
        let stranger = Browser {
            cookie: cookie.to_owned(),
            ..browser.clone()
        };
        for (path, fields) in &forms {
            let answer = stranger.post(path, &borrowed(fields)).await;
            assert_eq!(answer.status, 401, "{path}");
        }
        assert_eq!(
            stranger
                .upload(&browser.form_token, "url\nhttps://example.com/\n")
                .await
                .status,
            401
        );
        for path in super::pages::PAGES {
            let answer = stranger.get(path).await;
            assert_eq!(answer.status, 401, "{path}");
            assert!(!text(&answer).contains("First"), "{path}");
        }
    }
    assert_eq!(state(&api).await, before);
}

#[tokio::test]
async fn a_form_without_its_token_or_from_elsewhere_does_nothing() {
    let api = Api::start().await;
    let forms = forms(&api).await;
    let browser = Browser::new(&api).await;
    let other = Browser::new(&api).await;
    let before = state(&api).await;
    let own = browser.form_token.as_str();
    for (path, fields) in &forms {
        for token in [
            "",
            "x",
            other.form_token.as_str(),
            browser.cookie.split_once('=').unwrap().1,
        ] {
            let mut all = vec![("form_token", token)];
            all.extend(borrowed(fields));
            assert_eq!(browser.send(path, &all).await.status, 403, "{path} {token}");
        }
        assert_eq!(
            browser.send(path, &borrowed(fields)).await.status,
            403,
            "{path}"
        );
        let mut all = vec![("form_token", own)];
        all.extend(borrowed(fields));
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            assert_eq!(
                browser.send_with(path, &all, &[header]).await.status,
                403,
                "{path} {header:?}"
            );
        }
        let answer = browser
            .send_with(path, &all, &[("content-type", "text/plain")])
            .await;
        assert!(
            answer.status >= 400,
            "{path}: what a page elsewhere can send without asking"
        );
    }
    assert_eq!(
        browser
            .upload("x", "url\nhttps://example.com/\n")
            .await
            .status,
        403
    );
    assert_eq!(state(&api).await, before);
    // The control: with its token, the first of them works.
    assert_eq!(
        browser
            .post(&forms[0].0, &borrowed(&forms[0].1))
            .await
            .status,
        200
    );
    assert_ne!(state(&api).await, before);
}

#[tokio::test]
async fn another_workspace_sees_and_changes_nothing() {
    let api = Api::start().await;
    let forms = forms(&api).await;
    // A delivery and an import that belong to the first workspace.
    let mine = Browser::new(&api).await;
    let checked = text(
        &mine
            .upload(&mine.form_token, "url\nhttps://example.com/c\n")
            .await,
    );
    let import = checked
        .split_once("action=\"/dashboard/imports/")
        .unwrap()
        .1;
    let import = format!("/dashboard/imports/{}", import.split_once('"').unwrap().0);
    assert_eq!(mine.get(&import).await.status, 200);
    api.change_workspace(|workspace| {
        workspace.delete_threshold = 0;
        workspace.delete_confirmation =
            approute_server::store::workspaces::DeleteConfirmation::Dashboard;
    })
    .await;
    let link = forms[5]
        .0
        .trim_start_matches("/dashboard/links/")
        .trim_end_matches("/delete")
        .to_owned();
    api.delete(&format!("/v1/links/{link}"))
        .fails(409, "confirmation_required")
        .await;
    let approvals = mine.page("/dashboard/approvals").await;
    let hash = approvals.split_once("name=\"hash\" value=\"").unwrap().1;
    let hash = hash.split_once('"').unwrap().0.to_owned();

    let before = state(&api).await;
    let stranger = Browser::of(&api, &second_workspace(&api).await).await;
    for (path, fields) in &forms {
        let about_mine = path.matches('/').count() > 2;
        if !about_mine || path.ends_with("sign-out") {
            continue;
        }
        let answer = stranger.post(path, &borrowed(fields)).await;
        if path == "/dashboard/links/delete" {
            assert_eq!(
                answer.header("location"),
                Some("/dashboard/links?done=some"),
                "not found"
            );
        } else {
            assert_eq!(answer.status, 404, "{path}: {}", text(&answer));
        }
    }
    for path in ["", "/edit", "/qr"] {
        assert_eq!(
            stranger
                .get(&format!("/dashboard/links/{link}{path}"))
                .await
                .status,
            404
        );
    }
    for (path, _) in forms.iter().filter(|(path, _)| path.ends_with("/rotate")) {
        assert_eq!(
            stranger.get(path.trim_end_matches("/rotate")).await.status,
            404,
            "{path}"
        );
    }
    assert_eq!(stranger.get(&import).await.status, 404);
    assert_eq!(stranger.post(&import, &[]).await.status, 404);
    assert_eq!(
        stranger
            .get(&format!("/dashboard/clicks?link={link}"))
            .await
            .status,
        404
    );
    for decision in ["approve", "refuse"] {
        let fields = [("hash", hash.as_str()), ("decision", decision)];
        let led = stranger.led("/dashboard/approvals", &fields).await;
        assert_eq!(led, "/dashboard/approvals?done=late");
    }
    for path in [
        "/dashboard",
        "/dashboard/links",
        "/dashboard/keys",
        "/dashboard/webhooks",
        "/dashboard/clicks",
        "/dashboard/approvals",
        "/dashboard/workspace",
        "/dashboard/links.csv",
    ] {
        let page = stranger.page(path).await;
        assert!(
            !page.contains(&link) && !page.contains("example.com/a"),
            "{path}"
        );
        assert!(!page.contains(&api.workspace.id), "{path}");
    }
    assert_eq!(state(&api).await, before);
    let sql = "SELECT COUNT(*) FROM confirmations WHERE approved_at IS NULL";
    assert_eq!(api.count(sql).await, 1, "neither approved nor refused");
}

#[tokio::test]
async fn a_session_is_good_on_every_node() {
    let api = Api::start().await;
    let Some(node) = api.second_node().await else {
        return;
    };
    let browser = Browser::new(&api).await.at(&node);
    let page = browser.page("/dashboard/workspace").await;
    assert!(page.contains(&api.workspace.id));
    assert_eq!(browser.token().await, browser.form_token);
    browser.post("/dashboard/sign-out", &[]).await;
    assert_eq!(browser.at(&api.server).get("/dashboard").await.status, 401);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn a_domain_of_short_links_has_no_dashboard() {
    let api = Api::with(|config| config.dev = false).await;
    let at = async |host: &str, path: &str| {
        let url = format!("{}{path}", api.server.base_url());
        api.client.get(&url).header("host", host).send().await
    };
    assert_eq!(at("api.example", "/dashboard").await.status, 401);
    for path in [
        "/dashboard",
        "/dashboard/",
        "/dashboard/keys",
        "/dashboard/assets/dashboard.js",
    ] {
        let answer = at("second.example", path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!text(&answer).contains("signed out"), "{path}");
    }
}

#[tokio::test]
async fn a_domain_is_taken_from_nobody() {
    let api = Api::with(|config| {
        config.dev = false;
        config.api_hosts = vec!["api.example".to_owned()];
    })
    .await;
    let browser = Browser::new(&api).await;
    for name in [
        "api.example",
        "API.example",
        "second.example",
        "127.0.0.1",
        "localhost",
        "x",
        "a b",
        "https://a.example",
    ] {
        let answer = browser.post("/dashboard/domains", &[("name", name)]).await;
        assert_eq!(answer.status, 422, "{name}");
    }
    browser
        .led("/dashboard/domains", &[("name", "go.example")])
        .await;
    let closed = Api::with(|config| config.dev = false).await;
    let browser = Browser::new(&closed).await;
    let answer = browser
        .post("/dashboard/domains", &[("name", "go.example")])
        .await;
    assert_eq!(
        answer.status, 404,
        "where nobody has said which hosts are the API's"
    );
}
