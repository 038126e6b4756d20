//! Deliveries that fail, and what it means for the webhook. The queue goes by the clock that the tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use approute_server::clock::{DAY, HOUR, MINUTE, Micros, SECOND};
use approute_server::store::deliveries;
use serde_json::{Value, json};

use crate::harness::{Api, NOON};
use crate::receiver::{Hook, Receiver, Reply, attempts, hook, until};

const URL: &str = "https://example.com/";
const WAITS: [Micros; 10] = [
    5 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    6 * HOUR,
    10 * HOUR,
];

/// An endpoint whose answers change, and its webhook.
async fn failing(api: &Api, status: u16) -> (Receiver, Hook, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(status));
    let answers = status.clone();
    let receiver = Receiver::with(move |_| Reply::Status(answers.load(Ordering::SeqCst))).await;
    let hook = hook(api, &receiver.url, &["link.created"]).await;
    (receiver, hook, status)
}

async fn shown(api: &Api, hook: &Hook) -> Value {
    api.get(&hook.path()).gives(200).await.json()
}

#[tokio::test]
async fn ten_retries_over_a_day() {
    let api = Api::start().await;
    let (mut receiver, hook, _) = failing(&api, 500).await;
    api.link(json!({ "url": URL })).await;
    let first = receiver.next().await;
    first.verified(&hook.secret, NOON);
    attempts(&api, 1).await;
    let mut bodies = vec![first.body.clone()];
    for (made, wait) in WAITS.into_iter().enumerate() {
        let due = api.count("SELECT due_at FROM deliveries").await - api.server.app.now();
        assert!(
            (wait - wait / 5..=wait).contains(&due),
            "retry {made}: {due} for {wait}"
        );
        api.clock.advance(due - 1);
        api.server.app.hooks.wake();
        api.link(json!({ "url": URL, "slug": format!("before-{made}") }))
            .await;
        // What was created meanwhile is sent at once, so that the retry had its chance to come too early.
        let fresh = receiver.next().await;
        assert_ne!(
            fresh.header("webhook-id"),
            first.header("webhook-id"),
            "retry {made} came too early"
        );
        attempts(&api, 2 * made as i64 + 2).await;
        drop_all_but(&api, first.header("webhook-id")).await;

        api.clock.advance(1);
        let now = api.server.app.now();
        let retry = receiver.next().await;
        retry.verified(&hook.secret, now);
        let (body, expected) = (retry.json(), first.json());
        assert_eq!(body["attempt"], made + 2);
        assert_eq!(
            body["sent_at"]
                .as_str()
                .unwrap()
                .parse::<chrono::DateTime<chrono::Utc>>()
                .unwrap()
                .timestamp_micros(),
            now
        );
        assert_eq!(
            retry.header("webhook-timestamp"),
            (now / SECOND).to_string()
        );
        for same in ["id", "type", "created_at", "data"] {
            assert_eq!(body[same], expected[same], "{same}");
        }
        attempts(&api, 2 * made as i64 + 3).await;
        bodies.push(retry.body);
    }
    assert!(api.server.app.now() - NOON <= DAY);
    assert_eq!(
        api.count("SELECT COUNT(*) FROM deliveries").await,
        0,
        "given up"
    );
    assert_eq!(
        api.count("SELECT COUNT(*) FROM delivery_log WHERE attempt = 11 AND next_at IS NULL")
            .await,
        1
    );
    bodies.dedup();
    assert_eq!(bodies.len(), 11, "each attempt has a body of its own");
    let shown = shown(&api, &hook).await;
    assert_eq!(
        (&shown["status"], &shown["consecutive_failures"]),
        (&json!("active"), &json!(21))
    );
    assert_eq!(shown["last_delivery"]["status"], 500);
}

