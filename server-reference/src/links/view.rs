//! A link as it is shown.

use approute::models::{
    AndroidTarget, AndroidTargetInput, IosTarget, IosTargetInput, Link, PasswordPolicy,
    PasswordPolicyInput, RedirectStatus, Targets, TargetsInput, Utm, UtmInput, Variant,
    VariantInput,
};
use approute::parts;

use super::record::Record;
use crate::clock::{Micros, to_datetime};

/// Wrong passwords that are allowed within the window, unless the link says otherwise.
pub const MAX_FAILURES: i64 = 5;
/// The window in seconds, unless the link says otherwise.
pub const FAILURE_WINDOW: i64 = 600;

/// How short URLs are written.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// In development, where API and short links share one address: that address.
    pub shared: Option<String>,
    /// The port on which the server listens, for domains below `.localhost`, which need no name server and no TLS.
    pub port: u16,
}

impl Addresses {
    /// The short URL of a link.
    pub fn short_url(&self, domain: &str, slug: &str) -> String {
        match &self.shared {
            Some(base) => format!("{base}/{slug}"),
            None if domain.ends_with(".localhost") => {
                format!("http://{domain}:{}/{slug}", self.port)
            }
            None => format!("https://{domain}/{slug}"),
        }
    }
}

/// The link as the API answers with it.
pub fn view(record: &Record, addresses: &Addresses, now: Micros) -> Link {
    into_view(record.clone(), addresses, now)
}

/// The link as the API answers with it, of a record that is no longer needed: a batch answers with a thousand.
pub fn into_view(record: Record, addresses: &Addresses, now: Micros) -> Link {
    let (status, short_url) = (
        record.status(now),
        addresses.short_url(&record.domain, &record.slug),
    );
    let document = record.document;
    Link::from(parts::Link {
        id: record.id,
        domain: record.domain,
        slug: record.slug,
        short_url,
        status,
        has_password: record.password_hash.is_some(),
        targets: targets(document.targets),
        utm: utm(document.utm),
        password_policy: password_policy(document.password_policy),
        variants: variants(document.variants),
        url: document.url,
        external_id: document.external_id,
        title: document.title,
        notes: document.notes,
        tags: document.tags.unwrap_or_default(),
        geo: document.geo.unwrap_or_default(),
        forward_query: document.forward_query.unwrap_or_default(),
        redirect_status: document.redirect_status.unwrap_or(RedirectStatus::Found),
        starts_at: document.starts_at,
        expires_at: document.expires_at,
        expired_url: document.expired_url,
        click_limit: document.click_limit,
        click_thresholds: document.click_thresholds.unwrap_or_default(),
        program_id: document.program_id,
        sub_id: document.sub_id,
        archived: document.archived.unwrap_or_default(),
        click_count: record.click_count,
        bot_click_count: record.bot_click_count,
        last_clicked_at: record.last_clicked_at.map(to_datetime),
        created_at: to_datetime(record.created_at),
        updated_at: to_datetime(record.updated_at),
        deleted_at: record.deleted_at.map(to_datetime),
        purge_at: record.purge_at.map(to_datetime),
        created_by_key_id: record.created_by_key_id,
        version: record.version,
    })
}

fn targets(targets: Option<TargetsInput>) -> Targets {
    let targets = targets.unwrap_or_default();
    parts::Targets {
        ios: targets.ios.map(ios),
        android: targets.android.map(android),
    }
    .into()
}

fn ios(target: IosTargetInput) -> IosTarget {
    parts::IosTarget {
        app_store_id: target.app_store_id,
        bundle_id: target.bundle_id,
        universal_link_url: target.universal_link_url,
        fallback_url: target.fallback_url,
        min_version: target.min_version,
    }
    .into()
}

fn android(target: AndroidTargetInput) -> AndroidTarget {
    parts::AndroidTarget {
        package_name: target.package_name,
        app_link_url: target.app_link_url,
        fallback_url: target.fallback_url,
        min_version_code: target.min_version_code,
    }
    .into()
}

fn variants(variants: Option<Vec<VariantInput>>) -> Vec<Variant> {
    let variant = |variant: VariantInput| {
        parts::Variant {
            url: variant.url,
            weight: variant.weight,
        }
        .into()
    };
    variants
        .unwrap_or_default()
        .into_iter()
        .map(variant)
        .collect()
}

fn utm(utm: Option<UtmInput>) -> Utm {
    let utm = utm.unwrap_or_default();
    parts::Utm {
        source: utm.source,
        medium: utm.medium,
        campaign: utm.campaign,
        term: utm.term,
        content: utm.content,
    }
    .into()
}

fn password_policy(policy: Option<PasswordPolicyInput>) -> PasswordPolicy {
    let policy = policy.unwrap_or_default();
    parts::PasswordPolicy {
        max_failures: policy.max_failures.unwrap_or(MAX_FAILURES),
        window_seconds: policy.window_seconds.unwrap_or(FAILURE_WINDOW),
    }
    .into()
}
