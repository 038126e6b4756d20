//! Two nodes over one database: whatever is kept in memory stays right when something changes on the other one.
//! They share the tests' clock. On SQLite, which one process uses, these tests say that they are skipped.

use std::sync::Arc;

use approute_server::auth::secret::Secret;
use approute_server::clock::SECOND;
use approute_server::server::Server;
use approute_server::store::keys;
use approute_server::store::workspaces::Plan;
use serde_json::{Value, json};

use crate::harness::{Api, Call, NOON, id, path};
use crate::http_client::Received;
use crate::receiver::{Receiver, hook, until};

const URL: &str = "https://example.com/";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Two nodes; calls go to the first one unless they say `at(&second)`.
struct Pair {
    api: Arc<Api>,
    second: Server,
}

impl Pair {
    async fn start() -> Option<Self> {
        Self::with(Api::start().await).await
    }

    async fn with(api: Api) -> Option<Self> {
        let second = api.second_node().await?;
        let api = Arc::new(api);
        Some(Self { api, second })
    }

    async fn visit(&self, server: &Server, slug: &str) -> Received {
        let url = format!("{}/{slug}", server.base_url());
        let request = self.api.client.get(&url).header("user-agent", BROWSER);
        request.send().await
    }

    /// The same call on the one node and on the other, in turns.
    async fn in_turns<'a>(&self, times: usize, call: impl Fn(usize) -> Call<'a>) -> Vec<u16> {
        let mut statuses = Vec::new();
        for n in 0..times {
            let call = call(n);
            let call = if n % 2 == 1 {
                call.at(&self.second)
            } else {
                call
            };
            statuses.push(call.send().await.status);
        }
        statuses
    }
}

#[tokio::test]
async fn keys_and_plans_are_over_everywhere_at_once() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let api = &pair.api;
    api.get("/v1/links").at(&pair.second).gives(200).await;
    api.change_workspace(|workspace| workspace.plan = Plan::Pro)
        .await;
    api.get("/v1/links")
        .at(&pair.second)
        .fails(403, "plan_upgrade_required")
        .await;
    api.change_workspace(|workspace| workspace.plan = Plan::Team)
        .await;
    api.get("/v1/links").at(&pair.second).gives(200).await;
    let mut tx = api.server.app.store.write().await.unwrap();
    let hash = Secret::parse(&api.key).unwrap().hash();
    let caller = keys::find_caller(&mut tx, &hash).await.unwrap().unwrap();
    keys::revoke(&mut tx, &caller.key_id, NOON).await.unwrap();
    tx.commit().await.unwrap();
    api.get("/v1/links")
        .at(&pair.second)
        .fails(401, "revoked_api_key")
        .await;
}

