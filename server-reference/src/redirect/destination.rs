//! A link as visits need it: little, ready, and kept in memory by the thousands.

use approute::models::{AndroidTargetInput, IosTargetInput, RedirectStatus};
use http::HeaderValue;

use super::target::utm_pairs;
use crate::clock::Micros;
use crate::geoip::Country;
use crate::links::record::{Record, micros};
use crate::links::view::{FAILURE_WINDOW, MAX_FAILURES};

/// A URL as `Location` carries it; copies share its bytes.
pub type Url = HeaderValue;

/// A link.
#[derive(Debug)]
pub struct Destination {
    /// Its id.
    pub id: Box<str>,
    /// Whose it is.
    pub workspace_id: Box<str>,
    /// Its domain.
    pub domain: Box<str>,
    /// Its slug, as it was written.
    pub slug: Box<str>,
    /// Where it leads.
    pub url: Url,
    /// The status that its redirects have.
    pub status: u16,
    /// Whether it is deleted or archived.
    pub gone: bool,
    /// When it begins.
    pub starts_at: Option<Micros>,
    /// When it ends.
    pub expires_at: Option<Micros>,
    /// After how many clicks it ends.
    pub click_limit: Option<i64>,
    /// Clicks so far. Only a link with a limit is read afresh for each visit.
    pub click_count: i64,
    /// The sub-ID of its clicks.
    pub sub_id: Option<Box<str>>,
    /// Whether it passes the visit's query on.
    pub forward_query: bool,
    /// What most links do not have.
    pub rules: Option<Box<Rules>>,
}

/// What most links do not have.
#[derive(Debug, Default)]
pub struct Rules {
    /// Where visits go when it is over.
    pub expired_url: Option<Url>,
    /// What a visitor has to know.
    pub password: Option<Password>,
    /// Where iOS goes, and by which rule.
    pub ios: Option<(Url, &'static str)>,
    /// Where Android goes, and by which rule.
    pub android: Option<(Url, &'static str)>,
    /// Where countries go.
    pub geo: Vec<(Country, Url)>,
    /// Among what the others are divided, with weights.
    pub variants: Vec<(Url, i64)>,
    /// Source, medium, campaign, term, content.
    pub utm: [Option<Box<str>>; 5],
}

/// A link's password.
#[derive(Debug)]
pub struct Password {
    /// As argon2id.
    pub hash: Box<str>,
    /// Wrong ones that are looked at within the window.
    pub max_failures: i64,
    /// The window in seconds.
    pub window_seconds: i64,
}

/// The store checked every URL; what is no header cannot be one.
fn url(text: &str) -> Option<Url> {
    HeaderValue::try_from(text).ok()
}

impl Destination {
    /// What visits need of a record; none where its URL cannot be sent.
    pub fn new(record: &Record) -> Option<Self> {
        let document = &record.document;
        Some(Self {
            id: record.id.as_str().into(),
            workspace_id: record.workspace_id.as_str().into(),
            domain: record.domain.as_str().into(),
            slug: record.slug.as_str().into(),
            url: url(&document.url)?,
            status: document
                .redirect_status
                .unwrap_or(RedirectStatus::Found)
                .as_i64() as u16,
            gone: record.deleted_at.is_some() || document.archived == Some(true),
            starts_at: micros(document.starts_at),
            expires_at: micros(document.expires_at),
            click_limit: document.click_limit,
            click_count: record.click_count,
            sub_id: document.sub_id.as_deref().map(Box::from),
            forward_query: document.forward_query == Some(true),
            rules: Rules::new(record).map(Box::new),
        })
    }

    /// Its UTM parameters: source, medium, campaign, term, content.
    pub fn utm(&self) -> [Option<&str>; 5] {
        let own = self.rules.as_ref().map(|rules| &rules.utm);
        std::array::from_fn(|index| own.and_then(|utm| utm[index].as_deref()))
    }

    /// Its password.
    pub fn password(&self) -> Option<&Password> {
        self.rules.as_ref()?.password.as_ref()
    }
}

impl Rules {
    fn new(record: &Record) -> Option<Self> {
        let document = &record.document;
        let policy = document.password_policy.clone().unwrap_or_default();
        let password = record.password_hash.as_deref().map(|hash| Password {
            hash: hash.into(),
            max_failures: policy.max_failures.unwrap_or(MAX_FAILURES),
            window_seconds: policy.window_seconds.unwrap_or(FAILURE_WINDOW),
        });
        let targets = document.targets.as_ref();
        let geo = document.geo.iter().flatten();
        let variants = document.variants.iter().flatten();
        let rules = Self {
            expired_url: document.expired_url.as_deref().and_then(url),
            password,
            ios: targets.and_then(|targets| ios(targets.ios.as_ref()?)),
            android: targets.and_then(|targets| android(targets.android.as_ref()?)),
            geo: geo
                .filter_map(|(country, to)| Some((Country::parse(country)?, url(to)?)))
                .collect(),
            variants: variants
                .filter_map(|variant| Some((url(&variant.url)?, variant.weight)))
                .collect(),
            utm: utm_pairs(document.utm.as_ref()).map(|(_, value)| value.map(Box::from)),
        };
        let has_any = rules.expired_url.is_some()
            || rules.password.is_some()
            || rules.ios.is_some()
            || rules.android.is_some()
            || !rules.geo.is_empty()
            || !rules.variants.is_empty()
            || rules.utm.iter().any(Option::is_some);
        has_any.then_some(rules)
    }
}

fn ios(target: &IosTargetInput) -> Option<(Url, &'static str)> {
    let link = target.universal_link_url.as_deref().and_then(url);
    let store = || {
        let id = target.app_store_id.as_deref()?;
        url(&format!("https://apps.apple.com/app/id{id}"))
    };
    let fallback = || target.fallback_url.as_deref().and_then(url);
    link.map(|url| (url, "ios_universal_link"))
        .or_else(|| Some((store()?, "ios_app_store")))
        .or_else(|| Some((fallback()?, "ios_fallback")))
}

fn android(target: &AndroidTargetInput) -> Option<(Url, &'static str)> {
    let link = target.app_link_url.as_deref().and_then(url);
    let store = || {
        let name = target.package_name.as_deref()?;
        url(&format!(
            "https://play.google.com/store/apps/details?id={name}"
        ))
    };
    let fallback = || target.fallback_url.as_deref().and_then(url);
    link.map(|url| (url, "android_app_link"))
        .or_else(|| Some((store()?, "android_play_store")))
        .or_else(|| Some((fallback()?, "android_fallback")))
}
