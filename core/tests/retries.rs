//! The retry loop, on a clock that does not wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use approute::mock::{MockTransport, Reply};
use approute::models::LinkCreate;
use approute::transport::TransportErrorKind as Failure;
use approute::{CallOptions, Client, ClientBuilder, Error, ErrorKind, Outcome};

/// A mock that always answers so, and a client with jitter at its least.
fn always(reply: Reply) -> (MockTransport, Client) {
    let mock = MockTransport::new();
    mock.when("GET", "/v1/links/lnk_1", reply.clone());
    mock.when("POST", "/v1/links", reply);
    let client = mock.builder().random(|| 0).build().unwrap();
    (mock, client)
}

async fn get(client: &Client) -> Result<u32, Error> {
    let link = client.links().get("lnk_1").send_raw().await?;
    Ok(link.attempts())
}

async fn create(client: &Client) -> Result<u32, Error> {
    let body = LinkCreate::new("https://example.com");
    Ok(client.links().create(body).send_raw().await?.attempts())
}

#[tokio::test]
async fn the_table_of_statuses() {
    for status in 300..=599u16 {
        let retried = [408, 429, 500, 502, 503, 504].contains(&status);
        let tries = if retried { 3 } else { 1 };
        for (header, expected) in [(None, tries), (Some("true"), 3), (Some("false"), 1)] {
            let mut reply = Reply::new(status);
            if let Some(value) = header {
                reply = reply.header("x-should-retry", value);
            }
            let (mock, client) = always(reply);
            for error in [
                get(&client).await.unwrap_err(),
                create(&client).await.unwrap_err(),
            ] {
                assert_eq!(error.attempts(), expected, "{status} {header:?}");
                assert_eq!(error.is_retryable(), expected == 3, "{status} {header:?}");
                assert_eq!(error.status().unwrap(), status);
            }
            assert_eq!(mock.requests().len(), 2 * expected as usize);
        }
    }
}

