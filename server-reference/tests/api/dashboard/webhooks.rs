//! Webhooks in the dashboard: their secrets, what was sent, and sending it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use approute_server::clock::{HOUR, MINUTE};
use serde_json::json;

use super::browser::{Browser, text};
use super::flows::between;
use crate::harness::Api;
use crate::receiver::{Receiver, Reply, attempts, until};

fn secret(page: &str) -> String {
    between(page, "aria-describedby=\"secret-hint\">", "<").to_owned()
}

#[tokio::test]
async fn a_webhook_is_registered_rotated_disabled_and_enabled() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let status = Arc::new(AtomicU16::new(204));
    let answer = status.clone();
    let mut receiver = Receiver::with(move |_| Reply::Status(answer.load(Ordering::SeqCst))).await;
    let fields = [
        ("url", receiver.url.as_str()),
        ("events", "link.created"),
        ("description", "mine"),
    ];
    let page = text(&browser.post("/dashboard/webhooks", &fields).await);
    let first = secret(&page);
    let path = format!(
        "/dashboard/webhooks/whk_{}",
        between(&page, "/dashboard/webhooks/whk_", "\"")
    );
    api.link(json!({ "url": "https://example.com/" })).await;
    assert!(receiver.next().await.fits(&first, api.server.app.now()));

    let second = secret(&text(
        &browser
            .post(&format!("{path}/rotate"), &[("overlap", "86400")])
            .await,
    ));
    api.clock.advance(MINUTE);
    let shown = browser.page(&path).await;
    assert!(
        shown.contains("signs too, for 23 h more")
            && shown.contains(&format!("…{}", &second[second.len() - 4..]))
    );
    assert!(!shown.contains(&first) && !shown.contains(&second));
    let refused = browser
        .post(&format!("{path}/rotate"), &[("overlap", "3600")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(text(&refused).contains("still signs"));
    assert_eq!(
        browser
            .post(&format!("{path}/rotate"), &[("overlap", "0")])
            .await
            .status,
        200
    );

    status.store(410, Ordering::SeqCst);
    api.link(json!({ "url": "https://example.com/" })).await;
    receiver.next().await;
    until(
        &api,
        "SELECT COUNT(*) FROM webhooks WHERE status = 'disabled'",
        1,
    )
    .await;
    let shown = browser.page(&path).await;
    assert!(shown.contains("Enable it again") && shown.contains("disabled"));
    let refused = browser
        .post(&format!("{path}/resend"), &[("since", "2026-11-01T00:00")])
        .await;
    assert_eq!(refused.status, 422, "first it has to be enabled");
    browser.led(&format!("{path}/enable"), &[]).await;
    assert!(!browser.page(&path).await.contains("Enable it again"));

    let changed = [
        ("url", receiver.url.as_str()),
        ("events", "link.click_threshold"),
        ("description", ""),
    ];
    browser.led(&path, &changed).await;
    let record = api
        .get(&path.replace("/dashboard", "/v1"))
        .gives(200)
        .await
        .json();
    assert_eq!(
        (&record["events"], &record["description"]),
        (&json!(["link.click_threshold"]), &json!(null))
    );
    let wrong = browser
        .post(&path, &[("url", "ftp://x"), ("description", "kept")])
        .await;
    assert_eq!(wrong.status, 422);
    let wrong = text(&wrong);
    assert!(
        wrong.contains("id=\"url-error\"")
            && wrong.contains("value=\"kept\"")
            && wrong.contains("href=\"#events\""),
        "{wrong}"
    );
    assert_eq!(
        browser.led(&format!("{path}/delete"), &[]).await,
        "/dashboard/webhooks?done=gone"
    );
    assert_eq!(browser.get(&path).await.status, 404);
}

#[tokio::test]
async fn the_log_shows_what_was_sent_and_sends_it_again() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let status = Arc::new(AtomicU16::new(500));
    let answer = status.clone();
    let mut receiver = Receiver::with(move |_| Reply::Status(answer.load(Ordering::SeqCst))).await;
    let fields = [("url", receiver.url.as_str()), ("events", "link.created")];
    let page = text(&browser.post("/dashboard/webhooks", &fields).await);
    let path = format!(
        "/dashboard/webhooks/whk_{}",
        between(&page, "/dashboard/webhooks/whk_", "\"")
    );
    api.link(json!({ "url": "https://example.com/", "title": "Sent to you" }))
        .await;
    let sent = receiver.next().await;
    attempts(&api, 1).await;

    let shown = browser.page(&path).await;
    let event = sent.json()["id"].as_str().unwrap().to_owned();
    assert!(
        shown.contains(&event) && shown.contains("<span class=\"state off wrap\">500</span>"),
        "{shown}"
    );
    assert!(
        shown.contains("<h2 id=\"waiting\">Waiting</h2>"),
        "its next try"
    );
    let attempt = between(&shown, &format!("{path}/attempts/"), "\"").to_owned();
    let detail = browser.page(&format!("{path}/attempts/{attempt}")).await;
    let body = between(&detail, "bytes as sent\">", "</pre>")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&body).unwrap(),
        sent.json(),
        "the very body"
    );
    assert!(detail.contains(&format!(
        "webhook-timestamp: {}",
        sent.header("webhook-timestamp")
    )));
    assert!(detail.contains("thanks") && detail.contains("Next try"));
    assert_eq!(
        browser.get(&format!("{path}/attempts/999999")).await.status,
        404
    );
    assert_eq!(browser.get(&format!("{path}/attempts/x")).await.status, 404);

    // Sooner than its next try.
    status.store(204, Ordering::SeqCst);
    assert_eq!(
        browser
            .led(&format!("{path}/resend"), &[("event", &event)])
            .await,
        format!("{path}?done=resent")
    );
    assert_eq!(receiver.next().await.json()["id"], *event);
    attempts(&api, 2).await;
    until(&api, "SELECT COUNT(*) FROM deliveries", 0).await;
    // Once more, although it was delivered.
    browser
        .led(&format!("{path}/resend"), &[("event", &event)])
        .await;
    let again = receiver.next().await.json();
    assert_eq!(
        (&again["id"], &again["attempt"]),
        (&json!(event), &json!(1))
    );
    attempts(&api, 3).await;
    assert_eq!(
        browser
            .page(&format!("{path}?result=failed"))
            .await
            .matches("/attempts/")
            .count(),
        1
    );
    assert_eq!(
        browser
            .page(&format!("{path}?result=ok"))
            .await
            .matches("/attempts/")
            .count(),
        2
    );
    assert_eq!(
        browser
            .page(&format!("{path}?event_type=link.password_failed"))
            .await
            .matches("/attempts/")
            .count(),
        0
    );

    api.clock.advance(HOUR / 2);
    api.link(json!({ "url": "https://example.com/", "slug": "later" }))
        .await;
    receiver.next().await;
    attempts(&api, 4).await;
    let led = browser
        .led(&format!("{path}/resend"), &[("since", "2026-11-23T12:15")])
        .await;
    assert_eq!(led, format!("{path}?done=resent"));
    assert_eq!(
        receiver.next().await.json()["data"]["link"]["slug"],
        "later"
    );
    attempts(&api, 5).await;
    browser
        .led(&format!("{path}/resend"), &[("since", "2026-11-23T11:59")])
        .await;
    receiver.next().await;
    receiver.next().await;
    attempts(&api, 7).await;
    receiver.assert_nothing();
    let led = browser
        .led(&format!("{path}/resend"), &[("since", "2026-12-01T00:00")])
        .await;
    assert_eq!(led, format!("{path}?done=nothing"));
    let led = browser
        .led(
            &format!("{path}/resend"),
            &[("event", "evt_00000000000000000000000000")],
        )
        .await;
    assert_eq!(led, format!("{path}?done=nothing"));
    assert_eq!(
        browser
            .post(&format!("{path}/resend"), &[("since", "yesterday")])
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn another_workspaces_event_is_sent_to_nobody() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let mut theirs = Receiver::start().await;
    let hook = json!({ "url": theirs.url, "events": ["link.created"] });
    api.post("/v1/webhooks", hook)
        .by(&api.other_key)
        .gives(201)
        .await;
    api.post("/v1/links", json!({ "url": "https://example.com/secret" }))
        .by(&api.other_key)
        .gives(201)
        .await;
    let event = theirs.next().await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut mine = Receiver::start().await;
    let fields = [("url", mine.url.as_str()), ("events", "link.created")];
    let page = text(&browser.post("/dashboard/webhooks", &fields).await);
    let path = format!(
        "/dashboard/webhooks/whk_{}",
        between(&page, "/dashboard/webhooks/whk_", "\"")
    );
    for fields in [[("event", event.as_str())], [("since", "2020-01-01T00:00")]] {
        let led = browser.led(&format!("{path}/resend"), &fields).await;
        assert_eq!(led, format!("{path}?done=nothing"));
    }
    mine.assert_nothing();
}
