//! Where a visit goes, by one order: status, password, OS target, geo, variant, url.

use approute::models::{AndroidTargetInput, IosTargetInput, LinkStatus, RedirectStatus};

use super::agent::{Agent, Os};
use crate::clock::Micros;
use crate::links::record::Record;

/// What becomes of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is redirected.
    Go {
        /// The destination, before UTM and query.
        url: String,
        /// Which rule decided, as `DestinationKind` names it.
        kind: &'static str,
        /// The status.
        status: u16,
    },
    /// It ends here.
    Stop(Reason),
}

/// Why a visit ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The link begins later.
    NotYet,
    /// The link is deleted, archived, expired or exhausted.
    Gone,
    /// The link asks for a password, which this version cannot do yet.
    Password,
}

/// Decides on a visit.
pub fn decide(record: &Record, now: Micros, agent: &Agent, visitor: u32) -> Decision {
    let document = &record.document;
    match record.status(now) {
        LinkStatus::Deleted | LinkStatus::Archived => return Decision::Stop(Reason::Gone),
        LinkStatus::Scheduled => return Decision::Stop(Reason::NotYet),
        LinkStatus::Expired | LinkStatus::Exhausted => return over(record),
        _ => {}
    }
    if record.password_hash.is_some() {
        return Decision::Stop(Reason::Password);
    }
    let status = document
        .redirect_status
        .unwrap_or(RedirectStatus::Found)
        .as_i64() as u16;
    let go = |(url, kind)| Decision::Go { url, kind, status };
    let targets = document.targets.as_ref();
    let app = match agent.os {
        Os::Ios => targets
            .and_then(|targets| targets.ios.as_ref())
            .and_then(ios),
        Os::Android => targets
            .and_then(|targets| targets.android.as_ref())
            .and_then(android),
        _ => None,
    };
    // The visitor's country is known from issue 4 on, and goes here.
    app.or_else(|| variant(record, visitor))
        .map_or_else(|| go((document.url.clone(), "url")), go)
}

/// What becomes of visits of a link that is expired or exhausted.
pub fn over(record: &Record) -> Decision {
    match &record.document.expired_url {
        Some(url) => Decision::Go {
            url: url.clone(),
            kind: "expired_url",
            status: 302,
        },
        None => Decision::Stop(Reason::Gone),
    }
}

fn ios(target: &IosTargetInput) -> Option<(String, &'static str)> {
    let link = target
        .universal_link_url
        .clone()
        .map(|url| (url, "ios_universal_link"));
    let store = || {
        target.app_store_id.as_ref().map(|id| {
            (
                format!("https://apps.apple.com/app/id{id}"),
                "ios_app_store",
            )
        })
    };
    let fallback = || target.fallback_url.clone().map(|url| (url, "ios_fallback"));
    link.or_else(store).or_else(fallback)
}

fn android(target: &AndroidTargetInput) -> Option<(String, &'static str)> {
    let link = target
        .app_link_url
        .clone()
        .map(|url| (url, "android_app_link"));
    let store = || {
        let name = target.package_name.as_ref()?;
        Some((
            format!("https://play.google.com/store/apps/details?id={name}"),
            "android_play_store",
        ))
    };
    let fallback = || {
        target
            .fallback_url
            .clone()
            .map(|url| (url, "android_fallback"))
    };
    link.or_else(store).or_else(fallback)
}

