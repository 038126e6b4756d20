//! The default transport against servers that break connections on purpose.

#[allow(dead_code, reason = "each test uses a part of it")]
#[path = "support/hostile.rs"]
mod hostile;

use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use approute::models::LinkCreate;
use approute::time::{BoxFuture, Timer};
use approute::{Client, ClientBuilder, Error, ErrorKind, Outcome, Response};
use hostile::{Act, Hostile, answer, self_signed};

/// The system's clock, on which the waits between tries (0.25 to 8 s) are over at once.
struct Impatient(Instant);

impl Timer for Impatient {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let wait = (Duration::from_millis(200)..=Duration::from_secs(9)).contains(&time);
        Box::pin(tokio::time::sleep(if wait { Duration::ZERO } else { time }))
    }
}

fn builder(url: impl Into<String>) -> ClientBuilder {
    Client::builder()
        .api_key("ak_hostile_key")
        .base_url(url)
        .timer(Impatient(Instant::now()))
}

async fn create(client: &Client) -> Result<Response<approute::bytes::Bytes>, Error> {
    let body = LinkCreate::new("https://example.com").title("x".repeat(1000));
    client.links().create(body).send_raw().await
}

/// The error of a call of which every try is treated so, with two tries.
async fn fails(act: Act) -> (Error, Hostile) {
    // Only who says nothing more is given up soon; anything else must fail by itself, on a busy machine too.
    let patience = match &act {
        Act::Stall | Act::AnswerAndStall(_) | Act::Slowly(..) => Duration::from_millis(80),
        _ => Duration::from_secs(20),
    };
    let server = Hostile::start(vec![act]).await;
    let client = builder(server.url())
        .attempt_timeout(patience)
        .max_retries(1)
        .build()
        .unwrap();
    let error = create(&client).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("ak_hostile_key"));
    (error, server)
}

const OK: &str = "200 OK";

#[tokio::test]
async fn refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = create(&builder(url).build().unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connection, 3));
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.message().contains("refused"), "{error}");
}

#[tokio::test]
async fn broken_connections_are_tried_again() {
    for act in [
        Act::ResetAtOnce,
        Act::ResetBeforeBody,
        Act::ResetAfterRequest,
        Act::HalfClose,
        Act::AnswerAndClose(Vec::new()),
        Act::AnswerAndClose(b"HTTP/1.1 200 OK\r\ncontent-".to_vec()),
        Act::AnswerAndClose(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":".to_vec()),
        Act::AnswerAndClose(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n".to_vec(),
        ),
        Act::AnswerAndClose(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfive\r\n{\"id\"\r\n".to_vec(),
        ),
        Act::AnswerAndClose(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        Act::AnswerAndClose(b"\x00\xff\x00\xff\r\n\r\n".to_vec()),
        Act::AnswerAndClose(b"HTTP/1.1 twohundred OK\r\n\r\n".to_vec()),
        Act::AnswerAndClose(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n".to_vec()),
    ] {
        let (error, server) = fails(act.clone()).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Connection, 2),
            "{act:?}: {error:?}"
        );
        assert_eq!(error.outcome(), Outcome::Unknown, "{act:?}");
        assert_eq!(server.connections(), 2, "{act:?}");
        assert!(error.is_retryable());

        // One broken connection does not spoil the call.
        let server = Hostile::start(vec![
            act.clone(),
            Act::AnswerAndClose(answer("201 Created", "", "{}")),
        ])
        .await;
        let created = create(&builder(server.url()).build().unwrap())
            .await
            .unwrap();
        assert_eq!(
            (created.attempts(), created.status().as_u16()),
            (2, 201),
            "{act:?}"
        );
        let keys: Vec<_> = server.requests().iter().map(|text| key_of(text)).collect();
        assert!(
            keys.iter().all(|key| *key == keys[0]),
            "the same key on every try: {keys:?}"
        );
    }
}

fn key_of(request: &str) -> String {
    let line = request
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("idempotency-key:"));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn stalls_run_into_the_timeout_of_the_try() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_vec();
    for act in [
        Act::Stall,
        Act::AnswerAndStall(b"HTTP/1.1 200 OK\r\ncontent-len".to_vec()),
        Act::AnswerAndStall(head.clone()),
        Act::AnswerAndStall([&head, &b"{\"id\":"[..]].concat()),
        Act::Slowly(answer(OK, "", "x".repeat(500)), Duration::from_millis(10)),
        Act::Slowly(b"HTTP/1.1 200 OK\r\n".repeat(20), Duration::from_millis(10)),
    ] {
        let started = Instant::now();
        let (error, server) = fails(act.clone()).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Timeout, 2),
            "{act:?}: {error:?}"
        );
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(started.elapsed() < Duration::from_secs(10));
        // Both tries' connections are closed, not left behind.
        server.until(|seen| seen.gone == 2).await;
    }
}

