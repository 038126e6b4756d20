//! A webhook as it is kept, and as it is shown.

use approute::models::{EventType, Webhook, WebhookStatus};
use approute::parts;

use crate::clock::{Micros, to_datetime};
use crate::problem::{FieldCode, Problem};
use crate::webhook::sign::Secrets;
use crate::webhook::target::{Mode, Target};
use crate::webhook::vault::{Unopened, Vault};

/// A webhook.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub workspace_id: String,
    /// Where events are sent, as its owner wrote it.
    pub url: String,
    /// Which events are sent.
    pub events: Vec<EventType>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether events are sent.
    pub active: bool,
    /// Why they are not.
    pub disabled_reason: Option<String>,
    /// Failed attempts since the last success.
    pub consecutive_failures: i64,
    /// The last attempt, with the status of its answer.
    pub last_delivery: Option<(Micros, Option<i64>)>,
    /// The secret, sealed.
    pub secret: Vec<u8>,
    /// Its last four characters.
    pub secret_hint: String,
    /// Which secret it is, from 1.
    pub secret_version: i64,
    /// The secret before it, sealed, and until when that one signs too.
    pub previous: Option<(Vec<u8>, Micros)>,
    /// The version of the API that it was made with.
    pub api_version: String,
    /// When it was created.
    pub created_at: Micros,
}

impl Record {
    /// Until when the secret before this one signs too.
    pub fn overlap_until(&self, now: Micros) -> Option<Micros> {
        self.previous
            .as_ref()
            .map(|(_, until)| *until)
            .filter(|until| now < *until)
    }

    /// Its secrets, opened.
    pub fn secrets(&self, vault: &Vault) -> Result<Secrets, Unopened> {
        let previous = match &self.previous {
            Some((sealed, until)) => Some((vault.open(&self.id, sealed)?, *until)),
            None => None,
        };
        Ok(Secrets {
            current: vault.open(&self.id, &self.secret)?,
            previous,
        })
    }

    /// The webhook as the API answers with it: without its secret.
    pub fn view(&self, now: Micros) -> Webhook {
        let delivery = |(at, status)| {
            parts::WebhookDelivery {
                at: to_datetime(at),
                status,
            }
            .into()
        };
        Webhook::from(parts::Webhook {
            id: self.id.clone(),
            url: self.url.clone(),
            events: self.events.clone(),
            description: self.description.clone(),
            status: if self.active {
                WebhookStatus::Active
            } else {
                WebhookStatus::Disabled
            },
            disabled_reason: self.disabled_reason.as_deref().map(Into::into),
            consecutive_failures: self.consecutive_failures,
            last_delivery: self.last_delivery.map(delivery),
            secret_hint: self.secret_hint.clone(),
            previous_secret_expires_at: self.overlap_until(now).map(to_datetime),
            api_version: self.api_version.clone(),
            created_at: to_datetime(self.created_at),
            secret: None,
        })
    }
}

/// Where this server may send events.
pub fn mode(dev: bool) -> Mode {
    if dev {
        Mode::Development
    } else {
        Mode::Production
    }
}

/// Checks where events shall be sent.
pub fn check_url(url: &str, dev: bool) -> Result<(), Problem> {
    Target::parse(url, mode(dev))
        .map(|_| ())
        .map_err(|refused| Problem::field("/url", FieldCode::InvalidUrl, refused.to_string()))
}
