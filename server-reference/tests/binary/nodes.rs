//! Two processes over one PostgreSQL. Without `APPROUTE_TEST_POSTGRES` these tests say that they are skipped.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::deliveries::{Endpoint, post, wait};
use crate::process::{Served, call, postgres, succeed};

const LINKS: usize = 60;

fn get(server: &Served, path: &str, key: &str) -> (u16, Value) {
    call(server.address(), "GET", path, key, "", "").unwrap()
}

#[test]
fn nodes_that_start_at_once_migrate_once() {
    let Some(database) = postgres() else { return };
    let nodes: Vec<Served> = std::thread::scope(|scope| {
        let start = || Served::start(&["--database", &database]);
        let starting: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        let started = starting.into_iter().map(|node| node.join().unwrap());
        started.collect()
    });
    let listed = succeed(&["workspace", "list", "--database", &database]);
    assert_eq!(listed.lines().count(), 2, "one workspace: {listed}");
    // The key of each node is good on every other.
    for issuer in &nodes {
        assert_eq!(issuer.text("workspace_id"), nodes[0].text("workspace_id"));
        for node in &nodes {
            assert_eq!(get(node, "/v1/links", issuer.text("api_key")).0, 200);
        }
    }
}

#[test]
fn the_command_line_counts_on_every_node_at_once() {
    let Some(database) = postgres() else { return };
    let nodes = [(); 2].map(|()| Served::start(&["--database", &database]));
    let workspace = nodes[0].text("workspace_id");
    let made = [
        "keys",
        "create",
        "--workspace",
        workspace,
        "--name",
        "n",
        "--scope",
        "read",
    ];
    let key = succeed(&[&made[..], &["--database", &database]].concat());
    for node in &nodes {
        assert_eq!(get(node, "/v1/links", &key).0, 200);
    }
    let listed = succeed(&["keys", "list", "--database", &database]);
    let line = listed.lines().find(|line| line.contains(" n  "));
    let id = line.unwrap().split_whitespace().next().unwrap();
    wait("both calls in the log", || {
        let log = succeed(&["keys", "log", id, "--database", &database]);
        log.lines()
            .filter(|line| line.contains("links.list"))
            .count()
            == 2
    });
    succeed(&["keys", "revoke", id, "--database", &database]);
    for node in &nodes {
        let (status, body) = get(node, "/v1/links", &key);
        assert_eq!((status, &body["code"]), (401, &json!("revoked_api_key")));
    }
}

#[test]
fn a_node_that_dies_while_it_delivers_loses_nothing() {
    let Some(database) = postgres() else { return };
    let (first, second) = (
        Served::start(&["--database", &database]),
        Served::start(&["--database", &database]),
    );
    let endpoint = Endpoint::start();
    let hook = json!({ "url": endpoint.url, "events": ["link.created"] });
    let hook = post(&first, "/v1/webhooks", hook);
    *endpoint.secret.lock().unwrap() = hook["secret"].as_str().unwrap().to_owned();
    // No answer, so that both nodes are in the middle of deliveries.
    endpoint.holding.store(true, Ordering::SeqCst);
    let mut made = BTreeSet::new();
    for (node, part) in [(&first, 0), (&second, 1)] {
        let create: Vec<Value> = (0..LINKS / 2)
            .map(|n| json!({ "url": format!("https://example.com/{part}/{n}") }))
            .collect();
        let answer = post(node, "/v1/links/batch", json!({ "create": create }));
        let items = answer["create"].as_array().unwrap().iter();
        made.extend(items.map(|item| item["link"]["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(made.len(), LINKS);
    // Each node sends eight at a time to one endpoint.
    wait("deliveries of both nodes", || {
        endpoint.held.load(Ordering::SeqCst) == 16
    });
    first.signal("KILL");
    drop(first);
    endpoint.holding.store(false, Ordering::SeqCst);
    // The lease of what the dead node was sending has to run out first: a minute, which need not be waited for.
    let advanced = post(&second, "/_test/clock", json!({ "advance_seconds": 61 }));
    assert_eq!(advanced["settled"], true);
    endpoint.told_of(LINKS);
    let told = endpoint.told.lock().unwrap().clone();
    assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), made);
    let repeated = told.values().filter(|times| **times > 1).count();
    assert!(
        repeated >= 8,
        "what the dead node was sending came again: {repeated}"
    );
    let seen = call(second.address(), "GET", "/_test/deliveries", "-", "", "")
        .unwrap()
        .1;
    assert_eq!(seen["waiting"], json!([]));
}
