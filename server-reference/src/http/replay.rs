//! Secrets in answers: they are stored nowhere but in their own row, sealed, so that a replayed answer gets them from
//! there.

use approute::Secret;
use approute::models::Webhook;
use sqlx::AnyConnection;

use crate::api::Raw;
use crate::app::App;
use crate::problem::{Code, Failure, Problem};
use crate::store::webhooks;

/// Writes the secret into the answer.
pub(super) fn show(raw: &mut Raw, secret: &Secret) -> Result<(), Failure> {
    let mut webhook: Webhook = serde_json::from_slice(&raw.body)?;
    webhook.secret = Some(secret.expose().to_owned());
    raw.body = serde_json::to_vec(&webhook)?.into();
    Ok(())
}

/// The secret that an answer showed, where it is still the webhook's.
pub(super) async fn secret(
    app: &App,
    connection: &mut AnyConnection,
    workspace_id: &str,
    webhook_id: &str,
    version: i64,
) -> Result<Secret, Failure> {
    let found = webhooks::get(connection, workspace_id, webhook_id).await?;
    let Some(record) = found.filter(|record| record.secret_version == version) else {
        let detail = format!(
            "The first answer to this Idempotency-Key showed a secret that is no longer there: {webhook_id} was rotated or deleted since."
        );
        return Err(Problem::new(Code::IdempotencyResultGone, detail).into());
    };
    let opened = app.hooks.vault.open(&record.id, &record.secret);
    opened.map_err(|error| Failure::Internal(error.to_string()))
}
