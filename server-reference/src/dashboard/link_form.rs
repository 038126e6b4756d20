//! The settings of a link as a form, and as a row of a file: the fields are the same.
//!
//! Nothing is judged here. What does not read as what it should be goes to the API as text, and the API says what is wrong
//! with it.

use approute::models::Link;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::form::Form;

/// The fields of a link, in the order in which a file has them.
pub const NAMES: &[&str] = &[
    "url",
    "domain",
    "slug",
    "title",
    "notes",
    "external_id",
    "tags",
    "sub_id",
    "program_id",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "ios_app_store_id",
    "ios_bundle_id",
    "ios_universal_link_url",
    "ios_fallback_url",
    "ios_min_version",
    "android_package_name",
    "android_app_link_url",
    "android_fallback_url",
    "android_min_version_code",
    "geo",
    "variants",
    "forward_query",
    "redirect_status",
    "starts_at",
    "expires_at",
    "expired_url",
    "click_limit",
    "click_thresholds",
    "archived",
    "password",
    "password_max_failures",
    "password_window_seconds",
];

const UTM: [&str; 5] = ["source", "medium", "campaign", "term", "content"];
const IOS: [&str; 5] = [
    "app_store_id",
    "bundle_id",
    "universal_link_url",
    "fallback_url",
    "min_version",
];
const ANDROID: [&str; 4] = [
    "package_name",
    "app_link_url",
    "fallback_url",
    "min_version_code",
];
/// What an empty field clears.
const CLEARED: &[&str] = &[
    "title",
    "notes",
    "external_id",
    "tags",
    "sub_id",
    "program_id",
    "utm",
    "targets",
    "geo",
    "variants",
    "forward_query",
    "redirect_status",
    "starts_at",
    "expires_at",
    "expired_url",
    "click_limit",
    "click_thresholds",
    "archived",
    "password_policy",
];

/// The field that an error of the API is about, by its pointer.
pub fn field_of(pointer: &str) -> String {
    let mut parts = pointer.split('/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some("utm"), Some(part), _) => format!("utm_{part}"),
        (Some("targets"), Some(os), Some(part)) => format!("{os}_{part}"),
        (Some("password_policy"), Some(part), _) => format!("password_{part}"),
        (Some("targets"), Some("ios"), None) => "ios_app_store_id".to_owned(),
        (Some("targets"), ..) => "android_package_name".to_owned(),
        (first, ..) => first.unwrap_or_default().to_owned(),
    }
}

/// A number where it is one.
fn number(text: &str) -> Value {
    text.parse::<i64>()
        .map_or_else(|_| Value::from(text), Value::from)
}

/// A time: what browsers send has neither seconds nor zone, and means UTC here.
pub fn time(text: &str) -> Value {
    let minutes = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M");
    let seconds = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    match minutes.or(seconds) {
        Ok(at) => Value::from(at.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()),
        Err(_) => Value::from(text),
    }
}

fn yes(text: &str) -> Value {
    match text {
        "on" | "true" | "yes" | "1" => Value::Bool(true),
        "" | "false" | "no" | "0" => Value::Bool(false),
        other => Value::from(other),
    }
}

/// Lines such as `DE https://example.de`.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| {
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        (first, rest.trim())
    })
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split([',', '\n']).map(str::trim);
    parts.filter(|part| !part.is_empty())
}

/// The parts of an object that are filled.
fn object(form: &Form, prefix: &str, parts: &[&str]) -> Option<Value> {
    let filled = parts.iter().filter_map(|part| {
        let text = form.filled(&format!("{prefix}_{part}"))?;
        let is_number = matches!(
            *part,
            "min_version_code" | "max_failures" | "window_seconds"
        );
        let value = if is_number { number(text) } else { text.into() };
        Some(((*part).to_owned(), value))
    });
    let object: Map<String, Value> = filled.collect();
    (!object.is_empty()).then_some(Value::Object(object))
}

/// What a form asks for, in the shape of LinkCreate.
pub fn document(form: &Form) -> Map<String, Value> {
    let mut document = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            document.insert(name.to_owned(), value);
        }
    };
    set("url", Some(form.get("url").into()));
    for name in [
        "domain",
        "slug",
        "title",
        "notes",
        "external_id",
        "sub_id",
        "program_id",
        "expired_url",
    ] {
        set(name, form.filled(name).map(Value::from));
    }
    for name in ["click_limit", "redirect_status"] {
        set(name, form.filled(name).map(number));
    }
    for name in ["starts_at", "expires_at"] {
        set(name, form.filled(name).map(time));
    }
    for name in ["forward_query", "archived"] {
        set(name, form.filled(name).map(yes));
    }
    set(
        "tags",
        form.filled("tags").map(|text| listed(text).collect()),
    );
    set(
        "click_thresholds",
        form.filled("click_thresholds")
            .map(|text| listed(text).map(number).collect()),
    );
    set("utm", object(form, "utm", &UTM));
    let mut targets = Map::new();
    for (os, parts) in [("ios", &IOS[..]), ("android", &ANDROID[..])] {
        if let Some(target) = object(form, os, parts) {
            targets.insert(os.to_owned(), target);
        }
    }
    set(
        "targets",
        (!targets.is_empty()).then_some(Value::Object(targets)),
    );
    let country = |(country, url): (&str, &str)| (country.to_ascii_uppercase(), Value::from(url));
    set(
        "geo",
        form.filled("geo")
            .map(|text| Value::Object(pairs(text).map(country).collect())),
    );
    let variant = |(weight, url): (&str, &str)| json!({ "weight": number(weight), "url": url });
    set(
        "variants",
        form.filled("variants")
            .map(|text| pairs(text).map(variant).collect()),
    );
    // A password is what was typed, spaces included.
    let password = Some(form.raw("password")).filter(|password| !password.is_empty());
    set("password", password.map(Value::from));
    set(
        "password_policy",
        object(form, "password", &["max_failures", "window_seconds"]),
    );
    document
}