#[tokio::test]
async fn a_success_is_never_repeated() {
    let (mock, client) = always(Reply::new(200).header("x-should-retry", "true"));
    assert_eq!(get(&client).await.unwrap(), 1);
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn the_table_of_failures() {
    for (kind, tries, expected, outcome) in [
        (Failure::Connect, 3, ErrorKind::Connection, Outcome::NotSent),
        (
            Failure::Interrupted,
            3,
            ErrorKind::Connection,
            Outcome::Unknown,
        ),
        (Failure::Timeout, 3, ErrorKind::Timeout, Outcome::Unknown),
        (
            Failure::Certificate,
            1,
            ErrorKind::Connection,
            Outcome::NotSent,
        ),
        (
            Failure::ProxyAuthentication,
            1,
            ErrorKind::Connection,
            Outcome::NotSent,
        ),
        (Failure::TooLarge, 1, ErrorKind::Decode, Outcome::Unknown),
        (Failure::Undecodable, 1, ErrorKind::Decode, Outcome::Unknown),
        (
            Failure::Configuration,
            1,
            ErrorKind::Configuration,
            Outcome::NotSent,
        ),
    ] {
        let (mock, client) = always(Reply::failure(kind));
        let error = create(&client).await.unwrap_err();
        assert_eq!(error.attempts(), tries, "{kind:?}");
        assert_eq!(error.kind(), expected, "{kind:?}");
        assert_eq!(error.outcome(), outcome, "{kind:?}");
        assert_eq!(error.is_retryable(), tries == 3, "{kind:?}");
        assert_eq!(mock.requests().len(), tries as usize);
        assert!(
            std::error::Error::source(&error).is_some(),
            "the cause is kept"
        );
    }
}

#[tokio::test]
async fn zero_retries_is_exactly_one_try() {
    for reply in [Reply::new(503), Reply::reset(), Reply::never()] {
        let (mock, client) = always(reply);
        let error = client
            .links()
            .get("lnk_1")
            .max_retries(0)
            .await
            .unwrap_err();
        assert_eq!((error.attempts(), mock.requests().len()), (1, 1));
        assert!(mock.waits().is_empty());
    }
}

#[tokio::test]
async fn waits_double_within_their_jitter() {
    let least = [250, 500, 1000, 2000, 4000, 4000].map(Duration::from_millis);
    let (mock, _) = always(Reply::new(500));
    let client = |random: u64| {
        mock.builder()
            .random(move || random)
            .max_retries(6)
            .build()
            .unwrap()
    };
    get(&client(0)).await.unwrap_err();
    assert_eq!(mock.waits(), least);
    get(&client(u64::MAX)).await.unwrap_err();
    for (most, least) in mock.waits()[6..].iter().zip(least) {
        assert!(
            *most <= 2 * least && *most > 2 * least - Duration::from_millis(1),
            "{most:?}"
        );
    }
}

#[tokio::test]
async fn the_server_may_name_the_wait() {
    let seconds = Duration::from_secs;
    let backoff = Duration::from_millis(250);
    // The mock's wall clock starts at 2026-11-01T00:00:00Z.
    for (name, value, expected) in [
        ("retry-after", "7", Some(seconds(7))),
        ("retry-after", "0", Some(seconds(0))),
        ("retry-after", "30", Some(seconds(30))),
        ("retry-after", "31", None),
        ("retry-after-ms", "1500", Some(Duration::from_millis(1500))),
        ("retry-after-ms", "30001", None),
        (
            "retry-after",
            "Sun, 01 Nov 2026 00:00:09 GMT",
            Some(seconds(9)),
        ),
        ("retry-after", "Sun, 01 Nov 2026 00:01:00 GMT", None),
        (
            "retry-after",
            "Sat, 31 Oct 2026 23:59:00 GMT",
            Some(backoff),
        ),
        ("retry-after", "soon", Some(backoff)),
        ("retry-after", "-1", Some(backoff)),
    ] {
        for status in [429, 503] {
            let (mock, client) = always(Reply::new(status).header(name, value));
            let error = client
                .links()
                .get("lnk_1")
                .max_retries(1)
                .await
                .unwrap_err();
            assert_eq!(mock.waits(), Vec::from_iter(expected), "{name}: {value}");
            assert_eq!(error.status().unwrap(), status);
            assert!(error.is_retryable());
        }
    }
    let (mock, _) = always(Reply::new(503).header("retry-after", "10"));
    let client = mock
        .builder()
        .random(|| u64::MAX)
        .max_retries(1)
        .build()
        .unwrap();
    get(&client).await.unwrap_err();
    assert!(mock.waits()[0] > seconds(10) && mock.waits()[0] <= seconds(11));
}

#[tokio::test]
async fn a_wait_that_would_pass_the_timeout_ends_the_call_at_once() {
    let (mock, client) = always(Reply::new(503).header("retry-after", "20"));
    let error = client
        .links()
        .get("lnk_1")
        .max_retries(9)
        .timeout(Duration::from_secs(45))
        .await
        .unwrap_err();
    assert_eq!(
        error.attempts(),
        3,
        "0 s, 20 s and 40 s; 60 s would be too late"
    );
    assert_eq!(error.status().unwrap(), 503);
    assert_eq!(mock.waits().len(), 2);
}

#[tokio::test]
async fn each_try_and_the_whole_call_have_their_limit() {
    // 8 s, 0.25 s, 8 s, 0.5 s, and then 3.25 s are left.
    let (mock, client) = always(Reply::never());
    let limited = client.links().get("lnk_1");
    let limited = limited
        .attempt_timeout(Duration::from_secs(8))
        .timeout(Duration::from_secs(20));
    let error = limited.await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 3));
    assert!(error.message().contains("`timeout`"), "{error}");
    let error = client
        .links()
        .get("lnk_1")
        .max_retries(0)
        .await
        .unwrap_err();
    assert!(error.message().contains("`attempt_timeout`"), "{error}");
    assert_eq!(mock.waits()[..2], [250, 500].map(Duration::from_millis));
}

