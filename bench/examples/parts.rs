use std::hint::black_box;
use std::time::{Duration, Instant};
use approute_bench::compare::{Contender, compare};
use approute_bench::{link_json, server};
use approute::bridge::{Action, Event};
fn time(name: &str, n: u32, mut f: impl FnMut()) {
    for _ in 0..n / 10 { f(); }
    let t = Instant::now();
    for _ in 0..n { f(); }
    println!("{name:<40} {:>9.3} µs", t.elapsed().as_secs_f64() * 1e6 / f64::from(n));
}
fn main() {
    let skip = std::env::var("ONLY").is_ok();
    if !skip { micro(); }
    nets();
}
fn micro() {
    time("process::id", 100000, || { black_box(std::process::id()); });
    time("Instant::now", 100000, || { black_box(Instant::now()); });
    time("getrandom 16", 10000, || { black_box(std::collections::hash_map::RandomState::new()); });
    let client = approute::Client::builder().api_key("k").base_url("http://127.0.0.1:1").build().unwrap();
    time("into_call", 100000, || { black_box(client.links().get("lnk_1").into_call().unwrap()); });
    time("into_call + next", 100000, || { let mut c = client.links().get("lnk_1").into_call().unwrap();
        let Action::Send(r, _) = c.next(Event::Start) else { panic!() }; black_box(r); });
    time("into_call + next + answered", 100000, || { let mut c = client.links().get("lnk_1").into_call().unwrap();
        let Action::Send(r, _) = c.next(Event::Start) else { panic!() }; black_box(r);
        black_box(c.next(Event::Answered(http::Response::new(bytes::Bytes::new())))); });
    let u = "http://127.0.0.1:1/v1/links/lnk_1";
    time("url parse", 100000, || { black_box(reqwest::Url::parse(u).unwrap()); });
    time("uri parse", 100000, || { black_box(u.parse::<http::Uri>().unwrap()); });
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(async {
        time("sleep create+poll+drop", 100000, || {
            let mut s = Box::pin(tokio::time::sleep(Duration::from_secs(20)));
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let _ = black_box(std::future::Future::poll(s.as_mut(), &mut cx));
        });
    });
}
fn nets() {
    let address = server::start(link_json()).unwrap();
    let base = format!("http://{address}");
    let url = format!("http://{address}/v1/links/lnk_1");
    let client = approute::Client::builder().api_key("k").base_url(&base).build().unwrap();
    let mk = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (a, b, c, d) = (mk(), mk(), mk(), mk());
    let tls = || rustls::ClientConfig::builder_with_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider())).with_safe_default_protocol_versions().unwrap().with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let rb = || reqwest::Client::builder().tls_backend_preconfigured(tls()).no_proxy();
    let plain = rb().build().unwrap();
    let tuned = rb().redirect(reqwest::redirect::Policy::none()).retry(reqwest::retry::never()).no_gzip().referer(false).build().unwrap();
    let connect = || hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build::<_, http_body_util::Empty<bytes::Bytes>>(hyper_util::client::legacy::connect::HttpConnector::new());
    let hyper = connect();
    if let Ok(which) = std::env::var("ONLY") {
        let n = 3000;
        match which.as_str() {
            "approute" => d.block_on(async { for _ in 0..n { black_box(client.links().get("lnk_1").send_raw().await.unwrap()); } }),
            "typed" => d.block_on(async { for _ in 0..n { black_box(client.links().get("lnk_1").await.unwrap()); } }),
            "reqwest" => c.block_on(async { for _ in 0..n { black_box(tuned.get(&url).send().await.unwrap().bytes().await.unwrap()); } }),
            "none" => {},
            _ => a.block_on(async { for _ in 0..n {
                use http_body_util::BodyExt;
                let r = hyper.request(http::Request::get(&url).body(Default::default()).unwrap()).await.unwrap();
                black_box(r.into_body().collect().await.unwrap().to_bytes());
            } }),
        }
        return;
    }
    compare("parts", &mut [
        Contender { name: "hyper", run: Box::new(|n| a.block_on(async { for _ in 0..n {
            use http_body_util::BodyExt;
            let r = hyper.request(http::Request::get(&url).body(Default::default()).unwrap()).await.unwrap();
            black_box(r.into_body().collect().await.unwrap().to_bytes());
        } })) },
        Contender { name: "reqwest", run: Box::new(|n| b.block_on(async { for _ in 0..n {
            black_box(plain.get(&url).send().await.unwrap().bytes().await.unwrap());
        } })) },
        Contender { name: "reqwest tuned", run: Box::new(|n| c.block_on(async { for _ in 0..n {
            black_box(tuned.get(&url).send().await.unwrap().bytes().await.unwrap());
        } })) },
        Contender { name: "approute raw", run: Box::new(|n| d.block_on(async { for _ in 0..n {
            black_box(client.links().get("lnk_1").send_raw().await.unwrap());
        } })) },
    ], 15, 2000);
}
