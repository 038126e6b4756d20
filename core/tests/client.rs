//! Setting clients up, and what they never show.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use approute::mock::{MockTransport, Reply};
use approute::models::{LinkCreate, LinkUpdate, WebhookCreate};
use approute::{CallOptions, Client, ClientBuilder, Error, ErrorKind, LogLevel, Secret};
use serde_json::json;

const KEY: &str = "ak_live_s3cretkey";

fn builder() -> ClientBuilder {
    Client::builder().api_key(KEY).ignore_env()
}

#[test]
fn bad_arguments_fail_in_the_constructor_and_say_what_to_do() {
    let rows: Vec<(ClientBuilder, &str)> = vec![
        (Client::builder().ignore_env(), "APPROUTE_API_KEY"),
        (builder().api_key(""), "APPROUTE_API_KEY"),
        (builder().api_key("ak s3cretkey"), "copy it again"),
        (builder().api_key("ak_s3cretkey\n"), "copy it again"),
        (builder().api_key("ak_s3cretkeyé"), "copy it again"),
        (builder().base_url(""), "not a URL"),
        (builder().base_url("getapproute.com"), "not a URL"),
        (builder().base_url("ftp://getapproute.com"), "https://"),
        (
            builder().base_url("http://getapproute.com"),
            "allow_insecure_http",
        ),
        (
            builder().base_url("http://127.0.0.1.evil.example"),
            "allow_insecure_http",
        ),
        (
            builder().base_url("http://localhost.evil.example"),
            "allow_insecure_http",
        ),
        (
            builder().base_url("https://u:s3cretkey@getapproute.com"),
            "user name",
        ),
        (
            builder().base_url("https://getapproute.com?s3cretkey=1"),
            "query",
        ),
        (
            builder().base_url("https://getapproute.com#s3cretkey"),
            "fragment",
        ),
        (builder().timeout(Duration::ZERO), "`timeout`"),
        (
            builder().attempt_timeout(Duration::ZERO),
            "`attempt_timeout`",
        ),
        (
            builder().connect_timeout(Duration::ZERO),
            "`connect_timeout`",
        ),
        (
            builder().default_header("bad name", "s3cretkey"),
            "`bad name`",
        ),
        (
            builder().default_header("x-a", "s3cretkey\r\nx-b: c"),
            "`x-a`",
        ),
        (builder().default_header("Host", "s3cretkey"), "host"),
        (builder().proxy("u:s3cretkey@"), "`proxy`"),
        (builder().extra_ca_pem("s3cretkey"), "BEGIN CERTIFICATE"),
        (
            builder().extra_ca_pem("-----BEGIN CERTIFICATE-----\ns3cretkey\n"),
            "extra_ca_pem",
        ),
        (
            builder()
                .extra_ca_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "extra_ca_pem",
        ),
    ];
    for (builder, part) in rows {
        let error = builder.build().expect_err(part);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(part), "{part}: {error}");
        assert!(
            !format!("{error:?} {error}").contains("s3cretkey"),
            "{error:?}"
        );
    }
}

#[test]
fn base_urls_that_are_fine() {
    for (given, kept) in [
        ("https://getapproute.com", "https://getapproute.com"),
        (" https://getapproute.com/ ", "https://getapproute.com"),
        (
            "https://gateway.example/approute//",
            "https://gateway.example/approute",
        ),
        ("http://localhost:8787", "http://localhost:8787"),
        ("http://app.localhost", "http://app.localhost"),
        ("http://127.9.9.9:1/", "http://127.9.9.9:1"),
        ("http://[::1]:8787", "http://[::1]:8787"),
        ("http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]"),
    ] {
        assert_eq!(builder().base_url(given).build().unwrap().base_url(), kept);
    }
    let insecure = builder()
        .base_url("http://10.0.0.1")
        .allow_insecure_http(true);
    assert_eq!(insecure.build().unwrap().base_url(), "http://10.0.0.1");
}

