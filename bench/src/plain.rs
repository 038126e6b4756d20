//! A link as serde's derive decodes it: closed enums as strings, unknown fields dropped. What one would write by hand.

#![allow(missing_docs, reason = "the fields are those of the API")]

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct LinkPage {
    pub items: Vec<Link>,
    pub next_cursor: Option<String>,
    pub has_more: bool,
}

#[derive(Debug, Deserialize)]
pub struct Link {
    pub id: String,
    pub domain: String,
    pub slug: String,
    pub short_url: String,
    pub url: String,
    pub external_id: Option<String>,
    pub title: Option<String>,
    pub notes: Option<String>,
    pub tags: Vec<String>,
    pub targets: Targets,
    pub geo: BTreeMap<String, String>,
    pub variants: Vec<Variant>,
    pub utm: Utm,
    pub forward_query: bool,
    pub redirect_status: i64,
    pub has_password: bool,
    pub password_policy: PasswordPolicy,
    pub starts_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub expired_url: Option<String>,
    pub click_limit: Option<i64>,
    pub click_thresholds: Vec<i64>,
    pub program_id: Option<String>,
    pub sub_id: Option<String>,
    pub archived: bool,
    pub status: Status,
    pub click_count: i64,
    pub bot_click_count: i64,
    pub last_clicked_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub purge_at: Option<DateTime<Utc>>,
    pub created_by_key_id: String,
    pub version: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    Scheduled,
    Expired,
    Exhausted,
    Archived,
    Deleted,
}

#[derive(Debug, Deserialize)]
pub struct Targets {
    pub ios: Option<Ios>,
    pub android: Option<Android>,
}

#[derive(Debug, Deserialize)]
pub struct Ios {
    pub app_store_id: Option<String>,
    pub bundle_id: Option<String>,
    pub universal_link_url: Option<String>,
    pub fallback_url: Option<String>,
    pub min_version: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Android {
    pub package_name: Option<String>,
    pub app_link_url: Option<String>,
    pub fallback_url: Option<String>,
    pub min_version_code: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub struct Variant {
    pub url: String,
    pub weight: i64,
}

#[derive(Debug, Deserialize)]
pub struct Utm {
    pub source: Option<String>,
    pub medium: Option<String>,
    pub campaign: Option<String>,
    pub term: Option<String>,
    pub content: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct PasswordPolicy {
    pub max_failures: i64,
    pub window_seconds: i64,
}
