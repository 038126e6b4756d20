//! Every field's bounds, and bad input of every kind: always a 4xx that names the field.

use serde_json::{Value, json};

use crate::harness::Api;

const URL: &str = "https://example.com/";

fn with(field: &str, value: Value) -> Value {
    let mut body = json!({ "url": URL });
    body[field] = value;
    body
}

#[tokio::test]
async fn fields_within_bounds() {
    let api = Api::start().await;
    let long = |n: usize| json!("x".repeat(n));
    for (field, value) in [
        ("slug", long(64)),
        ("external_id", long(255)),
        ("external_id", json!("ü".repeat(255))),
        ("title", long(255)),
        ("title", json!("")),
        ("notes", long(5_000)),
        (
            "tags",
            json!((0..50).map(|n| n.to_string()).collect::<Vec<_>>()),
        ),
        ("tags", json!([])),
        ("click_limit", json!(9_007_199_254_740_991_i64)),
        ("click_limit", json!(1.0)),
        ("click_thresholds", json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])),
        ("program_id", long(255)),
        ("sub_id", long(255)),
        ("password", long(128)),
        (
            "password_policy",
            json!({ "max_failures": 100, "window_seconds": 86_400 }),
        ),
        (
            "variants",
            json!(
                (0..20)
                    .map(|_| json!({ "url": URL, "weight": 10_000 }))
                    .collect::<Vec<_>>()
            ),
        ),
        (
            "url",
            json!(format!("https://example.com/{}", "a".repeat(2_028))),
        ),
        ("url", json!("HTTP://EXAMPLE.COM")),
        ("geo", json!({ "DE": URL, "XX": URL })),
        ("targets", json!({})),
        ("targets", json!({ "ios": {}, "android": {} })),
        ("starts_at", json!("2026-11-05T09:30:00.123456+02:00")),
    ] {
        let answer = api
            .post("/v1/links", with(field, value.clone()))
            .send()
            .await;
        assert_eq!(answer.status, 201, "{field} {value}: {:#}", answer.json());
    }
}

