//! Changing a webhook.

use approute::models::{Webhook, WebhookUpdate};

use super::record::check_url;
use crate::api::{Answer, Write};
use crate::problem::{Failure, Problem};
use crate::store::webhooks::{self as store, Change};

/// `webhooks.update`.
pub async fn update(
    cx: &mut Write<'_>,
    webhook_id: String,
    body: WebhookUpdate,
) -> Result<Answer<Webhook>, Failure> {
    if let Some(url) = &body.url {
        check_url(url, cx.app.config.dev)?;
    }
    let change = Change {
        url: body.url,
        events: body.events,
        description: body.description.into_change(),
        enable: body.status.is_some(),
    };
    let workspace_id = &cx.caller.workspace_id;
    let missing = || Problem::not_found("webhook");
    if !store::update(cx.tx, workspace_id, &webhook_id, change).await? {
        return Err(missing().into());
    }
    let record = store::get(cx.tx, workspace_id, &webhook_id)
        .await?
        .ok_or_else(missing)?;
    Ok(Answer::new(record.view(cx.now)))
}
