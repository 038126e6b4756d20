//! What the log says, and what it must not say.

use serde_json::{Value, json};

use crate::process::{Served, call, command};

#[test]
fn a_log_of_json_lines_names_requests_and_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut command = command(&[
        "serve",
        "--dev",
        "--listen",
        "127.0.0.1:0",
        "--log-format",
        "json",
        "--metrics",
        "127.0.0.1:0",
    ]);
    // Everything that any part of the program has to say.
    command.env("APPROUTE_LOG", "trace");
    command.stderr(std::fs::File::create(&path).unwrap());
    let server = Served::spawn(command);
    let (address, key) = (
        server.address().to_owned(),
        server.text("api_key").to_owned(),
    );
    let (address, key) = (address.as_str(), key.as_str());
    let server_link = server
        .text("dashboard_url")
        .rsplit('=')
        .next()
        .unwrap()
        .to_owned();
    let path_of_link = format!("/dashboard/sign-in?token={server_link}");
    let page = call(address, "GET", &path_of_link, "-", "", "");
    assert!(page.is_none(), "a page is no JSON");
    let send = |method: &str, path: &str, extra: &str, body: Value| {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        call(address, method, path, key, extra, &body).unwrap()
    };
    let link =
        json!({ "url": "https://example.com/", "slug": "s", "password": "correct-horse-battery" });
    let (_, link) = send(
        "POST",
        "/v1/links",
        "idempotency-key: idem-secret-1\r\n",
        link,
    );
    let hook = json!({ "url": "http://127.0.0.1:9/", "events": ["link.created"] });
    let secret = send("POST", "/v1/webhooks", "", hook).1["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    send("GET", "/v1/links?q=private-query", "", Value::Null);
    send(
        "POST",
        "/v1/links",
        "",
        json!({ "url": "https://example.com/" }),
    );
    let get = format!("/v1/links/{}", link["id"].as_str().unwrap());
    assert_eq!(send("GET", &get, "", Value::Null).0, 200);
    let _ = call(address, "POST", "/s", "-", "", "password=wrong-horse");
    send("POST", "/_test/clock", "", json!({ "advance_seconds": 10 }));
    server.signal("TERM");
    assert_eq!(server.finish().1, Some(0));

    let log = std::fs::read_to_string(&path).unwrap();
    let mut calls = Vec::new();
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        if entry["message"] == "call" {
            calls.push(entry);
        }
    }
    let find = |operation: &str| {
        calls
            .iter()
            .find(|entry| entry["operation"] == operation)
            .unwrap()
    };
    let created = find("links.create");
    assert_eq!(
        (&created["status"], &created["method"]),
        (&json!(201), &json!("POST"))
    );
    assert!(created["request_id"].as_str().unwrap().starts_with("req_"));
    assert!(created["key"].as_str().unwrap().starts_with("key_"));
    assert_eq!(find("links.get")["path"], json!(get));
    for hidden in [
        key,
        secret.as_str(),
        secret.strip_prefix("whsec_").unwrap(),
        "correct-horse",
        "wrong-horse",
        "private-query",
        server_link.as_str(),
    ] {
        let line = log.lines().find(|line| line.contains(hidden));
        assert_eq!(line, None, "{hidden}");
    }
}

#[test]
fn a_collector_that_is_not_there_costs_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    // Nobody listens there once this is dropped.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let mut command = command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)
        .env("OTEL_BSP_SCHEDULE_DELAY", "10")
        .env("APPROUTE_LOG", "warn")
        .stderr(std::fs::File::create(&path).unwrap());
    let server = Served::spawn(command);
    let log = || std::fs::read_to_string(&path).unwrap();
    let mut calls = 0;
    while !log().contains("the collector takes no traces") {
        let (status, _) = call(server.address(), "GET", "/v1/links", "-", "", "").unwrap();
        assert_eq!(status, 401);
        calls += 1;
        assert!(calls < 10_000, "the log says nothing: {}", log());
    }
    // Some more batches that nobody takes.
    for _ in 0..50 {
        call(server.address(), "GET", "/v1/links", "-", "", "").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    server.signal("TERM");
    assert_eq!(server.finish().1, Some(0));
    let log = log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("Connection refused"), "{log}");
}

#[test]
fn an_endpoint_that_is_none_is_refused() {
    let output = crate::process::run(&["serve", "--dev", "--otlp", "localhost:4317"]);
    let words = ["localhost:4317", "http://127.0.0.1:4318"];
    crate::process::assert_one_line(&output, &words);
}