#[tokio::test]
async fn options_of_client_copy_and_call_add_up() {
    let mock = MockTransport::new();
    mock.when("GET", "/v1/links/lnk_1", Reply::new(200));
    let client = mock
        .builder()
        .default_header("X-Team", "default")
        .default_header("x-a", "1");
    let client = client.build().unwrap();
    let copy = CallOptions::new()
        .header("x-team", "copy")
        .query("trace", "1");
    let copy = client.with_options(copy).unwrap();
    let call = copy
        .links()
        .get("lnk_1")
        .header("x-call", "2")
        .query("a b", "c&d");
    call.send_raw().await.unwrap();
    let request = mock.last_request().unwrap();
    assert_eq!(request.to_string(), "GET /v1/links/lnk_1?trace=1&a+b=c%26d");
    for (name, value) in [("x-team", "copy"), ("x-a", "1"), ("x-call", "2")] {
        assert_eq!(request.header(name), Some(value));
    }
    client.links().get("lnk_1").send_raw().await.unwrap();
    assert_eq!(
        mock.last_request().unwrap().header("x-team"),
        Some("default")
    );

    let error = client
        .links()
        .get("lnk_1")
        .header("bad name", "x")
        .send_raw()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Configuration, 0)
    );
    assert!(
        client
            .with_options(CallOptions::new().idempotency_key(""))
            .is_err()
    );
    assert_eq!(mock.requests().len(), 2, "nothing was sent");
}

