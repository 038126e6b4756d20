//! The reference server on a database file, and an API client for it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::Result;
use super::process::{Process, free_address};

/// The domain of the short links.
pub const DOMAIN: &str = "go.example.com";

/// A database with a workspace and a key in it.
pub struct Database {
    program: PathBuf,
    url: String,
    key: String,
}

impl Database {
    /// Makes one in `folder`.
    ///
    /// # Errors
    /// When the server's command line refuses.
    pub fn create(program: PathBuf, folder: &Path) -> Result<Self> {
        let url = format!("sqlite:{}", folder.join("approute.db").display());
        let mut database = Self {
            program,
            url,
            key: String::new(),
        };
        let names = ["--name", "Bench", "--plan", "team", "--domain", DOMAIN];
        let workspace = database.run(&[&["workspace", "create"], &names[..]].concat())?;
        let key = ["--name", "bench", "--scope", "read_write"];
        database.key =
            database.run(&[&["keys", "create", "--workspace", &workspace], &key[..]].concat())?;
        Ok(database)
    }

    /// Runs a command of the server's command line; what it prints is the answer.
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .args(["--database", &self.url])
            .output()
            .map_err(|error| format!("cannot start {}: {error}", self.program.display()))?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {}", arguments.join(" "), error.trim()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Serves it as in operation: short links by `Host`, the log at its usual level.
    ///
    /// # Errors
    /// When the server does not start.
    pub fn serve(&self) -> Result<(Process, SocketAddr)> {
        let address = free_address()?;
        let mut command = Command::new(&self.program);
        command
            .args(["serve", "--listen", &address.to_string()])
            .args(["--database", &self.url])
            .args(["--rate-limit", "1000000/1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok((Process::listening(command, address)?, address))
    }

    /// A client of the server at this address.
    pub fn client(&self, address: SocketAddr) -> Api {
        Api {
            base: format!("http://{address}"),
            key: self.key.clone(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }
}

/// Calls the API.
#[derive(Clone)]
pub struct Api {
    base: String,
    key: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Api {
    async fn call(
        &self,
        request: http::request::Builder,
        body: Bytes,
    ) -> Result<(Bytes, Duration)> {
        let request = request
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(|error| error.to_string())?;
        let started = Instant::now();
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| format!("the server does not answer: {error}"))?;
        let status = answer.status();
        let body = answer.into_body().collect().await;
        let body = body
            .map_err(|error| format!("an answer broke off: {error}"))?
            .to_bytes();
        let took = started.elapsed();
        if status.is_success() {
            return Ok((body, took));
        }
        let body = String::from_utf8_lossy(&body);
        Err(format!("the server answers {status}: {body}"))
    }

    /// Creates the links of a batch; with a key, the answer is stored under it. Returns their paths, and how long the
    /// call took.
    ///
    /// # Errors
    /// When one of them is not created.
    pub async fn batch(&self, body: Bytes, key: Option<&str>) -> Result<(Vec<String>, Duration)> {
        let mut request = http::Request::post(format!("{}/v1/links/batch", self.base));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let (body, took) = self.call(request, body).await?;
        let answer: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        if answer["summary"]["failed"] != 0 {
            return Err(format!("links were refused: {}", answer["summary"]));
        }
        let paths = answer["create"].as_array().into_iter().flatten();
        let paths = paths.filter_map(|item| Some(format!("/{}", item["link"]["slug"].as_str()?)));
        Ok((paths.collect(), took))
    }

    /// The clicks of all links of a program, bots excluded.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn clicks(&self, program: &str) -> Result<u64> {
        let (mut clicks, mut cursor) = (0, None);
        loop {
            let mut url = format!("{}/v1/links?program_id={program}&limit=100", self.base);
            if let Some(cursor) = &cursor {
                url = format!("{url}&cursor={cursor}");
            }
            let (body, _) = self.call(http::Request::get(url), Bytes::new()).await?;
            let page: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            let items = page["items"].as_array().into_iter().flatten();
            clicks += items
                .filter_map(|link| link["click_count"].as_u64())
                .sum::<u64>();
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(clicks),
            }
        }
    }
}

/// A batch of 1,000 creators' links, as the demo makes them.
pub fn batch(number: usize, program: &str) -> Bytes {
    let link = |n: usize| {
        json!({
            "url": format!("https://example.com/shop?creator={n}"),
            "external_id": format!("creator:{number}:{n}"),
            "title": format!("Creator {n}, autumn campaign"),
            "tags": ["autumn", "creators"],
            "targets": { "ios": { "app_store_id": "1234567890" }, "android": { "package_name": "com.example.shop" } },
            "utm": { "source": "creator", "medium": "social", "campaign": "autumn-2026" },
            "program_id": program,
            "sub_id": format!("sub-{n}")
        })
    };
    let create: Vec<Value> = (0..1_000).map(link).collect();
    json!({ "create": create }).to_string().into()
}
