//! Who visits and from where: countries, proxies, variants, visitors, and visits that mean no good.

use std::net::SocketAddr;
use std::path::PathBuf;

use approute_server::clock::{DAY, HOUR, MINUTE};
use approute_server::geoip::Proxies;
use approute_server::redirect::clicks::Click;
use serde_json::{Value, json};

use crate::harness::Api;
use crate::http_client::Received;

const URL: &str = "https://example.com/page";
const DESKTOP: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1";

/// A server that believes one proxy and has the GeoIP database of scripts/make-geoip-testdata.
async fn behind_a_proxy() -> Api {
    Api::with(|config| {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        config.geoip = Some(folder.join("src/geoip/testdata/places.mmdb"));
        config.proxies = Proxies {
            trust: "127.0.0.0/8".parse().unwrap(),
            country_header: Some("cf-ipcountry".parse().unwrap()),
        };
    })
    .await
}

async fn visit(api: &Api, path: &str, headers: &[(&str, &[u8])]) -> Received {
    let url = format!("{}/{path}", api.server.base_url());
    let mut request = api.client.get(&url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

async fn from(api: &Api, path: &str, address: &str, extra: &[(&str, &[u8])]) -> String {
    let headers = [
        &[
            ("user-agent", DESKTOP.as_bytes()),
            ("x-forwarded-for", address.as_bytes()),
        ],
        extra,
    ]
    .concat();
    let response = visit(api, path, &headers).await;
    assert_eq!(response.status, 302);
    response.header("location").unwrap().to_owned()
}

async fn clicks(api: &Api, query: &str) -> Vec<Value> {
    api.flush().await;
    let path = format!("/v1/clicks?order=asc&include_bots=true&limit=1000&{query}");
    let page = api.get(&path).gives(200).await.json();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn countries_go_their_ways() {
    let api = behind_a_proxy().await;
    let geo = json!({ "DE": "https://example.com/de", "JP": "https://example.com/jp" });
    let variants = json!([{ "url": "https://example.com/v", "weight": 1 }]);
    let targets = json!({ "ios": { "app_store_id": "42" } });
    api.link(
        json!({ "url": URL, "slug": "s", "geo": geo, "variants": variants, "targets": targets }),
    )
    .await;
    assert_eq!(
        from(&api, "s", "192.0.2.1", &[]).await,
        "https://example.com/de"
    );
    assert_eq!(
        from(&api, "s", "2001:db8:1::1", &[]).await,
        "https://example.com/jp"
    );
    assert_eq!(
        from(&api, "s", "192.0.2.200", &[]).await,
        "https://example.com/v"
    );
    // The proxy's word counts more; a second one is not the proxy's.
    let header: (&str, &[u8]) = ("cf-ipcountry", b"JP");
    assert_eq!(
        from(&api, "s", "192.0.2.1", &[header]).await,
        "https://example.com/jp"
    );
    assert_eq!(
        from(&api, "s", "192.0.2.1", &[header, header]).await,
        "https://example.com/de"
    );
    let phone = [
        ("user-agent", IPHONE.as_bytes()),
        ("x-forwarded-for", b"192.0.2.1"),
    ];
    let phone = visit(&api, "s", &phone).await;
    assert_eq!(
        phone.header("location"),
        Some("https://apps.apple.com/app/id42")
    );

    let found = clicks(&api, "").await;
    let place = |click: &Value| {
        json!([
            click["country"],
            click["region"],
            click["city"],
            click["destination_kind"]
        ])
    };
    assert_eq!(
        found.iter().map(place).collect::<Vec<_>>(),
        [
            json!(["DE", "Bavaria", "Munich", "geo"]),
            json!(["JP", null, "Kyoto", "geo"]),
            json!(["GB", "England", "London", "variant"]),
            json!(["JP", null, null, "geo"]),
            json!(["DE", "Bavaria", "Munich", "geo"]),
            json!(["DE", "Bavaria", "Munich", "ios_app_store"]),
        ]
    );
    assert_eq!(clicks(&api, "country=DE").await.len(), 3);
}

#[tokio::test]
async fn without_trust_nobody_says_where_they_are() {
    let api = Api::with(|config| {
        config.proxies.country_header = Some("cf-ipcountry".parse().unwrap());
    })
    .await;
    let geo = json!({ "DE": "https://example.com/de" });
    api.link(json!({ "url": URL, "slug": "s", "geo": geo }))
        .await;
    assert_eq!(
        from(&api, "s", "192.0.2.1", &[("cf-ipcountry", b"DE")]).await,
        URL
    );
    assert_eq!(clicks(&api, "").await[0]["country"], Value::Null);
}

#[tokio::test]
async fn variants_stay_with_their_visitors() {
    let api = behind_a_proxy().await;
    let variants = json!([{ "url": "https://example.com/a", "weight": 3 }, { "url": "https://example.com/b", "weight": 1 }]);
    api.link(json!({ "url": URL, "slug": "s", "variants": variants }))
        .await;
    let mut first = Vec::new();
    for visitor in 0..60 {
        first.push(from(&api, "s", &format!("198.51.100.{visitor}"), &[]).await);
    }
    let share = first.iter().filter(|url| url.ends_with('a')).count();
    assert!(
        (30..58).contains(&share),
        "{share} of 60 for three quarters"
    );
    api.clock.advance(3 * DAY);
    for (visitor, before) in first.iter().enumerate() {
        assert_eq!(
            &from(&api, "s", &format!("198.51.100.{visitor}"), &[]).await,
            before
        );
    }
}

#[tokio::test]
async fn a_visitor_is_unique_once_a_day() {
    let api = behind_a_proxy().await;
    for slug in ["one", "two"] {
        api.link(json!({ "url": URL, "slug": slug })).await;
    }
    let mut expected = Vec::new();
    for (wait, slug, address, unique) in [
        (0, "one", "192.0.2.1", true),
        (0, "one", "192.0.2.1", false),
        (0, "one", "192.0.2.2", true),
        (0, "two", "192.0.2.1", true),
        (11 * HOUR + 59 * MINUTE, "one", "192.0.2.1", false),
        (MINUTE, "one", "192.0.2.1", true),
        (0, "one", "2001:db8::1", true),
        // The same network, where devices change their addresses.
        (0, "one", "2001:db8::2", false),
    ] {
        api.clock.advance(wait);
        from(&api, slug, address, &[]).await;
        // Some are written together, some one after the other.
        if expected.len() % 3 == 2 {
            api.flush().await;
        }
        expected.push(unique);
    }
    let unique: Vec<bool> = clicks(&api, "")
        .await
        .iter()
        .map(|click| click["is_unique"].as_bool().unwrap())
        .collect();
    assert_eq!(unique, expected);
    // A server that was started again has forgotten nothing.
    api.server.app.clicks.clear();
    from(&api, "one", "192.0.2.1", &[]).await;
    assert_eq!(clicks(&api, "").await.last().unwrap()["is_unique"], false);
    api.server.app.sweep().await.unwrap();
    assert_eq!(api.count("SELECT COUNT(*) FROM visitors").await, 5);
    api.clock.advance(2 * DAY);
    api.server.app.sweep().await.unwrap();
    assert_eq!(api.count("SELECT COUNT(*) FROM visitors").await, 0);
}

/// A click takes little room while it waits, and nothing personal is in it.
#[test]
fn clicks_are_small() {
    assert!(size_of::<Click>() <= 256, "{}", size_of::<Click>());
}

/// Whatever a visitor sends, there is an answer that is no failure, and the next visitor is served.
#[tokio::test]
async fn visits_that_mean_no_good() {
    let api = behind_a_proxy().await;
    let variants = json!([{ "url": "https://example.com/a", "weight": 1 }]);
    let utm = json!({ "source": "own" });
    let link =
        json!({ "url": URL, "slug": "s", "forward_query": true, "variants": variants, "utm": utm });
    api.link(link).await;
    let long = "x".repeat(20_000);
    let values: [&[u8]; 14] = [
        b"",
        b" ",
        b"\xff\xfe\xfd",
        "Mozilla/5.0 (Linux; Android 14; 小米) Mobile Safari".as_bytes(),
        b"Mozilla/5.0 (iPhone",
        b"%00%ff%",
        b"://",
        b"http://[::1",
        b"https://user:pw@[fe80::1%25eth0]:99999/",
        b"1.2.3.4, 5.6.7.8, ,,, ::ffff:1.2.3.4",
        b"999.999.999.999",
        b"<script>alert(1)</script>",
        b"';DROP TABLE clicks;--",
        long.as_bytes(),
    ];
    let mut visits = 0;
    for name in [
        "user-agent",
        "referer",
        "x-forwarded-for",
        "cf-ipcountry",
        "sec-purpose",
        "accept",
    ] {
        for value in values {
            let response = visit(&api, "s", &[(name, value)]).await;
            assert_eq!(
                response.status,
                302,
                "{name}: {}",
                String::from_utf8_lossy(value)
            );
            visits += 1;
        }
    }
    for query in [
        "%",
        "%00=%00&sub_id=%00&utm_source=%00",
        "sub_id=%ff%fe&utm_term=%f0%9f%98%80",
        "%0d%0aset-cookie:x=1&a=%0d%0ab",
        &format!("sub_id={long}&utm_campaign={long}"),
        &"a&".repeat(10_000),
        "src=qr&src=link&src",
        "a=1;b=2&&&===&[]=1&a[b]=c",
        "utm_source=thief&utm_source=other",
    ] {
        let response = visit(
            &api,
            &format!("s?{query}"),
            &[("user-agent", DESKTOP.as_bytes())],
        )
        .await;
        assert_eq!(response.status, 302, "{query}");
        assert!(response.header("set-cookie").is_none());
        let location = response.header("location").unwrap();
        assert!(
            location.starts_with("https://example.com/a?utm_source=own"),
            "{location}"
        );
        visits += 1;
    }
    // Hosts, paths and first lines that no browser sends.
    let address: SocketAddr = api.server.address;
    for request in [
        "GET /s HTTP/1.1\r\n\r\n".to_owned(),
        "GET /s HTTP/1.0\r\n\r\n".to_owned(),
        "GET /s HTTP/1.1\r\nhost: \r\n\r\n".to_owned(),
        "GET /s HTTP/1.1\r\nhost: :::\r\n\r\n".to_owned(),
        "GET /s HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".to_owned(),
        format!("GET /s HTTP/1.1\r\nhost: {long}\r\n\r\n"),
        "GET http://localhost/s HTTP/1.1\r\nhost: elsewhere.example\r\n\r\n".to_owned(),
        "GET http://user@localhost:1/s HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET //s HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /s%00 HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /s/ HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"),
        "GET /_s HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "POST /s HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n".to_owned(),
        "DELETE /s HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "BREW /s HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
    ] {
        let status = raw(address, &request).await;
        assert!((200..500).contains(&status), "{status}: {request:.60}");
    }
    let found = clicks(&api, "").await;
    assert!(found.len() >= visits, "{} of {visits}", found.len());
    assert!(
        found
            .iter()
            .any(|click| click["os"] == "android" && click["is_bot"] == false)
    );
}

/// The status of what is answered to these bytes.
async fn raw(address: SocketAddr, request: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = vec![0; 12];
    stream.read_exact(&mut head).await.unwrap();
    String::from_utf8_lossy(&head)[9..].parse().unwrap()
}
