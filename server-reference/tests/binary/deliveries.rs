//! SIGKILL in the middle of deliveries: nothing that was promised is lost, and everything that comes is genuine.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use approute::webhook::verify;
use serde_json::{Value, json};

use crate::process::{Served, call, database};

const LINKS: usize = 150;

/// An endpoint that holds its answers back when it is told to, and notes which links it was told of, and how often.
#[derive(Clone)]
pub struct Endpoint {
    pub url: String,
    pub told: Arc<Mutex<BTreeMap<String, usize>>>,
    /// Answers nothing while it is set.
    pub holding: Arc<AtomicBool>,
    /// How many wait for an answer because of that.
    pub held: Arc<AtomicUsize>,
    pub secret: Arc<Mutex<String>>,
}

impl Endpoint {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let endpoint = Self {
            url,
            told: Arc::default(),
            holding: Arc::default(),
            held: Arc::default(),
            secret: Arc::default(),
        };
        let shared = endpoint.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let endpoint = shared.clone();
                std::thread::spawn(move || endpoint.serve(stream.unwrap()));
            }
        });
        endpoint
    }

    fn serve(&self, mut stream: TcpStream) {
        while let Some((headers, body)) = request(&mut stream) {
            verify(&body, &headers, self.secret.lock().unwrap().as_str()).unwrap();
            let event: Value = serde_json::from_slice(&body).unwrap();
            let link = event["data"]["link"]["id"].as_str().unwrap().to_owned();
            *self.told.lock().unwrap().entry(link).or_default() += 1;
            self.held.fetch_add(1, Ordering::SeqCst);
            while self.holding.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
            self.held.fetch_sub(1, Ordering::SeqCst);
            if stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .is_err()
            {
                return;
            }
        }
    }

    /// Waits until so many links were told of.
    pub fn told_of(&self, links: usize) {
        wait(&format!("{links} links"), || {
            self.told.lock().unwrap().len() >= links
        });
    }
}

pub fn wait(what: &str, done: impl Fn() -> bool) {
    // Less than the minute that a lease lasts: a restart takes over what was being sent at once.
    let patience = Instant::now() + Duration::from_secs(40);
    while !done() {
        assert!(Instant::now() < patience, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

type Headers = Vec<(String, String)>;

/// The next request of a connection.
fn request(stream: &mut TcpStream) -> Option<(Headers, Vec<u8>)> {
    let (mut received, mut buffer) = (Vec::new(), [0; 8_192]);
    loop {
        if let Some(end) = received.windows(4).position(|part| part == b"\r\n\r\n") {
            let head = String::from_utf8(received[..end].to_vec()).unwrap();
            let headers: Headers = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let length = headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length: usize = length.unwrap().1.parse().unwrap();
            if received.len() >= end + 4 + length {
                return Some((headers, received[end + 4..end + 4 + length].to_vec()));
            }
        }
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        received.extend_from_slice(&buffer[..count]);
    }
}

pub fn post(server: &Served, path: &str, body: Value) -> Value {
    let sent = call(
        server.address(),
        "POST",
        path,
        server.text("api_key"),
        "",
        &body.to_string(),
    );
    let (status, answer) = sent.unwrap();
    assert!(status < 300, "{answer:#}");
    answer
}

#[test]
fn killed_in_the_middle_of_deliveries() {
    let folder = tempfile::tempdir().unwrap();
    let file = database(&folder.path().join("hooks.db"));
    let endpoint = Endpoint::start();
    let mut server = Served::start(&["--database", &file]);
    let hook = json!({ "url": endpoint.url, "events": ["link.created"] });
    let hook = post(&server, "/v1/webhooks", hook);
    *endpoint.secret.lock().unwrap() = hook["secret"].as_str().unwrap().to_owned();
    let create: Vec<Value> = (0..LINKS)
        .map(|n| json!({ "url": format!("https://example.com/{n}") }))
        .collect();
    let made = post(&server, "/v1/links/batch", json!({ "create": create }));
    let made: BTreeSet<String> = made["create"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["link"]["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(made.len(), LINKS);
    // Three times: once some have come, hold the answers, so that the server dies while it waits for them.
    for round in 1..=3 {
        endpoint.told_of(round * 20);
        endpoint.holding.store(true, Ordering::SeqCst);
        wait("held answers", || endpoint.held.load(Ordering::SeqCst) >= 4);
        server.signal("KILL");
        drop(server);
        endpoint.holding.store(false, Ordering::SeqCst);
        server = Served::start(&["--database", &file]);
    }
    endpoint.told_of(LINKS);
    let told: BTreeSet<String> = endpoint.told.lock().unwrap().keys().cloned().collect();
    assert_eq!(told, made, "each link, and no other");
    // What is sent again is due later than what was never sent, so that it can come after all the others.
    wait("what the server was sending when it died", || {
        endpoint.told.lock().unwrap().values().sum::<usize>() > LINKS
    });
}
