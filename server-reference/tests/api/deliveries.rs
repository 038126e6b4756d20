//! Events and their deliveries, as the contract says.

use std::collections::HashSet;

use approute::models::Event;
use approute_server::clock::{DAY, HOUR, SECOND};
use serde_json::{Value, json};

use crate::harness::{Api, NOON};
use crate::receiver::{Receiver, Reply, attempts, hook, until};

const URL: &str = "https://example.com/";
const WAITING: &str = "SELECT COUNT(*) FROM deliveries";

#[tokio::test]
async fn a_created_link_is_announced() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    let hook = hook(&api, &receiver.url, &["link.created"]).await;
    let link = api.link(json!({ "url": URL, "title": "Nora" })).await;
    let delivery = receiver.next().await;
    let Event::LinkCreated(event) = delivery.verified(&hook.secret, NOON) else {
        panic!("{:#}", delivery.json())
    };
    assert_eq!(delivery.path, "/hook");
    let body = delivery.json();
    assert_eq!(body["data"], json!({ "link": link }));
    assert_eq!(
        (event.attempt, event.api_version.as_str()),
        (1, "2026-11-01")
    );
    assert_eq!(body["workspace_id"], api.workspace.id.as_str());
    assert_eq!(
        (&body["created_at"], &body["sent_at"]),
        (
            &json!("2026-11-23T12:00:00Z"),
            &json!("2026-11-23T12:00:00Z")
        )
    );
    attempts(&api, 1).await;
    assert_eq!(api.count(WAITING).await, 0);
    let shown = api.get(&hook.path()).gives(200).await.json();
    assert_eq!(
        shown["last_delivery"],
        json!({ "at": "2026-11-23T12:00:00Z", "status": 204 })
    );
    assert_eq!(shown["consecutive_failures"], 0);
}

#[tokio::test]
async fn each_link_of_a_batch_is_announced_and_a_failed_one_is_not() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    let hook = hook(
        &api,
        &receiver.url,
        &["link.created", "link.click_threshold"],
    )
    .await;
    let mut create: Vec<Value> = (0..120)
        .map(|n| json!({ "url": format!("{URL}{n}") }))
        .collect();
    create.push(json!({ "url": URL, "slug": "api" }));
    let atomic = json!({ "create": create, "atomic": true });
    api.post("/v1/links/batch", atomic)
        .fails(422, "batch_rejected")
        .await;
    let batch = json!({ "create": create });
    let result = api
        .post("/v1/links/batch", batch.clone())
        .idempotent("b")
        .gives(200)
        .await
        .json();
    assert!(
        api.post("/v1/links/batch", batch)
            .idempotent("b")
            .gives(200)
            .await
            .is_replay()
    );
    let made: HashSet<&str> = result["create"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["link"]["id"].as_str())
        .collect();
    assert_eq!(made.len(), 120);
    let mut announced = HashSet::new();
    for _ in 0..120 {
        let delivery = receiver.next().await;
        delivery.verified(&hook.secret, NOON);
        announced.insert(
            delivery.json()["data"]["link"]["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(announced.len(), 120, "each link once");
    assert!(announced.iter().all(|id| made.contains(id.as_str())));
    attempts(&api, 120).await;
    receiver.assert_nothing();
}

#[tokio::test]
async fn only_whoever_asked_is_told() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    hook(
        &api,
        &receiver.url,
        &["link.click_threshold", "link.password_failed"],
    )
    .await;
    let mut deleted = Receiver::start().await;
    let gone = hook(&api, &deleted.url, &["link.created"]).await;
    api.delete(&gone.path()).gives(204).await;
    let theirs = json!({ "url": receiver.url, "events": ["link.created"] });
    api.post("/v1/webhooks", theirs)
        .by(&api.other_key)
        .gives(201)
        .await;
    api.link(json!({ "url": URL })).await;
    assert_eq!(api.count("SELECT COUNT(*) FROM events").await, 0);
    api.post("/v1/links", json!({ "url": URL }))
        .by(&api.other_key)
        .gives(201)
        .await;
    assert_ne!(
        receiver.next().await.json()["workspace_id"],
        api.workspace.id.as_str()
    );
    attempts(&api, 1).await;
    receiver.assert_nothing();
    deleted.assert_nothing();
}

#[tokio::test]
async fn several_webhooks_get_the_same_event() {
    let api = Api::start().await;
    let (mut one, mut two) = (
        Receiver::start().await,
        Receiver::with(|_| Reply::Status(500)).await,
    );
    let first = hook(&api, &one.url, &["link.created"]).await;
    let second = hook(&api, &two.url, &["link.created"]).await;
    api.link(json!({ "url": URL })).await;
    let (a, b) = (one.next().await, two.next().await);
    a.verified(&first.secret, NOON);
    b.verified(&second.secret, NOON);
    assert!(!a.fits(&second.secret, NOON), "each has its own secret");
    assert_eq!(a.json()["id"], b.json()["id"]);
    attempts(&api, 2).await;
    // The failed one is tried again, the other one is not.
    api.clock.advance(5 * SECOND);
    assert_eq!(two.next().await.json()["attempt"], 2);
    attempts(&api, 3).await;
    one.assert_nothing();
}

#[tokio::test]
async fn while_a_rotation_overlaps_both_secrets_sign() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    let hook = hook(&api, &receiver.url, &["link.created"]).await;
    let rotate = json!({ "expire_previous_in": 3_600 });
    let rotated = api
        .post(&format!("{}/rotate-secret", hook.path()), rotate)
        .gives(200)
        .await
        .json();
    let (old, new) = (hook.secret.as_str(), rotated["secret"].as_str().unwrap());
    for (done, wait, signatures) in [(0, 0, 2), (1, HOUR - 1, 2), (2, 1, 1)] {
        // An attempt that is not written down yet would lose its lease in the hour that passes, and come again.
        attempts(&api, done).await;
        api.clock.advance(wait);
        let now = api.server.app.now();
        api.link(json!({ "url": URL })).await;
        let delivery = receiver.next().await;
        delivery.verified(new, now);
        assert_eq!(delivery.fits(old, now), signatures == 2, "{wait}");
        let plain: Vec<&str> = delivery
            .header("x-approute-signature")
            .split(", ")
            .collect();
        assert!(
            plain.len() == signatures
                && plain
                    .iter()
                    .all(|one| one.len() == 7 + 64 && one.starts_with("sha256=")),
            "{plain:?}"
        );
        let standard: Vec<&str> = delivery.header("webhook-signature").split(' ').collect();
        assert!(
            standard.len() == signatures && standard.iter().all(|one| one.starts_with("v1,")),
            "{standard:?}"
        );
    }
}