#[tokio::test]
async fn a_key_has_its_requests_once_not_on_each_node() {
    let api = Api::with(|config| config.rate_limit = "10/100".parse().unwrap()).await;
    let Some(pair) = Pair::with(api).await else {
        return;
    };
    let api = &pair.api;
    let statuses = pair.in_turns(14, |_| api.get("/v1/links")).await;
    assert_eq!(statuses, [[200; 10].as_slice(), &[429; 4]].concat());
    let refused = api
        .get("/v1/links")
        .at(&pair.second)
        .fails(429, "rate_limited")
        .await;
    assert_eq!(refused.header("retry-after"), Some("10"));
    api.get("/v1/links").by(&api.read_key).gives(200).await;
    // What comes back is there for whoever comes first.
    api.clock.advance(10 * SECOND);
    let answer = api.get("/v1/links").at(&pair.second).gives(200).await;
    assert_eq!(answer.header("ratelimit"), Some("\"default\";r=0;t=100"));
    api.get("/v1/links").fails(429, "rate_limited").await;
    // Full again, and forgotten.
    api.clock.advance(100 * SECOND);
    pair.second.app.sweep().await.unwrap();
    assert_eq!(api.count("SELECT COUNT(*) FROM rate_limits").await, 0);
    let answer = api.get("/v1/links").gives(200).await;
    assert_eq!(answer.header("ratelimit"), Some("\"default\";r=9;t=10"));
    // A clock that goes back far locks nobody out.
    api.clock.advance(-3 * 100 * SECOND);
    for left in [9, 8] {
        let answer = api.get("/v1/links").at(&pair.second).gives(200).await;
        let expected = format!("\"default\";r={left};t={}", 100 - 10 * left);
        assert_eq!(answer.header("ratelimit"), Some(expected.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_for_the_last_requests_lets_no_more_through() {
    let api = Api::with(|config| config.rate_limit = "20/1000".parse().unwrap()).await;
    let Some(pair) = Pair::with(api).await else {
        return;
    };
    let pair = Arc::new(pair);
    let mut tasks = Vec::new();
    for n in 0..60 {
        let pair = pair.clone();
        tasks.push(tokio::spawn(async move {
            let call = pair.api.get("/v1/links");
            let call = if n % 2 == 0 {
                call
            } else {
                call.at(&pair.second)
            };
            call.send().await.status
        }));
    }
    let mut passed = 0;
    for task in tasks {
        passed += usize::from(task.await.unwrap() == 200);
    }
    assert_eq!(passed, 20);
}

#[tokio::test]
async fn a_changed_link_leads_elsewhere_within_a_second() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let api = &pair.api;
    let link = api
        .link(json!({ "url": "https://example.com/old", "slug": "moving" }))
        .await;
    let to = async || {
        let visit = pair.visit(&pair.second, "moving").await;
        (visit.status, visit.header("location").map(str::to_owned))
    };
    assert_eq!(
        to().await,
        (302, Some("https://example.com/old".to_owned()))
    );
    let change = api.patch(&path(&link), json!({ "url": "https://example.com/new" }));
    change.gives(200).await;
    assert_eq!(
        pair.visit(&api.server, "moving").await.header("location"),
        Some("https://example.com/new"),
        "at once where it was changed"
    );
    api.clock.advance(SECOND);
    assert_eq!(
        to().await,
        (302, Some("https://example.com/new".to_owned()))
    );
    api.delete(&path(&link)).gives(200).await;
    api.clock.advance(SECOND);
    assert_eq!(to().await.0, 410);
}

#[tokio::test]
async fn deletes_are_counted_over_all_nodes() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let api = &pair.api;
    api.change_workspace(|workspace| workspace.delete_threshold = 5)
        .await;
    let mut links = Vec::new();
    for _ in 0..8 {
        links.push(api.link(json!({ "url": URL })).await);
    }
    let statuses = pair.in_turns(7, |n| api.delete(&path(&links[n]))).await;
    assert_eq!(statuses, [200, 200, 200, 200, 200, 409, 409]);
    // What one node asks for, the other one takes.
    let asked = api
        .delete(&path(&links[7]))
        .fails(409, "confirmation_required")
        .await
        .json();
    let token = asked["confirmation"]["token"].as_str().unwrap();
    let confirmed = |server| {
        let call = api
            .delete(&path(&links[7]))
            .header("approute-confirmation", token);
        call.at(server)
    };
    confirmed(&pair.second).gives(200).await;
    assert_eq!(
        api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NOT NULL")
            .await,
        6
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_to_delete_passes_the_threshold_on_no_node() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let pair = Arc::new(pair);
    pair.api
        .change_workspace(|workspace| workspace.delete_threshold = 5)
        .await;
    let mut tasks = Vec::new();
    for n in 0..20 {
        let link = pair.api.link(json!({ "url": URL })).await;
        let pair = pair.clone();
        tasks.push((n, link, pair));
    }
    let tasks: Vec<_> = tasks
        .into_iter()
        .map(|(n, link, pair)| {
            tokio::spawn(async move {
                let call = pair.api.delete(&path(&link));
                let call = if n % 2 == 0 {
                    call
                } else {
                    call.at(&pair.second)
                };
                call.send().await.status
            })
        })
        .collect();
    let mut deleted = 0;
    for task in tasks {
        deleted += usize::from(task.await.unwrap() == 200);
    }
    assert_eq!(deleted, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_idempotency_key_has_one_effect_over_all_nodes() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let pair = Arc::new(pair);
    for round in 0..5 {
        let key = format!("k{round}");
        let mut tasks = Vec::new();
        for n in 0..10 {
            let (pair, key) = (pair.clone(), key.clone());
            tasks.push(tokio::spawn(async move {
                let call = pair
                    .api
                    .post("/v1/links", json!({ "url": URL }))
                    .idempotent(&key);
                let call = if n % 2 == 0 {
                    call
                } else {
                    call.at(&pair.second)
                };
                let answer = call.send().await;
                (answer.status, answer.json())
            }));
        }
        for task in tasks {
            let (status, body) = task.await.unwrap();
            assert!(
                status == 201 || body["code"] == "idempotency_in_flight",
                "{body:#}"
            );
        }
    }
    assert_eq!(pair.api.count("SELECT COUNT(*) FROM links").await, 5);
    // The answer of one node is replayed by the other.
    let again = pair
        .api
        .post("/v1/links", json!({ "url": URL }))
        .idempotent("k0")
        .at(&pair.second);
    assert!(again.gives(201).await.is_replay());
}

#[tokio::test]
async fn a_threshold_is_crossed_once_whichever_node_counts() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let api = &pair.api;
    let mut receiver = Receiver::start().await;
    hook(api, &receiver.url, &["link.click_threshold"]).await;
    let link = api
        .link(json!({ "url": URL, "slug": "popular", "click_thresholds": [5, 10] }))
        .await;
    for _ in 0..6 {
        for server in [&api.server, &pair.second] {
            assert_eq!(pair.visit(server, "popular").await.status, 302);
        }
    }
    let (one, two) = tokio::join!(api.server.app.flush(), pair.second.app.flush());
    one.and(two).unwrap();
    let mut crossed = Vec::new();
    for _ in 0..2 {
        let body: Value = receiver.next().await.json();
        assert_eq!(body["data"]["link"]["id"], json!(id(&link)));
        crossed.push(body["data"]["threshold"].as_i64().unwrap());
    }
    crossed.sort_unstable();
    assert_eq!(crossed, [5, 10]);
    until(api, "SELECT COUNT(*) FROM deliveries", 0).await;
    receiver.assert_nothing();
    assert_eq!(api.count("SELECT COUNT(*) FROM events").await, 2);
    let shown = api
        .get(&path(&link))
        .at(&pair.second)
        .gives(200)
        .await
        .json();
    assert_eq!(shown["click_count"], 12);
}

#[tokio::test]
async fn a_click_limit_holds_over_all_nodes() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let api = &pair.api;
    api.link(json!({ "url": URL, "slug": "few", "click_limit": 5 }))
        .await;
    let mut statuses = Vec::new();
    for n in 0..8 {
        let server = if n % 2 == 0 {
            &api.server
        } else {
            &pair.second
        };
        statuses.push(pair.visit(server, "few").await.status);
    }
    assert_eq!(statuses, [302, 302, 302, 302, 302, 410, 410, 410]);
}

#[tokio::test]
async fn either_node_delivers_and_neither_twice() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let api = &pair.api;
    let mut receiver = Receiver::start().await;
    let hook = hook(api, &receiver.url, &["link.created"]).await;
    let mut made = Vec::new();
    for n in 0..40 {
        let call = api.post("/v1/links", json!({ "url": URL }));
        let call = if n % 2 == 0 {
            call
        } else {
            call.at(&pair.second)
        };
        made.push(id(&call.gives(201).await.json()));
    }
    let mut told = Vec::new();
    for _ in 0..40 {
        let delivery = receiver.next().await;
        delivery.verified(&hook.secret, NOON);
        told.push(
            delivery.json()["data"]["link"]["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    made.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, made);
    until(api, "SELECT COUNT(*) FROM deliveries", 0).await;
    receiver.assert_nothing();
}

#[tokio::test]
async fn a_cursor_of_one_node_is_good_on_the_other() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let api = &pair.api;
    for _ in 0..3 {
        api.link(json!({ "url": URL })).await;
    }
    let page = api.get("/v1/links?limit=2").gives(200).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = api
        .get(&format!("/v1/links?limit=2&cursor={cursor}"))
        .at(&pair.second);
    assert_eq!(
        rest.gives(200).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
