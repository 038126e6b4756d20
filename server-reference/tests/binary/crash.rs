//! SIGKILL: no acknowledged link is lost, and none is there twice under its key.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Served, call, database};

const ROUNDS: usize = 8;
const WRITERS: usize = 3;
const BATCH: usize = 40;

/// Every link that is there, by its external id.
fn links(server: &Served) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut path = "/v1/links?limit=100".to_owned();
    loop {
        let (status, page) = call(
            server.address(),
            "GET",
            &path,
            server.text("api_key"),
            "",
            "",
        )
        .unwrap();
        assert_eq!(status, 200, "{page:#}");
        for link in page["items"].as_array().unwrap() {
            let name = link["external_id"].as_str().unwrap_or_default().to_owned();
            let id = link["id"].as_str().unwrap().to_owned();
            assert!(found.insert(format!("{name}/{id}"), id).is_none());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            return found;
        };
        path = format!("/v1/links?limit=100&cursor={cursor}");
    }
}

/// How many links are there.
pub fn count(server: &Served) -> usize {
    links(server).len()
}

/// A batch of a writer: its idempotency key and body. Its links have no external id, so that nothing but the key keeps
/// them from being made twice.
fn batch(writer: usize, n: usize) -> (String, String) {
    let create: Vec<Value> =
        (0..BATCH).map(|item| json!({ "url": format!("https://example.com/{writer}/{n}/{item}"), "tags": [format!("w{writer}")] })).collect();
    (
        format!("idempotency-key: batch-{writer}-{n}\r\n"),
        json!({ "create": create }).to_string(),
    )
}

fn urls(server: &Served) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    let mut path = "/v1/links?limit=100".to_owned();
    loop {
        let (_, page) = call(
            server.address(),
            "GET",
            &path,
            server.text("api_key"),
            "",
            "",
        )
        .unwrap();
        for link in page["items"].as_array().unwrap() {
            *found
                .entry(link["url"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            return found;
        };
        path = format!("/v1/links?limit=100&cursor={cursor}");
    }
}

#[test]
fn killed_in_the_middle_of_a_stream_of_batches() {
    let folder = tempfile::tempdir().unwrap();
    let file = database(&folder.path().join("crash.db"));
    let next: Vec<AtomicUsize> = (0..WRITERS).map(|_| AtomicUsize::new(0)).collect();
    for round in 0..ROUNDS {
        let server = Served::start(&["--database", &file]);
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for (writer, next) in next.iter().enumerate() {
                let (server, over) = (&server, &over);
                scope.spawn(move || {
                    while !over.load(Ordering::SeqCst) {
                        let n = next.load(Ordering::SeqCst);
                        let (key, body) = batch(writer, n);
                        let Some((status, answer)) = call(
                            server.address(),
                            "POST",
                            "/v1/links/batch",
                            server.text("api_key"),
                            &key,
                            &body,
                        ) else {
                            continue; // Killed: the same batch is sent again under its key, after the restart.
                        };
                        assert_eq!(
                            (status, &answer["summary"]["succeeded"]),
                            (200, &json!(BATCH)),
                            "{answer:#}"
                        );
                        next.store(n + 1, Ordering::SeqCst);
                    }
                });
            }
            // A different moment each time.
            std::thread::sleep(Duration::from_millis(150 + 37 * round as u64));
            server.signal("KILL");
            over.store(true, Ordering::SeqCst);
        });
    }
    // The batches whose answer was lost are repeated once more under their keys: done before or not, they are there once.
    let server = Served::start(&["--database", &file]);
    let mut expected = 0;
    for (writer, next) in next.iter().enumerate() {
        let n = next.load(Ordering::SeqCst);
        let (key, body) = batch(writer, n);
        let (status, _) = call(
            server.address(),
            "POST",
            "/v1/links/batch",
            server.text("api_key"),
            &key,
            &body,
        )
        .unwrap();
        assert_eq!(status, 200);
        expected += (n + 1) * BATCH;
    }
    let found = urls(&server);
    for (writer, next) in next.iter().enumerate() {
        for n in 0..=next.load(Ordering::SeqCst) {
            for item in 0..BATCH {
                let url = format!("https://example.com/{writer}/{n}/{item}");
                assert_eq!(found.get(&url), Some(&1), "{url}");
            }
        }
    }
    assert_eq!(found.len(), expected);
    assert!(expected > ROUNDS * BATCH, "the stream did flow: {expected}");
}
