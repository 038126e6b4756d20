//! An endpoint for webhooks on loopback. It keeps what it gets, and answers as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use approute::models::Event;
use approute::webhook::Verifier;
use axum::Router;
use axum::response::Response;
use bytes::Bytes;
use http::header::HeaderMap;
use http::request::Parts;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::harness::Api;
use crate::spec;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Delivery {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Checks it as a receiver with the SDK does, at this time, and against the spec.
    pub fn verified(&self, secret: &str, now: i64) -> Event {
        let json = self.json();
        spec::conforms("Event", &json);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("webhook-id"), json["id"].as_str().unwrap());
        let at = UNIX_EPOCH + Duration::from_micros(now.unsigned_abs());
        Verifier::new(secret)
            .at(at)
            .parse_event(&self.body, &self.headers)
            .unwrap()
    }

    /// Whether the SDK takes it with this secret.
    pub fn fits(&self, secret: &str, now: i64) -> bool {
        let at: SystemTime = UNIX_EPOCH + Duration::from_micros(now.unsigned_abs());
        Verifier::new(secret)
            .at(at)
            .verify(&self.body, &self.headers)
            .is_ok()
    }
}

/// What it answers.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    /// Nothing, with the connection open.
    Never,
}

/// An endpoint.
pub struct Receiver {
    pub url: String,
    came: mpsc::UnboundedReceiver<Delivery>,
    /// The most requests that had no answer at a time.
    pub most: Arc<AtomicUsize>,
}

struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Receiver {
    /// Answers everything with 204.
    pub async fn start() -> Self {
        Self::with(|_| Reply::Status(204)).await
    }

    /// Answers as the closure says.
    pub async fn with(reply: impl Fn(&Delivery) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, came) = mpsc::unbounded_channel();
        let (open, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (reply, counts) = (Arc::new(reply), (open.clone(), most.clone()));
        let answer = move |parts: Parts, body: Bytes| {
            let (reply, sender, (open, most)) = (reply.clone(), sender.clone(), counts.clone());
            async move {
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let _open = Open(open);
                let path = parts.uri.path().to_owned();
                let delivery = Delivery {
                    path,
                    headers: parts.headers,
                    body,
                };
                let reply = reply(&delivery);
                let _ = sender.send(delivery);
                let response = Response::builder();
                match reply {
                    Reply::Status(status) => response.status(status).body("thanks".to_owned()),
                    Reply::With(status, name, value) => response
                        .status(status)
                        .header(name, value)
                        .body(String::new()),
                    Reply::Never => std::future::pending().await,
                }
                .unwrap()
            }
        };
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, came, most }
    }

    /// The next delivery.
    pub async fn next(&mut self) -> Delivery {
        let next = tokio::time::timeout(PATIENCE, self.came.recv()).await;
        next.expect("nothing comes").unwrap()
    }

    /// Nothing that has not been looked at has come.
    pub fn assert_nothing(&mut self) {
        if let Ok(delivery) = self.came.try_recv() {
            panic!("not expected: {:#}", delivery.json());
        }
    }
}

/// A webhook, and its secret.
pub struct Hook {
    pub id: String,
    pub secret: String,
}

impl Hook {
    pub fn path(&self) -> String {
        format!("/v1/webhooks/{}", self.id)
    }
}

/// Makes a webhook for these events.
pub async fn hook(api: &Api, url: &str, events: &[&str]) -> Hook {
    let created = api
        .post("/v1/webhooks", json!({ "url": url, "events": events }))
        .gives(201)
        .await
        .json();
    let text = |field: &str| created[field].as_str().unwrap().to_owned();
    Hook {
        id: text("id"),
        secret: text("secret"),
    }
}

/// Waits until a number in the database is this.
pub async fn until(api: &Api, sql: &'static str, wanted: i64) {
    let patience = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = api.count(sql).await;
        if found == wanted {
            return;
        }
        assert!(
            tokio::time::Instant::now() < patience,
            "{sql}: {found} instead of {wanted}"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until nothing is being sent, and this many attempts are in the log.
pub async fn attempts(api: &Api, wanted: i64) {
    until(api, "SELECT COUNT(*) FROM delivery_log", wanted).await;
    until(api, "SELECT COUNT(*) FROM deliveries WHERE leased = 1", 0).await;
}