#[tokio::test]
async fn slow_and_in_time_is_fine() {
    let server = Hostile::start(vec![Act::Slowly(
        answer(OK, "", "{}"),
        Duration::from_millis(1),
    )])
    .await;
    let answer = create(&builder(server.url()).build().unwrap())
        .await
        .unwrap();
    assert_eq!((&answer[..], answer.attempts()), (&b"{}"[..], 1));
}

#[tokio::test]
async fn headers_without_end() {
    let start = b"HTTP/1.1 200 OK\r\n".to_vec();
    let (error, _) = fails(Act::Endless(start, b"x-more: of the same\r\n".repeat(100))).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connection, 2));
    let start = b"HTTP/1.1 200 OK\r\nx-long: ".to_vec();
    let (error, _) = fails(Act::Endless(start, vec![b'x'; 4096])).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connection, 2));
}

fn gzip(bytes: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..times {
        encoder.write_all(bytes).unwrap();
    }
    encoder.finish().unwrap()
}

async fn one_answer(bytes: Vec<u8>, max: u64) -> Result<Response<approute::bytes::Bytes>, Error> {
    let server = Hostile::start(vec![Act::AnswerAndClose(bytes)]).await;
    let client = builder(server.url())
        .max_response_bytes(max)
        .build()
        .unwrap();
    create(&client).await
}

#[tokio::test]
async fn oversized_bodies_end_the_call() {
    let kib = vec![b'x'; 1024];
    let announced =
        b"HTTP/1.1 200 OK\r\nx-request-id: req_big\r\ncontent-length: 99999999\r\n\r\n".to_vec();
    let chunked =
        b"HTTP/1.1 200 OK\r\nx-request-id: req_big\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"400\r\n", &kib[..], b"\r\n"].concat();
    for act in [
        Act::Endless(announced, kib.clone()),
        Act::Endless(chunked, chunk),
    ] {
        let server = Hostile::start(vec![act]).await;
        let client = builder(server.url())
            .max_response_bytes(100_000)
            .build()
            .unwrap();
        let error = create(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Decode, 1),
            "{error:?}"
        );
        assert_eq!(
            (error.outcome(), error.request_id()),
            (Outcome::Applied, Some("req_big"))
        );
        assert!(error.message().contains("max_response_bytes"), "{error}");
        server.until(|seen| seen.gone == 1).await;
    }
    let fits = one_answer(answer(OK, "", &kib), 1024).await.unwrap();
    assert_eq!(fits.len(), 1024);
    assert!(one_answer(answer(OK, "", &kib), 1023).await.is_err());
}

#[tokio::test]
async fn compressed_bodies_count_as_what_they_become() {
    let encoding = "content-encoding: gzip\r\n";
    let bomb = answer(OK, encoding, gzip(&[0; 1 << 20], 16));
    assert!(bomb.len() < 30_000);
    let error = one_answer(bomb, 1 << 20).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 1));
    assert_eq!(error.outcome(), Outcome::Applied);

    let text = b"{\"items\":[]}".repeat(1000);
    let fits = one_answer(answer(OK, encoding, gzip(&text, 1)), 1 << 20)
        .await
        .unwrap();
    assert_eq!(&fits[..], text);

    let mut corrupt = gzip(&text, 1);
    let middle = corrupt.len() / 2;
    corrupt[middle] ^= 0xff;
    for corrupt in [
        corrupt,
        b"not gzip at all, but long enough to be read".to_vec(),
    ] {
        let error = one_answer(answer(OK, encoding, corrupt), 1 << 20)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Decode, 1),
            "{error:?}"
        );
        assert_eq!(error.outcome(), Outcome::Applied);
    }
    // Cut short by the connection is not corrupt: it is tried again.
    let whole = gzip(&text, 1);
    let mut cut = answer(OK, encoding, &whole);
    cut.truncate(cut.len() - whole.len() / 2);
    let error = one_answer(cut, 1 << 20).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Connection, 3),
        "{error:?}"
    );
}

