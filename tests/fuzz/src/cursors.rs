//! Cursors: real ones, broken or taken to another list.

use std::path::Path;

use fastrand::Rng;
use serde_json::Value;

use crate::Target;
use crate::http::Server;
use crate::mutate;

pub struct Cursors {
    server: Server,
    /// A list, its cursor, and the page that it leads to.
    real: Vec<(&'static str, String, Value)>,
}

const LISTS: [&str; 3] = [
    "/v1/links?limit=1",
    "/v1/links?limit=1&tag=a",
    "/v1/webhooks?limit=1",
];

impl Cursors {
    pub fn new(server: &Path) -> Result<Self, String> {
        let mut server = Server::start(server)?;
        for _ in 0..3 {
            let json = "content-type: application/json\r\n";
            server.send(
                "POST",
                "/v1/links",
                json,
                br#"{"url": "https://example.com/", "tags": ["a"]}"#,
            )?;
            let webhook = br#"{"url": "https://example.com/", "events": ["link.password_failed"]}"#;
            server.send("POST", "/v1/webhooks", json, webhook)?;
        }
        let mut real = Vec::new();
        for list in LISTS {
            let first = server.send("GET", list, "", b"")?.json();
            let cursor = first["next_cursor"]
                .as_str()
                .ok_or_else(|| format!("{list} has no cursor: {first}"))?;
            let page = server
                .send("GET", &format!("{list}&cursor={cursor}"), "", b"")?
                .json();
            real.push((list, cursor.to_owned(), page));
        }
        Ok(Self { server, real })
    }
}

impl Target for Cursors {
    fn name(&self) -> &'static str {
        "cursors"
    }

    fn case(&mut self, random: &mut Rng) -> Result<(), String> {
        let (list, own, page) = &self.real[random.usize(..self.real.len())];
        let (_, cursor, _) = &self.real[random.usize(..self.real.len())];
        let mut broken = cursor.clone().into_bytes();
        if random.u8(..8) > 0 {
            mutate::bytes(&mut broken, random);
        }
        let changed = broken != own.as_bytes();
        let encoded: String = broken.iter().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self
            .server
            .send("GET", &format!("{list}&cursor={encoded}"), "", b"")?;
        let shown = || {
            format!(
                "{list} with the cursor {} (its own is {own})",
                broken.escape_ascii()
            )
        };
        answer
            .check()
            .map_err(|problem| format!("{problem}\n{}", shown()))?;
        match answer.status {
            // Text that is decoded to the same bytes is the same cursor; another place would be a forgery.
            200 if answer.json() == *page => Ok(()),
            400 | 422 if changed => Ok(()),
            status => Err(format!("status {status}: {}\n{}", answer.json(), shown())),
        }
    }

    fn end(&mut self) -> Result<(), String> {
        self.server.is_alive()
    }
}
