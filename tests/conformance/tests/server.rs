//! The scripted server misbehaves as it is told, seen by a client that is nothing but a socket.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use approute_conformance::case::{ServerMode, Try};
use approute_conformance::server::{Seen, Server};
use serde_json::{Value, json};

struct Scene {
    server: Server,
    folder: PathBuf,
}

impl Scene {
    fn new(name: &str, tries: Value) -> Self {
        let folder =
            std::env::temp_dir().join(format!("approute-server-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let tries: Vec<Try> = serde_json::from_value(tries).unwrap();
        let server = Server::start(&tries, ServerMode::Http, &folder).unwrap();
        Self { server, folder }
    }

    fn one(name: &str, answer: Value) -> Self {
        Self::new(name, json!([{"request": "GET /x", "answer": answer}]))
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        stream
    }

    fn finish(self) -> Seen {
        let seen = self.server.finish();
        fs::remove_dir_all(&self.folder).unwrap();
        seen
    }
}

fn ask(mut stream: &TcpStream) {
    stream
        .write_all(b"GET /x HTTP/1.1\r\nhost: h\r\n\r\n")
        .unwrap();
}

/// Everything until the end, and how it ended.
fn read(mut stream: &TcpStream) -> (String, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let end = stream
        .read_to_end(&mut bytes)
        .err()
        .map(|error| error.kind());
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

fn is_timeout(kind: Option<ErrorKind>) -> bool {
    matches!(kind, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn answers_and_keeps_the_connection() {
    let scene = Scene::new(
        "keep",
        json!([
            {"request": "GET /x", "connection": "new", "answer": {"status": 200, "text": "one"}},
            {"request": "GET /x", "connection": "reused", "answer": {"status": 200, "text": "two", "close": true}},
        ]),
    );
    let stream = scene.connect();
    ask(&stream);
    ask(&stream);
    let (text, end) = read(&stream);
    assert!(
        text.contains("content-length: 3\r\n\r\noneHTTP/1.1 200"),
        "{text}"
    );
    assert!(text.ends_with("two") && end.is_none(), "{text}");
    assert_eq!(scene.finish().problems, [""; 0]);
}

#[test]
fn resets_before_and_after_reading_and_within_the_body() {
    for (name, answer, part) in [
        ("before", json!({"fault": "reset_before_reading"}), ""),
        ("after", json!({"fault": "reset"}), ""),
        (
            "within",
            json!({"status": 200, "text": "0123456789", "cut_after": 4, "fault": "reset"}),
            "",
        ),
    ] {
        let scene = Scene::one(name, answer);
        let stream = scene.connect();
        ask(&stream);
        let (text, end) = read(&stream);
        assert_eq!(end, Some(ErrorKind::ConnectionReset), "{name}: {text}");
        assert!(text.contains(part));
        assert_eq!(scene.finish().problems, [""; 0]);
    }
}

#[test]
fn closes_half_closes_and_talks_nonsense() {
    for (name, answer, expected) in [
        ("close", json!({"fault": "close"}), ""),
        ("half", json!({"fault": "half_close"}), ""),
        ("garbage", json!({"fault": "garbage"}), "this is no HTTP"),
    ] {
        let scene = Scene::one(name, answer);
        let stream = scene.connect();
        ask(&stream);
        let (text, end) = read(&stream);
        assert!(end.is_none() && text.contains(expected), "{name}: {text}");
        drop(stream);
        assert_eq!(scene.finish().problems, [""; 0]);
    }
}

#[test]
fn cuts_bodies_short() {
    let scene = Scene::one(
        "cut",
        json!({"status": 200, "text": "0123456789", "cut_after": 4}),
    );
    let stream = scene.connect();
    ask(&stream);
    let (text, end) = read(&stream);
    assert!(
        text.contains("content-length: 10\r\n") && text.ends_with("\r\n\r\n0123"),
        "{text}"
    );
    assert_eq!(end, None);
    drop(stream);
    scene.finish();
}

#[test]
fn stalls_until_the_client_leaves() {
    let scene = Scene::one(
        "stall",
        json!({"status": 200, "text": "0123456789", "cut_after": 4, "fault": "stall"}),
    );
    let stream = scene.connect();
    ask(&stream);
    let (text, end) = read(&stream);
    assert!(text.ends_with("0123") && is_timeout(end), "{text}");
    drop(stream);
    assert_eq!(scene.finish().problems, [""; 0]);
}

#[test]
fn notices_a_stalled_connection_that_is_left_open() {
    let scene = Scene::one("left", json!({"fault": "stall"}));
    let stream = scene.connect();
    ask(&stream);
    assert!(is_timeout(read(&stream).1));
    assert_eq!(
        scene.finish().problems,
        ["the client left a stalled connection open"]
    );
}

#[test]
fn refuses_from_the_start_or_from_the_last_answer_on() {
    let folder = std::env::temp_dir().join(format!("approute-refusing-{}", std::process::id()));
    let server = Server::start(&[], ServerMode::Refusing, &folder).unwrap();
    let refused = TcpStream::connect(server.address()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    server.finish();
    fs::remove_dir_all(folder).unwrap();

    let scene = Scene::one("last", json!({"status": 503, "last": true, "close": true}));
    let stream = scene.connect();
    ask(&stream);
    assert!(read(&stream).0.starts_with("HTTP/1.1 503"));
    let refused = TcpStream::connect(scene.server.address()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(scene.finish().problems, [""; 0]);
}

#[test]
fn lets_virtual_time_pass_and_tells_when_to_cancel() {
    let scene = Scene::new(
        "time",
        json!([
            {"request": "GET /x", "answer": {"status": 200, "elapsed": 1500}},
            {"request": "GET /x", "answer": {"status": 200, "elapsed": 250, "cancel": true, "close": true}},
        ]),
    );
    let elapsed = scene.server.clock().folder().join("elapsed");
    let clock = || fs::read_to_string(&elapsed).unwrap();
    let cancel = scene.server.clock().cancel_file();
    assert_eq!(clock(), "0");
    let stream = scene.connect();
    ask(&stream);
    let mut byte = [0];
    (&stream).read_exact(&mut byte).unwrap();
    assert_eq!(clock(), "1500");
    assert!(!cancel.exists());
    ask(&stream);
    read(&stream);
    assert_eq!(clock(), "1750");
    assert!(cancel.exists());
    scene.finish();
}

#[test]
fn missing_and_unexpected_requests_are_problems() {
    let scene = Scene::new(
        "missing",
        json!([{"request": "GET /x", "times": 2, "answer": {"status": 200}}]),
    );
    let stream = scene.connect();
    ask(&stream);
    assert!(is_timeout(read(&stream).1));
    let problems = scene.finish().problems;
    assert_eq!(
        problems,
        ["1 of 2 tries arrived; the next should have been GET /x"]
    );

    let scene = Scene::new("more", json!([]));
    let stream = scene.connect();
    ask(&stream);
    assert!(read(&stream).0.contains("x-should-retry: false"));
    assert_eq!(scene.finish().problems, ["unexpected request: GET /x"]);
}

#[test]
fn a_connection_without_a_request_counts_for_nothing() {
    let scene = Scene::one("idle", json!({"status": 200, "close": true}));
    let _idle = scene.connect();
    let stream = scene.connect();
    ask(&stream);
    assert!(read(&stream).0.starts_with("HTTP/1.1 200"));
    assert_eq!(scene.finish().problems, [""; 0]);
}

#[test]
fn bodies_are_compressed_and_chunked() {
    let scene = Scene::one(
        "chunked",
        json!({"status": 200, "text": "0123456789", "chunked": true, "close": true}),
    );
    let stream = scene.connect();
    ask(&stream);
    assert!(
        read(&stream)
            .0
            .ends_with("\r\n\r\n7\r\n0123456\r\n3\r\n789\r\n0\r\n\r\n")
    );
    scene.finish();
    let scene = Scene::one(
        "gzip",
        json!({"status": 200, "size": 100_000, "gzip": true, "close": true}),
    );
    let stream = scene.connect();
    ask(&stream);
    let (text, _) = read(&stream);
    assert!(
        text.contains("content-encoding: gzip") && text.len() < 1000,
        "{} bytes",
        text.len()
    );
    scene.finish();
}
