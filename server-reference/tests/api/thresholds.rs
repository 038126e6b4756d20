//! Events that must come once: click thresholds and guessed passwords, on one node and on several.

use std::collections::BTreeMap;
use std::sync::Arc;

use approute::models::Event;
use approute_server::clock::{ManualClock, SECOND};
use approute_server::config::Config;
use approute_server::server::Server;
use approute_server::store::{Target, links};
use approute_server::webhooks::announce::{self, Guesses};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::{Api, NOON, id, path};
use crate::receiver::{Delivery, Receiver, attempts, hook, until};

const URL: &str = "https://example.com/";
const PERSON: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
const BOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

async fn visits(api: &Api, slug: &str, agent: &str, number: usize) {
    for _ in 0..number {
        assert_eq!(api.visit(slug, agent).await.status, 302);
    }
    api.flush().await;
}

fn threshold(delivery: &Delivery) -> (i64, i64) {
    let data = &delivery.json()["data"];
    (
        data["threshold"].as_i64().unwrap(),
        data["click_count"].as_i64().unwrap(),
    )
}

/// The event comes with the count of the flush that crossed it: of all visits, unless one flush ended between them.
fn assert_crossed(delivery: &Delivery, crossed: i64, visits: i64) {
    let (threshold, count) = threshold(delivery);
    assert_eq!(threshold, crossed);
    assert!((crossed..=visits).contains(&count), "{count}");
}

#[tokio::test]
async fn a_threshold_fires_once_when_it_is_reached() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    let hook = hook(&api, &receiver.url, &["link.click_threshold"]).await;
    let link = api
        .link(json!({ "url": URL, "slug": "s", "click_thresholds": [3, 5] }))
        .await;
    visits(&api, "s", BOT, 9).await;
    visits(&api, "s", PERSON, 2).await;
    assert_eq!(
        api.count("SELECT COUNT(*) FROM events").await,
        0,
        "bots do not count"
    );
    api.clock.advance(7 * SECOND);
    visits(&api, "s", PERSON, 1).await;
    let delivery = receiver.next().await;
    let Event::LinkClickThreshold(event) = delivery.verified(&hook.secret, NOON + 7 * SECOND)
    else {
        panic!()
    };
    assert_eq!(threshold(&delivery), (3, 3));
    assert_eq!(
        (
            event.data.link.id.as_str(),
            event.data.link.click_count,
            event.data.link.bot_click_count
        ),
        (id(&link).as_str(), 3, 9)
    );
    assert_eq!(
        delivery.json()["data"]["crossed_at"],
        "2026-11-23T12:00:07Z"
    );
    visits(&api, "s", PERSON, 7).await;
    assert_crossed(&receiver.next().await, 5, 10);
    visits(&api, "s", PERSON, 7).await;
    attempts(&api, 2).await;
    receiver.assert_nothing();
}

#[tokio::test]
async fn a_threshold_that_was_passed_when_it_was_set_never_fires() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    hook(&api, &receiver.url, &["link.click_threshold"]).await;
    let link = api.link(json!({ "url": URL, "slug": "s" })).await;
    visits(&api, "s", PERSON, 5).await;
    for thresholds in [json!([3, 5, 7]), json!([]), json!([3, 5, 7])] {
        api.patch(&path(&link), json!({ "click_thresholds": thresholds }))
            .gives(200)
            .await;
    }
    visits(&api, "s", PERSON, 3).await;
    assert_crossed(&receiver.next().await, 7, 8);
    // Taken away and set again: the count has passed it.
    api.patch(&path(&link), json!({ "click_thresholds": [] }))
        .gives(200)
        .await;
    api.patch(&path(&link), json!({ "click_thresholds": [7] }))
        .gives(200)
        .await;
    visits(&api, "s", PERSON, 3).await;
    attempts(&api, 1).await;
    assert_eq!(api.count("SELECT COUNT(*) FROM events").await, 1);
}

