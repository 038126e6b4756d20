//! Calls that are left in the middle and taken up again, against a server that is really there.

mod support;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use approute::models::LinkPage;
use approute_bridge::{
    Client, Failure, Notice, Pause, RawResponse, Resumable, decode_json, panic_on_purpose, split,
};
use support::{Seen, client, json, number, page, serve};

const TICK: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(30);

fn read_page(raw: RawResponse) -> Result<LinkPage, Failure> {
    Ok(split(decode_json(raw)?).0)
}

fn list(client: &Client, tells: bool) -> Resumable<LinkPage> {
    let call = client.start(number("links.list"), br#"{"args":{}}"#);
    Resumable::new(call.unwrap(), tells, read_page)
}

/// Asks whether the server has got a request.
fn has_request(seen: &Mutex<Receiver<Seen>>) -> bool {
    matches!(seen.lock().unwrap().try_recv(), Ok(Seen::Request(_)))
}

fn internal(pause: Pause<LinkPage>) -> String {
    match pause {
        Pause::Done(Err(failure)) => {
            assert_eq!(failure.class, "ApprouteError");
            failure.message.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_runs_to_its_end_and_ends_once() {
    let server = serve(|_| Some(page()));
    let client = client(&server.base_url, "");
    let mut call = list(&client, true);
    assert!(server.seen.try_recv().is_err(), "it has not begun");
    let Pause::Done(Ok(page)) = call.run(TICK, || false) else {
        panic!("nobody interrupts, and no hook is asked for");
    };
    assert!(page.items.is_empty());
    let again = internal(call.run(TICK, || false));
    assert_eq!(again, "the call has ended already");
    assert!(matches!(server.seen.try_recv(), Ok(Seen::Request(_))));
    assert!(server.seen.try_recv().is_err(), "it was sent once");
}

#[test]
fn a_call_that_was_left_goes_on_where_it_was() {
    let (release, released) = channel();
    let released = Mutex::new(released);
    let server = serve(move |_| {
        released.lock().unwrap().recv().ok()?;
        Some(page())
    });
    let client = client(&server.base_url, "");
    let seen = Mutex::new(server.seen);
    let here = std::thread::current().id();
    let mut call = list(&client, false);
    let pause = call.run(TICK, || {
        assert_eq!(std::thread::current().id(), here, "asked on this thread");
        has_request(&seen)
    });
    assert!(matches!(pause, Pause::Interrupted), "{pause:?}");

    // What the interruption is for: the user's own code, which makes a call itself.
    let other = serve(|_| Some(page()));
    let inner = support::client(&other.base_url, "");
    let pause = list(&inner, false).run(TICK, || false);
    assert!(matches!(pause, Pause::Done(Ok(_))), "{pause:?}");

    let mut asked = 0;
    let pause = call.run(TICK, || {
        asked += 1;
        asked == 3
    });
    assert!(matches!(pause, Pause::Interrupted), "{pause:?}");
    release.send(()).unwrap();
    let pause = call.run(TICK, || false);
    assert!(matches!(pause, Pause::Done(Ok(_))), "{pause:?}");
    assert!(!has_request(&seen), "the server saw one request");
}

#[test]
fn what_is_told_comes_before_the_end() {
    let server = serve(|count| {
        Some(match count {
            0 => json("503 Service Unavailable", "", "{}"),
            _ => page(),
        })
    });
    let settings = r#","hooks":["request","response","retry","log"],"log_level":"info","clock":{"start":0},"random":0"#;
    let client = client(&server.base_url, settings);
    let mut told = Vec::new();
    let mut call = list(&client, true);
    let result = loop {
        match call.run(TICK, || false) {
            Pause::Notices(notices) => {
                assert!(!notices.is_empty());
                told.extend(notices.iter().map(|notice| match notice {
                    Notice::Request { attempt, .. } => format!("request {attempt}"),
                    Notice::Response { status, .. } => format!("response {}", status.unwrap()),
                    Notice::Retry { wait, .. } => format!("retry {wait}"),
                    Notice::Log { .. } => "log".to_owned(),
                }));
            }
            Pause::Done(result) => break result,
            Pause::Interrupted => panic!("nobody interrupts"),
        }
    };
    result.unwrap();
    let expected = "request 1, response 503, retry 250, request 2, response 200, log";
    assert_eq!(told.join(", "), expected);
    assert_eq!(client.clock().unwrap().elapsed(), 250.0);

    // The same client, but nobody wants to hear it.
    let pause = list(&client, false).run(TICK, || false);
    assert!(matches!(pause, Pause::Done(Ok(_))), "{pause:?}");
}

#[test]
fn a_cancelled_call_closes_its_connection() {
    let server = serve(|_| None);
    let client = client(&server.base_url, "");
    let seen = Mutex::new(server.seen);
    let mut call = list(&client, false);
    let pause = call.run(TICK, || has_request(&seen));
    assert!(matches!(pause, Pause::Interrupted), "{pause:?}");
    call.cancel();
    // Nothing but a closed connection lets the server go on.
    let closed = seen.lock().unwrap().recv_timeout(LONG);
    assert_eq!(closed, Ok(Seen::Closed));
    let again = internal(call.run(TICK, || false));
    assert_eq!(again, "the call has ended already");
    call.cancel();
}

#[test]
fn a_panic_ends_the_call_and_nothing_else() {
    let server = serve(|_| Some(page()));
    let client = client(&server.base_url, "");
    let start = || client.start(number("links.list"), br#"{"args":{}}"#);
    let mut call = Resumable::new(start().unwrap(), false, |_| panic_on_purpose());
    internal(call.run(TICK, || false));
    let again = internal(call.run(TICK, || false));
    assert_eq!(again, "the call has ended already");

    let silent = serve(|_| None);
    let other = support::client(&silent.base_url, "");
    let mut call = list(&other, false);
    internal(call.run(TICK, || panic_on_purpose::<()>().is_ok()));

    let pause = list(&client, false).run(TICK, || false);
    assert!(matches!(pause, Pause::Done(Ok(_))), "{pause:?}");
}
