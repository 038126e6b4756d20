//! SIGKILL in the middle of visits: of the clicks that were answered, those of the last second may be lost, and no other.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Served, call, database};

const ROUNDS: usize = 3;
const VISITORS: usize = 3;
/// What a crash may cost.
const BOUND: Duration = Duration::from_secs(1);

/// Visits until the connection breaks; when each visit was answered.
fn visit(address: &str, over: &AtomicBool) -> Vec<Instant> {
    let mut answered = Vec::new();
    let Ok(mut stream) = TcpStream::connect(address) else {
        return answered;
    };
    let mut answer = [0; 4_096];
    while !over.load(Ordering::SeqCst) {
        let request = format!(
            "GET /s HTTP/1.1\r\nhost: {address}\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0\r\n\r\n"
        );
        if stream.write_all(request.as_bytes()).is_err() {
            break;
        }
        match stream.read(&mut answer) {
            Ok(length) if answer[..length].starts_with(b"HTTP/1.1 302") => {
                answered.push(Instant::now());
            }
            _ => break,
        }
        // A steady stream and no flood.
        std::thread::sleep(Duration::from_millis(1));
    }
    answered
}

fn get(server: &Served, path: &str) -> Value {
    let key = server.text("api_key");
    let (status, body) = call(server.address(), "GET", path, key, "", "").unwrap();
    assert_eq!(status, 200, "{body:#}");
    body
}

#[test]
fn a_crash_costs_no_more_than_a_second_of_clicks() {
    let folder = tempfile::tempdir().unwrap();
    let file = database(&folder.path().join("clicks.db"));
    let mut server = Served::start(&["--database", &file]);
    let body = json!({ "url": "https://example.com/", "slug": "s" }).to_string();
    let key = server.text("api_key");
    let made = call(server.address(), "POST", "/v1/links", key, "", &body).unwrap();
    assert_eq!(made.0, 201);
    let path = format!("/v1/links/{}", made.1["id"].as_str().unwrap());
    let (mut safe, mut answered) = (0, 0);
    for round in 0..ROUNDS {
        let over = AtomicBool::new(false);
        let (killed, visits) = std::thread::scope(|scope| {
            let (server, over) = (&server, &over);
            let visitors: Vec<_> = (0..VISITORS)
                .map(|_| scope.spawn(move || visit(server.address(), over)))
                .collect();
            // A different moment each time.
            std::thread::sleep(Duration::from_millis(1_700 + 130 * round as u64));
            let killed = Instant::now();
            server.signal("KILL");
            over.store(true, Ordering::SeqCst);
            let visits = visitors
                .into_iter()
                .flat_map(|visitor| visitor.join().unwrap());
            (killed, visits.collect::<Vec<Instant>>())
        });
        answered += visits.len();
        safe += visits.iter().filter(|at| **at + BOUND <= killed).count();
        drop(server);
        server = Served::start(&["--database", &file]);
    }
    let link = get(&server, &path);
    let counted = link["click_count"].as_u64().unwrap() as usize;
    assert!(safe > 100, "there was a second before the last one: {safe}");
    assert!(
        (safe..=answered + ROUNDS * VISITORS).contains(&counted),
        "{counted} counted, {safe} safe, {answered} answered"
    );
    // Each that is counted is listed, once.
    let mut listed = HashSet::new();
    let mut next = String::new();
    loop {
        let page = get(&server, &format!("/v1/clicks?limit=1000{next}"));
        for click in page["items"].as_array().unwrap() {
            assert!(listed.insert(click["id"].as_str().unwrap().to_owned()));
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(listed.len(), counted);
}
