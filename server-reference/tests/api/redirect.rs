//! Visits of short links.

use approute_server::clock::HOUR;
use serde_json::{Value, json};

use crate::harness::{Api, path};
use crate::http_client::Received;

const URL: &str = "https://example.com/page";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1";
const PIXEL: &str =
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36";
const DESKTOP: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";
const BOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

fn location(response: &Received) -> &str {
    response.header("location").unwrap_or_default()
}

async fn counts(api: &Api, link: &Value) -> (i64, i64) {
    api.flush().await;
    let link = api.get(&path(link)).gives(200).await.json();
    (
        link["click_count"].as_i64().unwrap(),
        link["bot_click_count"].as_i64().unwrap(),
    )
}

#[tokio::test]
async fn visits_are_redirected_and_counted() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL, "slug": "Autumn" })).await;
    for slug in ["Autumn", "autumn", "AUTUMN"] {
        let response = api.visit(slug, DESKTOP).await;
        assert_eq!((response.status, location(&response)), (302, URL));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert!(response.header("x-request-id").unwrap().starts_with("req_"));
    }
    assert_eq!(api.visit("autumn", BOT).await.status, 302);
    assert_eq!(api.visit("autumn", "").await.status, 302);
    let url = format!("{}/autumn", api.server.base_url());
    let head = api
        .client
        .request(http::Method::HEAD, &url)
        .header("user-agent", DESKTOP)
        .send()
        .await;
    assert_eq!((head.status, location(&head)), (302, URL));
    let prefetch = api
        .client
        .get(&url)
        .header("user-agent", DESKTOP)
        .header("sec-purpose", "prefetch;prerender");
    prefetch.send().await;
    assert_eq!(
        counts(&api, &link).await,
        (3, 3),
        "people and bots apart, HEAD not at all"
    );
    assert_eq!(api.stored_clicks().await.len(), 6);
    assert_eq!(api.visit("nothing", DESKTOP).await.status, 404);
}

#[tokio::test]
async fn devices_go_their_ways() {
    let api = Api::start().await;
    let targets = json!({ "ios": { "app_store_id": "42" }, "android": { "package_name": "com.example.shop" } });
    api.link(json!({ "url": URL, "slug": "app", "targets": targets }))
        .await;
    for (agent, expected, kind) in [
        (IPHONE, "https://apps.apple.com/app/id42", "ios_app_store"),
        (
            PIXEL,
            "https://play.google.com/store/apps/details?id=com.example.shop",
            "android_play_store",
        ),
        (DESKTOP, URL, "url"),
    ] {
        assert_eq!(location(&api.visit("app", agent).await), expected);
        api.flush().await;
        let clicks = api.stored_clicks().await;
        assert_eq!(clicks.last().unwrap().destination_kind, kind);
    }
}

#[tokio::test]
async fn the_status_of_the_redirect_and_of_the_link() {
    let api = Api::start().await;
    for status in [301, 302, 307, 308] {
        let link = api
            .link(json!({ "url": URL, "redirect_status": status }))
            .await;
        assert_eq!(
            api.visit(link["slug"].as_str().unwrap(), DESKTOP)
                .await
                .status,
            status
        );
    }
    let visit = async |body: Value| {
        let link = api.link(body).await;
        let response = api.visit(link["slug"].as_str().unwrap(), DESKTOP).await;
        (response.status, location(&response).to_owned())
    };
    assert_eq!(visit(json!({ "url": URL, "archived": true })).await.0, 410);
    assert_eq!(
        visit(json!({ "url": URL, "starts_at": "2027-01-01T00:00:00Z" }))
            .await
            .0,
        404
    );
    assert_eq!(
        visit(json!({ "url": URL, "expires_at": "2026-01-01T00:00:00Z" }))
            .await
            .0,
        410
    );
    // Programs get a problem, browsers a page, both with the status.
    let gone = api.link(json!({ "url": URL, "archived": true })).await;
    let url = format!(
        "{}/{}",
        api.server.base_url(),
        gone["slug"].as_str().unwrap()
    );
    let problem = api
        .client
        .get(&url)
        .header("user-agent", DESKTOP)
        .send()
        .await;
    crate::spec::check("GET", "/slug", 410, &problem.headers, &problem.body);
    let accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    let page = api
        .client
        .get(&url)
        .header("user-agent", DESKTOP)
        .header("accept", accept);
    let page = page.send().await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (410, Some("text/html; charset=utf-8"))
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let late = json!({ "url": URL, "expires_at": "2026-01-01T00:00:00Z", "expired_url": "https://example.com/late", "redirect_status": 307 });
    assert_eq!(
        visit(late).await,
        (302, "https://example.com/late".to_owned())
    );
    assert_eq!(
        visit(json!({ "url": URL, "password": "secret" })).await.0,
        200
    );
}

