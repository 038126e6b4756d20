//! A driver that knows one operation and speaks HTTP by hand, for the tests of the kit: they need no SDK.
//!
//! `conformance-driver-fake [LIE]`: without a lie it does `links.get` right, with the status table and three tries.

use std::fs::OpenOptions;
use std::io::{self, BufRead, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let lie = std::env::args().nth(1).unwrap_or_default();
    let mut stdout = io::stdout();
    let protocol = if lie == "old-protocol" { 1 } else { 2 };
    let hello = json!({"protocol": protocol, "capabilities": ["hooks"]});
    writeln!(stdout, "{hello}")?;
    let mut client = Value::Null;
    for line in io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line?)?;
        let answer = match (lie.as_str(), message["do"].as_str()) {
            ("crash", _) => std::process::exit(3),
            ("nonsense", _) => {
                writeln!(stdout, "this is no JSON")?;
                continue;
            }
            (_, Some("client")) => {
                client = message;
                let shown = lie == "shows-key";
                json!({"printed": if shown { &client["options"]["api_key"] } else { &Value::Null }})
            }
            _ => run(&client, &message, &lie),
        };
        writeln!(stdout, "{answer}")?;
    }
    Ok(())
}

fn run(client: &Value, step: &Value, lie: &str) -> Value {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let (status, request_id, body) = exchange(client, step, lie).unwrap_or_default();
        let retryable = [0, 429, 503].contains(&status);
        if retryable && attempts < 3 && lie != "no-retry" {
            let right = 250 << (attempts - 1);
            wait(client, if lie == "wrong-wait" { 9000 } else { right });
            continue;
        }
        if lie == "one-try-more" && attempts == 1 {
            continue;
        }
        let attempts = if lie == "wrong-attempts" {
            attempts + 1
        } else {
            attempts
        };
        if status == 200 {
            let mut value: Value = serde_json::from_str(&body).unwrap_or_default();
            if lie == "wrong-value" {
                value["slug"] = json!("invented");
            }
            let mut response = json!({
                "status": status, "request_id": request_id, "attempts": attempts,
                "rate_limit": null, "replayed": false, "headers": {},
            });
            if lie == "no-headers" {
                response["headers"] = Value::Null;
            }
            return json!({"value": value, "response": response});
        }
        let class = if lie == "wrong-class" {
            "ConflictError"
        } else {
            "NotFoundError"
        };
        let error = json!({
            "class": class, "status": status, "code": null, "message": "Not found", "errors": [],
            "request_id": request_id, "idempotency_key": null, "confirmation": null, "reason": null,
            "attempts": attempts, "retryable": retryable, "outcome": "rejected", "headers": {},
            "body": "", "text": "404: Not found",
        });
        return json!({"error": error});
    }
}

/// Virtual, like all waits: nothing but a line in a file.
fn wait(client: &Value, milliseconds: u32) {
    let clock = client["script"]["clock"].as_str().unwrap_or_default();
    let mut file = OpenOptions::new();
    let file = file
        .append(true)
        .create(true)
        .open(format!("{clock}/waits"));
    let _ = file.and_then(|mut file| writeln!(file, "{milliseconds}"));
}

fn exchange(client: &Value, step: &Value, lie: &str) -> io::Result<(u16, Option<String>, String)> {
    let host = client["options"]["base_url"]
        .as_str()
        .unwrap_or_default()
        .trim_start_matches("http://");
    let id = step["args"]["link_id"].as_str().unwrap_or_default();
    let path = if lie == "wrong-path" {
        "/v2/links"
    } else {
        "/v1/links"
    };
    let key = if lie == "no-key" {
        ""
    } else {
        "authorization: Bearer ark_conformance_0123456789\r\n"
    };
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "GET {path}/{id} HTTP/1.1\r\nhost: {host}\r\n{key}connection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let request_id = head
        .lines()
        .find_map(|line| line.strip_prefix("X-Request-Id: "));
    Ok((status, request_id.map(str::to_owned), body.to_owned()))
}
