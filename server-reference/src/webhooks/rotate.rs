//! Giving a webhook a new secret.

use approute::models::{Webhook, WebhookRotateSecret};

use crate::api::{Answer, Reveal, Write};
use crate::clock::{SECOND, to_datetime};
use crate::ids::{Purpose, unseeded};
use crate::problem::{Code, Failure, Problem};
use crate::store::webhooks as store;
use crate::webhook::sign::{hint, new_secret};

/// For how long the old secret signs too, unless the call says otherwise.
const DEFAULT_OVERLAP: i64 = 86_400;

/// `webhooks.rotate_secret`.
pub async fn rotate(
    cx: &mut Write<'_>,
    webhook_id: String,
    body: WebhookRotateSecret,
) -> Result<Answer<Webhook>, Failure> {
    let found = store::get(cx.tx, &cx.caller.workspace_id, &webhook_id).await?;
    let mut record = found.ok_or_else(|| Problem::not_found("webhook"))?;
    let overlap = body.expire_previous_in.unwrap_or(DEFAULT_OVERLAP);
    if let Some(until) = record.overlap_until(cx.now).filter(|_| overlap != 0) {
        let detail = format!(
            "The secret before this one signs until {}. Wait until then, or rotate with expire_previous_in 0, which stops all older secrets at once.",
            to_datetime(until).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        );
        return Err(Problem::new(Code::RotationInProgress, detail).into());
    }
    let secret = new_secret(cx.app.ids.random(Purpose::Secret));
    let sealed = cx.app.hooks.vault.seal(&record.id, &secret, unseeded());
    let old = std::mem::replace(&mut record.secret, sealed);
    record.previous =
        (overlap > 0).then(|| (old, cx.now.saturating_add(overlap.saturating_mul(SECOND))));
    record.secret_hint = hint(&secret).to_owned();
    record.secret_version += 1;
    if !store::rotate(cx.tx, &record).await? {
        return Err(Failure::Conflict);
    }
    cx.reveal = Some(Reveal {
        webhook_id: record.id.clone(),
        version: record.secret_version,
        secret,
    });
    Ok(Answer::no_store(record.view(cx.now)))
}
