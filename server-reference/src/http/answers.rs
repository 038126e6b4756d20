//! Answers as bytes, for connections that hyper does not serve.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::response::Parts;
use http::{HeaderName, StatusCode};

use super::REQUEST_ID;
use crate::app::App;
use crate::clock::Micros;
use crate::ids::Kind;

/// The head of an answer, written field by field.
pub struct Head<'a>(&'a mut Vec<u8>);

impl<'a> Head<'a> {
    /// Begins with the status.
    pub fn new(output: &'a mut Vec<u8>, status: u16) -> Self {
        if status == 302 {
            output.extend_from_slice(b"HTTP/1.1 302 Found\r\n");
            return Self(output);
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
        output.extend_from_slice(b"HTTP/1.1 ");
        output.extend_from_slice(status.as_str().as_bytes());
        output.push(b' ');
        let reason = status.canonical_reason().unwrap_or_default();
        output.extend_from_slice(reason.as_bytes());
        output.extend_from_slice(b"\r\n");
        Self(output)
    }

    /// Adds a field. The value holds no line break.
    pub fn field(&mut self, name: &str, value: &[u8]) {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.0.extend_from_slice(part);
        }
    }

    /// Adds a new request id.
    pub fn id(&mut self, app: &App, now: Micros) {
        let id = app.ids.at(Kind::Request, now);
        self.field(REQUEST_ID.as_str(), id.as_bytes());
    }

    /// Ends the head.
    pub fn end(mut self, date: &str, closing: bool) {
        self.field("date", date.as_bytes());
        if closing {
            self.field("connection", b"close");
        }
        self.0.extend_from_slice(b"\r\n");
    }
}

/// Writes an answer in whole.
pub fn write(
    output: &mut Vec<u8>,
    parts: &Parts,
    body: &Bytes,
    is_head: bool,
    date: &str,
    closing: bool,
) {
    let mut head = Head::new(output, parts.status.as_u16());
    let ours = |name: &HeaderName| *name == CONTENT_LENGTH || *name == DATE;
    for (name, value) in parts.headers.iter().filter(|(name, _)| !ours(name)) {
        head.field(name.as_str(), value.as_bytes());
    }
    let has_none = matches!(parts.status.as_u16(), 204 | 304);
    if !has_none {
        // Where only the head was asked for, the body may be gone already, and its length be left.
        match parts.headers.get(CONTENT_LENGTH).filter(|_| is_head) {
            Some(length) => head.field("content-length", length.as_bytes()),
            None => head.field("content-length", body.len().to_string().as_bytes()),
        }
    }
    head.end(date, closing);
    if !is_head && !has_none {
        output.extend_from_slice(body);
    }
}
