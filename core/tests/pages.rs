//! Going through lists.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use approute::bytes::Bytes;
use approute::mock::{MockTransport, Reply};
use approute::time::BoxFuture;
use approute::transport::{Limits, Transport, TransportError};
use approute::{Client, ErrorKind, Outcome, http};
use serde_json::{Value, json};

fn page(count: usize, next: Value) -> Reply {
    let operations = approute::resources::OPERATIONS.iter();
    let get = operations
        .clone()
        .find(|operation| operation.id == "links.get")
        .unwrap();
    let link: Value = serde_json::from_str(get.example).unwrap();
    let more = !next.is_null();
    Reply::json(
        200,
        json!({"items": vec![link; count], "next_cursor": next, "has_more": more}),
    )
}

#[tokio::test]
async fn all_items_of_all_pages() {
    let mock = MockTransport::new();
    mock.reply(page(2, json!("a/b")))
        .reply(page(0, json!("c")))
        .reply(page(1, json!(null)));
    let mut links = mock.client().links().list().q("x y").stream();
    let mut count = 0;
    while let Some(link) = links.next().await {
        link.unwrap();
        count += 1;
    }
    assert_eq!(count, 3);
    assert!(links.next().await.is_none());
    mock.assert_sent(&[
        "GET /v1/links?q=x+y",
        "GET /v1/links?cursor=a%2Fb&q=x+y",
        "GET /v1/links?cursor=c&q=x+y",
    ]);
}

#[tokio::test]
async fn stopping_early_fetches_nothing_more() {
    let mock = MockTransport::new();
    mock.reply(page(2, json!("a")));
    let mut links = mock.client().links().list().stream();
    links.next().await.unwrap().unwrap();
    links.next().await.unwrap().unwrap();
    drop(links);
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn a_cursor_that_repeats_is_an_error() {
    for cursors in [vec!["a", "a"], vec!["a", "b", "a"], vec!["start"]] {
        let mock = MockTransport::new();
        for cursor in &cursors {
            mock.reply(page(1, json!(cursor)));
        }
        let mut pages = mock.client().links().list().cursor("start").pages();
        let mut good = 0;
        let error = loop {
            match pages.next().await.unwrap() {
                Ok(_) => good += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(good, cursors.len(), "the page itself is still given");
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Decode, Outcome::Applied)
        );
        assert!(error.message().contains("cursor"), "{error}");
        assert!(pages.next().await.is_none());
        mock.assert_done();
    }
}

#[tokio::test]
async fn an_error_ends_the_stream() {
    let mock = MockTransport::new();
    mock.reply(page(1, json!("a")))
        .reply(Reply::problem(400, "invalid_cursor", "No."));
    let mut links = mock.client().links().list().stream();
    links.next().await.unwrap().unwrap();
    let error = links.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some("invalid_cursor"));
    assert!(links.next().await.is_none());
}

#[tokio::test]
async fn streams_work_with_stream_combinators() {
    use futures_core::Stream;
    fn is_stream(
        _: &(impl Stream<Item = Result<approute::models::Link, approute::Error>> + Send + Unpin),
    ) {
    }
    let mock = MockTransport::new();
    is_stream(&mock.client().links().list().stream());
}

/// Answers the first request, and never the others.
#[derive(Clone, Default)]
struct FirstOnly {
    sent: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    waiting: Arc<tokio::sync::Notify>,
    changed: Arc<Mutex<Vec<String>>>,
}

struct CountDrop(Arc<AtomicUsize>, Arc<tokio::sync::Notify>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        self.1.notify_one();
    }
}

impl Transport for FirstOnly {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.changed.lock().unwrap().push(request.uri().to_string());
        let first = self.sent.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            if first {
                let body = json!({"items": [], "next_cursor": "a", "has_more": true});
                return Ok(http::Response::new(Bytes::from(body.to_string())));
            }
            let _count = CountDrop(self.dropped.clone(), self.waiting.clone());
            self.waiting.notify_one();
            std::future::pending().await
        })
    }
}

#[tokio::test]
async fn prefetch_is_one_page_ahead_and_cancelled_on_drop() {
    let transport = FirstOnly::default();
    let client = Client::builder()
        .api_key("k")
        .transport(transport.clone())
        .build()
        .unwrap();

    let mut pages = client.links().list().pages().prefetch(true);
    pages.next().await.unwrap().unwrap();
    // The second page is asked for although nobody waits for it.
    transport.waiting.notified().await;
    assert_eq!(transport.sent.load(Ordering::SeqCst), 2);
    assert_eq!(transport.dropped.load(Ordering::SeqCst), 0);
    drop(pages);
    transport.waiting.notified().await;
    assert_eq!(transport.dropped.load(Ordering::SeqCst), 1);
    assert_eq!(transport.sent.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn prefetch_gives_the_same_pages() {
    let mock = MockTransport::new();
    mock.reply(page(2, json!("a")))
        .reply(page(2, json!("b")))
        .reply(page(1, json!(null)));
    let mut links = mock.client().links().list().stream().prefetch(true);
    let mut count = 0;
    while let Some(link) = links.next().await {
        link.unwrap();
        count += 1;
    }
    assert_eq!(count, 5);
    mock.assert_done();
}

#[test]
fn without_a_runtime_prefetch_has_no_effect() {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};
    let mock = MockTransport::new();
    mock.reply(page(1, json!("a"))).reply(page(1, json!(null)));
    let mut pages = mock.client().links().list().pages().prefetch(true);
    for _ in 0..2 {
        let mut next = Box::pin(pages.next());
        let polled = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(
            matches!(polled, Poll::Ready(Some(Ok(_)))),
            "the mock needs no runtime"
        );
    }
    mock.assert_done();
}