#[tokio::test]
async fn every_try_carries_the_same_key_and_body() {
    let (mock, client) = always(Reply::new(502));
    let error = create(&client).await.unwrap_err();
    let first = &mock.requests()[0];
    let key = first.header("idempotency-key").unwrap();
    assert_eq!(error.idempotency_key(), Some(key));
    assert!(mock.requests().iter().all(|request| request == first));
    // With randomness, another call has another key; reads have none.
    let client = mock.builder().build().unwrap();
    let other = create(&client).await.unwrap_err();
    assert_ne!(other.idempotency_key(), Some(key));
    assert_eq!(get(&client).await.unwrap_err().idempotency_key(), None);
}

fn in_flight() -> Reply {
    Reply::problem(409, "idempotency_in_flight", "Still running.").header("retry-after", "1")
}

#[tokio::test]
async fn a_call_in_flight_is_polled_outside_the_retries() {
    let mock = MockTransport::new();
    for _ in 0..20 {
        mock.reply(in_flight());
    }
    mock.reply(Reply::new(200));
    let client = mock.builder().random(|| 0).max_retries(0).build().unwrap();
    assert_eq!(create(&client).await.unwrap(), 21);
    assert_eq!(mock.waits(), [Duration::from_secs(1); 20]);
    mock.assert_done();

    let (mock, client) = always(in_flight());
    let error = create(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Conflict, 90),
        "until the deadline"
    );
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(mock.waits().len(), 89);

    // Its own rules for the wait, and no polling where the server forbids it.
    for (reply, tries) in [
        (in_flight().header("retry-after", "31"), 1),
        (in_flight().header("x-should-retry", "false"), 1),
        (in_flight().header("retry-after", "soon"), 90),
    ] {
        let (_, client) = always(reply);
        assert_eq!(create(&client).await.unwrap_err().attempts(), tries);
    }
}

#[tokio::test]
async fn polls_and_retries_are_counted_apart() {
    let mock = MockTransport::new();
    for reply in [
        Reply::new(503),
        in_flight(),
        Reply::new(503),
        in_flight(),
        Reply::new(503),
    ] {
        mock.reply(reply);
    }
    let client = mock.builder().random(|| 0).build().unwrap();
    let error = create(&client).await.unwrap_err();
    assert_eq!(
        (error.attempts(), error.status().unwrap().as_u16()),
        (5, 503)
    );
    let waits = [250, 1000, 500, 1000].map(Duration::from_millis);
    assert_eq!(mock.waits(), waits);
}

/// How many retries the budget still allows, measured by using it up.
async fn drain(mock: &MockTransport, client: &Client) -> usize {
    mock.when("GET", "/v1/links/drain", Reply::new(500));
    let before = mock.requests().len();
    let client = client
        .with_options(CallOptions::new().max_retries(1))
        .unwrap();
    let mut calls = 0;
    loop {
        calls += 1;
        let error = client.links().get("drain").await.unwrap_err();
        if error.attempts() == 1 {
            return mock.requests().len() - before - calls;
        }
    }
}

#[tokio::test]
async fn the_budget_is_shared_and_runs_out() {
    let (mock, client) = always(Reply::new(500));
    let copy = client.clone();
    let other = client
        .with_options(CallOptions::new().header("x-team", "a"))
        .unwrap();
    for client in [&client, &copy, &other].iter().cycle().take(30) {
        assert_eq!(get(client).await.unwrap_err().attempts(), 3);
    }
    // 30 calls took 2 × 5 each, so 200 are left.
    assert_eq!(drain(&mock, &copy).await, 40);
    assert_eq!(get(&client).await.unwrap_err().attempts(), 1);
    let fresh = mock.builder().build().unwrap();
    assert_eq!(
        get(&fresh).await.unwrap_err().attempts(),
        3,
        "each client has its own"
    );
}

