//! The rules of a link that a schema cannot say.

use approute::models::{LinkCreate, RedirectStatus};
use chrono::{DateTime, Utc};

use crate::problem::{FieldCode, FieldError};

/// What is wrong with a link's document, all of it.
pub fn check(document: &LinkCreate, has_password: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (pointer, url) in urls(document) {
        if let Some(reason) = bad_url(url) {
            errors.push(FieldError::new(pointer, FieldCode::InvalidUrl, reason));
        }
    }
    for (pointer, at) in [
        ("/starts_at", document.starts_at),
        ("/expires_at", document.expires_at),
    ] {
        if at.is_some_and(|at| !is_expressible(at)) {
            let message = "The year must be from 1 to 9999, in UTC.";
            errors.push(FieldError::new(pointer, FieldCode::InvalidValue, message));
        }
    }
    if let (Some(starts), Some(expires)) = (document.starts_at, document.expires_at)
        && expires <= starts
    {
        let message = "expires_at must be later than starts_at.";
        errors.push(FieldError::new(
            "/expires_at",
            FieldCode::InvalidCombination,
            message,
        ));
    }
    if let Some(RedirectStatus::MovedPermanently | RedirectStatus::PermanentRedirect) =
        document.redirect_status
    {
        let changeable = [
            ("password", has_password),
            ("expires_at", document.expires_at.is_some()),
            (
                "geo",
                document.geo.as_ref().is_some_and(|geo| !geo.is_empty()),
            ),
            (
                "variants",
                document
                    .variants
                    .as_ref()
                    .is_some_and(|variants| !variants.is_empty()),
            ),
            ("click_limit", document.click_limit.is_some()),
        ];
        if let Some((field, _)) = changeable.into_iter().find(|(_, set)| *set) {
            let message = format!(
                "Browsers remember 301 and 308, so they do not go together with {field}. Use 302 or 307, or drop {field}."
            );
            errors.push(FieldError::new(
                "/redirect_status",
                FieldCode::InvalidCombination,
                message,
            ));
        }
    }
    errors
}

/// Every destination with its pointer.
fn urls(document: &LinkCreate) -> Vec<(String, &str)> {
    let mut urls = vec![("/url".to_owned(), document.url.as_str())];
    urls.extend(
        document
            .expired_url
            .as_deref()
            .map(|url| ("/expired_url".to_owned(), url)),
    );
    for (country, url) in document.geo.iter().flatten() {
        urls.push((format!("/geo/{country}"), url));
    }
    for (index, variant) in document.variants.iter().flatten().enumerate() {
        urls.push((format!("/variants/{index}/url"), &variant.url));
    }
    if let Some(targets) = &document.targets {
        if let Some(ios) = &targets.ios {
            urls.extend(
                ios.universal_link_url
                    .as_deref()
                    .map(|url| ("/targets/ios/universal_link_url".to_owned(), url)),
            );
            urls.extend(
                ios.fallback_url
                    .as_deref()
                    .map(|url| ("/targets/ios/fallback_url".to_owned(), url)),
            );
        }
        if let Some(android) = &targets.android {
            urls.extend(
                android
                    .app_link_url
                    .as_deref()
                    .map(|url| ("/targets/android/app_link_url".to_owned(), url)),
            );
            urls.extend(
                android
                    .fallback_url
                    .as_deref()
                    .map(|url| ("/targets/android/fallback_url".to_owned(), url)),
            );
        }
    }
    urls
}

fn bad_url(text: &str) -> Option<&'static str> {
    match url::Url::parse(text) {
        Err(_) => {
            Some("This must be a complete http or https URL, such as https://example.com/page.")
        }
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Some("Only http and https destinations are allowed.")
        }
        Ok(url) if url.host_str().is_none_or(str::is_empty) => {
            Some("The URL has no host; add one.")
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Some("The URL holds a user or password, which every visitor would see; remove it.")
        }
        // The schema asks for a URI, which is ASCII; the header that carries it can hold nothing else.
        Ok(_) if !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Some("Percent-encode everything in the URL that is not ASCII.")
        }
        Ok(_) => None,
    }
}

/// Whether RFC 3339 can express a time in UTC.
pub fn is_expressible(at: DateTime<Utc>) -> bool {
    use chrono::Datelike as _;
    (1..=9999).contains(&at.year())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn codes(document: Value, has_password: bool) -> Vec<(String, FieldCode)> {
        let document = serde_json::from_value(document).unwrap();
        check(&document, has_password)
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect()
    }

    #[test]
    fn permanent_redirects_go_with_nothing_that_changes() {
        let url = "https://example.com/";
        for (field, value) in [
            ("expires_at", json!("2030-01-01T00:00:00Z")),
            ("geo", json!({ "DE": url })),
            ("variants", json!([{ "url": url, "weight": 1 }])),
            ("click_limit", json!(1)),
        ] {
            for status in [301, 308] {
                let document = json!({ "url": url, "redirect_status": status, field: value });
                assert_eq!(
                    codes(document, false),
                    [("/redirect_status".to_owned(), FieldCode::InvalidCombination)]
                );
            }
            assert!(
                codes(
                    json!({ "url": url, "redirect_status": 307, field: value }),
                    false
                )
                .is_empty()
            );
        }
        assert_eq!(
            codes(json!({ "url": url, "redirect_status": 301 }), true).len(),
            1
        );
        assert!(
            codes(
                json!({ "url": url, "redirect_status": 301, "geo": {}, "variants": [] }),
                false
            )
            .is_empty()
        );
    }

    #[test]
    fn every_destination_is_looked_at() {
        let bad = "https://user:secret@example.com/";
        let document = json!({
            "url": bad, "expired_url": bad, "geo": { "DE": bad }, "variants": [{ "url": bad, "weight": 1 }],
            "targets": {
                "ios": { "universal_link_url": bad, "fallback_url": bad },
                "android": { "app_link_url": bad, "fallback_url": bad }
            }
        });
        assert_eq!(codes(document, false).len(), 8);
        for url in [
            "https://",
            "https://?x",
            "http://[::1",
            "https://exa mple.com",
            "ftp://example.com",
            "https://ä.de/",
        ] {
            assert_eq!(
                codes(json!({ "url": url }), false),
                [("/url".to_owned(), FieldCode::InvalidUrl)],
                "{url}"
            );
        }
    }

    #[test]
    fn times() {
        let document = |starts: &str, expires: &str| json!({ "url": "https://example.com", "starts_at": starts, "expires_at": expires });
        assert!(
            codes(
                document("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"),
                false
            )
            .is_empty()
        );
        let same = document("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00");
        assert_eq!(
            codes(same, false),
            [("/expires_at".to_owned(), FieldCode::InvalidCombination)]
        );
        let late = document("2026-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59");
        assert_eq!(
            codes(late, false),
            [("/expires_at".to_owned(), FieldCode::InvalidValue)]
        );
    }
}