/// One of the variants by weight, for each visitor always the same.
fn variant(record: &Record, visitor: u32) -> Option<(String, &'static str)> {
    let variants = record
        .document
        .variants
        .as_deref()
        .filter(|variants| !variants.is_empty())?;
    let total: u64 = variants
        .iter()
        .map(|variant| variant.weight.max(0) as u64)
        .sum();
    let mut hash = crc32fast::Hasher::new_with_initial(visitor);
    hash.update(record.id.as_bytes());
    let mut point = u64::from(hash.finalize()) % total.max(1);
    for variant in variants {
        let weight = variant.weight.max(0) as u64;
        if point < weight {
            return Some((variant.url.clone(), "variant"));
        }
        point -= weight;
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1";
    const PIXEL: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36";
    const DESKTOP: &str =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";

    fn record(document: Value) -> Record {
        Record {
            id: "lnk_1".into(),
            workspace_id: "wsp_1".into(),
            domain: "d".into(),
            slug: "s".into(),
            document: serde_json::from_value(document).unwrap(),
            password_hash: None,
            click_count: 0,
            bot_click_count: 0,
            last_clicked_at: None,
            created_at: 0,
            updated_at: 0,
            deleted_at: None,
            purge_at: None,
            created_by_key_id: "key_1".into(),
            version: 1,
        }
    }

    fn kind(record: &Record, agent: &str) -> (&'static str, String) {
        match decide(record, 1_000_000, &Agent::of(agent), 7) {
            Decision::Go { url, kind, .. } => (kind, url),
            Decision::Stop(reason) => panic!("stopped: {reason:?}"),
        }
    }

    #[test]
    fn os_targets_before_variants_before_the_url() {
        let link = record(json!({
            "url": "https://example.com/", "variants": [{ "url": "https://example.com/v", "weight": 1 }],
            "targets": { "ios": { "app_store_id": "42", "fallback_url": "https://example.com/i" },
                         "android": { "package_name": "com.example" } }
        }));
        assert_eq!(
            kind(&link, IPHONE),
            ("ios_app_store", "https://apps.apple.com/app/id42".into())
        );
        assert_eq!(
            kind(&link, PIXEL).1,
            "https://play.google.com/store/apps/details?id=com.example"
        );
        assert_eq!(
            kind(&link, DESKTOP),
            ("variant", "https://example.com/v".into())
        );
        let plain = record(
            json!({ "url": "https://example.com/", "targets": { "ios": { "bundle_id": "a.b" } } }),
        );
        assert_eq!(
            kind(&plain, IPHONE).0,
            "url",
            "a target without a destination decides nothing"
        );
        let universal = record(json!({ "url": "https://example.com/", "targets": { "ios": {
            "app_store_id": "42", "universal_link_url": "https://example.com/u" } } }));
        assert_eq!(
            kind(&universal, IPHONE),
            ("ios_universal_link", "https://example.com/u".into())
        );
    }

    #[test]
    fn the_status_comes_first() {
        let stop = |document: Value, change: fn(&mut Record)| {
            let mut link = record(document);
            change(&mut link);
            decide(&link, 1_000_000, &Agent::of(IPHONE), 0)
        };
        let url = "https://example.com/";
        let later = json!({ "url": url, "starts_at": "1970-01-01T00:00:02Z" });
        assert_eq!(stop(later, |_| {}), Decision::Stop(Reason::NotYet));
        assert_eq!(
            stop(json!({ "url": url, "archived": true }), |_| {}),
            Decision::Stop(Reason::Gone)
        );
        assert_eq!(
            stop(json!({ "url": url }), |link| link.deleted_at = Some(1)),
            Decision::Stop(Reason::Gone)
        );
        assert_eq!(
            stop(json!({ "url": url }), |link| link.password_hash =
                Some(String::new())),
            Decision::Stop(Reason::Password)
        );
        let expired = json!({ "url": url, "expires_at": "1970-01-01T00:00:01Z", "expired_url": "https://example.com/late" });
        let Decision::Go { url, kind, status } =
            stop(expired, |link| link.password_hash = Some(String::new()))
        else {
            panic!()
        };
        assert_eq!(
            (url.as_str(), kind, status),
            ("https://example.com/late", "expired_url", 302)
        );
        let used = json!({ "url": url, "click_limit": 3 });
        assert_eq!(
            stop(used, |link| link.click_count = 3),
            Decision::Stop(Reason::Gone)
        );
    }

    #[test]
    fn variants_follow_their_weights_and_stick() {
        let link = record(json!({ "url": "https://example.com/", "variants": [
            { "url": "https://a.example/", "weight": 3 }, { "url": "https://b.example/", "weight": 1 }] }));
        let of = |visitor: u32| variant(&link, visitor).unwrap().0;
        let first = (0..4_000)
            .filter(|visitor| of(*visitor) == "https://a.example/")
            .count();
        assert!((2_700..3_300).contains(&first), "{first}");
        assert!((0..100).all(|visitor| of(visitor) == of(visitor)));
    }
}
