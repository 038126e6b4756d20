//! A link as it is kept.

use approute::models::{LinkCreate, LinkStatus};
use chrono::{DateTime, Utc};

use crate::clock::{DAY, Micros};

/// How long a deleted link can be restored.
pub const KEPT_AFTER_DELETE: Micros = 30 * DAY;

/// A link: what its owner sets, and what the server keeps beside it.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub workspace_id: String,
    /// Its domain.
    pub domain: String,
    /// Its slug, as it was written.
    pub slug: String,
    /// What its owner sets, in the form in which a link is created; domain, slug and password are left out of it.
    pub document: LinkCreate,
    /// Its password, as argon2id.
    pub password_hash: Option<String>,
    /// Visits, bots excluded.
    pub click_count: i64,
    /// Visits by bots.
    pub bot_click_count: i64,
    /// The last visit, bots excluded.
    pub last_clicked_at: Option<Micros>,
    /// When it was created.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
    /// When it was deleted.
    pub deleted_at: Option<Micros>,
    /// When it goes for good.
    pub purge_at: Option<Micros>,
    /// The key that created it.
    pub created_by_key_id: String,
    /// How often it was changed, from 1.
    pub version: i64,
}

impl Record {
    /// The slug as it is looked up.
    pub fn slug_key(&self) -> String {
        slug_key(&self.slug)
    }

    /// What a visit meets now. Where several apply, the first of deleted, archived, scheduled, expired, exhausted.
    pub fn status(&self, now: Micros) -> LinkStatus {
        let document = &self.document;
        if self.deleted_at.is_some() {
            LinkStatus::Deleted
        } else if document.archived == Some(true) {
            LinkStatus::Archived
        } else if micros(document.starts_at).is_some_and(|at| at > now) {
            LinkStatus::Scheduled
        } else if micros(document.expires_at).is_some_and(|at| at <= now) {
            LinkStatus::Expired
        } else if document
            .click_limit
            .is_some_and(|limit| self.click_count >= limit)
        {
            LinkStatus::Exhausted
        } else {
            LinkStatus::Active
        }
    }

    /// The text that `q` searches.
    pub fn search_text(&self) -> String {
        let document = &self.document;
        let optional = [&document.title, &document.notes, &document.external_id];
        let mut text = format!("{}\n{}", self.slug, document.url);
        for part in optional.into_iter().flatten() {
            text.push('\n');
            text.push_str(part);
        }
        text.to_lowercase()
    }

    /// Its tags.
    pub fn tags(&self) -> &[String] {
        self.document.tags.as_deref().unwrap_or_default()
    }
}

/// A slug as it is looked up: without regard to case.
pub fn slug_key(slug: &str) -> String {
    slug.to_ascii_lowercase()
}

/// A time as it is kept.
pub fn micros(at: Option<DateTime<Utc>>) -> Option<Micros> {
    at.map(|at| at.timestamp_micros())
}
