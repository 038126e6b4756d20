//! A link as visits need it: little, ready, and kept in memory by the ten thousands.

use std::borrow::Cow;

use approute::models::{AndroidTargetInput, IosTargetInput, RedirectStatus};
use http::HeaderValue;

use super::target::{utm_pairs, with_utm};
use crate::clock::Micros;
use crate::geoip::Country;
use crate::links::record::{Record, micros};
use crate::links::view::{FAILURE_WINDOW, MAX_FAILURES};

/// A link. Its texts stand in one piece of memory, since a dozen small ones would take twice as much.
#[derive(Debug)]
pub struct Destination {
    text: Box<str>,
    id: Span,
    workspace_id: Span,
    domain: Span,
    slug: Span,
    url: Span,
    sub_id: Option<Span>,
    /// The status that its redirects have.
    pub status: u16,
    /// Whether it is deleted or archived.
    pub gone: bool,
    /// Whether it passes the visit's query on.
    pub forward_query: bool,
    /// When it begins.
    pub starts_at: Option<Micros>,
    /// When it ends.
    pub expires_at: Option<Micros>,
    /// After how many clicks it ends.
    pub click_limit: Option<i64>,
    /// Clicks so far. Only a link with a limit is read afresh for each visit.
    pub click_count: i64,
    rules: Option<Box<Rules>>,
}

/// A piece of a link's text.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: u32,
    to: u32,
}

/// Where something leads, and by which rule, as `DestinationKind` names it.
#[derive(Debug, Clone, Copy)]
struct Target {
    url: Span,
    kind: &'static str,
}

/// What most links do not have.
#[derive(Debug)]
struct Rules {
    expired_url: Option<Span>,
    password: Option<Password>,
    ios: Option<Target>,
    android: Option<Target>,
    geo: Box<[(Country, Span)]>,
    variants: Box<[Variant]>,
    /// Source, medium, campaign, term, content.
    utm: [Option<Span>; 5],
}

#[derive(Debug)]
struct Variant {
    /// As its owner wrote it: what visitors are divided by, whatever is added to it.
    url: Span,
    weight: i64,
    /// With the link's UTM parameters.
    target: Span,
}

#[derive(Debug)]
struct Password {
    hash: Span,
    max_failures: i64,
    window_seconds: i64,
}

/// What a visitor has to know.
#[derive(Debug, Clone, Copy)]
pub struct PasswordRule<'a> {
    /// The password, as argon2id.
    pub hash: &'a str,
    /// Wrong ones that are looked at within the window.
    pub max_failures: i64,
    /// The window in seconds.
    pub window_seconds: i64,
}

/// Collects the texts of a link.
#[derive(Default)]
struct Texts(String);

impl Texts {
    fn add(&mut self, text: &str) -> Span {
        let from = self.0.len();
        self.0.push_str(text);
        // Links are some megabytes at most.
        Span {
            from: from as u32,
            to: self.0.len() as u32,
        }
    }

    /// A URL, if it can be sent. The store checked every one; what is no header cannot be one.
    fn url(&mut self, url: &str) -> Option<Span> {
        HeaderValue::from_str(url).ok()?;
        Some(self.add(url))
    }
}

impl Destination {
    /// What visits need of a record; none where its URL cannot be sent.
    pub fn new(record: &Record) -> Option<Self> {
        let document = &record.document;
        let mut texts = Texts::default();
        let utm = utm_pairs(document.utm.as_ref());
        let url = texts.url(&with_utm(&document.url, &utm))?;
        let status = document.redirect_status.unwrap_or(RedirectStatus::Found);
        Some(Self {
            id: texts.add(&record.id),
            workspace_id: texts.add(&record.workspace_id),
            domain: texts.add(&record.domain),
            slug: texts.add(&record.slug),
            url,
            sub_id: document.sub_id.as_deref().map(|text| texts.add(text)),
            status: status.as_i64() as u16,
            gone: record.deleted_at.is_some() || document.archived == Some(true),
            forward_query: document.forward_query == Some(true),
            starts_at: micros(document.starts_at),
            expires_at: micros(document.expires_at),
            click_limit: document.click_limit,
            click_count: record.click_count,
            rules: Rules::new(record, &mut texts).map(Box::new),
            text: texts.0.into(),
        })
    }

    fn text(&self, span: Span) -> &str {
        &self.text[span.from as usize..span.to as usize]
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.text(self.id)
    }

    /// Whose it is.
    pub fn workspace_id(&self) -> &str {
        self.text(self.workspace_id)
    }

    /// Its domain.
    pub fn domain(&self) -> &str {
        self.text(self.domain)
    }

    /// Its slug, as it was written.
    pub fn slug(&self) -> &str {
        self.text(self.slug)
    }

    /// Where it leads, with its UTM parameters.
    pub fn url(&self) -> &str {
        self.text(self.url)
    }

    /// The sub-ID of its clicks.
    pub fn sub_id(&self) -> Option<&str> {
        self.sub_id.map(|span| self.text(span))
    }

    /// Its UTM parameters: source, medium, campaign, term, content.
    pub fn utm(&self) -> [Option<&str>; 5] {
        match &self.rules {
            Some(rules) => rules.utm.map(|span| span.map(|span| self.text(span))),
            None => [None; 5],
        }
    }

    /// Where visits go when it is over.
    pub fn expired_url(&self) -> Option<&str> {
        let span = self.rules.as_ref()?.expired_url?;
        Some(self.text(span))
    }

