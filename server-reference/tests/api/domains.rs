//! Domains of short links: by host, each with its apps.

use approute_server::associations::Apps;
use approute_server::clock::SECOND;
use approute_server::store::domains;
use serde_json::{Value, json};

use crate::harness::Api;

const URL: &str = "https://example.com/page";
const DESKTOP: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";

#[tokio::test]
async fn domains_by_host() {
    let api = Api::with(|config| config.dev = false).await;
    let link = api
        .post("/v1/links", json!({ "url": URL, "slug": "s" }))
        .by(&api.other_key)
        .gives(201)
        .await
        .json();
    assert_eq!(link["short_url"], "https://second.example/s");
    let at = async |host: &str, path: &str| {
        let url = format!("{}{path}", api.server.base_url());
        api.client
            .get(&url)
            .header("host", host)
            .header("user-agent", DESKTOP)
            // The spec says nothing of domains for links, which have no API.
            .unchecked()
            .send()
            .await
            .status
    };
    assert_eq!(at("second.example", "/s").await, 302);
    assert_eq!(at("SECOND.example:8080", "/s").await, 302);
    assert_eq!(
        at("localhost", "/s").await,
        404,
        "another workspace's domain"
    );
    assert_eq!(at("api.example", "/s").await, 404, "no domain for links");
    assert_eq!(at("api.example", "/v1/links").await, 401);
    assert_eq!(
        at("second.example", "/v1/links").await,
        404,
        "a domain for links has no API"
    );
    assert_eq!(at("second.example.", "/s").await, 302, "a name in full");
}

#[tokio::test]
async fn apps_open_a_domains_links() {
    let api = Api::with(|config| config.dev = false).await;
    let at = async |host: &str, path: &str| {
        let url = format!("{}{path}", api.server.base_url());
        api.client.get(&url).header("host", host).send().await
    };
    let (apple, google) = (
        "/.well-known/apple-app-site-association",
        "/.well-known/assetlinks.json",
    );
    assert_eq!(at("second.example", apple).await.status, 404);
    assert_eq!(at("second.example", google).await.status, 404);
    let fingerprint = "ab".repeat(32);
    let apps = Apps {
        ios: vec!["ABCDE12345.com.example.shop".parse().unwrap()],
        android: vec![format!("com.example.shop={fingerprint}").parse().unwrap()],
    };
    let mut tx = api.server.app.store.write().await.unwrap();
    assert!(
        domains::set_apps(&mut tx, "second.example", &apps)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    api.clock.advance(SECOND);
    let file = at("second.example", apple).await;
    assert_eq!(
        (file.status, file.header("content-type")),
        (200, Some("application/json"))
    );
    let file: Value = serde_json::from_slice(&file.body).unwrap();
    assert_eq!(
        file["applinks"]["details"][0]["appIDs"],
        json!(["ABCDE12345.com.example.shop"])
    );
    let file = at("second.example", google).await;
    assert_eq!(
        (file.status, file.header("content-type")),
        (200, Some("application/json"))
    );
    let file: Value = serde_json::from_slice(&file.body).unwrap();
    assert_eq!(file[0]["target"]["package_name"], "com.example.shop");
    assert_eq!(
        file[0]["target"]["sha256_cert_fingerprints"],
        json!([vec!["AB"; 32].join(":")])
    );
    // Each domain has its own.
    assert_eq!(at("localhost", apple).await.status, 404);
    assert_eq!(at("api.example", apple).await.status, 404);
}
