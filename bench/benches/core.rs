//! `cargo bench -p approute-bench`: the Rust core beside what it stands on, with the bounds that it promises.

use std::hint::black_box;
use std::time::SystemTime;

use approute::models::LinkPage;
use approute::{Client, webhook};
use approute_bench::compare::{Contender, compare};
use approute_bench::{event_json, link_json, page_json, plain, server};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// What hyper-util needs for the same request: the same headers on the wire, the whole body in memory.
async fn bare(client: &Hyper<HttpConnector, Empty<Bytes>>, url: &http::Uri) -> Bytes {
    let request = http::Request::get(url.clone())
        .header(
            "user-agent",
            "approute-rust/0.1.0 (rustc 1.95.0; linux; x86_64)",
        )
        .header("accept", "application/json")
        .header("authorization", "Bearer ak_bench")
        .header("approute-version", "2026-11-01")
        .body(Empty::new())
        .unwrap();
    let response = client.request(request).await.unwrap();
    assert!(response.status().is_success());
    response.into_body().collect().await.unwrap().to_bytes()
}

/// A call over loopback. The client has this thread to itself, so the thread's CPU time is the client's.
fn calls() -> f64 {
    let address = server::start(link_json()).unwrap();
    let url: http::Uri = format!("http://{address}/v1/links/lnk_1").parse().unwrap();
    let client = Client::builder()
        .api_key("ak_bench")
        .base_url(format!("http://{address}"))
        .build()
        .unwrap();
    let (one, two, three, four) = (runtime(), runtime(), runtime(), runtime());
    let connect = || Hyper::builder(TokioExecutor::new()).build(HttpConnector::new());
    let (hyper, decoding) = (connect(), connect());
    let other = Client::builder()
        .api_key("ak_bench")
        .base_url(format!("http://{address}"))
        .build()
        .unwrap();
    let taken = compare(
        "one call over loopback, GET of a link",
        &mut [
            Contender {
                name: "hyper-util, body as bytes",
                run: Box::new(|times| {
                    one.block_on(async {
                        for _ in 0..times {
                            black_box(bare(&hyper, &url).await);
                        }
                    });
                }),
            },
            Contender {
                name: "approute, body as bytes",
                run: Box::new(|times| {
                    two.block_on(async {
                        for _ in 0..times {
                            black_box(client.links().get("lnk_1").send_raw().await.unwrap());
                        }
                    });
                }),
            },
            Contender {
                name: "hyper-util, decoded by serde's derive",
                run: Box::new(|times| {
                    three.block_on(async {
                        for _ in 0..times {
                            let body = bare(&decoding, &url).await;
                            black_box(serde_json::from_slice::<plain::Link>(&body).unwrap());
                        }
                    });
                }),
            },
            Contender {
                name: "approute, decoded",
                run: Box::new(|times| {
                    four.block_on(async {
                        for _ in 0..times {
                            black_box(other.links().get("lnk_1").await.unwrap());
                        }
                    });
                }),
            },
        ],
        21,
        2000,
    );
    taken[3].cpu.as_secs_f64() / taken[2].cpu.as_secs_f64()
}

fn decoding() -> f64 {
    let page = page_json(1000);
    let taken = compare(
        "decoding a page of 1,000 links",
        &mut [
            Contender {
                name: "serde's derive",
                run: Box::new(|times| {
                    for _ in 0..times {
                        black_box(
                            serde_json::from_str::<plain::LinkPage>(black_box(&page)).unwrap(),
                        );
                    }
                }),
            },
            Contender {
                name: "approute::models",
                run: Box::new(|times| {
                    for _ in 0..times {
                        black_box(serde_json::from_str::<LinkPage>(black_box(&page)).unwrap());
                    }
                }),
            },
        ],
        41,
        20,
    );
    taken[1].cpu.as_secs_f64() / taken[0].cpu.as_secs_f64()
}

fn verifying() -> f64 {
    let body = event_json(400);
    let headers = webhook::sign(&body, SECRET, "evt_1", SystemTime::now()).unwrap();
    let mut standard = headers.clone();
    standard.remove("x-approute-signature");
    let taken = compare(
        "verifying a webhook of 400 bytes",
        &mut [
            Contender {
                name: "X-Approute-Signature",
                run: Box::new(|times| {
                    for _ in 0..times {
                        webhook::verify(black_box(&body), &headers, SECRET).unwrap();
                    }
                }),
            },
            Contender {
                name: "Standard Webhooks",
                run: Box::new(|times| {
                    for _ in 0..times {
                        webhook::verify(black_box(&body), &standard, SECRET).unwrap();
                    }
                }),
            },
        ],
        41,
        10_000,
    );
    taken[0].cpu.as_secs_f64() * 1e6
}

fn statistics(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for count in [1, 1000] {
        let page = page_json(count);
        group.throughput(Throughput::Bytes(page.len() as u64));
        group.bench_with_input(BenchmarkId::new("plain", count), &page, |bencher, page| {
            bencher.iter(|| serde_json::from_str::<plain::LinkPage>(page).unwrap());
        });
        group.bench_with_input(
            BenchmarkId::new("approute", count),
            &page,
            |bencher, page| {
                bencher.iter(|| serde_json::from_str::<LinkPage>(page).unwrap());
            },
        );
    }
    group.finish();
    let mut group = criterion.benchmark_group("webhook");
    let body = event_json(400);
    let headers = webhook::sign(&body, SECRET, "evt_1", SystemTime::now()).unwrap();
    group.bench_function("verify", |bencher| {
        bencher.iter(|| webhook::verify(black_box(&body), &headers, SECRET));
    });
    group.bench_function("sign", |bencher| {
        bencher.iter(|| webhook::sign(black_box(&body), SECRET, "evt_1", SystemTime::UNIX_EPOCH));
    });
    group.finish();
    let mut group = criterion.benchmark_group("client");
    group.bench_function("build", |bencher| bencher.iter(|| Client::new("ak_bench")));
    let client = Client::new("ak_bench").unwrap();
    group.bench_function("request", |bencher| {
        bencher.iter(|| {
            client
                .links()
                .get("lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC")
                .into_call()
        });
    });
    group.finish();
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let arguments: Vec<String> = std::env::args().collect();
    let measured = arguments.iter().any(|argument| argument == "--bench");
    if measured {
        let rows = [
            ("core call, CPU beside hyper-util", calls(), 1.4, "×"),
            (
                "page of 1,000 links, CPU beside serde's derive",
                decoding(),
                1.2,
                "×",
            ),
            ("verify of 400 bytes", verifying(), 1.0, " µs"),
        ];
        println!("\n{:<48} {:>9} {:>9}", "", "measured", "bound");
        for (name, measured, bound, unit) in rows {
            let verdict = if measured <= bound {
                ""
            } else {
                "  over its bound"
            };
            println!("{name:<48} {measured:>7.2}{unit:<2} {bound:>7.2}{unit:<2}{verdict}");
        }
        println!();
    }
    let mut criterion = Criterion::default().configure_from_args();
    statistics(&mut criterion);
    criterion.final_summary();
}
