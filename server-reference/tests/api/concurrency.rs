//! Calls that race.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Api, id};

const URL: &str = "https://example.com/";

/// Sends the same call many times at once; statuses and bodies.
async fn race(
    api: &Arc<Api>,
    times: usize,
    body: impl Fn(usize) -> Value,
    path: &str,
    key: Option<&str>,
) -> Vec<(u16, Value, bool)> {
    let mut tasks = Vec::new();
    for n in 0..times {
        let (api, body, path, key) = (
            api.clone(),
            body(n),
            path.to_owned(),
            key.map(str::to_owned),
        );
        tasks.push(tokio::spawn(async move {
            let mut call = api.post(&path, body);
            if let Some(key) = key {
                call = call.idempotent(&key);
            }
            let answer = call.send().await;
            (answer.status, answer.json(), answer.is_replay())
        }));
    }
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

fn file(config: &mut approute_server::config::Config, folder: &tempfile::TempDir) {
    config.database = approute_server::store::Target::File(folder.path().join("race.db"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_slug_goes_to_one_link() {
    let folder = tempfile::tempdir().unwrap();
    for memory in [true, false] {
        let api = Arc::new(
            Api::with(|config| {
                if !memory {
                    file(config, &folder)
                }
            })
            .await,
        );
        let outcomes = race(
            &api,
            40,
            |n| json!({ "url": URL, "slug": if n % 2 == 0 { "Race" } else { "race" } }),
            "/v1/links",
            None,
        )
        .await;
        assert_eq!(
            outcomes
                .iter()
                .filter(|(status, ..)| *status == 201)
                .count(),
            1
        );
        assert!(
            outcomes
                .iter()
                .all(|(status, body, _)| *status == 201 || body["code"] == "slug_taken")
        );
        assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_idempotency_key_has_one_effect() {
    let folder = tempfile::tempdir().unwrap();
    for memory in [true, false] {
        let api = Arc::new(
            Api::with(|config| {
                if !memory {
                    file(config, &folder)
                }
            })
            .await,
        );
        for round in 0..5 {
            let key = format!("k{round}");
            let outcomes = race(&api, 20, |_| json!({ "url": URL }), "/v1/links", Some(&key)).await;
            let firsts = outcomes
                .iter()
                .filter(|(status, _, replay)| *status == 201 && !replay)
                .count();
            assert_eq!(firsts, 1);
            let created: Vec<String> = outcomes
                .iter()
                .filter(|(status, ..)| *status == 201)
                .map(|(_, link, _)| id(link))
                .collect();
            assert!(created.iter().all(|id| *id == created[0]));
            assert!(
                outcomes
                    .iter()
                    .all(|(status, body, _)| *status == 201
                        || body["code"] == "idempotency_in_flight"),
                "{outcomes:?}"
            );
        }
        assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 5);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_the_first_call_runs_the_second_is_told_to_wait() {
    let api = Arc::new(Api::start().await);
    // The first call cannot begin its transaction while this one is open.
    let held = api.server.app.store.write().await.unwrap();
    let first = {
        let api = api.clone();
        tokio::spawn(async move {
            let call = api.post("/v1/links", json!({ "url": URL })).idempotent("k");
            call.send().await
        })
    };
    // In memory there is one connection, so that a second call would wait for it in authentication already; the claim
    // is asked directly instead.
    let name = approute_server::store::idempotency::Name {
        workspace_id: api.workspace.id.clone(),
        method: "POST",
        path: "/v1/links".into(),
        key: "k".into(),
    };
    let claim = api.server.app.running.claim(&name).unwrap();
    drop(held);
    let answer = first.await.unwrap();
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (409, Some("idempotency_in_flight"))
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    drop(claim);
    let answer = api
        .post("/v1/links", json!({ "url": URL }))
        .idempotent("k")
        .gives(201)
        .await;
    assert!(!answer.is_replay(), "in flight is not stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deletes_do_not_slip_past_the_threshold() {
    let folder = tempfile::tempdir().unwrap();
    let api = Arc::new(Api::with(|config| file(config, &folder)).await);
    let create = vec![json!({ "url": URL }); 60];
    let made = api
        .post("/v1/links/batch", json!({ "create": create }))
        .gives(200)
        .await
        .json();
    let ids: Vec<String> = made["create"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| id(&entry["link"]))
        .collect();
    let outcomes = race(
        &api,
        60,
        |n| json!({ "delete": [ids[n]] }),
        "/v1/links/batch",
        None,
    )
    .await;
    assert_eq!(
        outcomes
            .iter()
            .filter(|(status, ..)| *status == 200)
            .count(),
        25
    );
    assert!(
        outcomes
            .iter()
            .all(|(status, body, _)| *status == 200 || body["code"] == "confirmation_required")
    );
    assert_eq!(
        api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NOT NULL")
            .await,
        25
    );
    // One token, used by many at once, deletes once.
    let asked = api
        .post("/v1/links/batch", json!({ "delete": ids }))
        .fails(409, "confirmation_required")
        .await
        .json();
    let token = asked["confirmation"]["token"].as_str().unwrap().to_owned();
    let mut tasks = Vec::new();
    for _ in 0..10 {
        let (api, ids, token) = (api.clone(), ids.clone(), token.clone());
        tasks.push(tokio::spawn(async move {
            api.post("/v1/links/batch", json!({ "delete": ids }))
                .header("approute-confirmation", &token)
                .send()
                .await
                .status
        }));
    }
    let mut through = 0;
    for task in tasks {
        through += usize::from(task.await.unwrap() == 200);
    }
    // The first deletes all; what comes after it finds nothing left that counts.
    assert!(through >= 1);
    assert_eq!(
        api.count("SELECT SUM(links) FROM deletions").await,
        60,
        "each link was deleted once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn updates_do_not_overwrite_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let api = Arc::new(Api::with(|config| file(config, &folder)).await);
    let link = api.link(json!({ "url": URL })).await;
    let path = format!("/v1/links/{}", id(&link));
    let countries: Vec<String> = ('A'..='Z').map(|letter| format!("{letter}X")).collect();
    let mut tasks = Vec::new();
    for country in countries.clone() {
        let (api, path) = (api.clone(), path.clone());
        tasks.push(tokio::spawn(async move {
            api.patch(&path, json!({ "geo": { country: URL } }))
                .gives(200)
                .await
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let link = api.get(&path).gives(200).await.json();
    assert_eq!(link["geo"].as_object().unwrap().len(), countries.len());
    assert_eq!(link["version"], 27);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn visits_and_writes_at_once_lose_no_click() {
    let folder = tempfile::tempdir().unwrap();
    let api = Arc::new(Api::with(|config| file(config, &folder)).await);
    let link = api.link(json!({ "url": URL, "slug": "busy" })).await;
    let mut tasks = Vec::new();
    for n in 0..8 {
        let api = api.clone();
        let path = format!("/v1/links/{}", id(&link));
        tasks.push(tokio::spawn(async move {
            for round in 0..25 {
                assert_eq!(
                    api.visit("busy", "Mozilla/5.0 (Windows NT 10.0) Chrome/126.0")
                        .await
                        .status,
                    302
                );
                if round % 5 == 0 {
                    api.patch(&path, json!({ "title": format!("{n}-{round}") }))
                        .gives(200)
                        .await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    api.flush().await;
    let link = api
        .get(&format!("/v1/links/{}", id(&link)))
        .gives(200)
        .await
        .json();
    assert_eq!(
        (&link["click_count"], &link["version"]),
        (&json!(200), &json!(41))
    );
    assert_eq!(api.stored_clicks().await.len(), 200);
}

/// Where the answer to a commit gets lost, the flush is tried again, and finds that it was carried out.
#[tokio::test]
async fn a_flush_that_was_committed_is_not_written_again() {
    let api = Api::with(|config| config.flush_every = std::time::Duration::from_secs(3_600)).await;
    let link = api
        .link(json!({ "url": "https://example.com/", "slug": "s" }))
        .await;
    for _ in 0..3 {
        api.visit("s", "Mozilla/5.0 (X11) Firefox/140.0").await;
    }
    let app = &api.server.app;
    let batch = app.next_batch().expect("clicks");
    for _ in 0..3 {
        app.write_down(&batch).await.unwrap();
    }
    api.visit("s", "Mozilla/5.0 (X11) Firefox/140.0").await;
    api.flush().await;
    let link = api
        .get(&format!("/v1/links/{}", id(&link)))
        .gives(200)
        .await
        .json();
    assert_eq!(link["click_count"], 4);
    assert_eq!(api.stored_clicks().await.len(), 4);
}

/// What could not be written is written later, in its order and once.
#[tokio::test]
async fn clicks_wait_for_the_database() {
    let api = Api::with(|config| config.flush_every = std::time::Duration::from_secs(3_600)).await;
    api.link(json!({ "url": "https://example.com/", "slug": "s" }))
        .await;
    let visit = async |sub_id: &str| {
        let agent = "Mozilla/5.0 (X11) Firefox/140.0";
        api.visit(&format!("s?sub_id={sub_id}"), agent).await;
    };
    let run = async |sql: &'static str| {
        let mut tx = api.server.app.store.write().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    visit("a").await;
    run("ALTER TABLE click_blocks RENAME TO elsewhere").await;
    for sub_id in ["b", "c"] {
        assert!(api.server.app.flush().await.is_err());
        visit(sub_id).await;
    }
    run("ALTER TABLE elsewhere RENAME TO click_blocks").await;
    api.flush().await;
    let clicks = api.stored_clicks().await;
    let order: Vec<_> = clicks.iter().map(|click| click.sub_id.as_deref()).collect();
    assert_eq!(order, [Some("a"), Some("b"), Some("c")]);
}