async fn drop_all_but(api: &Api, event_id: &str) {
    let mut tx = api.server.app.store.write().await.unwrap();
    sqlx::query("DELETE FROM deliveries WHERE event_id <> $1")
        .bind(event_id)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_success_ends_it() {
    let api = Api::start().await;
    let (mut receiver, hook, status) = failing(&api, 500).await;
    api.link(json!({ "url": URL })).await;
    receiver.next().await;
    attempts(&api, 1).await;
    assert_eq!(shown(&api, &hook).await["consecutive_failures"], 1);
    status.store(202, Ordering::SeqCst);
    api.clock.advance(5 * SECOND);
    receiver.next().await;
    attempts(&api, 2).await;
    let shown = shown(&api, &hook).await;
    assert_eq!(
        (
            &shown["consecutive_failures"],
            &shown["last_delivery"]["status"]
        ),
        (&json!(0), &json!(202))
    );
    assert_eq!(api.count("SELECT COUNT(*) FROM deliveries").await, 0);
}

#[tokio::test]
async fn retry_after_lengthens_the_wait() {
    let api = Api::start().await;
    let mut receiver = Receiver::with(|_| Reply::With(429, "retry-after", "600".to_owned())).await;
    hook(&api, &receiver.url, &["link.created"]).await;
    api.link(json!({ "url": URL })).await;
    receiver.next().await;
    attempts(&api, 1).await;
    assert_eq!(
        api.count("SELECT due_at FROM deliveries").await - NOON,
        600 * SECOND
    );
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let api = Api::start().await;
    let mut beyond = Receiver::start().await;
    let location = beyond.url.clone();
    let mut receiver =
        Receiver::with(move |_| Reply::With(307, "location", location.clone())).await;
    let hook = hook(&api, &receiver.url, &["link.created"]).await;
    api.link(json!({ "url": URL })).await;
    receiver.next().await;
    attempts(&api, 1).await;
    assert_eq!(shown(&api, &hook).await["last_delivery"]["status"], 307);
    assert_eq!(
        api.count("SELECT COUNT(*) FROM deliveries").await,
        1,
        "it is tried again"
    );
    beyond.assert_nothing();
}

#[tokio::test]
async fn no_answer_in_time_is_a_failure() {
    let api = Api::with(|config| config.webhook_timeout = Duration::from_millis(100)).await;
    let mut receiver = Receiver::with(|_| Reply::Never).await;
    let hook = hook(&api, &receiver.url, &["link.created"]).await;
    api.link(json!({ "url": URL })).await;
    receiver.next().await;
    attempts(&api, 1).await;
    let shown = shown(&api, &hook).await;
    assert_eq!(
        (
            &shown["last_delivery"]["status"],
            &shown["consecutive_failures"]
        ),
        (&Value::Null, &json!(1))
    );
    assert_eq!(
        api.count(
            "SELECT COUNT(*) FROM delivery_log WHERE error = 'no answer in time' AND status IS NULL"
        )
        .await,
        1
    );
    assert_eq!(
        approute_server::webhook::send::TIMEOUT,
        Duration::from_secs(15),
        "unless a test says otherwise"
    );
}

#[tokio::test]
async fn gone_disables_the_webhook() {
    let api = Api::start().await;
    let (mut receiver, hook, status) = failing(&api, 500).await;
    api.link(json!({ "url": URL })).await;
    receiver.next().await;
    attempts(&api, 1).await;
    status.store(410, Ordering::SeqCst);
    api.link(json!({ "url": URL })).await;
    receiver.next().await;
    attempts(&api, 2).await;
    let disabled = shown(&api, &hook).await;
    assert_eq!(
        (&disabled["status"], &disabled["disabled_reason"]),
        (&json!("disabled"), &json!("endpoint_gone"))
    );
    assert_eq!(
        api.count("SELECT COUNT(*) FROM deliveries").await,
        0,
        "what waited is dropped"
    );
    api.link(json!({ "url": URL })).await;
    assert_eq!(
        api.count("SELECT COUNT(*) FROM deliveries").await,
        0,
        "and nothing new is queued"
    );

    let changed = api
        .patch(&hook.path(), json!({ "description": "x" }))
        .gives(200)
        .await
        .json();
    assert_eq!(
        changed["status"], "disabled",
        "only status enables it again"
    );
    let enabled = api
        .patch(&hook.path(), json!({ "status": "active" }))
        .gives(200)
        .await
        .json();
    assert_eq!(
        (&enabled["status"], &enabled["disabled_reason"]),
        (&json!("active"), &Value::Null)
    );
    assert_eq!(enabled["consecutive_failures"], 0);
    status.store(200, Ordering::SeqCst);
    api.link(json!({ "url": URL, "slug": "afterwards" })).await;
    assert_eq!(
        receiver.next().await.json()["data"]["link"]["slug"],
        "afterwards"
    );
}

#[tokio::test]
async fn five_days_of_nothing_but_failures_disable_the_webhook() {
    let api = Api::start().await;
    let (mut receiver, hook, status) = failing(&api, 500).await;
    let mut made = 0;
    let mut fail = async |wait: Micros| {
        // Old deliveries would come again too, now that they are due; one new one is enough here.
        drop_all_but(&api, "none").await;
        api.clock.advance(wait);
        api.link(json!({ "url": URL })).await;
        receiver.next().await;
        made += 1;
        attempts(&api, made).await;
        shown(&api, &hook).await
    };
    fail(0).await;
    assert_eq!(fail(4 * DAY).await["status"], "active");
    status.store(200, Ordering::SeqCst);
    assert_eq!(
        fail(0).await["consecutive_failures"],
        0,
        "a success in between starts anew"
    );
    status.store(500, Ordering::SeqCst);
    fail(DAY).await;
    assert_eq!(fail(5 * DAY - 1).await["status"], "active");
    let disabled = fail(1).await;
    assert_eq!(
        (&disabled["status"], &disabled["disabled_reason"]),
        (&json!("disabled"), &json!("endpoint_failing"))
    );
}

/// What the URL's text could not show, or what got into the database otherwise, is refused when it is called.
#[tokio::test]
async fn nothing_inside_is_ever_called() {
    let api = Api::with(|config| config.dev = false).await;
    let mut inside = Receiver::start().await;
    let port = inside
        .url
        .rsplit(':')
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let mut made = 0;
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "[64:ff9b::7f00:1]",
    ] {
        for scheme in ["https", "http"] {
            let hook = hook(&api, "https://hooks.example.com/", &["link.created"]).await;
            let mut tx = api.server.app.store.write().await.unwrap();
            sqlx::query("UPDATE webhooks SET url = $1")
                .bind(format!("{scheme}://{host}:{port}/"))
                .execute(&mut *tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            api.link(json!({ "url": URL, "domain": "localhost" })).await;
            made += 1;
            until(
                &api,
                "SELECT COUNT(*) FROM delivery_log WHERE status IS NULL AND error IS NOT NULL",
                made,
            )
            .await;
            api.delete(&hook.path()).gives(204).await;
        }
    }
    inside.assert_nothing();
}

/// Deliveries that a node took and did not finish are taken over when its lease is over, and its late result is void.
#[tokio::test]
async fn a_lease_runs_out() {
    let api = Api::start().await;
    let slow = Receiver::with(|_| Reply::Never).await;
    let hook = hook(&api, &slow.url, &["link.created"]).await;
    let store = &api.server.app.store;
    let dialect = store.dialect();
    // Into the queue behind the server's back, which therefore does not wake.
    let mut tx = store.write().await.unwrap();
    let event = approute_server::store::events::Event {
        id: "evt_1".to_owned(),
        workspace_id: api.workspace.id.clone(),
        kind: "link.created",
        once: None,
        data: "{}".to_owned(),
        created_at: NOON,
    };
    let hooks = [hook.id.clone()];
    approute_server::store::events::insert(&mut tx, dialect, vec![event], &hooks, NOON)
        .await
        .unwrap();
    let mut lease = async |now: Micros| {
        deliveries::lease(&mut tx, dialect, &hook.id, now, 10)
            .await
            .unwrap()
    };
    let [first] = &lease(NOON).await[..] else {
        panic!()
    };
    assert_eq!((first.attempt, first.first_at), (1, NOON));
    assert!(
        lease(NOON + deliveries::LEASE - 1).await.is_empty(),
        "nobody else gets it"
    );
    let [second] = &lease(NOON + deliveries::LEASE).await[..] else {
        panic!()
    };
    assert_eq!(
        (second.seq, second.attempt, second.first_at),
        (first.seq, 2, NOON)
    );
    assert!(
        !deliveries::finish(&mut tx, first, None).await.unwrap(),
        "the first node's result comes too late"
    );
    assert!(deliveries::finish(&mut tx, second, None).await.unwrap());
    assert!(deliveries::overview(&mut tx).await.unwrap().is_empty());
}
