//! What the acts are played on: the real server, a driver, a visitor, and a receiver of webhooks.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::driver::{Driver, binaries};
use crate::load::{DriverSpec, Kit};
use crate::normal;
use crate::wire::{Request, read_request};

/// No delivery takes this long.
const PATIENCE: Duration = Duration::from_secs(15);

/// Everything that an act needs.
pub struct Stage {
    driver: Driver,
    server: Child,
    binary: PathBuf,
    database: String,
    clock: PathBuf,
    file: PathBuf,
    address: SocketAddr,
    deliveries: Receiver<Request>,
    /// Where webhooks are received.
    pub receiver: String,
    /// What the server printed when it was ready: its keys and its workspace.
    pub ready: Value,
    /// What acts leave for those that follow.
    pub kept: BTreeMap<&'static str, String>,
}

impl Stage {
    pub fn set(kit: &Kit, spec: &DriverSpec, folder: &Path) -> Result<Self, String> {
        let problem = |error: std::io::Error| error.to_string();
        let clock = folder.join("clock");
        fs::create_dir_all(&clock).map_err(problem)?;
        let binary = binaries()?.join("approute-server");
        let database = format!("sqlite:{}", folder.join("scenario.db").display());
        let mut server = Command::new(&binary)
            .args([
                "serve",
                "--dev",
                "--listen",
                "127.0.0.1:0",
                "--database",
                &database,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                format!(
                    "{}: {error}; build it with `cargo build --package approute-server`",
                    binary.display()
                )
            })?;
        let mut line = String::new();
        let stdout = server.stdout.take().ok_or("the server has no stdout")?;
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(problem)?;
        let ready: Value = serde_json::from_str(&line)
            .map_err(|_| format!("the server is not ready: {line:?}"))?;
        let address = ready["base_url"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("http://")
            .parse();
        let (receiver, deliveries) = receive().map_err(problem)?;
        Ok(Self {
            driver: Driver::start(spec, &kit.root, &BTreeMap::new())?,
            server,
            binary,
            database,
            clock,
            file: folder.join("file"),
            address: address.map_err(|_| format!("the server has no address: {ready}"))?,
            deliveries,
            receiver,
            ready,
            kept: BTreeMap::new(),
        })
    }

    /// Makes the driver's client use this key.
    pub fn log_in(&mut self, key: &str) -> Result<(), String> {
        let made = self.driver.ask(&json!({
            "do": "client", "options": {"api_key": key, "base_url": self.ready["base_url"]},
            "script": {"clock": self.clock, "wall": now().as_millis(), "random": null},
        }))?;
        if made["error"].is_null() {
            Ok(())
        } else {
            Err(made.to_string())
        }
    }

    pub fn log_in_as(&mut self, name: &str) -> Result<(), String> {
        let key = text(&self.ready[name])?.to_owned();
        self.log_in(&key)
    }

    /// What a call ends with, in the runner's form.
    pub fn ask(&mut self, call: &str, args: Value, more: Value) -> Result<Value, String> {
        let mut message =
            json!({"do": "call", "call": call, "args": args, "options": {}, "file": self.file});
        for (name, value) in more.as_object().into_iter().flatten() {
            message[name] = value.clone();
        }
        let mut answer = self.driver.ask(&message)?;
        normal::answer(&mut answer, self.driver.zero_is_null());
        match &answer["problem"] {
            Value::Null => Ok(answer),
            problem => Err(format!("{call}: the driver says: {problem}")),
        }
    }

    /// The value of a call that succeeds.
    pub fn value(&mut self, call: &str, args: Value) -> Result<Value, String> {
        let mut answer = self.ask(call, args, json!({}))?;
        if answer["error"].is_null() {
            Ok(answer["value"].take())
        } else {
            Err(format!("{call}: {}", answer["error"]))
        }
    }

    /// The error of a call that fails with this class and code.
    pub fn error(
        &mut self,
        call: &str,
        args: Value,
        class: &str,
        code: &str,
    ) -> Result<Value, String> {
        let mut answer = self.ask(call, args, json!({}))?;
        let error = answer["error"].take();
        if error["class"] == class && error["code"] == code {
            return Ok(error);
        }
        answer["error"] = error;
        Err(format!("{call}: expected {class} {code}, seen {answer}"))
    }

    /// The items of a whole list.
    pub fn items(&mut self, call: &str, args: Value) -> Result<Vec<Value>, String> {
        let answer = self.ask(
            call,
            args,
            json!({"list": {"by": "items", "prefetch": false}}),
        )?;
        match &answer["items"] {
            Value::Array(items) if answer["error"].is_null() => Ok(items.clone()),
            _ => Err(format!("{call}: {answer}")),
        }
    }

    /// Content type and bytes of an image.
    pub fn image(&mut self, args: Value) -> Result<(String, Vec<u8>), String> {
        let answer = self.ask("qr.get", args, json!({}))?;
        let kind =
            text(&answer["bytes"]["content_type"]).map_err(|_| format!("qr.get: {answer}"))?;
        let bytes = fs::read(&self.file).map_err(|error| format!("the image's file: {error}"))?;
        Ok((kind.to_owned(), bytes))
    }

    /// Visits a short link and gives status and `Location`.
    pub fn visit(&self, url: &str, user_agent: &str) -> Result<(u16, String), String> {
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let head = format!(
            "GET /{path} HTTP/1.1\r\nhost: {}\r\nuser-agent: {user_agent}\r\nconnection: close\r\n\r\n",
            self.address
        );
        let answer = exchange(self.address, &head).map_err(|error| format!("{url}: {error}"))?;
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let location = answer
            .lines()
            .find_map(|line| line.strip_prefix("location: "));
        Ok((
            status.unwrap_or_default(),
            location.unwrap_or_default().to_owned(),
        ))
    }

    /// Waits until the server has written its clicks and sent what is due.
    pub fn settle(&self) -> Result<(), String> {
        let body = r#"{"advance_seconds": 0}"#;
        let head = format!(
            "POST /_test/clock HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let answer = exchange(self.address, &head).map_err(|error| error.to_string())?;
        if answer.contains("\"settled\":true") {
            Ok(())
        } else {
            Err(format!("the server does not settle: {answer}"))
        }
    }

    /// The next delivery.
    pub fn delivery(&self) -> Result<Request, String> {
        let delivery = self.deliveries.recv_timeout(PATIENCE);
        delivery.map_err(|_| "no webhook arrives".to_owned())
    }

    /// What the SDK makes of a delivery.
    pub fn webhook(
        &mut self,
        call: &str,
        delivery: &Request,
        secret: &str,
    ) -> Result<Value, String> {
        let mut answer = self.driver.ask(&json!({
            "do": call, "payload": STANDARD.encode(&delivery.body), "headers": delivery.headers,
            "secrets": [secret], "now": now().as_secs(),
        }))?;
        normal::answer(&mut answer, self.driver.zero_is_null());
        Ok(answer)
    }

    /// Runs a command of the server on its database; gives stdout.
    pub fn command(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.binary)
            .args(arguments)
            .args(["--database", &self.database])
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(format!(
                "{arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            ))
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A receiver that answers 200 to everything, its URL and what it receives.
fn receive() -> std::io::Result<(String, Receiver<Request>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(request) = read_request(&stream) else {
                continue;
            };
            let _ = (&stream)
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    Ok((url, receiver))
}

fn exchange(address: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// A text that has to be there.
pub fn text(value: &Value) -> Result<&str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("expected text, seen {value}"))
}
