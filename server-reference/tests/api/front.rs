//! Connections as they come: many visits at once, in pieces, with other things among them. Visits are answered by
//! `http/front.rs`, everything else by hyper, and nobody can tell.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Api, path};

const URL: &str = "https://example.com/page";
const AGENT: &str = "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0\r\n";

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    /// Names and values, sorted, without those that differ each time.
    fields: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Connection {
    async fn open(api: &Api) -> Self {
        let stream = TcpStream::connect(api.server.address).await.unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).await.unwrap();
    }

    async fn more(&mut self) -> bool {
        let mut piece = [0; 4_096];
        let read = self.stream.read(&mut piece);
        let length = tokio::time::timeout(Duration::from_secs(20), read).await;
        let length = length.expect("an answer").unwrap_or(0);
        self.read.extend_from_slice(&piece[..length]);
        length > 0
    }

    /// The next answer; none where the connection ends.
    async fn answer(&mut self, has_body: bool) -> Option<Answer> {
        let head = loop {
            let end = self.read.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break self.read.drain(..end + 4).collect::<Vec<u8>>();
            }
            if !self.more().await {
                return None;
            }
        };
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let mut fields: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for name in ["x-request-id", "date"] {
            // hyper's own refusals have no id.
            fields.retain(|(own, _)| own != name);
        }
        fields.sort();
        let mut answer = Answer {
            status: status.parse().unwrap(),
            fields,
            body: String::new(),
        };
        let length: usize = answer.field("content-length").unwrap().parse().unwrap();
        let length = if has_body { length } else { 0 };
        while self.read.len() < length {
            assert!(self.more().await, "cut off");
        }
        let body = self.read.drain(..length).collect();
        // Ids differ.
        let body = String::from_utf8(body).unwrap();
        answer.body = body.split("req_").next().unwrap().to_owned();
        Some(answer)
    }
}

fn visit(method: &str, target: &str, fields: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\n{AGENT}{fields}\r\n")
}

async fn counted(api: &Api, link: &serde_json::Value) -> i64 {
    api.flush().await;
    let link = api.get(&path(link)).gives(200).await.json();
    link["click_count"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_come_together_are_answered_in_order() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL, "slug": "s" })).await;
    let mut connection = Connection::open(&api).await;
    let call = format!(
        "GET /v1/links HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        api.key
    );
    let form = "POST /s HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\na=b";
    let all = [
        visit("GET", "/s", ""),
        visit("GET", "/nothing", ""),
        visit("HEAD", "/S", ""),
        visit("GET", "/s?src=qr", ""),
        form.to_owned(),
        visit("GET", "/s", ""),
        call,
        visit("GET", "/s", "connection: close\r\n"),
    ];
    connection.send(all.concat()).await;
    let mut statuses = Vec::new();
    while let Some(answer) = connection.answer(statuses.len() != 2).await {
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [302, 404, 302, 302, 405, 302, 200, 302]);
    assert_eq!(counted(&api, &link).await, 4, "HEAD does not count");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_may_come_in_pieces() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL, "slug": "s" })).await;
    let mut connection = Connection::open(&api).await;
    let two = visit("GET", "/s", "").repeat(2);
    for piece in two.as_bytes().chunks(37) {
        connection.send(piece).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for _ in 0..2 {
        assert_eq!(connection.answer(true).await.unwrap().status, 302);
    }
    // Half a request and the end: nothing was asked.
    connection.send(&visit("GET", "/s", "")[..30]).await;
    connection.stream.shutdown().await.unwrap();
    assert_eq!(connection.answer(true).await, None);
    assert_eq!(counted(&api, &link).await, 2);
}