#[tokio::test]
async fn writes_count_at_once() {
    let api = Api::start().await;
    let link = api
        .link(json!({ "url": URL, "slug": "s", "expires_at": "2026-11-23T13:00:00Z" }))
        .await;
    assert_eq!(location(&api.visit("s", DESKTOP).await), URL);
    api.patch(&path(&link), json!({ "url": "https://example.com/new" }))
        .gives(200)
        .await;
    assert_eq!(
        location(&api.visit("s", DESKTOP).await),
        "https://example.com/new"
    );
    api.post(
        "/v1/links/batch",
        json!({ "update": [{ "id": link["id"], "url": "https://example.com/newer" }] }),
    )
    .gives(200)
    .await;
    assert_eq!(
        location(&api.visit("s", DESKTOP).await),
        "https://example.com/newer"
    );
    api.delete(&path(&link)).gives(200).await;
    assert_eq!(api.visit("s", DESKTOP).await.status, 410);
    api.call("POST", &format!("{}/restore", path(&link)))
        .gives(200)
        .await;
    assert_eq!(api.visit("s", DESKTOP).await.status, 302);
    api.clock.advance(HOUR);
    assert_eq!(
        api.visit("s", DESKTOP).await.status,
        410,
        "time passes for links in memory too"
    );
}

#[tokio::test]
async fn a_click_limit_is_kept() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL, "slug": "s", "click_limit": 3, "expired_url": "https://example.com/over" })).await;
    for _ in 0..5 {
        api.visit("s", BOT).await;
    }
    let visits: Vec<_> = futures_join((0..10).map(|_| api.visit("s", DESKTOP))).await;
    let through = visits
        .iter()
        .filter(|response| location(response) == URL)
        .count();
    let over = visits
        .iter()
        .filter(|response| location(response) == "https://example.com/over")
        .count();
    assert_eq!((through, over), (3, 7));
    api.flush().await;
    assert_eq!(
        api.get(&path(&link)).gives(200).await.json()["status"],
        "exhausted"
    );
    let clicks = api.stored_clicks().await;
    let through = clicks
        .iter()
        .filter(|click| click.destination_kind == "url" && !click.is_bot);
    assert_eq!(through.count(), 3);
    // A higher limit opens it again.
    api.patch(&path(&link), json!({ "click_limit": 1_000 }))
        .gives(200)
        .await;
    assert_eq!(location(&api.visit("s", DESKTOP).await), URL);
}

async fn futures_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut done = Vec::new();
    let mut all: Vec<std::pin::Pin<Box<F>>> = futures.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        all.retain_mut(|future| match future.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done
}

#[tokio::test]
async fn queries_and_utm() {
    let api = Api::start().await;
    api.link(json!({ "url": URL, "slug": "f", "forward_query": true, "utm": { "source": "nora" }, "sub_id": "own" })).await;
    let response = api
        .visit("f?a=1&src=qr&utm_source=thief&sub_id=theirs", DESKTOP)
        .await;
    assert_eq!(
        location(&response),
        "https://example.com/page?utm_source=nora&a=1&sub_id=theirs"
    );
    api.link(json!({ "url": URL, "slug": "n" })).await;
    assert_eq!(
        location(&api.visit("n?a=1&sub_id=theirs&utm_medium=m", DESKTOP).await),
        URL
    );
    api.flush().await;
    let clicks = api.stored_clicks().await;
    let said = |place: usize| {
        let click = &clicks[place];
        let [source, medium, ..] = click.utm.each_ref().map(Option::as_deref);
        (click.sub_id.as_deref(), &*click.trigger, source, medium)
    };
    assert_eq!(said(0), (Some("own"), "qr", Some("nora"), None));
    assert_eq!(said(1), (Some("theirs"), "link", None, Some("m")));
    for query in [
        "%",
        "%00",
        "%ff",
        "&&==",
        "a=%0d%0aset-cookie:x",
        &"x=1&".repeat(2_000),
    ] {
        let response = api.visit(&format!("f?{query}"), DESKTOP).await;
        assert_eq!(response.status, 302, "{query}");
        assert!(response.header("set-cookie").is_none());
    }
}

#[tokio::test]
async fn nothing_personal_is_stored() {
    let api = Api::start().await;
    api.link(json!({ "url": URL, "slug": "s" })).await;
    let url = format!("{}/s", api.server.base_url());
    let visit = api
        .client
        .get(&url)
        .header("user-agent", IPHONE)
        .header("referer", "https://www.instagram.com/p/secret-path?x=1");
    visit.send().await;
    api.flush().await;
    let clicks = api.stored_clicks().await;
    let click = &clicks[0];
    assert_eq!(
        (
            &*click.os,
            &*click.device,
            &*click.browser,
            click.referrer_domain.as_deref()
        ),
        ("ios", "phone", "Safari", Some("instagram.com"))
    );
    // Neither the address nor the words of the user agent nor the page it came from, in no byte of it.
    let mut connection = api.server.app.store.read().await.unwrap();
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("SELECT clicks FROM click_blocks")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let kept = String::from_utf8_lossy(&kept.concat()).into_owned();
    assert!(kept.contains("instagram.com"));
    for personal in [
        "127.0.0.1",
        "iPhone",
        "AppleWebKit",
        "Mozilla",
        "secret-path",
    ] {
        assert!(!kept.contains(personal), "{personal}");
    }
}