#[tokio::test]
async fn successes_fill_the_budget_again() {
    let (mock, client) = always(Reply::new(200));
    assert_eq!(drain(&mock, &client).await, 100);
    for _ in 0..14 {
        get(&client).await.unwrap();
    }
    assert_eq!(drain(&mock, &client).await, 2, "14 successes are 14");

    // A retry that succeeds gives back what it took itself, and not what an earlier one of its call took.
    let mock = MockTransport::new();
    let client = mock.builder().build().unwrap();
    for reply in [Reply::new(500), Reply::new(500), Reply::new(200)] {
        mock.reply(reply);
    }
    assert_eq!(get(&client).await.unwrap(), 3);
    assert_eq!(drain(&mock, &client).await, 99);
}

#[tokio::test]
async fn what_retries_cost() {
    for (reply, calls, left) in [
        (Reply::never(), 10, 80),
        (Reply::refused(), 10, 90),
        (Reply::new(503).header("retry-after", "0"), 10, 90),
        (Reply::new(429).header("retry-after", "0"), 10, 100),
        (Reply::new(429), 10, 90),
        (in_flight().header("x-should-retry", "false"), 10, 100),
    ] {
        let (mock, client) = always(reply.clone());
        for _ in 0..calls {
            client
                .links()
                .get("lnk_1")
                .max_retries(1)
                .await
                .unwrap_err();
        }
        assert_eq!(drain(&mock, &client).await, left, "{reply:?}");
    }
}

#[tokio::test]
async fn hooks_see_every_try_and_no_secret() {
    let mock = MockTransport::new();
    mock.reply(Reply::new(503))
        .reply(Reply::reset())
        .reply(Reply::new(200));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = |seen: &Arc<Mutex<Vec<String>>>, line: String| seen.lock().unwrap().push(line);
    let (a, b, c) = (seen.clone(), seen.clone(), seen.clone());
    let client = mock
        .builder()
        .random(|| 0)
        .on_request(move |request| {
            assert!(!format!("{request:?}").contains("test_key"));
            assert!(request.headers.contains_key("user-agent"));
            note(
                &a,
                format!("send {} {}", request.attempt, request.operation),
            );
        })
        .on_response(move |response| {
            let status = response.status.map(|status| status.as_u16());
            note(
                &b,
                format!("end {} {status:?} {:?}", response.attempt, response.failure),
            );
        })
        .on_retry(move |retry| {
            note(
                &c,
                format!("wait {} {:?} {}", retry.attempt, retry.wait, retry.reason),
            );
        })
        .build()
        .unwrap();
    create(&client).await.unwrap();
    let expected = [
        "send 1 links.create",
        "end 1 Some(503) None",
        "wait 1 250ms Service Unavailable",
        "send 2 links.create",
        "end 2 None Some(\"mock: Interrupted\")",
        "wait 2 500ms mock: Interrupted",
        "send 3 links.create",
        "end 3 Some(200) None",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_key_provider_is_asked_for_each_call() {
    let mock = MockTransport::new();
    let count = AtomicU64::new(0);
    let builder: ClientBuilder = mock.builder();
    let client = builder
        .api_key_provider(move || match count.fetch_add(1, Ordering::Relaxed) {
            0 => Ok("first".to_owned()),
            1 => Ok("second".to_owned()),
            2 => Ok("with space".to_owned()),
            _ => Err("the vault is sealed"),
        })
        .build()
        .unwrap();
    mock.reply(Reply::new(503))
        .reply(Reply::new(200))
        .reply(Reply::new(200));
    get(&client).await.unwrap();
    get(&client).await.unwrap();
    let keys: Vec<_> = mock
        .requests()
        .iter()
        .map(|r| r.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(keys, ["Bearer first", "Bearer first", "Bearer second"]);
    for part in ["copy it again", "`api_key` function failed"] {
        let error = get(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Configuration, Outcome::NotSent)
        );
        assert!(error.to_string().contains(part), "{error}");
    }
}
