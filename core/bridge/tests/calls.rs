//! Calls carried out in each of the three ways, against a server that is really there.

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use approute::models;
use approute_bridge::{
    Answer, Completion, Failure, HostAction, HostAnswer, HostFailure, LanguageType, Listener,
    Notice, PendingCall, Queue, RawResponse, What, decode_json, panic_on_purpose, split, wait,
};
use support::{Seen, client, json, number, page, serve};

const TICK: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(30);

fn read_page(raw: RawResponse) -> Result<(models::LinkPage, Answer), Failure> {
    Ok(split(decode_json(raw)?))
}

fn waited(call: PendingCall) -> Result<(models::LinkPage, Answer), Failure> {
    wait(call, None, TICK, || false, read_page).map(|ended| ended.expect("nobody interrupts"))
}

#[test]
fn a_call_waits_for_its_answer() {
    let server = serve(|_| Some(page()));
    let client = client(&server.base_url, "");
    let request =
        br#"{"args":{"tag":["a","b"],"limit":5},"options":{"headers":[["x-extra","1"]]}}"#;
    let call = client.start(number("links.list"), request).unwrap();
    let (page, answer) = waited(call).unwrap();
    assert!(page.items.is_empty());
    assert_eq!((answer.status().as_u16(), answer.attempts()), (200, 1));
    assert_eq!(answer.request_id(), Some("req_1"));
    let Ok(Seen::Request(seen)) = server.seen.recv_timeout(LONG) else {
        panic!("no request");
    };
    assert!(
        seen.starts_with("GET /v1/links?limit=5&tag=a&tag=b HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(
        seen.contains("x-extra: 1\r\n") && seen.contains("authorization: Bearer ak_s3cret\r\n")
    );
}

#[test]
fn bodies_are_written_in_the_order_of_the_spec() {
    let server = serve(|_| Some(json("422 Unprocessable Entity", "", r#"{"code":"x"}"#)));
    let client = client(&server.base_url, "");
    let request = br#"{"args":{"link_id":"lnk_1","body":{"tags":["t"],"title":null,"url":"https://example.com/"}}}"#;
    let call = client.start(number("links.update"), request).unwrap();
    let failure = wait(call, None, TICK, || false, |_| Ok(())).unwrap_err();
    assert_eq!(failure.class, "UnprocessableEntityError");
    assert_eq!(
        (failure.status, failure.code.as_deref()),
        (Some(422), Some("x"))
    );
    assert_eq!(failure.outcome, "rejected");
    assert!(failure.idempotency_key.is_some());
    let Ok(Seen::Request(seen)) = server.seen.recv_timeout(LONG) else {
        panic!("no request");
    };
    let body = seen.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(
        body,
        r#"{"url":"https://example.com/","title":null,"tags":["t"]}"#
    );
}

#[test]
fn an_interrupted_wait_closes_its_connection() {
    let server = serve(|_| None);
    let client = client(&server.base_url, "");
    let call = client
        .start(number("links.list"), br#"{"args":{}}"#)
        .unwrap();
    let seen = Mutex::new(server.seen);
    // The interrupt comes once the server has the request.
    let interrupted = || seen.lock().unwrap().try_recv().is_ok();
    let ended = wait(call, None, TICK, interrupted, |_| Ok(())).unwrap();
    assert!(ended.is_none());
    let closed = seen.lock().unwrap().recv_timeout(LONG);
    assert_eq!(closed, Ok(Seen::Closed));
}

#[test]
fn a_panic_is_a_failure_and_the_next_call_works() {
    let server = serve(|_| Some(page()));
    let client = client(&server.base_url, "");
    let list = || {
        client
            .start(number("links.list"), br#"{"args":{}}"#)
            .unwrap()
    };
    let failure = wait(list(), None, TICK, || false, |_| panic_on_purpose::<()>()).unwrap_err();
    assert_eq!(failure.class, "ApprouteError");
    waited(list()).unwrap();

    let (queue, woken) = queue();
    queue.submit(list(), false, |_| panic_on_purpose()).unwrap();
    let done = ends(&queue, &woken, 1);
    assert_eq!(done[0].1.as_ref().unwrap_err().class, "ApprouteError");
    queue.submit(list(), false, |_| Ok(7)).unwrap();
    assert_eq!(*ends(&queue, &woken, 1)[0].1.as_ref().unwrap(), 7);
}

#[test]
fn what_cannot_be_sent_is_refused_before_anything_is() {
    let client = client("http://127.0.0.1:9", "");
    for (operation, request, kind, words) in [
        (
            "links.get",
            r#"{"args":{"link_id":""}}"#,
            LanguageType::Value,
            "`link_id` is empty",
        ),
        (
            "links.get",
            r#"{"args":{"link_id":7}}"#,
            LanguageType::Type,
            "`link_id` must be a string",
        ),
        (
            "links.get",
            r#"{"args":{}}"#,
            LanguageType::Type,
            "`link_id` is missing",
        ),
        (
            "links.list",
            r#"{"args":{"limit":1.5}}"#,
            LanguageType::Type,
            "`limit` must be an integer",
        ),
        (
            "links.list",
            r#"{"args":{},"options":{"timeout":0}}"#,
            LanguageType::Value,
            "`timeout` must be longer than zero",
        ),
        (
            "links.create",
            r#"{"args":{"body":{"url":"x","slug":null}}}"#,
            LanguageType::Type,
            "`body.slug` must be a string",
        ),
        (
            "links.create",
            r#"{"args":{"body":{"url":"x","targets":{"ios":{"app_store_id":1}}}}}"#,
            LanguageType::Type,
            "`body.targets.ios.app_store_id` must be a string",
        ),
    ] {
        let refused = client.start(number(operation), request.as_bytes());
        let failure = refused.expect_err(request);
        assert_eq!(failure.class, "ConfigurationError", "{request}");
        assert_eq!(failure.language_type, kind, "{request}");
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.outcome, "not_sent");
    }
    assert!(client.start(999, br#"{"args":{}}"#).is_err());
}

fn queue() -> (Queue<u32>, Receiver<()>) {
    let (wake, woken) = channel();
    let wake = Mutex::new(wake);
    let queue = Queue::new(move || {
        let _ = wake.lock().unwrap().send(());
    });
    (queue, woken)
}

/// Waits until this many calls have ended.
fn ends(
    queue: &Queue<u32>,
    woken: &Receiver<()>,
    count: usize,
) -> Vec<(u64, Result<u32, Failure>)> {
    let mut done = Vec::new();
    while done.len() < count {
        woken.recv_timeout(LONG).expect("a wake-up");
        for Completion { id, what } in queue.drain() {
            if let What::Done(result) = what {
                done.push((id, result));
            }
        }
    }
    done
}

#[test]
fn a_queue_wakes_its_loop_once_for_what_has_come() {
    let server = serve(|_| Some(page()));
    let client = client(&server.base_url, "");
    let wakes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&wakes);
    let (ended, end) = channel();
    let ended = Mutex::new(ended);
    let queue = Queue::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    for index in 0..20 {
        let call = client
            .start(number("links.list"), br#"{"args":{}}"#)
            .unwrap();
        let ended = ended.lock().unwrap().clone();
        let read = move |_| {
            let _ = ended.send(());
            Ok(index)
        };
        queue.submit(call, false, read).unwrap();
    }
    for _ in 0..20 {
        end.recv_timeout(LONG).unwrap();
    }
    while queue.running() > 0 {
        std::thread::yield_now();
    }
    // Nobody has taken anything, so there was no reason for a second wake-up.
    assert_eq!(wakes.load(Ordering::SeqCst), 1);
    assert_eq!(queue.drain().len(), 20);
    assert!(queue.drain().is_empty());
}

#[test]
fn a_cancelled_call_is_seen_by_the_server_and_by_nobody_else() {
    let server = serve(|_| None);
    let client = client(&server.base_url, "");
    let (queue, woken) = queue();
    let call = client
        .start(number("links.list"), br#"{"args":{}}"#)
        .unwrap();
    let id = queue.submit(call, false, |_| Ok(1)).unwrap();
    assert!(matches!(
        server.seen.recv_timeout(LONG),
        Ok(Seen::Request(_))
    ));
    assert!(queue.cancel(id));
    assert!(!queue.cancel(id), "it has ended");
    assert_eq!(server.seen.recv_timeout(LONG), Ok(Seen::Closed));
    assert_eq!(queue.running(), 0);
    assert!(woken.try_recv().is_err() && queue.drain().is_empty());
}

#[test]
fn a_closed_queue_ends_its_calls_and_takes_no_more() {
    let server = serve(|_| None);
    let client = client(&server.base_url, "");
    let (queue, _woken) = queue();
    let call = || {
        client
            .start(number("links.list"), br#"{"args":{}}"#)
            .unwrap()
    };
    queue.submit(call(), false, |_| Ok(1)).unwrap();
    assert!(matches!(
        server.seen.recv_timeout(LONG),
        Ok(Seen::Request(_))
    ));
    queue.close();
    assert_eq!(server.seen.recv_timeout(LONG), Ok(Seen::Closed));
    assert!(queue.submit(call(), false, |_| Ok(1)).is_err());
}

#[test]
fn hooks_are_told_on_the_way_they_were_asked_for() {
    let server = serve(|count| {
        Some(match count % 2 {
            0 => json("503 Service Unavailable", "", "{}"),
            _ => page(),
        })
    });
    let settings = r#","hooks":["request","response","retry","log"],"log_level":"info","clock":{"start":0},"random":0"#;
    let client = client(&server.base_url, settings);
    let expected = "request 1, response 503, retry 250, request 2, response 200, log";
    let short = |notice: &Notice| match notice {
        Notice::Request { attempt, .. } => format!("request {attempt}"),
        Notice::Response { status, .. } => format!("response {}", status.unwrap()),
        Notice::Retry { wait, .. } => format!("retry {wait}"),
        Notice::Log { .. } => "log".to_owned(),
    };

    let told = Arc::new(Mutex::new(Vec::new()));
    let writes = Arc::clone(&told);
    let here = std::thread::current().id();
    let listener: Listener = Arc::new(move |notice: Notice| {
        assert_eq!(
            std::thread::current().id(),
            here,
            "waiting threads hear it themselves"
        );
        assert!(!notice.to_json().contains("ak_s3cret"));
        writes.lock().unwrap().push(short(&notice));
    });
    let call = client
        .start(number("links.list"), br#"{"args":{}}"#)
        .unwrap();
    wait(call, Some(listener), TICK, || false, |_| Ok(())).unwrap();
    assert_eq!(told.lock().unwrap().join(", "), expected);
    assert_eq!(client.clock().unwrap().elapsed(), 250.0);

    let (queue, woken) = queue();
    let call = client
        .start(number("links.list"), br#"{"args":{}}"#)
        .unwrap();
    queue.submit(call, true, |_| Ok(1)).unwrap();
    let mut told = Vec::new();
    let mut done = false;
    while !done {
        woken.recv_timeout(LONG).unwrap();
        for completion in queue.drain() {
            assert!(!done, "nothing follows the end");
            match completion.what {
                What::Notice(notice) => told.push(short(&notice)),
                What::Done(result) => done = result.is_ok(),
            }
        }
    }
    assert_eq!(told.join(", "), expected);
}

#[test]
fn a_host_does_the_sending_and_the_sleeping() {
    let client = client("https://api.example", r#","ignore_env":true,"random":0"#);
    let request = br#"{"args":{"link_id":"lnk/1"},"options":{"idempotency_key":"k","max_response_bytes":10}}"#;
    let mut call = client
        .start(number("links.delete"), request)
        .unwrap()
        .into_host_call(None);
    let HostAction::Send {
        method,
        url,
        headers,
        body,
        timeout,
        ..
    } = call.begin()
    else {
        panic!("nothing to send");
    };
    assert_eq!(
        (method.as_str(), url.as_str()),
        ("DELETE", "https://api.example/v1/links/lnk%2F1")
    );
    assert!(headers.contains(&("idempotency-key".to_owned(), "k".to_owned())));
    assert!(body.is_empty());
    assert_eq!(timeout, Duration::from_secs(20));

    let failure = |kind: &str| HostFailure {
        kind: kind.to_owned(),
        message: "gone".to_owned(),
        sent: None,
    };
    let HostAction::Sleep(time) = call.failed(failure("connect")) else {
        panic!("no retry");
    };
    assert_eq!(time, Duration::from_millis(250));
    assert!(matches!(call.slept(), HostAction::Send { .. }));
    let answer = |status, body: &'static str| HostAnswer {
        status,
        headers: vec![("X-Request-Id".to_owned(), b"req_2".to_vec())],
        body: body.into(),
    };
    // Larger than allowed: an error that keeps what is known, and no retry.
    let HostAction::Done(Err(failure)) = call.answered(answer(200, "0123456789a")) else {
        panic!("too large is not the end");
    };
    assert_eq!((failure.class, failure.status), ("DecodeError", Some(200)));
    assert_eq!(failure.request_id.as_deref(), Some("req_2"));
    assert_eq!(failure.attempts, 2);

    let mut call = client
        .start(number("links.list"), br#"{"args":{}}"#)
        .unwrap()
        .into_host_call(None);
    assert!(matches!(call.begin(), HostAction::Send { .. }));
    let HostAction::Done(Err(failure)) = call.answered(answer(7, "")) else {
        panic!("7 is no status");
    };
    assert_eq!(failure.class, "DecodeError");
}

#[test]
fn a_wait_between_tries_can_be_interrupted() {
    let server = serve(|_| Some(json("503 Service Unavailable", "retry-after: 29\r\n", "{}")));
    let client = client(&server.base_url, r#","hooks":["retry"]"#);
    let call = client
        .start(number("links.list"), br#"{"args":{}}"#)
        .unwrap();
    let waiting = Arc::new(AtomicBool::new(false));
    let begun = Arc::clone(&waiting);
    let listener: Listener = Arc::new(move |_| begun.store(true, Ordering::SeqCst));
    let interrupted = || waiting.load(Ordering::SeqCst);
    let ended = wait(call, Some(listener), TICK, interrupted, |_| Ok(()));
    assert!(ended.unwrap().is_none());
}
