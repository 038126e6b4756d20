//! Listing clicks: filters, order, cursors.

use approute_server::clock::MINUTE;
use serde_json::{Value, json};

use crate::click_pages::all;
use crate::harness::{Api, id};

const URL: &str = "https://example.com/";
const DESKTOP: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1";
const BOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

#[tokio::test]
async fn a_click_is_shown_in_full() {
    let api = Api::start().await;
    let link = api
        .link(json!({ "url": URL, "slug": "s", "utm": { "source": "nora" }, "sub_id": "n" }))
        .await;
    let url = format!("{}/s?src=qr&utm_medium=m", api.server.base_url());
    let visit = api
        .client
        .get(&url)
        .header("user-agent", IPHONE)
        .header("referer", "https://www.instagram.com/p/1");
    visit.send().await;
    api.flush().await;
    let clicks = all(&api, "").await;
    let click = &clicks[0];
    assert!(click["id"].as_str().unwrap().starts_with("clk_"));
    let expected = json!({
        "id": click["id"], "link_id": link["id"], "occurred_at": "2026-11-23T12:00:00Z", "country": null, "region": null,
        "city": null, "os": "ios", "device": "phone", "browser": "Safari", "referrer_domain": "instagram.com",
        "utm": { "source": "nora", "medium": "m", "campaign": null, "term": null, "content": null }, "sub_id": "n",
        "trigger": "qr", "destination_kind": "url", "is_bot": false, "is_unique": click["is_unique"],
    });
    assert_eq!((clicks.len(), click), (1, &expected));
    // A read key reads, and another workspace sees nothing.
    assert_eq!(
        api.get("/v1/clicks")
            .by(&api.read_key)
            .gives(200)
            .await
            .json()["items"][0],
        expected
    );
    for query in ["".to_owned(), format!("link_id={}", id(&link))] {
        let others = api.get(&format!("/v1/clicks?{query}")).by(&api.other_key);
        let empty = json!({ "items": [], "next_cursor": null, "has_more": false });
        assert_eq!(others.gives(200).await.json(), empty);
    }
}

#[tokio::test]
async fn filters_and_orders() {
    let api = Api::with(|config| {
        config.proxies.trust = "127.0.0.0/8".parse().unwrap();
        config.proxies.country_header = Some("cf-ipcountry".parse().unwrap());
    })
    .await;
    let one = api.link(json!({ "url": URL, "slug": "one" })).await;
    api.link(json!({ "url": URL, "slug": "two" })).await;
    for (path, agent, country) in [
        ("one?sub_id=a&utm_source=s", DESKTOP, "DE"),
        ("two?sub_id=b&utm_medium=m", IPHONE, "XX"),
        ("one?utm_campaign=c&utm_source=s", IPHONE, "XX"),
        ("two?utm_term=t", BOT, "XX"),
        ("one?utm_content=x%20y", BOT, "XX"),
    ] {
        let url = format!("{}/{path}", api.server.base_url());
        let visit = api.client.get(&url).header("user-agent", agent);
        visit.header("cf-ipcountry", country).send().await;
        api.flush().await;
        api.clock.advance(MINUTE);
    }
    // By their minutes.
    let minutes = async |query: &str| -> Vec<String> {
        let minute = |click: &Value| click["occurred_at"].as_str().unwrap()[15..16].to_owned();
        all(&api, query).await.iter().map(minute).collect()
    };
    let one = id(&one);
    for (query, expected) in [
        ("", "210"),
        ("include_bots=false", "210"),
        ("include_bots=true", "43210"),
        ("include_bots=true&order=asc", "01234"),
        ("order=asc", "012"),
        ("include_bots=true&limit=2", "43210"),
        ("include_bots=true&limit=2&order=asc", "01234"),
        (&format!("link_id={one}"), "20"),
        (&format!("link_id={one}&include_bots=true&limit=1"), "420"),
        ("link_id=lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC", ""),
        ("os=ios", "21"),
        ("os=chromeos", ""),
        ("country=DE", "0"),
        ("country=FR", ""),
        ("sub_id=a", "0"),
        ("utm_source=s&order=asc", "02"),
        ("utm_medium=m", "1"),
        ("utm_campaign=c", "2"),
        ("utm_term=t", ""),
        ("utm_term=t&include_bots=true", "3"),
        ("utm_content=x+y&include_bots=true", "4"),
        ("utm_source=s&os=ios", "2"),
        ("utm_source=s&os=ios&country=DE", ""),
        ("from=2026-11-23T12:01:00Z", "21"),
        ("to=2026-11-23T12:01:00Z", "0"),
        (
            "from=2026-11-23T13:01:00%2B01:00&to=2026-11-23T12:02:00Z",
            "1",
        ),
        ("from=2026-11-23T12:01:00Z&to=2026-11-23T12:01:00Z", ""),
        ("from=2026-11-23T12:02:00Z&to=2026-11-23T12:01:00Z", ""),
        ("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", "210"),
        ("to=0001-01-01T00:00:00Z", ""),
        ("from=9999-12-31T23:59:59Z", ""),
    ] {
        assert_eq!(minutes(query).await.concat(), expected, "{query}");
    }
}

#[tokio::test]
async fn wrong_parameters() {
    let api = Api::start().await;
    for (query, pointer, code) in [
        ("limit=0", "query:limit", "too_small"),
        ("limit=1001", "query:limit", "too_large"),
        ("link_id=x", "query:link_id", "invalid_format"),
        ("country=de", "query:country", "invalid_format"),
        ("os=beos", "query:os", "invalid_value"),
        ("order=up", "query:order", "invalid_value"),
        ("include_bots=1", "query:include_bots", "invalid_type"),
        ("from=now", "query:from", "invalid_format"),
        ("utm_source=", "query:utm_source", "too_short"),
        ("utm_source=%00", "query:utm_source", "invalid_format"),
        ("trigger=qr", "query:trigger", "unknown_parameter"),
    ] {
        api.get(&format!("/v1/clicks?{query}"))
            .invalid(pointer, code)
            .await;
    }
    api.get("/v1/clicks?cursor=AAAA")
        .fails(400, "invalid_cursor")
        .await;
}

#[tokio::test]
async fn a_cursor_belongs_to_its_filters_and_order() {
    let api = Api::start().await;
    api.link(json!({ "url": URL, "slug": "s" })).await;
    for _ in 0..3 {
        api.visit("s", DESKTOP).await;
    }
    api.flush().await;
    let page = api
        .get("/v1/clicks?limit=1&os=windows")
        .gives(200)
        .await
        .json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let with = |query: &str| api.get(&format!("/v1/clicks?{query}&cursor={cursor}"));
    for same in [
        "os=windows",
        "limit=1000&os=windows",
        "os=windows&order=desc&include_bots=false",
    ] {
        let page = with(same).gives(200).await.json();
        assert!(!page["items"].as_array().unwrap().is_empty(), "{same}");
    }
    for other in [
        "limit=1",
        "os=ios",
        "os=windows&order=asc",
        "os=windows&include_bots=true",
        "os=windows&country=DE",
        "os=windows&from=2026-01-01T00:00:00Z",
    ] {
        with(other).fails(400, "invalid_cursor").await;
    }
    let foreign = with("os=windows").by(&api.other_key);
    foreign.fails(400, "invalid_cursor").await;
    let links = api.get(&format!("/v1/links?cursor={cursor}"));
    links.fails(400, "invalid_cursor").await;
}
