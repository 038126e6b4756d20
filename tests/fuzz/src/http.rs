//! The real server, and requests to it that no HTTP client would send.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// No answer takes this long, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A reference server with its data in memory, and one connection to it.
pub struct Server {
    child: Child,
    address: SocketAddr,
    key: String,
    connection: Option<BufReader<TcpStream>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether this is how the contract ends a call: a success, or a problem that names itself.
    pub fn check(&self) -> Result<(), String> {
        let shown = || String::from_utf8_lossy(&self.body).into_owned();
        if self.status >= 500 || self.status < 200 {
            return Err(format!("status {}: {}", self.status, shown()));
        }
        if self.status < 400 {
            return Ok(());
        }
        let problem = self.json();
        let fine = self.content_type == "application/problem+json"
            && problem["status"] == self.status
            && problem["code"].is_string()
            && problem["request_id"].is_string();
        let named = self.status != 422
            || problem["code"] != "validation_failed"
            || !problem["errors"][0]["pointer"].is_null();
        if fine && named {
            Ok(())
        } else {
            Err(format!(
                "status {} without its problem: {}",
                self.status,
                shown()
            ))
        }
    }
}

impl Server {
    pub fn start(program: &Path) -> Result<Self, String> {
        let mut child = Command::new(program)
            .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .env("APPROUTE_LOG", "error")
            .spawn()
            .map_err(|error| {
                format!(
                    "{}: {error}; build it with `cargo build --package approute-server`",
                    program.display()
                )
            })?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("the server has no stdout")?;
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        let ready: Value = serde_json::from_str(&line)
            .map_err(|_| format!("the server is not ready: {line:?}"))?;
        let address = ready["base_url"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("http://")
            .parse();
        Ok(Self {
            child,
            address: address.map_err(|_| format!("the server has no address: {ready}"))?,
            key: ready["api_key"].as_str().unwrap_or_default().to_owned(),
            connection: None,
        })
    }

    /// Sends a request with the key. `headers` are lines that end with a line break.
    pub fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<Answer, String> {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{headers}content-length: {}\r\n\r\n",
            self.address,
            self.key,
            body.len()
        );
        let problem = |error: std::io::Error| format!("no answer: {error}");
        // A kept connection that the server has closed meanwhile is no finding; a new one is.
        if let Some(connection) = self.connection.take()
            && let Ok(answer) = self.exchange(connection, &head, body)
        {
            return Ok(answer);
        }
        let stream = TcpStream::connect(self.address).map_err(problem)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(problem)?;
        stream.set_nodelay(true).map_err(problem)?;
        self.exchange(BufReader::new(stream), &head, body)
            .map_err(problem)
    }

    fn exchange(
        &mut self,
        mut connection: BufReader<TcpStream>,
        head: &str,
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut request = head.as_bytes().to_vec();
        request.extend_from_slice(body);
        // A body that is too large is answered before it was read to its end.
        let written = connection.get_mut().write_all(&request);
        let mut line = String::new();
        connection.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        let (mut content_type, mut length, mut keep) = (String::new(), 0, written.is_ok());
        loop {
            line.clear();
            connection.read_line(&mut line)?;
            let lower = line.trim_end().to_ascii_lowercase();
            match lower.split_once(": ") {
                Some(("content-type", value)) => content_type = value.to_owned(),
                Some(("content-length", value)) => length = value.parse().unwrap_or(0),
                Some(("connection", "close")) => keep = false,
                None if lower.is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body)?;
        self.connection = keep.then_some(connection);
        Ok(Answer {
            status,
            content_type,
            body,
        })
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> Result<(), String> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Err(format!("the server has ended: {status}"));
        }
        match self.send("GET", "/v1/links?limit=1", "", b"")?.status {
            200 => Ok(()),
            status => Err(format!("the server lists no links any more: {status}")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
