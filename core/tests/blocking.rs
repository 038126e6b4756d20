//! The client without `async`.
#![cfg(feature = "blocking")]

#[allow(dead_code, reason = "each test uses a part of it")]
#[path = "support/hostile.rs"]
mod hostile;

use std::sync::Arc;
use std::time::Duration;

use approute::blocking::{CancelHandle, Client};
use approute::mock::{MockTransport, Reply};
use approute::models::LinkCreate;
use approute::{ErrorKind, Outcome};
use hostile::{Act, Hostile, answer};
use serde_json::json;

/// A server in a runtime of its own, as it would be in a process of its own.
fn serve(act: Act) -> (tokio::runtime::Runtime, Hostile) {
    serve_all(vec![act])
}

fn serve_all(acts: Vec<Act>) -> (tokio::runtime::Runtime, Hostile) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(Hostile::start(acts));
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

/// Cancels when the server has seen so many requests.
fn cancel_at(
    runtime: &tokio::runtime::Runtime,
    server: &Arc<Hostile>,
    requests: usize,
) -> CancelHandle {
    let (handle, server) = (CancelHandle::new(), Arc::clone(server));
    let own = handle.clone();
    runtime.spawn(async move {
        server.until(|seen| seen.requests.len() == requests).await;
        own.cancel();
    });
    handle
}

#[test]
fn another_thread_cancels_a_try_and_its_connection_is_closed() {
    let (runtime, server) = serve(Act::Stall);
    let server = Arc::new(server);
    let handle = cancel_at(&runtime, &server, 1);
    let error = create(&client(&server).cancelled_by(&handle)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    // The request has arrived, and may be carried out: its key makes repeating it safe.
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
    assert!(error.idempotency_key().is_some());
    runtime.block_on(server.until(|seen| seen.gone == 1));
    // The handle stays cancelled: nothing is sent any more.
    let error = create(&client(&server).cancelled_by(&handle)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn another_thread_cancels_a_wait_between_two_tries() {
    let (runtime, server) = serve(Act::AnswerAndClose(answer(
        "503 Unavailable",
        "retry-after: 30\r\n",
        "{}",
    )));
    let server = Arc::new(server);
    let handle = cancel_at(&runtime, &server, 1);
    let builder = Client::builder().api_key("k").base_url(server.url());
    let client = builder.build_blocking().unwrap();
    let error = create(&client.cancelled_by(&handle)).unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Cancelled, 1),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn prefetch_is_one_page_ahead_and_ends_with_the_iterator() {
    let page = r#"{"items": [], "next_cursor": "c1", "has_more": true}"#;
    let first = answer("200 OK", "connection: close\r\n", page);
    let (runtime, server) = serve_all(vec![Act::AnswerAndClose(first), Act::Stall]);
    let client = client(&server);
    let mut pages = client.webhooks().list().pages().prefetch(true);
    pages.next().unwrap().unwrap();
    // Nobody waits for the second page, and yet it is asked for.
    runtime.block_on(server.until(|seen| seen.requests.len() == 2));
    drop(pages);
    // Nobody waits now either, and yet its connection is closed.
    runtime.block_on(server.until(|seen| seen.gone == 2));
}