    /// What a visitor has to know.
    pub fn password(&self) -> Option<PasswordRule<'_>> {
        let password = self.rules.as_ref()?.password.as_ref()?;
        Some(PasswordRule {
            hash: self.text(password.hash),
            max_failures: password.max_failures,
            window_seconds: password.window_seconds,
        })
    }

    /// Whether anything but its own URL can be where it leads.
    pub fn has_rules(&self) -> bool {
        self.rules.is_some()
    }

    /// Where iOS goes, and by which rule.
    pub fn ios(&self) -> Option<(&str, &'static str)> {
        self.target(self.rules.as_ref()?.ios?)
    }

    /// Where Android goes, and by which rule.
    pub fn android(&self) -> Option<(&str, &'static str)> {
        self.target(self.rules.as_ref()?.android?)
    }

    fn target(&self, target: Target) -> Option<(&str, &'static str)> {
        Some((self.text(target.url), target.kind))
    }

    /// Where visitors from a country go.
    pub fn geo(&self, country: Country) -> Option<&str> {
        let geo = &self.rules.as_ref()?.geo;
        let (_, span) = geo.iter().find(|(own, _)| *own == country)?;
        Some(self.text(*span))
    }

    /// Among what the others are divided: URLs as their owner wrote them, with weights.
    pub fn variants(&self) -> Vec<(&str, i64)> {
        let variants = self.rules.iter().flat_map(|rules| &rules.variants);
        variants
            .map(|variant| (self.text(variant.url), variant.weight))
            .collect()
    }

    /// Where one of [`variants`](Self::variants) leads.
    pub fn variant(&self, place: usize) -> Option<&str> {
        let variant = self.rules.as_ref()?.variants.get(place)?;
        Some(self.text(variant.target))
    }

    /// How much memory it takes, in bytes.
    pub fn size(&self) -> usize {
        let rules = self.rules.as_ref().map_or(0, |rules| {
            size_of::<Rules>() + size_of_val(&rules.geo[..]) + size_of_val(&rules.variants[..])
        });
        size_of::<Self>() + self.text.len() + rules
    }
}

impl Rules {
    fn new(record: &Record, texts: &mut Texts) -> Option<Self> {
        let document = &record.document;
        let policy = document.password_policy.clone().unwrap_or_default();
        let utm = utm_pairs(document.utm.as_ref());
        let password = record.password_hash.as_deref().map(|hash| Password {
            hash: texts.add(hash),
            max_failures: policy.max_failures.unwrap_or(MAX_FAILURES),
            window_seconds: policy.window_seconds.unwrap_or(FAILURE_WINDOW),
        });
        let targets = document.targets.as_ref();
        let mut target = |found: Option<(String, &'static str)>| {
            let (url, kind) = found?;
            let url = match kind {
                // Pages of the stores take no parameters of ours.
                "ios_app_store" | "android_play_store" => url,
                _ => with_utm(&url, &utm).into_owned(),
            };
            let url = texts.url(&url)?;
            Some(Target { url, kind })
        };
        let ios = target(targets.and_then(|targets| ios(targets.ios.as_ref()?)));
        let android = target(targets.and_then(|targets| android(targets.android.as_ref()?)));
        let geo = document.geo.iter().flatten();
        let geo = geo.filter_map(|(country, to)| {
            let url = texts.url(&with_utm(to, &utm))?;
            Some((Country::parse(country)?, url))
        });
        let geo = geo.collect();
        let variants = document.variants.iter().flatten();
        let variants = variants.filter_map(|variant| {
            let url = texts.url(&variant.url)?;
            Some(Variant {
                url,
                weight: variant.weight,
                target: match with_utm(&variant.url, &utm) {
                    Cow::Borrowed(_) => url,
                    Cow::Owned(target) => texts.url(&target)?,
                },
            })
        });
        let variants = variants.collect();
        let expired_url = document.expired_url.as_deref();
        let rules = Self {
            expired_url: expired_url.and_then(|url| texts.url(url)),
            password,
            ios,
            android,
            geo,
            variants,
            utm: utm.map(|(_, value)| value.map(|text| texts.add(text))),
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

fn sendable(url: &str) -> Option<String> {
    HeaderValue::from_str(url).ok().map(|_| url.to_owned())
}

fn ios(target: &IosTargetInput) -> Option<(String, &'static str)> {
    let link = target.universal_link_url.as_deref().and_then(sendable);
    let store = || {
        let id = target.app_store_id.as_deref()?;
        sendable(&format!("https://apps.apple.com/app/id{id}"))
    };
    let fallback = || target.fallback_url.as_deref().and_then(sendable);
    link.map(|url| (url, "ios_universal_link"))
        .or_else(|| Some((store()?, "ios_app_store")))
        .or_else(|| Some((fallback()?, "ios_fallback")))
}

fn android(target: &AndroidTargetInput) -> Option<(String, &'static str)> {
    let link = target.app_link_url.as_deref().and_then(sendable);
    let store = || {
        let name = target.package_name.as_deref()?;
        sendable(&format!(
            "https://play.google.com/store/apps/details?id={name}"
        ))
    };
    let fallback = || target.fallback_url.as_deref().and_then(sendable);
    link.map(|url| (url, "android_app_link"))
        .or_else(|| Some((store()?, "android_play_store")))
        .or_else(|| Some((fallback()?, "android_fallback")))
}
