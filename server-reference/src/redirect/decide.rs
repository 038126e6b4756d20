//! Where a visit goes, by one order: status, password, OS target, geo, variant, url.

use super::destination::Destination;
use crate::agent::Os;
use crate::clock::Micros;
use crate::geoip::Country;
use crate::variants;
use crate::visitor::VisitorKey;

/// What becomes of a visit.
#[derive(Debug)]
pub enum Decision<'a> {
    /// It is redirected.
    Go(Way<'a>),
    /// It needs the password first.
    Ask,
    /// It ends here.
    Stop(Reason),
}

/// A redirect.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// The destination, before the visit's query.
    pub url: &'a str,
    /// Which rule decided, as `DestinationKind` names it.
    pub kind: &'static str,
    /// The status.
    pub status: u16,
}

/// Why a visit ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The link begins later.
    NotYet,
    /// The link is deleted, archived, expired or exhausted.
    Gone,
}

/// What is known of a visit.
pub struct Facts<K> {
    /// When it came.
    pub now: Micros,
    /// From which system.
    pub os: Os,
    /// From which country.
    pub country: Option<Country>,
    /// Whether the password was given.
    pub unlocked: bool,
    /// What chooses a variant; asked for only where there are some.
    pub visitor: K,
}

/// Decides on a visit.
pub fn decide<K: FnOnce() -> VisitorKey>(link: &Destination, facts: Facts<K>) -> Decision<'_> {
    if link.gone {
        return Decision::Stop(Reason::Gone);
    }
    if link.starts_at.is_some_and(|at| at > facts.now) {
        return Decision::Stop(Reason::NotYet);
    }
    let exhausted = |limit| link.click_count >= limit;
    if link.expires_at.is_some_and(|at| at <= facts.now) || link.click_limit.is_some_and(exhausted)
    {
        return over(link);
    }
    if link.password().is_some() && !facts.unlocked {
        return Decision::Ask;
    }
    // A form was sent, which the browser must not send on.
    let status = if facts.unlocked { 303 } else { link.status };
    let (url, kind) = rule(link, facts).unwrap_or((link.url(), "url"));
    Decision::Go(Way { url, kind, status })
}

fn rule<K: FnOnce() -> VisitorKey>(
    link: &Destination,
    facts: Facts<K>,
) -> Option<(&str, &'static str)> {
    if !link.has_rules() {
        return None;
    }
    let app = match facts.os {
        Os::Ios => link.ios(),
        Os::Android => link.android(),
        _ => None,
    };
    if app.is_some() {
        return app;
    }
    if let Some(url) = facts.country.and_then(|country| link.geo(country)) {
        return Some((url, "geo"));
    }
    let variants = link.variants();
    if variants.is_empty() {
        return None;
    }
    let chosen = variants::choose((facts.visitor)(), link.id(), &variants)?;
    Some((link.variant(chosen)?, "variant"))
}

