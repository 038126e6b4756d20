//! Traces for a collector, by OTLP over HTTP: `--otlp`.
//!
//! A span for each call of the API, each visit and each attempt to deliver. Calls and visits go on with the trace that
//! the request names (W3C Trace Context). Nothing secret is in a span: no header, no query, no body, and of a webhook's
//! URL the host alone. Names follow OpenTelemetry's conventions for HTTP; what is ours begins with `approute.`.
//!
//! Spans wait in a queue of bounded size and are sent by a thread of their own. Where the collector does not keep up,
//! or is not there, they are dropped; no request waits for it. Without `--otlp` none of this exists.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanKind, Status, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{
    Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;
use url::Url;

use crate::generated::api::Operation;

/// How long the collector may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the server waits at its end for what is still to be sent.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Where spans begin.
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
}

/// What is being done, from its beginning to its end.
pub struct Span(opentelemetry_sdk::trace::Span);

impl Traces {
    /// Sends to the collector whose base URL this is, such as `http://127.0.0.1:4318`. Headers for it, the sampler and
    /// the queue come from OpenTelemetry's own environment variables.
    pub fn start(endpoint: &str) -> Result<Self, String> {
        let refused = |why: String| format!("cannot send traces to {endpoint}: {why}");
        let sender = Sender::new().map_err(|error| refused(error.to_string()))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(sender)
            .with_protocol(Protocol::HttpBinary)
            // The next batch is not long in coming, and at its end the server waits for nothing.
            .with_retry_policy(RetryPolicy::disabled())
            .with_endpoint(traces_url(endpoint).map_err(refused)?)
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let resource = Resource::builder()
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
            Some(_) => resource,
            None => resource.with_service_name("approute-server"),
        };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Ok(Self {
            tracer: provider.tracer("approute-server"),
            provider,
            propagator: TraceContextPropagator::new(),
        })
    }

    /// A call of the API.
    pub fn call(&self, operation: Operation, headers: &HeaderMap, request_id: &str) -> Span {
        let route: String = operation
            .segments()
            .iter()
            .map(|segment| format!("/{}", segment.unwrap_or("{id}")))
            .collect();
        let attributes = vec![
            KeyValue::new("http.request.method", operation.method()),
            KeyValue::new("http.route", route),
            KeyValue::new("approute.request_id", request_id.to_owned()),
        ];
        self.begin(operation.id(), SpanKind::Server, attributes, headers)
    }

    /// A visit of a short link.
    pub fn visit(&self, parts: &Parts) -> Span {
        let method = match parts.method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            _ => "_OTHER",
        };
        let attributes = vec![KeyValue::new("http.request.method", method)];
        self.begin("visit", SpanKind::Server, attributes, &parts.headers)
    }

    /// An attempt to deliver an event.
    pub fn delivery(&self, webhook: &str, url: &str, event: &str, attempt: i64) -> Span {
        let host = Url::parse(url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        let attributes = vec![
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("server.address", host.unwrap_or_default()),
            KeyValue::new("approute.webhook_id", webhook.to_owned()),
            KeyValue::new("approute.event_id", event.to_owned()),
            KeyValue::new("approute.attempt", attempt),
        ];
        self.begin("delivery", SpanKind::Client, attributes, &HeaderMap::new())
    }

    fn begin(
        &self,
        name: &'static str,
        kind: SpanKind,
        attributes: Vec<KeyValue>,
        headers: &HeaderMap,
    ) -> Span {
        let parent = self
            .propagator
            .extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let span = SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_attributes(attributes);
        Span(self.tracer.build_with_context(span, &parent))
    }

    /// Sends what is left, for as long as that takes, within limits.
    pub async fn stop(&self) {
        let provider = self.provider.clone();
        // It blocks, and what it waits for needs this runtime.
        let stopping = tokio::task::spawn_blocking(move || {
            // The sender has said what went wrong.
            let _ = provider.shutdown_with_timeout(LAST_WORDS);
        });
        let _ = stopping.await;
    }
}

impl Span {
    /// Something that became known meanwhile.
    pub fn set(&mut self, name: &'static str, value: impl Into<opentelemetry::Value>) {
        self.0.set_attribute(KeyValue::new(name, value));
    }

    /// It has ended with this status, as far as there was an answer. Where the fault is this server's, or it sent the
    /// request and something went wrong, the span is an error.
    pub fn end(mut self, status: Option<StatusCode>, failed: bool) {
        if let Some(status) = status {
            self.set("http.response.status_code", i64::from(status.as_u16()));
        }
        if failed {
            self.set(
                "error.type",
                status.map_or("no_answer".to_owned(), |status| status.as_str().to_owned()),
            );
            self.0.set_status(Status::error(""));
        }
        self.0.end();
    }
}

/// Where the traces go at a collector.
fn traces_url(endpoint: &str) -> Result<String, String> {
    let url = Url::parse(endpoint).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("use http:// or https://, such as http://127.0.0.1:4318".into());
    }
    Ok(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
}

/// Sends batches, and says when that ceases to work and when it works again.
#[derive(Debug)]
struct Sender {
    client: reqwest::Client,
    /// Batches come from a thread without a runtime.
    runtime: Handle,
    failing: AtomicBool,
}

impl Sender {
    fn new() -> Result<Self, rustls::Error> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(crate::webhook::send::tls(Vec::new())?)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(Self {
            client,
            runtime: Handle::current(),
            failing: AtomicBool::new(false),
        })
    }

    fn tell(&self, outcome: &Result<Response<Bytes>, HttpError>) {
        let problem = match outcome {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(innermost(&**error)),
        };
        let failed = self.failing.swap(problem.is_some(), Ordering::Relaxed);
        match problem {
            Some(problem) if !failed => {
                tracing::warn!(
                    problem,
                    "the collector takes no traces; they are dropped until it does"
                );
            }
            None if failed => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let mut answer = client.execute(request.try_into()?).await?;
            let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
            let mut response = Response::new(answer.bytes().await?);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok::<_, reqwest::Error>(response)
        });
        let outcome = match sent.await {
            Ok(outcome) => outcome.map_err(HttpError::from),
            Err(stopped) => Err(stopped.into()),
        };
        self.tell(&outcome);
        outcome
    }
}

/// What was at the bottom of it, without the URL.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_a_base_url() {
        for (endpoint, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            (
                "https://otel.example/in",
                "https://otel.example/in/v1/traces",
            ),
        ] {
            assert_eq!(traces_url(endpoint).as_deref(), Ok(url));
        }
        for refused in ["", "127.0.0.1:4318", "grpc://127.0.0.1:4317", "collector"] {
            assert!(traces_url(refused).is_err(), "{refused}");
        }
    }
}
