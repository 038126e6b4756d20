//! Making workspaces and keys; shared by the commands and `--dev`.

use crate::associations::Apps;
pub use crate::auth::keys::issue as key;
use crate::clock::Micros;
use crate::dashboard;
use crate::ids::{Ids, Kind};
use crate::redirect::DEV_DOMAIN;
use crate::store::domains::{self, Domain};
use crate::store::keys::Scope;
use crate::store::workspaces::{self, DeleteConfirmation, Plan, Workspace};
use crate::store::{self, Result, Store, Tx};

/// Deletes per key and hour that need no confirmation, unless a workspace says otherwise.
pub const DELETE_THRESHOLD: i64 = 25;

/// A new workspace with its domain.
pub async fn workspace(
    tx: &mut Tx,
    ids: &Ids,
    name: &str,
    plan: Plan,
    domain: Option<&str>,
    is_dev: bool,
    now: Micros,
) -> Result<Option<Workspace>> {
    let workspace = Workspace {
        id: ids.at(Kind::Workspace, now),
        name: name.to_owned(),
        plan,
        delete_threshold: DELETE_THRESHOLD,
        delete_confirmation: DeleteConfirmation::Token,
        is_dev,
        created_at: now,
    };
    workspaces::insert(tx, &workspace).await?;
    // A workspace without a domain could not make a link, so it gets one that works on this machine.
    let own = format!(
        "{}.localhost",
        workspace.id[workspace.id.len() - 8..].to_ascii_lowercase()
    );
    let name = domain.unwrap_or(&own).to_owned();
    let domain = Domain {
        name,
        workspace_id: workspace.id.clone(),
        apps: Apps::default(),
        created_at: now,
    };
    Ok(domains::insert(tx, &domain).await?.then_some(workspace))
}

/// What `--dev` prints when it is ready.
#[derive(Debug, serde::Serialize)]
pub struct Ready {
    /// Where the server listens.
    pub base_url: String,
    /// A key that reads and writes.
    pub api_key: String,
    /// A key that reads.
    pub read_key: String,
    /// The workspace of both.
    pub workspace_id: String,
    /// Signs in to the dashboard, once, within ten minutes.
    pub dashboard_url: String,
}

/// The development workspace, made where there is none, and fresh keys for it: older ones are stored as hashes only,
/// so that they cannot be shown again.
pub async fn dev(store: &Store, ids: &Ids, base_url: String, now: Micros) -> Result<Ready> {
    // Two nodes that start at once both find no workspace, but only one of them makes it.
    for _ in 0..5 {
        match try_dev(store, ids, &base_url, now).await {
            Err(error) if store::is_conflict(&error) => {}
            Ok(None) => {}
            Ok(Some(ready)) => return Ok(ready),
            Err(error) => return Err(error),
        }
    }
    Err(sqlx::Error::Protocol(format!(
        "the domain {DEV_DOMAIN} belongs to another workspace"
    )))
}

/// None where another workspace has the domain.
async fn try_dev(store: &Store, ids: &Ids, base_url: &str, now: Micros) -> Result<Option<Ready>> {
    let mut tx = store.write().await?;
    let found = workspaces::find_dev(&mut tx).await?;
    let workspace = match found {
        Some(workspace) => workspace,
        None => {
            let (name, domain) = ("Development", Some(DEV_DOMAIN));
            let made = workspace(&mut tx, ids, name, Plan::Team, domain, true, now).await?;
            match made {
                Some(workspace) => workspace,
                None => return Ok(None),
            }
        }
    };
    let (_, api_key) = key(
        &mut tx,
        ids,
        &workspace,
        "dev read_write",
        Scope::ReadWrite,
        now,
    )
    .await?;
    let (_, read_key) = key(&mut tx, ids, &workspace, "dev read", Scope::Read, now).await?;
    let dashboard_url = dashboard::new_link(&mut tx, base_url, &workspace.id, now).await?;
    tx.commit().await?;
    Ok(Some(Ready {
        base_url: base_url.to_owned(),
        api_key: api_key.reveal().to_owned(),
        read_key: read_key.reveal().to_owned(),
        workspace_id: workspace.id,
        dashboard_url,
    }))
}
