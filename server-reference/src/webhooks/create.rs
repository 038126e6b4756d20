//! Creating a webhook.

use approute::models::{Webhook, WebhookCreate};

use super::record::{Record, check_url};
use crate::api::{Answer, Reveal, Write};
use crate::config::API_VERSION;
use crate::ids::{Kind, Purpose, unseeded};
use crate::problem::Failure;
use crate::store::webhooks as store;
use crate::webhook::sign::{hint, new_secret};

/// `webhooks.create`.
pub async fn create(cx: &mut Write<'_>, body: WebhookCreate) -> Result<Answer<Webhook>, Failure> {
    check_url(&body.url, cx.app.config.dev)?;
    let id = cx.app.ids.at(Kind::Webhook, cx.now);
    let secret = new_secret(cx.app.ids.random(Purpose::Secret));
    let record = Record {
        workspace_id: cx.caller.workspace_id.clone(),
        url: body.url,
        events: body.events,
        description: body.description,
        active: true,
        disabled_reason: None,
        consecutive_failures: 0,
        last_delivery: None,
        secret: cx.app.hooks.vault.seal(&id, &secret, unseeded()),
        secret_hint: hint(&secret).to_owned(),
        secret_version: 1,
        previous: None,
        api_version: API_VERSION.to_owned(),
        created_at: cx.now,
        id,
    };
    store::insert(cx.tx, &record).await?;
    cx.reveal = Some(Reveal {
        webhook_id: record.id.clone(),
        version: record.secret_version,
        secret,
    });
    Ok(Answer::no_store(record.view(cx.now)))
}