#[tokio::test]
async fn the_log_says_what_happened_for_30_days() {
    let api = Api::start().await;
    let mut receiver = Receiver::with(|_| Reply::Status(503)).await;
    let hook = hook(&api, &receiver.url, &["link.created"]).await;
    api.link(json!({ "url": URL })).await;
    let sent = receiver.next().await;
    attempts(&api, 1).await;
    let entries = async || {
        let mut connection = api.server.app.store.read().await.unwrap();
        approute_server::store::deliveries::entries(&mut connection, &hook.id, 10)
            .await
            .unwrap()
    };
    let [entry] = &entries().await[..] else {
        panic!()
    };
    assert_eq!(entry.event_id, sent.json()["id"].as_str().unwrap());
    assert_eq!(
        (entry.event_type.as_str(), entry.attempt, entry.status),
        ("link.created", 1, Some(503))
    );
    assert_eq!(
        (entry.url.as_str(), entry.request_bytes),
        (receiver.url.as_str(), sent.body.len() as i64)
    );
    assert_eq!(
        (entry.answer.as_slice(), entry.sent_at),
        (b"thanks".as_slice(), NOON)
    );
    assert!(entry.duration > 0 && entry.error.is_none());
    let next = entry.next_at.unwrap() - NOON;
    assert!((4 * SECOND..=5 * SECOND).contains(&next), "{next}");

    api.delete(&hook.path()).gives(204).await;
    assert_eq!(
        api.count(WAITING).await,
        0,
        "what waits for a deleted webhook is dropped"
    );
    api.clock.advance(30 * DAY - 1);
    api.server.app.sweep().await.unwrap();
    assert_eq!(
        (
            entries().await.len(),
            api.count("SELECT COUNT(*) FROM events").await
        ),
        (1, 1)
    );
    api.clock.advance(1);
    api.server.app.sweep().await.unwrap();
    assert_eq!(
        (
            entries().await.len(),
            api.count("SELECT COUNT(*) FROM events").await
        ),
        (0, 0)
    );
}

/// One endpoint never answers and has more waiting than it may have open; another one is served meanwhile.
#[tokio::test]
async fn a_slow_endpoint_delays_nobody_else() {
    let api = Api::start().await;
    let slow = Receiver::with(|_| Reply::Never).await;
    let hung = hook(&api, &slow.url, &["link.created"]).await;
    let create: Vec<Value> = (0..300).map(|_| json!({ "url": URL })).collect();
    api.post("/v1/links/batch", json!({ "create": create }))
        .gives(200)
        .await;
    let mut fast = Receiver::start().await;
    let hook = hook(&api, &fast.url, &["link.created"]).await;
    let started = std::time::Instant::now();
    for _ in 0..20 {
        api.link(json!({ "url": URL })).await;
        fast.next().await.verified(&hook.secret, NOON);
    }
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    attempts_of(&api, 20).await;
    assert_eq!(
        slow.most.load(std::sync::atomic::Ordering::SeqCst),
        8,
        "no more than its places"
    );
    assert_eq!(
        api.count("SELECT COUNT(*) FROM deliveries WHERE leased = 1")
            .await,
        8
    );
    api.delete(&hung.path()).gives(204).await;
    assert_eq!(api.count(WAITING).await, 0);
}

async fn attempts_of(api: &Api, wanted: i64) {
    until(
        api,
        "SELECT COUNT(*) FROM delivery_log WHERE status = 204",
        wanted,
    )
    .await;
}