/// The same request on a connection that has seen nothing else, and on one that hyper has: the same answer.
#[tokio::test(flavor = "multi_thread")]
async fn both_ways_give_the_same_answers() {
    let api = Api::start().await;
    for (slug, more) in [
        ("plain", json!({})),
        ("moved", json!({ "redirect_status": 308 })),
        (
            "forward",
            json!({ "forward_query": true, "utm": { "source": "nora" } }),
        ),
        (
            "apps",
            json!({ "targets": { "ios": { "app_store_id": "42" } }, "geo": { "DE": "https://example.com/de" } }),
        ),
        ("locked", json!({ "password": "secret" })),
        ("gone", json!({ "archived": true })),
        ("limited", json!({ "click_limit": 1_000 })),
    ] {
        let mut body = json!({ "url": URL, "slug": slug });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        api.link(body).await;
    }
    let long = format!("/{}", "x".repeat(70));
    let wide = format!("x-filler: {}\r\n", "y".repeat(10_000));
    let many = "x-filler: y\r\n".repeat(90);
    let mut tried = 0;
    for target in [
        "/plain",
        "/PLAIN?a=1",
        "/moved",
        "/forward?utm_source=thief&a=%0d%0ab",
        "/forward?a=\"<>",
        "/apps",
        "/gone",
        "/limited",
        "/nothing",
        "/healthz",
        "/_test",
        "/a/b",
        "/",
        "/%2e",
        &long,
    ] {
        for (method, fields) in [
            ("GET", ""),
            ("GET", "accept: text/html\r\n"),
            ("HEAD", ""),
            ("GET", "connection: close\r\n"),
            ("GET", "connection: keep-alive\r\n"),
            ("GET", "content-length: 0\r\n"),
            ("GET", "user-agent: \r\nreferer: https://example.org/\r\n"),
            ("GET", &wide),
            ("GET", &many),
            ("DELETE", ""),
        ] {
            let request = visit(method, target, fields);
            let mut answers = Vec::new();
            for through_hyper in [false, true, false] {
                let mut connection = Connection::open(&api).await;
                if through_hyper {
                    connection
                        .send("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
                        .await;
                    connection.answer(true).await.unwrap();
                }
                connection.send(&request).await;
                answers.push(connection.answer(method != "HEAD").await);
            }
            assert_eq!(answers[0], answers[1], "{request}");
            assert_eq!(answers[2], answers[1], "{request}");
            tried += 1;
        }
    }
    assert_eq!(tried, 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_and_the_connection_ends() {
    let api = Api::start().await;
    api.link(json!({ "url": URL, "slug": "s" })).await;
    for wrong in [
        "nonsense\r\n\r\n",
        "GET /s HTTP/1.1\r\nhost: localhost\r\nx y: z\r\n\r\n",
        "GET /s HTTP/1.1\r\nhost: localhost\r\n x: folded\r\n\r\n",
        "GET /s HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "GET /s HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: x\r\n\r\n",
    ] {
        let mut connection = Connection::open(&api).await;
        // What goes before is answered.
        connection.send(visit("GET", "/s", "") + wrong).await;
        assert_eq!(connection.answer(true).await.unwrap().status, 302);
        let mut rest = Vec::new();
        let end = connection.stream.read_to_end(&mut rest);
        tokio::time::timeout(Duration::from_secs(20), end)
            .await
            .expect("it ends")
            .unwrap();
        connection.read.extend(rest);
        let refusal = String::from_utf8_lossy(&connection.read).into_owned();
        assert!(refusal.starts_with("HTTP/1.1 400"), "{wrong:?}: {refusal}");
    }
    assert_eq!(api.get("/healthz").anonymous().send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_without_work_end_with_the_server() {
    let api = Api::start().await;
    api.link(json!({ "url": URL, "slug": "s" })).await;
    let mut idle = Connection::open(&api).await;
    idle.send(visit("GET", "/s", "")).await;
    idle.answer(true).await.unwrap();
    // Half a request: it gets its answer, and then the connection ends.
    let mut busy = Connection::open(&api).await;
    let request = visit("GET", "/s", "");
    let (half, rest) = request.split_at(40);
    busy.send(visit("GET", "/s", "") + half).await;
    busy.answer(true).await.unwrap();
    let Api { server, .. } = api;
    let stopping = tokio::spawn(server.stop());
    assert_eq!(idle.answer(true).await, None);
    assert!(!stopping.is_finished());
    busy.send(rest).await;
    let last = busy.answer(true).await.unwrap();
    assert_eq!(
        (last.status, last.field("connection")),
        (302, Some("close"))
    );
    assert_eq!(busy.answer(true).await, None);
    let stopped = tokio::time::timeout(Duration::from_secs(20), stopping).await;
    stopped.expect("it stops").unwrap().unwrap();
}