#[tokio::test]
async fn fields_out_of_bounds() {
    let api = Api::start().await;
    let long = |n: usize| json!("x".repeat(n));
    for (field, value, pointer, code) in [
        ("slug", long(65), "/slug", "too_long"),
        ("slug", json!(""), "/slug", "too_short"),
        ("slug", json!("-a"), "/slug", "invalid_format"),
        ("slug", json!("a b"), "/slug", "invalid_format"),
        ("slug", json!("ä"), "/slug", "invalid_format"),
        ("slug", json!("a/b"), "/slug", "invalid_format"),
        ("slug", json!(null), "/slug", "not_null"),
        ("slug", json!(1), "/slug", "invalid_type"),
        ("domain", json!("other.example"), "/domain", "invalid_value"),
        ("domain", json!("UPPER"), "/domain", "invalid_format"),
        ("external_id", long(256), "/external_id", "too_long"),
        ("external_id", json!(""), "/external_id", "too_short"),
        (
            "external_id",
            json!("a\0b"),
            "/external_id",
            "invalid_format",
        ),
        ("title", long(256), "/title", "too_long"),
        ("title", json!("\0"), "/title", "invalid_format"),
        ("title", json!(null), "/title", "not_null"),
        ("notes", long(5_001), "/notes", "too_long"),
        (
            "tags",
            json!((0..51).map(|n| n.to_string()).collect::<Vec<_>>()),
            "/tags",
            "too_many",
        ),
        ("tags", json!(["a", "a"]), "/tags", "duplicate"),
        ("tags", json!([""]), "/tags/0", "too_short"),
        ("tags", json!([long(65)]), "/tags/0", "too_long"),
        ("tags", json!([["a"]]), "/tags/0", "invalid_type"),
        ("tags", json!("a"), "/tags", "invalid_type"),
        ("geo", json!({ "de": URL }), "/geo/de", "invalid_value"),
        ("geo", json!({ "DEU": URL }), "/geo/DEU", "invalid_value"),
        ("geo", json!({ "DE": null }), "/geo/DE", "not_null"),
        (
            "geo",
            json!({ "DE": "ftp://x.example/" }),
            "/geo/DE",
            "invalid_url",
        ),
        (
            "variants",
            json!([{ "url": URL }]),
            "/variants/0/weight",
            "required",
        ),
        (
            "variants",
            json!([{ "url": URL, "weight": 0 }]),
            "/variants/0/weight",
            "too_small",
        ),
        (
            "variants",
            json!([{ "url": URL, "weight": 10_001 }]),
            "/variants/0/weight",
            "too_large",
        ),
        (
            "variants",
            json!([{ "url": URL, "weight": 1, "x": 1 }]),
            "/variants/0/x",
            "unknown_field",
        ),
        (
            "variants",
            json!(
                (0..21)
                    .map(|_| json!({ "url": URL, "weight": 1 }))
                    .collect::<Vec<_>>()
            ),
            "/variants",
            "too_many",
        ),
        ("utm", json!({ "source": "" }), "/utm/source", "too_short"),
        (
            "utm",
            json!({ "sauce": "x" }),
            "/utm/sauce",
            "unknown_field",
        ),
        (
            "forward_query",
            json!("yes"),
            "/forward_query",
            "invalid_type",
        ),
        (
            "redirect_status",
            json!(303),
            "/redirect_status",
            "invalid_value",
        ),
        ("password", json!("abc"), "/password", "too_short"),
        ("password", long(129), "/password", "too_long"),
        (
            "password_policy",
            json!({ "max_failures": 0 }),
            "/password_policy/max_failures",
            "too_small",
        ),
        (
            "password_policy",
            json!({ "window_seconds": 86_401 }),
            "/password_policy/window_seconds",
            "too_large",
        ),
        (
            "starts_at",
            json!("yesterday"),
            "/starts_at",
            "invalid_format",
        ),
        (
            "starts_at",
            json!("2026-02-30T00:00:00Z"),
            "/starts_at",
            "invalid_format",
        ),
        (
            "starts_at",
            json!(1_700_000_000),
            "/starts_at",
            "invalid_type",
        ),
        (
            "expires_at",
            json!("9999-12-31T23:59:59-23:59"),
            "/expires_at",
            "invalid_value",
        ),
        (
            "expired_url",
            json!("javascript:alert(1)"),
            "/expired_url",
            "invalid_url",
        ),
        ("click_limit", json!(0), "/click_limit", "too_small"),
        ("click_limit", json!(-1), "/click_limit", "too_small"),
        ("click_limit", json!(1.5), "/click_limit", "invalid_type"),
        (
            "click_limit",
            json!(9_007_199_254_740_992_i64),
            "/click_limit",
            "too_large",
        ),
        ("click_limit", json!(u64::MAX), "/click_limit", "too_large"),
        ("click_limit", json!("5"), "/click_limit", "invalid_type"),
        (
            "click_thresholds",
            json!([1, 1]),
            "/click_thresholds",
            "duplicate",
        ),
        (
            "click_thresholds",
            json!([0]),
            "/click_thresholds/0",
            "too_small",
        ),
        (
            "click_thresholds",
            json!((1..12).collect::<Vec<_>>()),
            "/click_thresholds",
            "too_many",
        ),
        ("program_id", json!(""), "/program_id", "too_short"),
        ("sub_id", long(256), "/sub_id", "too_long"),
        ("archived", json!(0), "/archived", "invalid_type"),
        ("id", json!("lnk_x"), "/id", "unknown_field"),
        ("click_count", json!(5), "/click_count", "unknown_field"),
        (
            "has_password",
            json!(true),
            "/has_password",
            "unknown_field",
        ),
        ("a/b~c", json!(1), "/a~1b~0c", "unknown_field"),
        (
            "targets",
            json!({ "windows": {} }),
            "/targets/windows",
            "unknown_field",
        ),
        (
            "targets",
            json!({ "ios": null }),
            "/targets/ios",
            "not_null",
        ),
        (
            "targets",
            json!({ "ios": { "app_store_id": 5 } }),
            "/targets/ios/app_store_id",
            "invalid_type",
        ),
        (
            "targets",
            json!({ "ios": { "app_store_id": "abc" } }),
            "/targets/ios/app_store_id",
            "invalid_format",
        ),
        (
            "targets",
            json!({ "ios": { "min_version": "1.2.3.4" } }),
            "/targets/ios/min_version",
            "invalid_format",
        ),
        (
            "targets",
            json!({ "android": { "package_name": "single" } }),
            "/targets/android/package_name",
            "invalid_format",
        ),
        (
            "targets",
            json!({ "android": { "min_version_code": 0 } }),
            "/targets/android/min_version_code",
            "too_small",
        ),
        (
            "targets",
            json!({ "android": { "fallback_url": "/relative" } }),
            "/targets/android/fallback_url",
            "invalid_url",
        ),
    ] {
        api.post("/v1/links", with(field, value))
            .invalid(pointer, code)
            .await;
    }
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 0);
}