/// What becomes of visits of a link that is expired or exhausted.
pub fn over(link: &Destination) -> Decision<'_> {
    match link.expired_url() {
        Some(url) => Decision::Go(Way {
            url,
            kind: "expired_url",
            status: 302,
        }),
        None => Decision::Stop(Reason::Gone),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::links::record::Record;

    const URL: &str = "https://example.com/";

    fn link(document: Value, change: fn(&mut Record)) -> Destination {
        let mut record = Record {
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
        };
        change(&mut record);
        Destination::new(&record).unwrap()
    }

    /// Kind and URL, or what stops it.
    fn way(link: &Destination, os: Os, country: &str, unlocked: bool) -> (String, u16) {
        let facts = Facts {
            now: 1_000_000,
            os,
            country: Country::parse(country),
            unlocked,
            visitor: || VisitorKey([7; 16]),
        };
        match decide(link, facts) {
            Decision::Go(way) => (format!("{} {}", way.kind, way.url), way.status),
            Decision::Ask => ("password".to_owned(), 0),
            Decision::Stop(reason) => (format!("{reason:?}"), 0),
        }
    }

    #[test]
    fn one_order_of_rules() {
        let full = link(
            json!({
                "url": URL, "variants": [{ "url": "https://example.com/v", "weight": 1 }],
                "geo": { "DE": "https://example.com/de" },
                "targets": { "ios": { "app_store_id": "42", "fallback_url": "https://example.com/i" },
                             "android": { "package_name": "com.example" } }
            }),
            |_| {},
        );
        for (os, country, expected) in [
            (
                Os::Ios,
                "DE",
                "ios_app_store https://apps.apple.com/app/id42",
            ),
            (
                Os::Android,
                "DE",
                "android_play_store https://play.google.com/store/apps/details?id=com.example",
            ),
            (Os::Windows, "DE", "geo https://example.com/de"),
            (Os::Windows, "FR", "variant https://example.com/v"),
            (Os::Windows, "", "variant https://example.com/v"),
        ] {
            assert_eq!(way(&full, os, country, false), (expected.to_owned(), 302));
        }
        let plain = link(
            json!({ "url": URL, "targets": { "ios": { "bundle_id": "a.b" } } }),
            |_| {},
        );
        assert_eq!(
            way(&plain, Os::Ios, "DE", false).0,
            format!("url {URL}"),
            "a target without a destination decides nothing"
        );
        let targets = json!({ "ios": { "app_store_id": "42", "universal_link_url": "https://example.com/u",
                                       "fallback_url": "https://example.com/f" },
                              "android": { "app_link_url": "https://example.com/a", "package_name": "com.example" } });
        let links = link(json!({ "url": URL, "targets": targets }), |_| {});
        assert_eq!(
            way(&links, Os::Ios, "", false).0,
            "ios_universal_link https://example.com/u"
        );
        assert_eq!(
            way(&links, Os::Android, "", false).0,
            "android_app_link https://example.com/a"
        );
        let targets = json!({ "ios": { "fallback_url": "https://example.com/i" },
                              "android": { "fallback_url": "https://example.com/a" } });
        let fallbacks = link(json!({ "url": URL, "targets": targets }), |_| {});
        assert_eq!(
            way(&fallbacks, Os::Ios, "", false).0,
            "ios_fallback https://example.com/i"
        );
        assert_eq!(
            way(&fallbacks, Os::Android, "", false).0,
            "android_fallback https://example.com/a"
        );
    }

    #[test]
    fn the_status_comes_first_and_then_the_password() {
        let locked: fn(&mut Record) = |record| record.password_hash = Some("x".to_owned());
        let stop = |document: Value, change: fn(&mut Record)| {
            way(&link(document, change), Os::Ios, "", false)
        };
        let later = json!({ "url": URL, "starts_at": "1970-01-01T00:00:02Z" });
        assert_eq!(stop(later, locked).0, "NotYet");
        assert_eq!(
            stop(json!({ "url": URL, "archived": true }), locked).0,
            "Gone"
        );
        assert_eq!(
            stop(json!({ "url": URL }), |link| link.deleted_at = Some(1)).0,
            "Gone"
        );
        assert_eq!(stop(json!({ "url": URL }), locked).0, "password");
        let expired = json!({ "url": URL, "expires_at": "1970-01-01T00:00:01Z", "expired_url": "https://example.com/late",
                              "redirect_status": 307 });
        assert_eq!(
            stop(expired, locked),
            ("expired_url https://example.com/late".to_owned(), 302)
        );
        let used = json!({ "url": URL, "click_limit": 3 });
        assert_eq!(stop(used, |link| link.click_count = 3).0, "Gone");
        let open = link(json!({ "url": URL, "redirect_status": 307 }), locked);
        assert_eq!(way(&open, Os::Ios, "", true), (format!("url {URL}"), 303));
    }
}
