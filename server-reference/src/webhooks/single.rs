//! Getting and deleting one webhook.

use approute::models::Webhook;

use crate::api::{Answer, Read, Write};
use crate::problem::{Failure, Problem};
use crate::store::webhooks as store;

/// `webhooks.get`.
pub async fn get(cx: &mut Read<'_>, webhook_id: String) -> Result<Answer<Webhook>, Failure> {
    let found = store::get(cx.connection, &cx.caller.workspace_id, &webhook_id).await?;
    let record = found.ok_or_else(|| Problem::not_found("webhook"))?;
    Ok(Answer::new(record.view(cx.now)))
}

/// `webhooks.delete`.
pub async fn delete(cx: &mut Write<'_>, webhook_id: String) -> Result<Answer<()>, Failure> {
    if !store::delete(cx.tx, &cx.caller.workspace_id, &webhook_id).await? {
        return Err(Problem::not_found("webhook").into());
    }
    Ok(Answer::new(()))
}
