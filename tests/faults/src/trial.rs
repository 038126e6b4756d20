//! One driver, many calls through the proxy, and then the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;
use std::{fs, io, thread};

use approute_conformance::driver::Driver;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::server::Server;

/// A new client for so many calls: a retry budget that is used up would soon leave nothing to see.
const CALLS_PER_CLIENT: usize = 50;
/// Of so many calls one meets a port that nobody listens on.
const DEAD_EVERY: usize = 40;
/// Of so many calls one is a batch.
const BATCH_EVERY: usize = 8;
/// How many links a batch creates.
const BATCH_SIZE: usize = 3;
/// How often a call whose outcome is unknown is repeated before that counts as a failure of its own.
const REPEATS: u32 = 50;
/// The pause before the first repetition; later ones are longer.
const PAUSE: Duration = Duration::from_millis(10);
/// A try must fit into this, in milliseconds of real time; an answer that stalls takes longer.
pub const ATTEMPT_TIMEOUT: u64 = 250;

/// What came of the calls.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls, those at the dead port and repetitions not counted.
    pub calls: usize,
    /// Calls that were acknowledged at once.
    pub acknowledged: usize,
    /// Calls that the SDK repeated by itself before they were acknowledged.
    pub retried: usize,
    /// Errors with outcome `unknown`, each repeated with its key.
    pub unknown: usize,
    /// Unknown calls that had been carried out, as their repetition showed.
    pub replayed: usize,
    /// Errors with outcome `not_sent`.
    pub not_sent: usize,
    /// Errors with outcome `rejected`.
    pub rejected: usize,
    /// Answers that were a success and could not be read.
    pub applied: usize,
    /// Links that the server has in the end.
    pub links: usize,
    /// What must not be.
    pub wrong: Vec<String>,
}

/// What a call must have left on the server.
enum Expected {
    /// These ids, and nothing else under their `sub_id`s.
    Exactly(Vec<String>),
    /// Nothing, because the call ended with this error.
    Nothing(String),
}

/// Has `driver` create links of the programme `faults-<name>` by `calls` calls through the proxy, and compares with the server.
///
/// # Errors
/// When the driver or the server cannot go on. What is wrong with the links is in the tally.
pub fn run(
    driver: &mut Driver,
    name: &str,
    server: &Server,
    proxy: SocketAddr,
    calls: usize,
    folder: &Path,
) -> Result<Tally, String> {
    let mut trial = Trial {
        driver,
        server,
        program: format!("faults-{name}"),
        clock: folder.display().to_string(),
        tally: Tally::default(),
        expected: BTreeMap::new(),
    };
    for number in 0..calls {
        if number % CALLS_PER_CLIENT == 0 {
            trial.client(proxy)?;
        }
        trial.call(number)?;
    }
    trial.client(dead_port()?)?;
    for number in calls..calls + calls / DEAD_EVERY {
        trial.call_to_nobody(number)?;
    }
    trial.compare()?;
    Ok(trial.tally)
}

/// A port that nobody listens on, and nobody can as long as this program runs: a socket is bound to it and does not listen.
/// It is one port, since a client over its host's HTTP library may keep something for every address that it has met.
fn dead_port() -> Result<SocketAddr, String> {
    static DEAD: OnceLock<Result<(Socket, SocketAddr), String>> = OnceLock::new();
    let bound = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let address = socket.local_addr()?.as_socket();
        Ok((socket, address.ok_or(io::ErrorKind::AddrNotAvailable)?))
    };
    let dead = DEAD.get_or_init(|| bound().map_err(|error: io::Error| error.to_string()));
    dead.as_ref()
        .map(|(_, address)| *address)
        .map_err(String::clone)
}

struct Trial<'a> {
    driver: &'a mut Driver,
    server: &'a Server,
    program: String,
    clock: String,
    tally: Tally,
    /// By call.
    expected: BTreeMap<String, Expected>,
}

