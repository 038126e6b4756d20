//! HTTP/1.1 byte by byte: requests as they arrive, answers as the case wants them, broken ones too.

use std::io::{self, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::case::Answer;

/// More than any client of ours sends before a body.
const LONGEST_HEAD: usize = 64 * 1024;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET` and the like.
    pub method: String,
    /// The target up to the question mark, as on the wire.
    pub path: String,
    /// What follows the question mark, as on the wire.
    pub query: Option<String>,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, chunks put together.
    pub body: Vec<u8>,
}

impl Request {
    /// All values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// As the wire log shows it.
    pub fn text(&self) -> String {
        use std::fmt::Write;
        let query = self
            .query
            .as_ref()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let mut text = format!("> {} {}{query}\n", self.method, self.path);
        for (name, value) in &self.headers {
            let _ = writeln!(text, "> {name}: {value}");
        }
        if !self.body.is_empty() {
            let shown = &self.body[..self.body.len().min(2000)];
            let _ = writeln!(text, "> {}", String::from_utf8_lossy(shown));
        }
        text
    }
}

/// Reads one request.
///
/// # Errors
/// When the connection ends before the request does, or what came is not HTTP.
pub fn read_request(mut stream: impl Read) -> io::Result<Request> {
    let head = read_head(&mut stream)?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (
        first.next().unwrap_or_default(),
        first.next().unwrap_or_default(),
    );
    if !first.next().unwrap_or_default().starts_with("HTTP/1.") {
        return Err(io::Error::other(format!("not HTTP/1: {head:?}")));
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        headers,
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .first()
        .and_then(|value| value.parse().ok());
    if let Some(length) = length {
        request.body = vec![0; length];
        stream.read_exact(&mut request.body)?;
    } else if request.header("transfer-encoding").contains(&"chunked") {
        request.body = read_chunks(&mut stream)?;
    }
    Ok(request)
}

fn read_head(stream: &mut impl Read) -> io::Result<String> {
    // Byte by byte: what follows the head must stay in the socket.
    let mut head = Vec::with_capacity(1024);
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head.len() > LONGEST_HEAD {
            return Err(io::Error::other("the head does not end"));
        }
    }
    head.truncate(head.len() - 4);
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn read_chunks(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&line);
        let digits = text.trim().split(';').next().unwrap_or_default();
        let length = usize::from_str_radix(digits, 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk)?;
        if length == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}

/// The answer's head and body as they go over the wire.
pub fn render(answer: &Answer) -> (Vec<u8>, Vec<u8>) {
    let status = answer.status.unwrap_or(200);
    let mut body = body(answer);
    let mut headers = answer_headers(answer);
    let given = |headers: &[(String, String)], name: &str| {
        headers
            .iter()
            .any(|(header, _)| header.eq_ignore_ascii_case(name))
    };
    if answer.gzip {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        // Writing into memory cannot fail.
        let _ = encoder.write_all(&body);
        body = encoder.finish().unwrap_or_default();
        headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
    }
    if answer.json.is_some() && !given(&headers, "content-type") {
        let kind = if status >= 400 {
            "application/problem+json"
        } else {
            "application/json"
        };
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    if answer.close {
        headers.push(("connection".to_owned(), "close".to_owned()));
    }
    // `Content-Length: none` leaves the body to end with the connection.
    let unmeasured = headers.iter().any(|(_, value)| value == "none");
    headers.retain(|(_, value)| value != "none");
    let bodiless = status == 204 || status == 304 || status < 200;
    if answer.chunked {
        headers.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
        let mut chunks = Vec::new();
        for chunk in body.chunks(7) {
            chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunks.extend_from_slice(chunk);
            chunks.extend_from_slice(b"\r\n");
        }
        chunks.extend_from_slice(b"0\r\n\r\n");
        body = chunks;
    } else if !bodiless && !unmeasured && !given(&headers, "content-length") {
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    (head.into_bytes(), body)
}

fn body(answer: &Answer) -> Vec<u8> {
    if let Some(json) = &answer.json {
        json.to_string().into_bytes()
    } else if let Some(text) = &answer.text {
        text.clone().into_bytes()
    } else if let Some(base64) = &answer.base64 {
        STANDARD.decode(base64).unwrap_or_default()
    } else {
        vec![b' '; answer.size.unwrap_or(0)]
    }
}

fn answer_headers(answer: &Answer) -> Vec<(String, String)> {
    let pair = |name: &str, value: &Value| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (name.to_owned(), value)
    };
    match &answer.headers {
        Value::Object(map) => map.iter().map(|(name, value)| pair(name, value)).collect(),
        Value::Array(pairs) => pairs
            .iter()
            .map(|entry| pair(entry[0].as_str().unwrap_or_default(), &entry[1]))
            .collect(),
        _ => Vec::new(),
    }
}