#[tokio::test]
async fn a_confirmation_goes_into_its_header_and_nowhere_else() {
    let mock = MockTransport::new();
    let problem = json!({
        "type": "about:blank", "title": "Conflict", "status": 409, "code": "confirmation_required",
        "detail": "Confirm.", "request_id": "req_1", "doc_url": "https://getapproute.com/docs/api", "errors": [],
        "confirmation": {"token": "cnf_s3crettoken", "delete_count": 26, "expires_at": "2026-11-01T00:10:00Z"},
    });
    mock.reply(Reply::json(409, problem)).reply(Reply::new(200));
    let client = mock.client();
    let error = client.links().delete("lnk_1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfirmationRequired);
    assert_eq!(mock.requests().len(), 1, "the SDK never confirms by itself");
    let asked = error.confirmation().unwrap();
    assert_eq!(asked.delete_count, 26);
    let call = client
        .links()
        .delete("lnk_1")
        .confirmation(asked.token.as_str());
    let shown = format!("{error:?} {error} {asked:?} {call:?}");
    assert!(!shown.contains("s3crettoken"), "{shown}");
    call.send_raw().await.unwrap();
    let sent = mock.last_request().unwrap();
    assert_eq!(
        sent.header("approute-confirmation"),
        Some("cnf_s3crettoken")
    );
    assert!(!format!("{sent:?} {mock:?}").contains("s3crettoken"));
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let mock = MockTransport::new();
    let echo = format!("The key {KEY} is not known.");
    mock.when(
        "POST",
        "/v1/links",
        Reply::problem(401, "invalid_api_key", &echo),
    );
    let lines = Arc::new(Mutex::new(Vec::new()));
    let own = lines.clone();
    let builder = mock
        .builder()
        .api_key(KEY)
        .default_header("x-api-token", "s3cretheader")
        .log_level(LogLevel::Debug)
        .logger(move |_, line| own.lock().unwrap().push(line.to_owned()));
    let mut shown = format!("{builder:?}");
    let client = builder.build().unwrap();
    let options = CallOptions::new()
        .header("Authorization", "Bearer s3cretother")
        .confirmation("s3crettoken");
    let copy = client.with_options(options.clone()).unwrap();
    let body = LinkCreate::new("https://example.com").password("s3cretpassword");
    let call = copy
        .links()
        .create(body.clone())
        .header("cookie", "s3cretcookie");
    shown += &format!("{client:?} {copy:?} {options:?} {body:?} {call:?}");
    let error: Error = call.await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("The key [redacted] is not known.")
            || error.to_string().contains("not known")
    );
    shown += &format!("{error:?} {error} {error:#?}");
    let error = client.links().create(body).await.unwrap_err();
    assert!(error.message().contains("[redacted]"), "{error}");
    shown += &format!("{error:?} {error} {:?}", mock.requests());
    shown += &format!("{:?} {}", Secret::new("s3cret"), Secret::new("s3cret"));
    shown += &format!("{:?}", LinkUpdate::new().password("s3cretpassword"));
    shown += &format!(
        "{:?}",
        WebhookCreate::new("https://example.com", ["link.created"])
    );
    shown += &lines.lock().unwrap().join("\n");
    assert!(!lines.lock().unwrap().is_empty());

    let operations = approute::resources::OPERATIONS.iter();
    let create = operations
        .clone()
        .find(|operation| operation.id == "webhooks.create")
        .unwrap();
    let mut webhook: serde_json::Value = serde_json::from_str(create.example).unwrap();
    webhook["secret"] = json!("whsec_s3cret");
    mock.reply(Reply::json(201, &webhook));
    let webhook = client
        .webhooks()
        .create(WebhookCreate::new("https://example.com", ["link.created"]))
        .await
        .unwrap();
    assert_eq!(
        webhook.secret.as_deref(),
        Some("whsec_s3cret"),
        "it is there, but not shown"
    );
    shown += &format!("{webhook:?} {:#?}", webhook.clone().into_inner());

    for secret in ["s3cret", KEY, "test_key"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn the_log_has_a_line_for_each_call_or_each_step() {
    let mock = MockTransport::new();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let client = |level| {
        let own = lines.clone();
        let builder = mock.builder().random(|| 0).log_level(level);
        builder
            .logger(move |level, line| own.lock().unwrap().push(format!("{level:?} {line}")))
            .build()
            .unwrap()
    };
    for (level, expected) in [
        (LogLevel::Off, vec![]),
        (
            LogLevel::Info,
            vec![
                "Info links.get GET /v1/links/{link_id}: 200 in 250 ms, 2 tries, request id req_mock",
            ],
        ),
        (
            LogLevel::Debug,
            vec![
                "Debug links.get GET /v1/links/{link_id} try 1: 503 in 0 ms",
                "Debug links.get GET /v1/links/{link_id} try 1 failed, next in 250 ms: 503: Service Unavailable (request id req_mock)",
                "Debug links.get GET /v1/links/{link_id} try 2: 200 in 0 ms",
                "Info links.get GET /v1/links/{link_id}: 200 in 250 ms, 2 tries, request id req_mock",
            ],
        ),
    ] {
        mock.reply(Reply::new(503)).reply(Reply::new(200));
        client(level).links().get("lnk_1").send_raw().await.unwrap();
        assert_eq!(*lines.lock().unwrap(), expected);
        lines.lock().unwrap().clear();
    }
}

#[test]
fn a_client_that_sends_nothing_is_made_in_no_time() {
    // The first one makes what is shared. Microseconds in a release build; the bound is for slow test machines.
    builder().build().unwrap();
    let started = std::time::Instant::now();
    for _ in 0..1000 {
        builder().build().unwrap();
    }
    assert!(
        started.elapsed() < Duration::from_millis(500),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn clients_and_calls_can_go_anywhere() {
    fn anywhere<T: Send + Sync + Clone + 'static>(_: &T) {}
    fn future<T: Send + 'static>(_: T) {}
    let client = builder().build().unwrap();
    anywhere(&client);
    anywhere(&client.links());
    anywhere(&client.links().list());
    future(client.links().list().into_future());
    future(client.links().list().stream());
}

#[tokio::test]
async fn without_a_runtime_the_default_transport_says_so() {
    let error = std::thread::spawn(|| {
        use std::future::Future;
        use std::task::{Context, Poll, Waker};
        let client = builder().max_retries(0).build().unwrap();
        let mut call = Box::pin(client.links().get("lnk_1").send());
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.unwrap_err(),
            Poll::Pending => panic!("it waits for nothing"),
        }
    });
    let error = error.join().unwrap();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}
