//! Attempts over real sockets, with names that only the test's resolver knows.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::super::address::Special;
use super::receiver::{Names, Script, authority, endpoint, reply};
use super::*;

/// Long enough for a handshake on a busy machine.
const PATIENT: Duration = Duration::from_secs(10);
/// What the tests of the timeout wait for.
const SHORT: Duration = Duration::from_millis(400);

fn sender(
    mode: Mode,
    resolver: Arc<Names>,
    timeout: Duration,
    roots: Vec<CertificateDer<'static>>,
) -> Sender {
    Sender::new(Settings {
        mode,
        resolver,
        timeout,
        extra_roots: roots,
    })
    .expect("a trust store")
}

async fn deliver(sender: &Sender, mode: Mode, url: &str) -> Result<Answer, Failure> {
    let target = Target::parse(url, mode).expect(url);
    let headers = [("x-approute-signature", "sha256=00")];
    let headers = headers.map(|(name, value)| {
        (
            http::HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    sender
        .send(
            &target,
            headers.into_iter().collect(),
            Bytes::from_static(br#"{"the":"end"}"#),
        )
        .await
}

/// By plain http to this machine, as in development.
async fn deliver_here(script: Script, timeout: Duration) -> Result<Answer, Failure> {
    let endpoint = endpoint(script, None).await;
    let sender = sender(Mode::Development, Names::new(&[]), timeout, Vec::new());
    deliver(
        &sender,
        Mode::Development,
        &format!("http://127.0.0.1:{}/hook", endpoint.port),
    )
    .await
}

#[tokio::test]
async fn an_attempt_arrives_by_tls_as_it_was_signed() {
    let authority = authority();
    let mut endpoint = endpoint(
        reply("HTTP/1.1 204 No Content\r\n\r\n"),
        Some(authority.server),
    )
    .await;
    let names = Names::new(&[("hook.example", &["127.0.0.1"])]);
    let sender = sender(Mode::Development, names, PATIENT, vec![authority.root]);
    let url = format!("https://hook.example:{}/a?b=c", endpoint.port);
    let answer = deliver(&sender, Mode::Development, &url)
        .await
        .expect("an answer");
    assert_eq!(answer.status, 204);
    assert_eq!((answer.body.len(), answer.truncated), (0, false));

    let request = endpoint.requests.recv().await.expect("a request");
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    assert_eq!(body, r#"{"the":"end"}"#);
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /a?b=c HTTP/1.1"));
    let headers: HashMap<String, &str> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    assert_eq!(headers["host"], format!("hook.example:{}", endpoint.port));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-approute-signature"], "sha256=00");
    assert_eq!(headers["content-length"], "13");
    assert!(headers["user-agent"].starts_with("AppRoute-Webhooks/"));
    assert!(!headers.contains_key("accept-encoding"));
}

/// The name is public when it is looked at and points here when it is called.
#[tokio::test]
async fn dns_rebinding_gains_nothing() {
    let authority = authority();
    let endpoint = endpoint(reply("HTTP/1.1 200 OK\r\n\r\n"), Some(authority.server)).await;
    let names = Names::new(&[("hook.example", &["1.1.1.1", "127.0.0.1"])]);
    assert_eq!(
        names.resolve("hook.example").await.expect("public"),
        ["1.1.1.1".parse::<IpAddr>().expect("an address")]
    );
    let sender = sender(
        Mode::Production,
        names.clone(),
        PATIENT,
        vec![authority.root],
    );
    let url = format!("https://hook.example:{}/", endpoint.port);
    for _ in 0..2 {
        let failure = deliver(&sender, Mode::Production, &url)
            .await
            .expect_err("refused");
        let Failure::Forbidden(forbidden) = failure else {
            panic!("{failure:?}")
        };
        assert_eq!(forbidden.special, Special::Loopback);
    }
    assert_eq!(
        names.asked.load(Ordering::SeqCst),
        3,
        "every connection asks anew"
    );
    assert_eq!(endpoint.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn every_special_address_behind_a_name_is_refused() {
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "::ffff:127.0.0.1",
        "fd00:ec2::254",
    ] {
        let names = Names::new(&[("hook.example", &[address])]);
        let sender = sender(Mode::Production, names, PATIENT, Vec::new());
        let failure = deliver(&sender, Mode::Production, "https://hook.example/").await;
        assert!(
            matches!(failure, Err(Failure::Forbidden(_))),
            "{address}: {failure:?}"
        );
    }
}

/// Development's plain http goes to loopback, even where a resolver gives `localhost` another address.
#[tokio::test]
async fn localhost_is_this_machine() {
    let endpoint = endpoint(reply("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), None).await;
    let names = Names::new(&[("localhost", &["10.0.0.1"])]);
    let sender = sender(Mode::Development, names, PATIENT, Vec::new());
    for host in ["localhost", "hooks.localhost"] {
        let url = format!("http://{host}:{}/", endpoint.port);
        assert_eq!(
            deliver(&sender, Mode::Development, &url)
                .await
                .map(|answer| answer.status.as_u16()),
            Ok(200)
        );
    }
}

#[tokio::test]
async fn redirects_are_answers_and_not_followed() {
    let elsewhere = endpoint(reply("HTTP/1.1 200 OK\r\n\r\n"), None).await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n",
            elsewhere.port
        );
        let answer = deliver_here(Script::Reply(head), PATIENT)
            .await
            .expect("an answer");
        assert_eq!(answer.status, status);
    }
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_refusal_carries_its_status_its_wish_and_its_words() {
    let text = "HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 5\r\n\r\nsorry";
    let answer = deliver_here(reply(text), PATIENT).await.expect("an answer");
    assert_eq!(
        (answer.status.as_u16(), answer.retry_after.as_deref()),
        (503, Some("120"))
    );
    assert_eq!((&answer.body[..], answer.truncated), (&b"sorry"[..], false));
}

#[tokio::test]
async fn only_the_beginning_of_a_body_is_read() {
    let exactly = "y".repeat(KEPT_BODY);
    let answer = deliver_here(reply(&format!("HTTP/1.1 200 OK\r\n\r\n{exactly}")), PATIENT)
        .await
        .expect("an answer");
    assert_eq!((answer.body.len(), answer.truncated), (KEPT_BODY, false));

    let (report, mut reports) = mpsc::unbounded_channel();
    let answer = deliver_here(
        Script::Flood("HTTP/1.1 200 OK\r\n\r\n".to_owned(), report),
        PATIENT,
    )
    .await;
    let answer = answer.expect("an answer");
    assert_eq!(
        (answer.status.as_u16(), answer.body.len(), answer.truncated),
        (200, KEPT_BODY, true)
    );
    let sent = reports.recv().await.expect("the connection was closed");
    assert!(sent < 64 << 20, "the endpoint could send {sent} bytes");
}

#[tokio::test]
async fn the_timeout_covers_every_phase() {
    let began = Instant::now();
    let silent = deliver_here(Script::Stall(String::new()), SHORT).await;
    assert_eq!(silent, Err(Failure::Timeout));
    let half_a_head =
        deliver_here(Script::Stall("HTTP/1.1 200 OK\r\nx-a: ".to_owned()), SHORT).await;
    assert_eq!(half_a_head, Err(Failure::Timeout));

    let unresolving = sender(
        Mode::Production,
        Names::new(&[("hook.example", &[])]),
        SHORT,
        Vec::new(),
    );
    assert_eq!(
        deliver(&unresolving, Mode::Production, "https://hook.example/").await,
        Err(Failure::Timeout)
    );

    // A port that accepts and never speaks TLS.
    let mute = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = mute.local_addr().expect("an address").port();
    let handshake = sender(Mode::Development, Names::new(&[]), SHORT, Vec::new());
    let url = format!("https://127.0.0.1:{port}/");
    assert_eq!(
        deliver(&handshake, Mode::Development, &url).await,
        Err(Failure::Timeout)
    );

    // The status is there, so it counts; the body's end is not waited for beyond the time.
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_owned();
    let answer = deliver_here(Script::Stall(head), SHORT)
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..], answer.truncated),
        (200, &b"half"[..], true)
    );
    assert!(began.elapsed() >= 5 * SHORT, "each took its time");
    assert!(began.elapsed() < 5 * SHORT + PATIENT);
}

#[tokio::test]
async fn what_goes_wrong_has_a_name() {
    assert!(matches!(
        deliver_here(reply("SSH-2.0-OpenSSH_9.2\r\n"), PATIENT).await,
        Err(Failure::Broken(_))
    ));
    assert!(matches!(
        deliver_here(reply(""), PATIENT).await,
        Err(Failure::Broken(_))
    ));

    let unknown = sender(Mode::Production, Names::new(&[]), PATIENT, Vec::new());
    assert_eq!(
        deliver(&unknown, Mode::Production, "https://hook.example/").await,
        Err(Failure::Unresolved)
    );

    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = closed.local_addr().expect("an address").port();
    drop(closed);
    let sender_here = sender(Mode::Development, Names::new(&[]), PATIENT, Vec::new());
    let refused = deliver(
        &sender_here,
        Mode::Development,
        &format!("http://127.0.0.1:{port}/"),
    )
    .await;
    assert!(matches!(refused, Err(Failure::Connect(_))), "{refused:?}");

    // A certificate that nobody trusts, and one for another name.
    let authority = authority();
    let endpoint = endpoint(reply("HTTP/1.1 200 OK\r\n\r\n"), Some(authority.server)).await;
    for (host, roots) in [
        ("hook.example", vec![]),
        ("other.example", vec![authority.root]),
    ] {
        let names = Names::new(&[
            ("hook.example", &["127.0.0.1"]),
            ("other.example", &["127.0.0.1"]),
        ]);
        let sender = sender(Mode::Development, names, PATIENT, roots);
        let failure = deliver(
            &sender,
            Mode::Development,
            &format!("https://{host}:{}/", endpoint.port),
        )
        .await;
        assert!(
            matches!(failure, Err(Failure::Connect(_))),
            "{host}: {failure:?}"
        );
    }
}

/// The environment is set for a process of its own, since it belongs to all threads.
#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    const MARK: &str = "APPROUTE_TEST_BEHIND_PROXY";
    let ok = reply("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    if std::env::var_os(MARK).is_some() {
        assert_eq!(
            deliver_here(ok, PATIENT)
                .await
                .map(|answer| answer.status.as_u16()),
            Ok(200)
        );
        return;
    }
    let proxy = endpoint(reply("HTTP/1.1 502 Proxy\r\n\r\n"), None).await;
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let mut child = tokio::task::spawn_blocking(move || {
        let mut command = std::process::Command::new(std::env::current_exe().expect("this test"));
        command
            .args([
                "--exact",
                "webhook::send::tests::proxies_of_the_environment_are_ignored",
            ])
            .env(MARK, "1");
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            command.env(name, &address);
        }
        command
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .expect("it runs")
    });
    let output = (&mut child).await.expect("no panic");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    assert_eq!(proxy.connections.load(Ordering::SeqCst), 0);
}