#[tokio::test]
async fn links_with_a_click_limit_too() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    hook(&api, &receiver.url, &["link.click_threshold"]).await;
    api.link(json!({ "url": URL, "slug": "s", "click_limit": 4, "click_thresholds": [2, 4, 5] }))
        .await;
    for visit in 0..7 {
        assert_eq!(
            api.visit("s", PERSON).await.status,
            if visit < 4 { 302 } else { 410 }
        );
    }
    api.flush().await;
    let mut fired = [&receiver.next().await, &receiver.next().await].map(threshold);
    fired.sort_unstable();
    assert_eq!(fired, [(2, 2), (4, 4)]);
    attempts(&api, 2).await;
    assert_eq!(api.count("SELECT COUNT(*) FROM events").await, 2);
}

/// Two nodes on one database, many visitors at a time, and counts that are written whenever they like.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_once_on_several_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let file = Target::File(folder.path().join("a.db"));
    let api = Api::with(move |config| {
        if config.database == Target::Memory {
            config.database = file;
        }
    })
    .await;
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        ..api.server.app.config.clone()
    };
    let other = Server::start(config, Arc::new(ManualClock::new(NOON)))
        .await
        .unwrap();
    let mut receiver = Receiver::start().await;
    hook(&api, &receiver.url, &["link.click_threshold"]).await;
    let wanted: Vec<i64> = vec![1, 2, 10, 50, 99, 100, 150, 199, 200];
    api.link(json!({ "url": URL, "slug": "s", "click_thresholds": wanted }))
        .await;
    let mut visitors = tokio::task::JoinSet::new();
    for base in [api.server.base_url(), other.base_url()] {
        for _ in 0..4 {
            let (client, url) = (api.client.clone(), format!("{base}/s"));
            visitors.spawn(async move {
                for _ in 0..25 {
                    let answer = client.get(&url).header("user-agent", PERSON).send().await;
                    assert_eq!(answer.status, 302);
                }
            });
        }
    }
    let flushing = [api.server.app.clone(), other.app.clone()].map(|app| {
        tokio::spawn(async move {
            loop {
                app.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
        })
    });
    while let Some(done) = visitors.join_next().await {
        done.unwrap();
    }
    until(
        &api,
        "SELECT COALESCE(MAX(click_count), 0) FROM link_counts",
        200,
    )
    .await;
    flushing.iter().for_each(JoinHandle::abort);
    assert_eq!(
        api.count("SELECT COUNT(*) FROM events").await,
        wanted.len() as i64
    );
    // The second node's queue does not know of the first one's inserts before its next look; either may deliver.
    api.server.app.hooks.wake();
    let mut fired: BTreeMap<i64, usize> = BTreeMap::new();
    for _ in &wanted {
        *fired
            .entry(threshold(&receiver.next().await).0)
            .or_default() += 1;
    }
    assert_eq!(
        fired,
        wanted.iter().map(|threshold| (*threshold, 1)).collect()
    );
    other.stop().await.unwrap();
}

#[tokio::test]
async fn guessed_passwords_are_announced_once_per_window() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    let hook = hook(&api, &receiver.url, &["link.password_failed"]).await;
    let link = api
        .link(json!({ "url": URL, "password": "correct horse" }))
        .await;
    let announce = async |first_at: i64| {
        let app = &api.server.app;
        let mut tx = app.store.write().await.unwrap();
        let record = links::get(&mut tx, &api.workspace.id, &id(&link), NOON)
            .await
            .unwrap()
            .unwrap();
        let guesses = Guesses {
            failures: 5,
            window_seconds: 600,
            first_at,
            last_at: first_at + SECOND,
        };
        let announced = announce::password_failed(app, &mut tx, &record, guesses)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        app.hooks.wake();
        announced
    };
    assert!(announce(NOON).await);
    assert!(!announce(NOON).await, "the same window");
    assert!(announce(NOON + 600 * SECOND).await);
    let delivery = receiver.next().await;
    delivery.verified(&hook.secret, NOON);
    let data = &delivery.json()["data"];
    assert_eq!(
        (&data["failures"], &data["window_seconds"]),
        (&json!(5), &json!(600))
    );
    assert_eq!(
        (&data["first_at"], &data["last_at"]),
        (
            &json!("2026-11-23T12:00:00Z"),
            &json!("2026-11-23T12:00:01Z")
        )
    );
    assert_eq!(
        (&data["link"]["has_password"], &data["link"]["password"]),
        (&json!(true), &Value::Null)
    );
    receiver.next().await;
    attempts(&api, 2).await;
    receiver.assert_nothing();
}