#[tokio::test]
async fn html_from_a_proxy() {
    let html = "<html><body>Please log in to the hotel's network</body></html>";
    let server = Hostile::start(vec![Act::AnswerAndClose(answer(
        OK,
        "content-type: text/html\r\n",
        html,
    ))])
    .await;
    let client = builder(server.url()).build().unwrap();
    let error = client.links().get("lnk_1").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 1));
    assert!(error.message().contains("text/html, not JSON"), "{error}");
    assert_eq!(
        (error.status().unwrap().as_u16(), error.body()),
        (200, html.as_bytes())
    );
    assert_eq!(error.headers()["content-type"], "text/html");

    let (error, _) = fails(Act::AnswerAndClose(answer(
        "502 Bad Gateway",
        "content-type: text/html\r\n",
        html,
    )))
    .await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 2));
    assert_eq!((error.code(), error.body()), (None, html.as_bytes()));
    assert_eq!(error.to_string(), "502: Bad Gateway (after 2 tries)");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Hostile::start(vec![Act::AnswerAndClose(answer(OK, "", "{}"))]).await;
    let location = format!("location: {}/v1/links\r\n", elsewhere.url());
    for status in [
        "301 Moved",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let (error, _) = fails(Act::AnswerAndClose(answer(status, &location, ""))).await;
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Api, 1));
        assert!(error.message().contains("not followed"), "{error}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn certificates_that_nobody_trusts_are_not_tried_again() {
    let (address, pem) = self_signed(answer(OK, "", "{}")).await;
    let url = format!("https://localhost:{}", address.port());
    let error = create(&builder(&url).build().unwrap()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Connection, 1),
        "{error:?}"
    );
    assert_eq!(
        (error.outcome(), error.is_retryable()),
        (Outcome::NotSent, false)
    );
    assert!(error.message().contains("extra_ca_pem"), "{error}");

    let client = builder(&url).extra_ca_pem(pem.clone()).build().unwrap();
    assert_eq!(&create(&client).await.unwrap()[..], b"{}");

    // The right certificate for another name is the wrong one.
    let url = format!("https://127.0.0.1:{}", address.port());
    let client = builder(&url).extra_ca_pem(pem).build().unwrap();
    let error = create(&client).await.unwrap_err();
    assert_eq!(
        (error.attempts(), error.outcome()),
        (1, Outcome::NotSent),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_proxy_that_wants_other_credentials_is_not_tried_again() {
    let refusal = answer(
        "407 Proxy Authentication Required",
        "proxy-authenticate: Basic\r\n",
        "",
    );
    let proxy = Hostile::start(vec![Act::AnswerAndClose(refusal)]).await;
    let client = builder("https://getapproute.example")
        .proxy(format!("http://user:proxy_s3cret@{}", proxy.address))
        .build()
        .unwrap();
    let error = create(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Connection, 1),
        "{error:?}"
    );
    assert_eq!(
        (error.outcome(), error.is_retryable()),
        (Outcome::NotSent, false)
    );
    assert!(error.message().contains("proxy"), "{error}");
    let shown = format!("{client:?} {error:?} {error}");
    assert!(
        !shown.contains("proxy_s3cret") && !shown.contains("ak_hostile_key"),
        "{shown}"
    );
    let request = &proxy.requests()[0];
    assert!(
        request.starts_with("CONNECT getapproute.example:443 "),
        "{request}"
    );
    assert!(!request.contains("ak_hostile_key"));
}

#[tokio::test]
async fn connections_are_kept_and_shared_by_copies() {
    let server = Hostile::start(vec![Act::KeepAlive(answer(OK, "", "{}"))]).await;
    let client = builder(server.url()).build().unwrap();
    for _ in 0..5 {
        create(&client).await.unwrap();
        create(&client.clone()).await.unwrap();
        let patient = approute::CallOptions::new().timeout(Duration::from_secs(300));
        create(&client.with_options(patient).unwrap())
            .await
            .unwrap();
    }
    assert_eq!((server.connections(), server.requests().len()), (1, 15));
}

#[tokio::test]
async fn a_dropped_call_leaves_nothing_behind() {
    let server = Hostile::start(vec![Act::Stall]).await;
    let client = builder(server.url()).build().unwrap();
    let call = tokio::spawn(async move { create(&client).await });
    server.until(|seen| seen.requests.len() == 1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    server.until(|seen| seen.gone == 1).await;
    assert_eq!(server.connections(), 1, "and nothing was tried again");
}

#[tokio::test]
async fn proxies_tunnel_tls_and_forward_plain_http() {
    let proxied = |url: &str, proxy: &Hostile| {
        let proxy = format!("http://user:pass@{}", proxy.address);
        let client = builder(url)
            .allow_insecure_http(true)
            .proxy(proxy)
            .max_retries(0);
        client.build().unwrap()
    };
    for (url, target) in [
        ("https://api.example", "CONNECT api.example:443 "),
        ("https://api.example:8443", "CONNECT api.example:8443 "),
    ] {
        let refusal = Act::AnswerAndClose(answer("403 Forbidden", "", ""));
        let proxy = Hostile::start(vec![refusal]).await;
        let error = create(&proxied(url, &proxy)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Connection, Outcome::NotSent)
        );
        let request = &proxy.requests()[0];
        assert!(request.starts_with(target), "{request}");
    }
    let proxy = Hostile::start(vec![Act::KeepAlive(answer(OK, "", "{}"))]).await;
    let client = proxied("http://api.example:8080/base", &proxy);
    create(&client).await.unwrap();
    create(&client).await.unwrap();
    let request = &proxy.requests()[1];
    let line = "POST http://api.example:8080/base/v1/links HTTP/1.1";
    assert_eq!(request.lines().next(), Some(line));
    assert!(
        request.contains("proxy-authorization: Basic dXNlcjpwYXNz"),
        "{request}"
    );
    assert_eq!(proxy.connections(), 1);
}
