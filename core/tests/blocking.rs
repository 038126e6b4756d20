//! The client without `async`.
#![cfg(feature = "blocking")]

#[allow(dead_code, reason = "each test uses a part of it")]
#[path = "support/hostile.rs"]
mod hostile;

use std::time::Duration;

use approute::ErrorKind;
use approute::blocking::Client;
use approute::mock::{MockTransport, Reply};
use approute::models::LinkCreate;
use hostile::{Act, Hostile, answer};
use serde_json::json;

/// A server in a runtime of its own, as it would be in a process of its own.
fn serve(act: Act) -> (tokio::runtime::Runtime, Hostile) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(Hostile::start(vec![act]));
    (runtime, server)
}

fn client(server: &Hostile) -> Client {
    let builder = Client::builder()
        .api_key("k")
        .base_url(server.url())
        .max_retries(0);
    builder.build_blocking().unwrap()
}

fn create(client: &Client) -> Result<u32, approute::Error> {
    let body = LinkCreate::new("https://example.com");
    Ok(client.links().create(body).send_raw()?.attempts())
}

#[test]
fn calls_from_many_threads_share_one_runtime() {
    let (_runtime, server) = serve(Act::KeepAlive(answer("200 OK", "", "{}")));
    let client = client(&server);
    for _ in 0..20 {
        create(&client).unwrap();
    }
    // A connection comes back to the pool a moment after its answer, in which the next call may make one more: the
    // other tests of this process use the same runtime.
    assert!(server.connections() <= 5, "{}", server.connections());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                for _ in 0..20 {
                    create(&client).unwrap();
                }
            });
        }
    });
    assert_eq!(server.requests().len(), 180);
    assert!(server.connections() <= 32, "{}", server.connections());
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_not_used() {
    let (runtime, server) = serve(Act::CloseWhenIdle(answer("200 OK", "", "{}")));
    let client = client(&server);
    create(&client).unwrap();
    for gone in 1..4 {
        runtime.block_on(server.until(|seen| seen.gone == gone));
        // The runtime looks at its connections again after 0.1 s without a call.
        std::thread::sleep(Duration::from_millis(150));
        create(&client).unwrap_or_else(|error| panic!("{error}: with no retry allowed"));
    }
    assert_eq!(server.connections(), 4);
}

#[test]
fn waiting_is_allowed_inside_a_runtime() {
    let (runtime, server) = serve(Act::KeepAlive(answer("200 OK", "", "{}")));
    let client = client(&server);
    let own = client.clone();
    runtime.block_on(async move {
        assert_eq!(create(&own).unwrap(), 1);
        let inner = own.clone();
        tokio::task::spawn_blocking(move || create(&inner).unwrap())
            .await
            .unwrap();
    });
    let current = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    current.block_on(async { create(&client).unwrap() });
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_client_may_be_used_on_several_runtimes() {
    let (_runtime, server) = serve(Act::KeepAlive(answer("200 OK", "", "{}")));
    let builder = approute::Client::builder()
        .api_key("k")
        .base_url(server.url())
        .max_retries(0);
    let client = builder.build().unwrap();
    let runtimes: Vec<_> = (0..6)
        .map(|_| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
        })
        .collect();
    // None of them runs while another one does, so that nobody serves a connection that was made there.
    for runtime in runtimes.iter().chain(runtimes.iter().rev()) {
        let call = client
            .links()
            .create(LinkCreate::new("https://example.com"));
        runtime.block_on(call.send_raw()).unwrap();
        runtime.block_on(tokio::task::yield_now());
    }
    // The last four keep their connections.
    assert_eq!(server.connections(), 8);
}

#[test]
fn lists_are_iterators() {
    let mock = MockTransport::new();
    let page = |items: &[serde_json::Value], next: serde_json::Value| {
        let more = !next.is_null();
        Reply::json(
            200,
            json!({"items": items, "next_cursor": next, "has_more": more}),
        )
    };
    let webhook = {
        let operations = approute::resources::OPERATIONS.iter();
        let get = operations
            .clone()
            .find(|operation| operation.id == "webhooks.get")
            .unwrap();
        serde_json::from_str::<serde_json::Value>(get.example).unwrap()
    };
    let two = [webhook.clone(), webhook];
    mock.reply(page(&two, json!("c1")))
        .reply(page(&[], json!("c2")));
    mock.reply(page(&two[..1], json!(null)));
    let client = mock.blocking_client();
    let all: Result<Vec<_>, _> = client.webhooks().list().items().collect();
    assert_eq!(all.unwrap().len(), 3);
    mock.assert_done();

    mock.reply(page(&two, json!("c1")))
        .reply(Reply::problem(403, "plan_upgrade_required", "No."));
    let mut pages = client.webhooks().list().pages();
    assert_eq!(pages.next().unwrap().unwrap().items.len(), 2);
    assert_eq!(
        pages.next().unwrap().unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
    assert!(pages.next().is_none());
}

#[test]
fn it_is_checked_like_the_async_client() {
    let error = Client::builder().api_key("").build_blocking().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let client = Client::new("ak_1").unwrap();
    assert_eq!(client.base_url(), "https://getapproute.com");
    assert!(!format!("{client:?}").contains("ak_1"));
}
