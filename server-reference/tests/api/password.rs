//! Links with a password, as a browser meets them.

use std::sync::Arc;

use approute_server::clock::{HOUR, SECOND};
use approute_server::geoip::Proxies;
use serde_json::{Value, json};

use crate::harness::{Api, id, path};
use crate::http_client::Received;
use crate::receiver::{Receiver, attempts, hook};

const URL: &str = "https://example.com/secret";
const PERSON: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";
const RIGHT: &str = "correct horse & ü";

/// A server behind a proxy, so that tests can be several clients, and a link with a password.
async fn locked(more: Value) -> (Api, Value) {
    let api = Api::with(|config| {
        config.proxies = Proxies {
            trust: "1".parse().unwrap(),
            country_header: None,
        };
    })
    .await;
    let mut body = json!({ "url": URL, "slug": "s", "password": RIGHT });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let link = api.link(body).await;
    (api, link)
}

struct Browser<'a> {
    api: &'a Api,
    address: &'a str,
}

impl Browser<'_> {
    async fn open(&self, path: &str) -> Received {
        let url = format!("{}/{path}", self.api.server.base_url());
        let request = self.api.client.get(&url).header("user-agent", PERSON);
        request.header("x-forwarded-for", self.address).send().await
    }

    async fn send(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Received {
        let url = format!("{}/{path}", self.api.server.base_url());
        let mut request = self
            .api
            .client
            .request(http::Method::POST, &url)
            .header("user-agent", PERSON)
            .header("x-forwarded-for", self.address);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let has_type = headers.iter().any(|(name, _)| *name == "content-type");
        for (name, value) in headers.iter().chain((!has_type).then_some(&form)) {
            request = request.header(name, value);
        }
        request.body(body.to_owned()).send().await
    }

    /// Opens the page and types a password.
    async fn type_in(&self, path: &str, password: &str) -> Received {
        let form = form(&token(&self.open(path).await), password);
        self.send(path, &form, &[]).await
    }
}

fn token(page: &Received) -> String {
    let html = std::str::from_utf8(&page.body).unwrap();
    let after = html.split_once("name=\"token\" value=\"").unwrap().1;
    after.split_once('"').unwrap().0.to_owned()
}

fn form(token: &str, password: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("token", token)
        .append_pair("password", password)
        .finish()
}

fn text(page: &Received) -> &str {
    std::str::from_utf8(&page.body).unwrap()
}

