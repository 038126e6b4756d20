//! What the benches of the Rust core share: a server that costs nothing, plain models, and a stopwatch for CPU time.

pub mod compare;
pub mod load;
pub mod plain;
pub mod server;

/// The link of the documentation, as the server sends it.
///
/// # Panics
/// When the spec has no example of a link.
pub fn link_json() -> &'static str {
    let operations = approute::resources::OPERATIONS.iter();
    let mut found = operations.filter(|operation| operation.id == "links.get");
    let Some(operation) = found.next() else {
        panic!("the spec has no operation links.get");
    };
    operation.example
}

/// A page of `count` links that differ from each other.
///
/// # Panics
/// When the example of a link is not JSON.
pub fn page_json(count: usize) -> String {
    let Ok(mut link) = serde_json::from_str::<serde_json::Value>(link_json()) else {
        panic!("the spec's link is not JSON");
    };
    let items: Vec<_> = (0..count)
        .map(|number| {
            link["id"] = format!("lnk_01JD7Z3V8M6Q4W2K9T{number:08}").into();
            link["slug"] = format!("creator-{number}").into();
            link["external_id"] = format!("creator:{number}").into();
            link.clone()
        })
        .collect();
    serde_json::json!({"items": items, "next_cursor": null, "has_more": false}).to_string()
}

/// A webhook's body of `size` bytes, sent just now.
pub fn event_json(size: usize) -> String {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let start = format!(
        r#"{{"id":"evt_01JD7Z3V8M6Q4W2K9T5R1X0YBC","type":"link.click_threshold","created_at":"{now}","sent_at":"{now}","attempt":1,"api_version":"2026-11-01","workspace_id":"wsp_01JD7Z3V8M6Q4W2K9T5R1X0YBC","data":{{"note":""#
    );
    let end = "\"}}";
    let filler = "x".repeat(size.saturating_sub(start.len() + end.len()));
    start + &filler + end
}