impl Trial<'_> {
    fn client(&mut self, to: SocketAddr) -> Result<(), String> {
        // Waits pass at once, since the clock is the conformance kit's; only stalled tries take time.
        fs::create_dir_all(&self.clock).map_err(|error| error.to_string())?;
        let message = json!({
            "do": "client",
            "options": {
                "api_key": self.server.api_key,
                "base_url": format!("http://{to}"),
                "attempt_timeout": ATTEMPT_TIMEOUT,
                "max_retries": 2,
            },
            "script": {"clock": self.clock, "wall": 1_793_491_200_000_u64, "random": null},
        });
        let answer = self.driver.ask(&message)?;
        match answer.get("error") {
            None => Ok(()),
            Some(error) => Err(format!("no client: {error}")),
        }
    }

    /// The message of a call, and the `sub_id`s of its links.
    fn message(&self, number: usize) -> (Value, Vec<String>) {
        let link = |sub_id: &str| json!({"url": "https://example.com/faults", "sub_id": sub_id, "program_id": self.program});
        if number % BATCH_EVERY == BATCH_EVERY - 1 {
            let ids: Vec<_> = (0..BATCH_SIZE)
                .map(|item| format!("{number}-{item}"))
                .collect();
            let links: Vec<_> = ids.iter().map(|id| link(id)).collect();
            let args = json!({"body": {"create": links}});
            let message = json!({"do": "call", "call": "links.batch", "args": args, "options": {}});
            return (message, ids);
        }
        let ids = vec![number.to_string()];
        let args = json!({"body": link(&ids[0])});
        let message = json!({"do": "call", "call": "links.create", "args": args, "options": {}});
        (message, ids)
    }

    fn call(&mut self, number: usize) -> Result<(), String> {
        let (mut message, ids) = self.message(number);
        self.tally.calls += 1;
        let mut answer = self.driver.ask(&message)?;
        if made(&answer).is_some() {
            self.tally.acknowledged += 1;
            let attempts = answer["response"]["attempts"].as_u64();
            self.tally.retried += usize::from(attempts.is_some_and(|attempts| attempts > 1));
        }
        let mut repeats: u32 = 0;
        loop {
            if let Some(links) = made(&answer) {
                let replayed = answer["response"]["replayed"] == true;
                self.tally.replayed += usize::from(repeats > 0 && replayed);
                self.expect(&ids, links);
                return Ok(());
            }
            let error = &answer["error"];
            match error["outcome"].as_str() {
                Some("unknown") => self.tally.unknown += 1,
                Some("applied") => self.tally.applied += 1,
                // Of a repetition it says nothing about the call before, which stays unknown: it met a dead port, or the
                // rate limit, which comes before the key.
                Some("not_sent" | "rejected") if repeats > 0 => {}
                Some("not_sent") => {
                    self.tally.not_sent += 1;
                    self.nothing(&ids, error);
                    return Ok(());
                }
                Some("rejected") => {
                    self.tally.rejected += 1;
                    self.nothing(&ids, error);
                    return Ok(());
                }
                _ => return Err(format!("call {number} ended with {answer}")),
            }
            repeats += 1;
            let Some(key) = error["idempotency_key"].as_str() else {
                return Err(format!("call {number}: an error without a key: {error}"));
            };
            if repeats > REPEATS {
                return Err(format!("call {number} is unknown after {REPEATS} repeats"));
            }
            message["options"]["idempotency_key"] = json!(key);
            // The SDK's waits pass at once, but the server may need real time for what is in flight.
            thread::sleep(PAUSE * repeats.min(20));
            if repeats.is_multiple_of(5) {
                // A used-up budget allows no retries, and the point here is the key.
                message["options"]["max_retries"] = json!(0);
            }
            answer = self.driver.ask(&message)?;
        }
    }

    fn call_to_nobody(&mut self, number: usize) -> Result<(), String> {
        let (message, ids) = self.message(number);
        let answer = self.driver.ask(&message)?;
        let outcome = &answer["error"]["outcome"];
        if outcome != "not_sent" {
            let wrong = format!("call {number} reached nobody, and its outcome is {outcome}");
            self.tally.wrong.push(wrong);
        }
        self.tally.not_sent += 1;
        self.nothing(&ids, &answer["error"]);
        Ok(())
    }

    fn expect(&mut self, sub_ids: &[String], links: Vec<String>) {
        if links.len() != sub_ids.len() {
            let wrong = format!("{} links were asked for, {links:?} came", sub_ids.len());
            self.tally.wrong.push(wrong);
        }
        for (sub_id, link) in sub_ids.iter().zip(links) {
            let expected = Expected::Exactly(vec![link]);
            self.expected.insert(sub_id.clone(), expected);
        }
    }

    fn nothing(&mut self, sub_ids: &[String], error: &Value) {
        for sub_id in sub_ids {
            let expected = Expected::Nothing(error.to_string());
            self.expected.insert(sub_id.clone(), expected);
        }
    }

    /// Asks the server itself.
    fn compare(&mut self) -> Result<(), String> {
        let there = self.server.links(&self.program)?;
        let empty = Vec::new();
        for (sub_id, expected) in &self.expected {
            let there = there.get(sub_id).unwrap_or(&empty);
            let (wanted, error) = match expected {
                Expected::Exactly(links) => (links, ""),
                Expected::Nothing(error) => (&empty, error.as_str()),
            };
            if there != wanted {
                let wrong =
                    format!("{sub_id}: the SDK says {wanted:?} {error}, the server has {there:?}");
                self.tally.wrong.push(wrong);
            }
        }
        self.tally.links = there.values().map(Vec::len).sum();
        let known: BTreeSet<_> = self.expected.keys().collect();
        for (sub_id, links) in there.iter().filter(|(sub_id, _)| !known.contains(sub_id)) {
            let wrong = format!("{sub_id}: nobody asked for {links:?}");
            self.tally.wrong.push(wrong);
        }
        Ok(())
    }
}

/// The ids of the links that an answer acknowledges.
fn made(answer: &Value) -> Option<Vec<String>> {
    let value = answer.get("value")?;
    let id = |link: &Value| link["id"].as_str().unwrap_or("none").to_owned();
    Some(match value["create"].as_array() {
        Some(entries) => entries.iter().map(|entry| id(&entry["link"])).collect(),
        None => vec![id(value)],
    })
}