async fn clicks(api: &Api) -> Vec<Value> {
    api.flush().await;
    let page = api
        .get("/v1/clicks?include_bots=true")
        .gives(200)
        .await
        .json();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_right_password_leads_on() {
    let variants = json!([{ "url": "https://example.com/v", "weight": 1 }]);
    let more = json!({ "forward_query": true, "variants": variants, "redirect_status": 307 });
    let (api, link) = locked(more).await;
    let browser = Browser {
        api: &api,
        address: "192.0.2.1",
    };
    let page = browser.open("s?src=qr&a=1").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
    assert!(page.header("x-request-id").unwrap().starts_with("req_"));
    let shown = link["short_url"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap();
    assert!(text(&page).contains(shown) && text(&page).contains("<label for=\"password\">"));
    assert!(
        !text(&page).contains("example.com"),
        "the destination is not told"
    );
    assert_eq!(clicks(&api).await.len(), 0, "nobody has gone anywhere");

    let sent = browser
        .send("s?src=qr&a=1", &form(&token(&page), RIGHT), &[])
        .await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (303, Some("https://example.com/v?a=1"))
    );
    assert_eq!(sent.header("cache-control"), Some("no-store"));
    let clicks = clicks(&api).await;
    assert_eq!((clicks.len(), &clicks[0]["trigger"]), (1, &json!("qr")));
    assert_eq!(clicks[0]["destination_kind"], "variant");
    // The password is asked for each time.
    assert_eq!(browser.open("s").await.status, 200);
    let head = api
        .client
        .request(http::Method::HEAD, &format!("{}/s", api.server.base_url()));
    let head = head.header("user-agent", PERSON).send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    // Without a password there is nothing to send.
    api.patch(&path(&link), json!({ "password": null }))
        .gives(200)
        .await;
    assert_eq!(browser.open("s").await.status, 307);
    assert_eq!(browser.send("s", &form("x", RIGHT), &[]).await.status, 405);
}

#[tokio::test]
async fn only_our_own_form_is_taken() {
    let (api, _) = locked(json!({})).await;
    api.link(json!({ "url": URL, "slug": "other", "password": RIGHT }))
        .await;
    let browser = Browser {
        api: &api,
        address: "192.0.2.1",
    };
    let good = token(&browser.open("s").await);
    let other = token(&browser.open("other").await);
    let host = api.server.address.to_string();
    let (here, elsewhere) = (format!("http://{host}"), "https://evil.example".to_owned());
    for (token, headers) in [
        (&*other, &[][..]),
        ("", &[]),
        ("x", &[]),
        (&good, &[("origin", elsewhere.as_str())]),
        (&good, &[("origin", "null")]),
        (&good, &[("sec-fetch-site", "cross-site")]),
    ] {
        let page = browser.send("s", &form(token, RIGHT), headers).await;
        assert_eq!(page.status, 403, "{token} {headers:?}");
        assert!(text(&page).contains("role=\"alert\""));
    }
    for body in [
        "",
        "password=x",
        &format!("token={good}"),
        "{}",
        "%ff%fe=&&",
    ] {
        assert_eq!(browser.send("s", body, &[]).await.status, 403, "{body}");
    }
    for media in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
    ] {
        let sent = browser
            .send("s", &form(&good, RIGHT), &[("content-type", media)])
            .await;
        assert_eq!(sent.status, 415, "{media}");
    }
    let long = browser
        .send("s", &form(&good, &"x".repeat(100_000)), &[])
        .await;
    assert_eq!(long.status, 413);
    assert_eq!(
        api.count("SELECT COUNT(*) FROM password_failures").await,
        0,
        "none was looked at"
    );
    let media = (
        "content-type",
        "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
    );
    let sent = browser
        .send("s", &form(&good, RIGHT), &[media, ("origin", &here)])
        .await;
    assert_eq!(sent.status, 303);
    api.clock.advance(HOUR);
    let late = browser.send("s", &form(&good, RIGHT), &[]).await;
    assert_eq!(late.status, 403, "a page that was open for an hour");
}

#[tokio::test]
async fn a_client_that_guesses_has_to_wait() {
    let more = json!({ "password_policy": { "max_failures": 3, "window_seconds": 100 } });
    let (api, _) = locked(more).await;
    let guesser = Browser {
        api: &api,
        address: "192.0.2.1",
    };
    for wrong in ["", "correct horse", "CORRECT HORSE & Ü"] {
        let page = guesser.type_in("s", wrong).await;
        assert_eq!(page.status, 403, "{wrong}");
        assert!(text(&page).contains("This password is wrong."));
        api.clock.advance(10 * SECOND);
    }
    // Not even the right one is looked at now.
    let page = guesser.type_in("s", RIGHT).await;
    assert_eq!((page.status, page.header("retry-after")), (429, Some("70")));
    assert!(text(&page).contains("Try again in 2 minutes."));
    // Somebody else is not locked out, and a right password is no failure.
    let other = Browser {
        api: &api,
        address: "192.0.2.2",
    };
    for _ in 0..5 {
        assert_eq!(other.type_in("s", RIGHT).await.status, 303);
    }
    assert_eq!(other.type_in("s", "x").await.status, 403);
    api.clock.advance(69 * SECOND);
    assert_eq!(guesser.type_in("s", RIGHT).await.status, 429);
    api.clock.advance(SECOND);
    assert_eq!(guesser.type_in("s", RIGHT).await.status, 303);
    assert_eq!(
        clicks(&api).await.len(),
        6,
        "five of the other and one of the guesser"
    );
    api.clock.advance(100 * SECOND);
    api.server.app.sweep().await.unwrap();
    assert_eq!(api.count("SELECT COUNT(*) FROM password_failures").await, 0);
}

