//! A server that says what the test wants, and tells what it saw.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use approute_bridge::{Client, Config, OPERATIONS};

/// What the server saw.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// A whole request: head and body.
    Request(String),
    /// The client has closed the connection of an unanswered request.
    Closed,
}

pub struct Server {
    pub base_url: String,
    pub seen: Receiver<Seen>,
}

/// Serves each connection on a thread; `answer` makes the bytes for the n-th request (from 0), or none to keep quiet.
pub fn serve(answer: impl Fn(usize) -> Option<String> + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    let (tell, seen) = channel();
    let shared = std::sync::Arc::new((answer, std::sync::atomic::AtomicUsize::new(0)));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (tell, shared) = (tell.clone(), shared.clone());
            thread::spawn(move || connection(stream, &tell, &shared.0, &shared.1));
        }
    });
    Server { base_url, seen }
}

fn connection(
    mut stream: TcpStream,
    tell: &Sender<Seen>,
    answer: &(impl Fn(usize) -> Option<String> + Send + Sync),
    count: &std::sync::atomic::AtomicUsize,
) {
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        while !complete(&received) {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(length) => received.extend_from_slice(&chunk[..length]),
            }
        }
        let text = String::from_utf8_lossy(&std::mem::take(&mut received)).into_owned();
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let _ = tell.send(Seen::Request(text));
        match answer(number) {
            Some(answer) => {
                if stream.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
            None => {
                // Nothing is sent, so all that can come is the end.
                if !matches!(stream.read(&mut chunk), Ok(length) if length > 0) {
                    let _ = tell.send(Seen::Closed);
                }
                return;
            }
        }
    }
}

fn complete(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a length"));
    body.len() >= length
}

/// An answer with a JSON body.
pub fn json(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// An empty page.
pub fn page() -> String {
    let body = r#"{"items":[],"next_cursor":null,"has_more":false}"#;
    json("200 OK", "x-request-id: req_1\r\n", body)
}

/// A client of this server with more settings.
pub fn client(base_url: &str, settings: &str) -> Client {
    let json = format!(r#"{{"api_key":"ak_s3cret","base_url":"{base_url}"{settings}}}"#);
    let config = Config::from_json(json.as_bytes()).expect("settings");
    Client::new(config).expect("a client")
}

/// The number of an operation.
pub fn number(operation: &str) -> usize {
    let found = OPERATIONS.iter().position(|id| *id == operation);
    found.expect("an operation")
}
