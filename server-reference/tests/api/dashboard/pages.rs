//! What holds for every page: headers, and that nothing that a person types becomes part of it.

use serde_json::json;

use super::browser::{Browser, text};
use crate::harness::{Api, id};

/// Pages without an id.
pub const PAGES: [&str; 12] = [
    "/dashboard",
    "/dashboard/links",
    "/dashboard/links?status=deleted",
    "/dashboard/links/new",
    "/dashboard/links.csv",
    "/dashboard/imports/new",
    "/dashboard/clicks",
    "/dashboard/clicks?span=24h&bots=on",
    "/dashboard/keys",
    "/dashboard/webhooks",
    "/dashboard/approvals",
    "/dashboard/workspace",
];

/// Text that would run, in an element, in an attribute, in a URL.
const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

/// What must not stand in any page.
fn assert_inert(path: &str, page: &str) {
    for evil in ["<script>alert", "<img src=x", "javascript:alert"] {
        let as_link = format!("href=\"{evil}");
        assert!(
            !page.contains(evil) || (evil.starts_with("java") && !page.contains(&as_link)),
            "{path}: {page}"
        );
    }
    // No script, style or handler inside a page, which the policy would refuse anyway.
    for tag in page.split("<script").skip(1) {
        assert!(
            tag.starts_with(" src=\"/dashboard/assets/") && tag.contains("></script>"),
            "{path}"
        );
    }
    assert!(
        !page.contains("<style") && !page.contains(" style="),
        "{path}"
    );
    let outside = page.replace("&lt;", "");
    for tag in outside.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let plain: String = tag.split('"').step_by(2).collect();
        assert!(!plain.contains(" on"), "{path}: <{tag}>");
    }
}

#[tokio::test]
async fn every_answer_keeps_browsers_in_check() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let nobody = Browser {
        cookie: String::new(),
        ..browser.clone()
    };
    let mut answers = Vec::new();
    for path in PAGES
        .iter()
        .chain(&["/dashboard/nothing", "/dashboard/links/lnk_x"])
    {
        answers.push((*path, browser.get(path).await));
        answers.push((*path, nobody.get(path).await));
    }
    for (path, answer) in answers {
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{path}"
        );
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"));
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert!(header("x-request-id").starts_with("req_"), "{path}");
        if header("content-type").starts_with("text/html") {
            assert_inert(path, &text(&answer));
        }
    }
    let page = browser.page("/dashboard").await;
    for address in page.split("=\"/dashboard/assets/").skip(1) {
        let path = format!("/dashboard/assets/{}", address.split('"').next().unwrap());
        let asset = nobody.get(&path).await;
        assert_eq!(asset.status, 200, "{path}");
        assert!(
            asset.header("cache-control").unwrap().contains("immutable"),
            "{path}"
        );
    }
    assert_eq!(
        nobody
            .get("/dashboard/assets/../../etc/passwd")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn nothing_typed_becomes_part_of_a_page() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let mut paths: Vec<String> = PAGES.iter().map(|path| (*path).to_owned()).collect();
    // What the API takes, it is given.
    let link = api
        .link(json!({
            "url": "https://example.com/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "slug": "evil", "title": EVIL, "notes": EVIL,
            "external_id": EVIL, "tags": [&EVIL[..50]], "sub_id": EVIL, "program_id": EVIL,
            "utm": { "source": EVIL, "medium": EVIL, "campaign": EVIL, "term": EVIL, "content": EVIL },
        }))
        .await;
    let link = format!("/dashboard/links/{}", id(&link));
    paths.extend([link.clone(), format!("{link}/edit")]);
    let visit = format!(
        "{}/evil?sub_id=%3Cscript%3Ealert(1)&utm_source=%3Cimg%20src=x%20onerror=alert(1)%3E",
        api.server.base_url()
    );
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";
    let visited = api
        .client
        .get(&visit)
        .header("user-agent", agent)
        .send()
        .await;
    assert_eq!(visited.status, 302);
    api.flush().await;
    assert_eq!(
        api.count("SELECT CAST(SUM(click_count) AS BIGINT) FROM link_counts")
            .await,
        1
    );
    paths.push(
        format!(
            "/dashboard/clicks?link={}&utm_source={EVIL}",
            link.rsplit('/').next().unwrap()
        )
        .replace(['"', '\'', '<', '>', ' '], "%22"),
    );
    let hook = json!({ "url": "http://127.0.0.1:9/%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "events": ["link.created"], "description": EVIL });
    let hook = id(&api.post("/v1/webhooks", hook).gives(201).await.json());
    paths.push(format!("/dashboard/webhooks/{hook}"));
    let issued = text(
        &browser
            .post("/dashboard/keys", &[("name", EVIL), ("scope", "read")])
            .await,
    );
    assert!(issued.contains("apr_dev_"), "{issued}");
    assert_inert("issued", &issued);
    api.change_workspace(|workspace| workspace.name = EVIL.to_owned())
        .await;
    for path in &paths {
        let answer = browser.get(path).await;
        assert!(answer.status < 500, "{path}: {}", answer.status);
        if path.ends_with(".csv") {
            continue;
        }
        assert_inert(path, &text(&answer));
    }

    // What it refuses is shown once more, in the field and in the list of errors.
    let forms: [(String, Vec<(&str, &str)>); 7] = [
        (
            "/dashboard/keys".into(),
            vec![("name", EVIL), ("scope", EVIL)],
        ),
        (
            "/dashboard/links".into(),
            super::links::FIELDS
                .iter()
                .map(|name| (*name, EVIL))
                .collect(),
        ),
        (
            link.clone(),
            super::links::FIELDS
                .iter()
                .map(|name| (*name, EVIL))
                .chain([("version", "1")])
                .collect(),
        ),
        (
            "/dashboard/webhooks".into(),
            vec![("url", EVIL), ("events", EVIL), ("description", EVIL)],
        ),
        (
            "/dashboard/workspace".into(),
            vec![("delete_threshold", EVIL), ("delete_confirmation", EVIL)],
        ),
        ("/dashboard/domains".into(), vec![("name", EVIL)]),
        (
            "/dashboard/domains/localhost/apps".into(),
            vec![("ios", EVIL), ("android", EVIL)],
        ),
    ];
    for (path, fields) in forms {
        let answer = browser.post(&path, &fields).await;
        assert_eq!(answer.status, 422, "{path}: {}", text(&answer));
        let page = text(&answer);
        assert!(
            page.contains("&#60;script") || page.contains("&lt;script"),
            "{path} shows it as text"
        );
        assert_inert(&path, &page);
    }
    for name in ["q", "tag", "domain", "status", "cursor", "done"] {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(name, EVIL)
            .finish();
        let answer = browser.get(&format!("/dashboard/links?{query}")).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_inert(name, &text(&answer));
    }
    let cell = EVIL.replace('"', "\"\"");
    let checked = browser
        .upload(
            &browser.form_token,
            &format!("url,title,\"{cell}\"\n\"{cell}\",\"{cell}\",x\n"),
        )
        .await;
    assert_eq!(checked.status, 200);
    assert_inert("import", &text(&checked));
    assert!(
        text(&checked).contains("0 rows") || text(&checked).contains("No row"),
        "it is no URL"
    );
}
