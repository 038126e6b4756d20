//! Issuing API keys and giving them new secrets: for the command line, `--dev` and the dashboard.

use sqlx::AnyConnection;

use super::secret::Secret;
use crate::clock::Micros;
use crate::ids::{Ids, Kind, Purpose};
use crate::store::Result;
use crate::store::keys::{self, ApiKey, Scope};
use crate::store::workspaces::{Plan, Workspace};

/// Letters in a name.
const LONGEST_NAME: usize = 100;

/// The plans that have keys of this scope, in words; none where `plan` is one of them.
pub fn plans_needed(plan: Plan, scope: Scope) -> Option<&'static str> {
    let (enough, needed) = match scope {
        Scope::Read => (matches!(plan, Plan::Pro | Plan::Team), "pro or team"),
        Scope::ReadWrite => (plan == Plan::Team, "team"),
    };
    (!enough).then_some(needed)
}

/// Reads the name of a key.
pub fn name(text: &str) -> std::result::Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("Say what the key is for.".to_owned());
    }
    if text.chars().count() > LONGEST_NAME {
        return Err(format!("A name has at most {LONGEST_NAME} letters."));
    }
    if text.chars().any(char::is_control) {
        return Err("A name is one line of text.".to_owned());
    }
    Ok(text.to_owned())
}

/// A new key; its secret is shown once.
pub async fn issue(
    connection: &mut AnyConnection,
    ids: &Ids,
    workspace: &Workspace,
    name: &str,
    scope: Scope,
    now: Micros,
) -> Result<(ApiKey, Secret)> {
    let key = ApiKey {
        id: ids.at(Kind::ApiKey, now),
        workspace_id: workspace.id.clone(),
        name: name.to_owned(),
        scope,
        created_at: now,
        revoked_at: None,
    };
    let secret = Secret::new(ids.random(Purpose::ApiKey), workspace.is_dev);
    keys::insert(connection, &key).await?;
    keys::insert_secret(connection, &key.id, &secret.hash(), secret.hint(), now).await?;
    Ok((key, secret))
}

/// A new secret for a key; the one before goes on for `overlap`.
pub async fn rotate(
    connection: &mut AnyConnection,
    ids: &Ids,
    key: &ApiKey,
    is_dev: bool,
    overlap: Micros,
    now: Micros,
) -> Result<Secret> {
    let secret = Secret::new(ids.random(Purpose::ApiKey), is_dev);
    keys::expire_secrets(connection, &key.id, now + overlap).await?;
    keys::insert_secret(connection, &key.id, &secret.hash(), secret.hint(), now).await?;
    Ok(secret)
}