#[tokio::test]
async fn many_clients_who_guess_together_have_to_wait_too() {
    let more = json!({ "password_policy": { "max_failures": 1, "window_seconds": 60 } });
    let (api, _) = locked(more).await;
    for number in 0..10 {
        let address = format!("192.0.2.{number}");
        let browser = Browser {
            api: &api,
            address: &address,
        };
        assert_eq!(browser.type_in("s", "x").await.status, 403);
    }
    let late = Browser {
        api: &api,
        address: "198.51.100.1",
    };
    assert_eq!(late.type_in("s", RIGHT).await.status, 429);
    api.clock.advance(60 * SECOND);
    assert_eq!(late.type_in("s", RIGHT).await.status, 303);
}

/// A race gets no more tries than a queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_once_are_counted_all() {
    let (api, _) = locked(json!({})).await;
    let api = Arc::new(api);
    let page = Browser {
        api: &api,
        address: "192.0.2.1",
    }
    .open("s")
    .await;
    let body = form(&token(&page), "wrong");
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (api, body) = (api.clone(), body.clone());
        guesses.spawn(async move {
            let browser = Browser {
                api: &api,
                address: "192.0.2.1",
            };
            browser.send("s", &body, &[]).await.status
        });
    }
    let mut looked_at = 0;
    while let Some(status) = guesses.join_next().await {
        match status.unwrap() {
            403 => looked_at += 1,
            429 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(looked_at, 5);
}

#[tokio::test]
async fn the_owner_hears_of_it_once_per_window() {
    let more = json!({ "password_policy": { "max_failures": 2, "window_seconds": 60 } });
    let (api, link) = locked(more).await;
    let mut receiver = Receiver::start().await;
    hook(&api, &receiver.url, &["link.password_failed"]).await;
    let guess = async |address: &str| {
        Browser { api: &api, address }
            .type_in("s", "x")
            .await
            .status
    };
    assert_eq!(guess("192.0.2.1").await, 403);
    assert_eq!(api.count("SELECT COUNT(*) FROM events").await, 0);
    api.clock.advance(5 * SECOND);
    // All clients together reach the policy.
    assert_eq!(guess("192.0.2.2").await, 403);
    let data = receiver.next().await.json()["data"].clone();
    assert_eq!(data["link"]["id"], json!(id(&link)));
    assert_eq!(
        (
            &data["failures"],
            &data["window_seconds"],
            &data["first_at"],
            &data["last_at"]
        ),
        (
            &json!(2),
            &json!(60),
            &json!("2026-11-23T12:00:00Z"),
            &json!("2026-11-23T12:00:05Z")
        )
    );
    for _ in 0..3 {
        guess("192.0.2.3").await;
    }
    attempts(&api, 1).await;
    receiver.assert_nothing();
    api.clock.advance(60 * SECOND);
    for _ in 0..2 {
        guess("192.0.2.1").await;
    }
    let data = receiver.next().await.json()["data"].clone();
    assert_eq!(
        (&data["failures"], &data["first_at"]),
        (&json!(2), &json!("2026-11-23T12:01:05Z"))
    );
}

#[tokio::test]
async fn what_is_over_asks_for_nothing() {
    let more = json!({ "expires_at": "2026-11-23T13:00:00Z", "click_limit": 1 });
    let (api, link) = locked(more).await;
    let browser = Browser {
        api: &api,
        address: "192.0.2.1",
    };
    let form = form(&token(&browser.open("s").await), RIGHT);
    let two = [
        browser.send("s", &form, &[]).await.status,
        browser.send("s", &form, &[]).await.status,
    ];
    assert_eq!(two, [303, 410], "the limit counts behind the password");
    assert_eq!(browser.open("s").await.status, 410);
    api.patch(&path(&link), json!({ "click_limit": null }))
        .gives(200)
        .await;
    assert_eq!(browser.open("s").await.status, 200);
    api.delete(&path(&link)).gives(200).await;
    assert_eq!(browser.open("s").await.status, 410);
    assert_eq!(browser.send("s", &form, &[]).await.status, 410);
}
