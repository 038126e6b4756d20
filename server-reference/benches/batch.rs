//! A batch of 1,000 links by the server, over HTTP and with its commit: on a file, synced as in operation, and in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use approute_server::cli::seed;
use approute_server::clock::SystemClock;
use approute_server::config::Config;
use approute_server::server::Server;
use approute_server::store::Target;
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

struct Bench {
    server: Server,
    key: String,
    client: Client<HttpConnector, Full<Bytes>>,
    next: u64,
}

impl Bench {
    async fn start(database: Target) -> Self {
        let mut config = Config::new(database);
        config.dev = true;
        config.rate_limit = "1000000/1".parse().unwrap();
        let server = Server::start(config, Arc::new(SystemClock)).await.unwrap();
        let app = &server.app;
        let ready = seed::dev(&app.store, &app.ids, server.base_url(), app.now())
            .await
            .unwrap();
        Self {
            key: ready.api_key,
            server,
            client: Client::builder(TokioExecutor::new()).build_http(),
            next: 0,
        }
    }

    /// 1,000 creators' links as the demo sends them.
    fn body(&mut self) -> Bytes {
        self.next += 1;
        let link = |n: usize| {
            json!({
                "url": format!("https://example.com/shop?creator={n}"),
                "external_id": format!("creator:{}:{n}", self.next),
                "title": format!("Creator {n}, autumn campaign"),
                "tags": ["autumn", "creators"],
                "targets": { "ios": { "app_store_id": "1234567890" }, "android": { "package_name": "com.example.shop" } },
                "utm": { "source": "creator", "medium": "social", "campaign": "autumn-2026" },
                "program_id": "autumn-2026",
                "sub_id": format!("sub-{n}")
            })
        };
        let create: Vec<Value> = (0..1_000).map(link).collect();
        serde_json::to_vec(&json!({ "create": create }))
            .unwrap()
            .into()
    }

    async fn batch(&self, body: Bytes) -> Duration {
        let request = http::Request::post(format!("{}/v1/links/batch", self.server.base_url()))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .header("idempotency-key", format!("bench-{}", self.next))
            .body(Full::new(body))
            .unwrap();
        let started = Instant::now();
        let response = self.client.request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let took = started.elapsed();
        assert!(body.len() > 500_000);
        took
    }
}

fn batches(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut group = c.benchmark_group("batch of 1,000");
    group.sample_size(20);
    for (name, target) in [
        ("file", Target::File(folder.path().join("bench.db"))),
        ("memory", Target::Memory),
    ] {
        let mut bench = runtime.block_on(Bench::start(target));
        group.bench_function(name, |b| {
            b.iter_custom(|times| {
                (0..times)
                    .map(|_| {
                        let body = bench.body();
                        runtime.block_on(bench.batch(body))
                    })
                    .sum()
            });
        });
        runtime.block_on(bench.server.stop()).unwrap();
    }
    group.finish();
}

criterion_group!(benches, batches);
criterion_main!(benches);