/// What a form changes about a link, in the shape of LinkUpdate. What is as it was shown is left out, since a form cannot
/// show everything as it is: the comma within a tag, the space around a title, the microseconds of a time.
pub fn patch(form: &Form, link: &Link) -> Value {
    let mut patch = wanted(form, link);
    let before = wanted(&shown(link), link);
    patch.retain(|name, value| before.get(name) != Some(value));
    if form.is_on("remove_password") {
        patch.insert("password".to_owned(), Value::Null);
    }
    Value::Object(patch)
}

/// All that a form asks for: an empty field clears.
fn wanted(form: &Form, link: &Link) -> Map<String, Value> {
    let mut patch = document(form);
    patch.remove("domain");
    patch.remove("slug");
    for name in CLEARED {
        patch.entry(*name).or_insert(Value::Null);
    }
    for (name, parts) in [
        ("utm", &UTM[..]),
        ("password_policy", &["max_failures", "window_seconds"]),
    ] {
        clear(patch.get_mut(name), parts);
    }
    if let Some(targets @ Value::Object(_)) = patch.get_mut("targets") {
        clear(Some(targets), &["ios", "android"]);
        clear(targets.get_mut("ios"), &IOS);
        clear(targets.get_mut("android"), &ANDROID);
    }
    let countries: Vec<&str> = link.geo.keys().map(String::as_str).collect();
    clear(patch.get_mut("geo"), &countries);
    patch
}

/// Members that an object does not have become null, which removes them.
fn clear(object: Option<&mut Value>, members: &[&str]) {
    if let Some(Value::Object(object)) = object {
        for member in members {
            object.entry(*member).or_insert(Value::Null);
        }
    }
}

/// A link's settings as a form shows them. A time with more than milliseconds would be an empty field in a browser.
pub fn shown(link: &Link) -> Form {
    let mut values = values(link);
    for (name, value) in &mut values {
        if matches!(*name, "starts_at" | "expires_at") {
            value.truncate("2026-11-05T09:30:00.000".len());
        }
    }
    Form::of(values)
}

/// A link's settings by field; empty ones are left out.
pub fn values(link: &Link) -> Vec<(&'static str, String)> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let moment = |at: Option<DateTime<Utc>>| {
        at.map_or_else(String::new, |at| {
            at.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
        })
    };
    let (utm, ios, android) = (
        &link.utm,
        link.targets.ios.as_ref(),
        link.targets.android.as_ref(),
    );
    let lines = |lines: Vec<String>| lines.join("\n");
    let mut values = vec![
        ("url", link.url.clone()),
        ("domain", link.domain.clone()),
        ("slug", link.slug.clone()),
        ("title", text(&link.title)),
        ("notes", text(&link.notes)),
        ("external_id", text(&link.external_id)),
        ("tags", link.tags.join(", ")),
        ("sub_id", text(&link.sub_id)),
        ("program_id", text(&link.program_id)),
        ("utm_source", text(&utm.source)),
        ("utm_medium", text(&utm.medium)),
        ("utm_campaign", text(&utm.campaign)),
        ("utm_term", text(&utm.term)),
        ("utm_content", text(&utm.content)),
        (
            "geo",
            lines(
                link.geo
                    .iter()
                    .map(|(country, url)| format!("{country} {url}"))
                    .collect(),
            ),
        ),
        (
            "variants",
            lines(
                link.variants
                    .iter()
                    .map(|variant| format!("{} {}", variant.weight, variant.url))
                    .collect(),
            ),
        ),
        (
            "forward_query",
            if link.forward_query {
                "on".to_owned()
            } else {
                String::new()
            },
        ),
        (
            "redirect_status",
            i64::from(link.redirect_status).to_string(),
        ),
        ("starts_at", moment(link.starts_at)),
        ("expires_at", moment(link.expires_at)),
        ("expired_url", text(&link.expired_url)),
        (
            "click_limit",
            link.click_limit
                .map_or_else(String::new, |limit| limit.to_string()),
        ),
        (
            "click_thresholds",
            link.click_thresholds
                .iter()
                .map(i64::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        ),
        (
            "archived",
            if link.archived {
                "on".to_owned()
            } else {
                String::new()
            },
        ),
        (
            "password_max_failures",
            link.password_policy.max_failures.to_string(),
        ),
        (
            "password_window_seconds",
            link.password_policy.window_seconds.to_string(),
        ),
    ];
    if let Some(ios) = ios {
        values.extend([
            ("ios_app_store_id", text(&ios.app_store_id)),
            ("ios_bundle_id", text(&ios.bundle_id)),
            ("ios_universal_link_url", text(&ios.universal_link_url)),
            ("ios_fallback_url", text(&ios.fallback_url)),
            ("ios_min_version", text(&ios.min_version)),
        ]);
    }
    if let Some(android) = android {
        values.extend([
            ("android_package_name", text(&android.package_name)),
            ("android_app_link_url", text(&android.app_link_url)),
            ("android_fallback_url", text(&android.fallback_url)),
            (
                "android_min_version_code",
                android
                    .min_version_code
                    .map_or_else(String::new, |code| code.to_string()),
            ),
        ]);
    }
    values.retain(|(_, value)| !value.is_empty());
    values
}
