//! Takes a driver through a case: a message for the client and one for each call, and one report out of the answers.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::case::{Case, Step};
use crate::driver::Driver;
use crate::normal;
use crate::server::Server;

/// The key that clients get unless the case says otherwise.
pub const API_KEY: &str = "ark_conformance_0123456789";
/// How long the runner looks for a request of a call that was cancelled in a wait, after that wait has ended.
const AFTERWARDS: Duration = Duration::from_millis(100);

/// Performs a case. The report has a step for each call and the texts of all of them.
///
/// # Errors
/// When the driver hangs, crashes, or writes nonsense.
pub fn perform(driver: &mut Driver, case: &Case, server: &Server) -> Result<Value, String> {
    let mut report = Report::default();
    let made = driver.ask(&client_message(case, server)?)?;
    let made = report.read(made, driver);
    report.print("client", &made);
    for step in &case.calls {
        let webhook = step.call.starts_with("webhook.");
        let seen = match made.get("error") {
            // The constructor failed, and with it all that would have been done with the client.
            Some(error) if !webhook => {
                json!({"error": error, "printed": made["printed"], "waits": []})
            }
            _ => {
                let held = step.details.get("cancel") == Some(&json!("in_sleep"));
                let problem = |error: std::io::Error| error.to_string();
                if held {
                    server.clock().hold().map_err(problem)?;
                }
                let answer = driver.ask(&step_message(step, server))?;
                let mut seen = report.read(answer, driver);
                server.clock().release();
                if held {
                    // A wait that goes on after its call was cancelled ends now, and betrays itself by what it sends.
                    server.is_surprised_within(AFTERWARDS);
                }
                seen["waits"] = json!(server.clock().take_waits()?);
                add_file(&mut seen, &file(server));
                seen
            }
        };
        let name = if seen.get("error").is_some() {
            "error"
        } else {
            "value"
        };
        report.print(name, &seen);
        report.steps.push(seen);
    }
    Ok(report.whole())
}

#[derive(Default)]
struct Report {
    steps: Vec<Value>,
    texts: Map<String, Value>,
    problem: Option<String>,
}

impl Report {
    /// An answer in the one form that is compared, without what belongs to the whole report.
    fn read(&mut self, mut answer: Value, driver: &Driver) -> Value {
        normal::answer(&mut answer, driver.zero_is_null());
        let mut take = |name: &str| {
            answer
                .as_object_mut()
                .and_then(|answer| answer.remove(name))
        };
        if let Some(problem) = take("problem").filter(|problem| !problem.is_null()) {
            self.problem.get_or_insert(problem.to_string());
        }
        for (name, text) in [("log", "log"), ("told", "hooks")] {
            if let Some(told) = take(name) {
                self.add(text, &told);
            }
        }
        answer
    }

    fn print(&mut self, name: &str, seen: &Value) {
        self.add(name, &seen["printed"]);
    }

    fn add(&mut self, name: &str, text: &Value) {
        let whole = self.texts.entry(name).or_insert_with(|| json!(""));
        if let (Value::String(whole), Some(text)) = (whole, text.as_str()) {
            whole.push_str(text);
            whole.push('\n');
        }
    }

    fn whole(self) -> Value {
        json!({"steps": self.steps, "texts": self.texts, "problem": self.problem})
    }
}

/// What the driver makes a client of.
fn client_message(case: &Case, server: &Server) -> Result<Value, String> {
    let mut options = Map::new();
    options.insert("api_key".to_owned(), json!(API_KEY));
    options.insert("base_url".to_owned(), json!("$SERVER"));
    for (name, value) in &case.client {
        options.insert(name.clone(), value.clone());
    }
    // Null means: not given, so that the environment or the default decides.
    options.retain(|_, value| !value.is_null());
    let wall = case.wall.parse::<DateTime<Utc>>();
    let wall = wall.map_err(|error| format!("{}: {error}", case.wall))?;
    let mut message = json!({
        "do": "client", "options": options,
        "script": {"clock": server.clock().folder(), "wall": wall.timestamp_millis(), "random": case.random},
    });
    place(&mut message, server);
    Ok(message)
}

/// What the driver does for one step: everything but what is expected.
fn step_message(step: &Step, server: &Server) -> Value {
    let mut message = step.details.clone();
    let cancel = server.clock().cancel_file();
    if step.call.starts_with("webhook.") {
        message.insert("do".to_owned(), json!(step.call));
        let payload = payload(&step.details["payload"]);
        message.insert("payload".to_owned(), json!(STANDARD.encode(payload)));
    } else {
        message.insert("do".to_owned(), json!("call"));
        message.insert("call".to_owned(), json!(step.call));
        message.insert("file".to_owned(), json!(file(server)));
        for name in ["args", "options"] {
            message.entry(name).or_insert_with(|| json!({}));
        }
        if message.contains_key("cancel") {
            message.insert("cancel".to_owned(), json!(cancel));
        }
        if let Some(list) = message.remove("list") {
            message.extend(way(&list, &cancel).map(|way| ("list".to_owned(), way)));
        }
    }
    let mut message = Value::Object(message);
    place(&mut message, server);
    message
}

/// How a list is gone through; one page alone is a call like any other.
fn way(list: &Value, cancel: &Path) -> Option<Value> {
    Some(match list.as_str() {
        Some("page") => return None,
        Some("pages") => json!({"by": "pages", "prefetch": false}),
        Some(word) => json!({"by": "items", "prefetch": word == "prefetch"}),
        None => {
            let prefetch = list["prefetch"] == true;
            let mut way =
                json!({"by": "items", "prefetch": prefetch, "stop_after": list["stop_after"]});
            if prefetch {
                // The page ahead is under way when the server has made the file.
                way["until"] = json!(cancel);
            }
            way
        }
    })
}

fn payload(given: &Value) -> Vec<u8> {
    match (&given["text"], &given["base64"], given["size"].as_u64()) {
        (Value::String(text), ..) => text.clone().into_bytes(),
        // The schema has checked it.
        (_, Value::String(text), _) => STANDARD.decode(text).unwrap_or_default(),
        (.., Some(size)) => vec![b' '; usize::try_from(size).unwrap_or_default()],
        _ => given["json"].to_string().into_bytes(),
    }
}

/// Where a driver writes what a call returns as bytes.
fn file(server: &Server) -> std::path::PathBuf {
    server.clock().folder().join("file")
}

/// Puts the bytes of the written file beside what was reported of them.
fn add_file(seen: &mut Value, file: &Path) {
    if let Some(bytes) = seen.get_mut("bytes").filter(|bytes| bytes.is_object()) {
        let written = fs::read(file).unwrap_or_default();
        bytes["written"] = json!(written.len());
        // What is long is compared by its length.
        if written.len() <= 65_536 {
            bytes["base64"] = json!(STANDARD.encode(written));
        }
        let _ = fs::remove_file(file);
    }
}

/// Puts `$SERVER` and the like in.
fn place(value: &mut Value, server: &Server) {
    match value {
        Value::String(text) => *text = server.placed(text),
        Value::Array(list) => list.iter_mut().for_each(|entry| place(entry, server)),
        Value::Object(map) => map.values_mut().for_each(|entry| place(entry, server)),
        _ => {}
    }
}
