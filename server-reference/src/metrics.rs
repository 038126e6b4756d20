//! What the server counts, in the text format of Prometheus (OpenMetrics), on a listener of its own: `--metrics`.
//!
//! Labels have few values: operations, statuses, outcomes. Nothing names a workspace, a key or a link.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::SharedApp;
use crate::generated::api::Operation;
use crate::webhook::outcome::Outcome;

/// Bounds of the histogram of calls, in seconds.
const BUCKETS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// What nearly all visits are answered with.
const FOUND: u16 = 302;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    operation: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Visit {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    outcome: &'static str,
}

type Seconds = Family<Named, Histogram, fn() -> Histogram>;

/// The counters.
pub struct Metrics {
    registry: Registry,
    calls: Family<Call, Counter>,
    seconds: Seconds,
    visits: Family<Visit, Counter>,
    /// That of `visits` for [`FOUND`], without being looked up.
    found: Counter,
    attempts: Family<Attempt, Counter>,
    clicks_waiting: Gauge<i64>,
    calls_waiting: Gauge<i64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let visits: Family<Visit, Counter> = Family::default();
        let mut metrics = Self {
            found: visits.get_or_create_owned(&Visit { status: FOUND }),
            visits,
            registry: Registry::with_prefix("approute"),
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            attempts: Family::default(),
            clicks_waiting: Gauge::default(),
            calls_waiting: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("calls", "Calls of the API", self.calls.clone());
        registry.register_with_unit(
            "call_duration",
            "How long calls of the API take",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register("visits", "Visits of short links", self.visits.clone());
        registry.register(
            "delivery_attempts",
            "Attempts to deliver an event to a webhook",
            self.attempts.clone(),
        );
        registry.register(
            "clicks_waiting",
            "Clicks in memory that are not written yet",
            self.clicks_waiting.clone(),
        );
        registry.register(
            "calls_waiting",
            "Entries of the access log in memory that are not written yet",
            self.calls_waiting.clone(),
        );
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The server", version);
    }

    /// Counts a call.
    pub fn call(&self, operation: Operation, status: StatusCode, took: Duration) {
        let (operation, status) = (operation.id(), status.as_u16());
        self.calls.get_or_create(&Call { operation, status }).inc();
        self.seconds
            .get_or_create(&Named { operation })
            .observe(took.as_secs_f64());
    }

    /// Counts a visit.
    pub fn visit(&self, status: u16) {
        if status == FOUND {
            self.found.inc();
            return;
        }
        self.visits.get_or_create(&Visit { status }).inc();
    }

    /// Counts an attempt to deliver.
    pub fn attempt(&self, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Delivered => "delivered",
            Outcome::Failed => "failed",
            Outcome::Gone => "gone",
        };
        self.attempts.get_or_create(&Attempt { outcome }).inc();
    }
}

/// Serves the metrics until `stop` becomes true. Nothing that runs here is worth waiting for.
pub async fn serve(listener: TcpListener, app: SharedApp, mut stop: watch::Receiver<bool>) {
    let router = Router::new().route("/metrics", get(scrape)).with_state(app);
    tokio::select! {
        done = axum::serve(listener, router) => {
            if let Err(error) = done {
                tracing::error!(%error, "metrics are not served any more");
            }
        }
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn scrape(State(app): State<SharedApp>) -> Response {
    let metrics = &app.metrics;
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    metrics.clicks_waiting.set(count(app.clicks.waiting()));
    let calls = app.calls.lock().expect("no panic while logging").len();
    metrics.calls_waiting.set(count(calls));
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => {
            let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(CONTENT_TYPE, media)], text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
