//! `keys`.

use std::sync::Arc;

use clap::Subcommand;

use super::{Database, explain, format, seed};
use crate::auth::keys as issue;
use crate::clock::{Clock as _, Micros, SystemClock};
use crate::ids::Ids;
use crate::store::keys::{self, ApiKey, Scope};
use crate::store::workspaces;
use crate::store::{Store, Tx, audit};

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Create a key and print it; it is shown this once
    Create {
        /// The workspace, wsp_…
        #[arg(long)]
        workspace: String,
        /// What it is for
        #[arg(long, value_parser = issue::name)]
        name: String,
        /// What it may do
        #[arg(long)]
        scope: Scope,
        #[command(flatten)]
        database: Database,
    },
    /// List keys, without their secrets
    List {
        /// Only those of this workspace, wsp_…
        #[arg(long)]
        workspace: Option<String>,
        #[command(flatten)]
        database: Database,
    },
    /// Give a key a new secret and print it; it is shown this once
    Rotate {
        /// The key's id, key_…
        key: String,
        /// How long the old secret goes on, such as 90s, 30m, 24h or 7d; 0 ends it at once
        #[arg(long, value_name = "SPAN", default_value = "0", value_parser = format::span)]
        expire_previous_in: Micros,
        #[command(flatten)]
        database: Database,
    },
    /// List the last calls of a key, newest first; they are kept for 30 days
    ///
    /// Writes are listed as soon as they are answered, reads up to 200 ms later.
    Log {
        /// The key's id, key_…
        key: String,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
        #[command(flatten)]
        database: Database,
    },
    /// Revoke a key at once and for good
    Revoke {
        /// The key's id, key_…
        key: String,
        #[command(flatten)]
        database: Database,
    },
}

impl Keys {
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::Create {
                workspace,
                name,
                scope,
                database,
            } => create(&database.open().await?, &workspace, &name, scope).await,
            Self::List {
                workspace,
                database,
            } => list(&database.open().await?, workspace.as_deref()).await,
            Self::Rotate {
                key,
                expire_previous_in,
                database,
            } => rotate(&database.open().await?, &key, expire_previous_in).await,
            Self::Log {
                key,
                limit,
                database,
            } => log(&database.open().await?, &key, limit).await,
            Self::Revoke { key, database } => revoke(&database.open().await?, &key).await,
        }
    }
}

async fn create(store: &Store, workspace: &str, name: &str, scope: Scope) -> Result<(), String> {
    let mut tx = store.write().await.map_err(explain)?;
    let Some(workspace) = workspaces::get(&mut tx, workspace).await.map_err(explain)? else {
        return Err(format!(
            "there is no workspace {workspace}; see approute-server workspace list"
        ));
    };
    let ids = Ids::new(Arc::new(SystemClock));
    let (key, secret) = seed::key(&mut tx, &ids, &workspace, name, scope, SystemClock.now())
        .await
        .map_err(explain)?;
    commit(store, tx).await?;
    if issue::plans_needed(workspace.plan, scope).is_some() {
        eprintln!(
            "approute-server: note: the plan {} has no {scope} keys; the key works after an upgrade",
            workspace.plan
        );
    }
    eprintln!("{}: keep this key safe, it is not shown again", key.id);
    format::line(secret.reveal())
}

async fn list(store: &Store, workspace: Option<&str>) -> Result<(), String> {
    let mut connection = store.read().await.map_err(explain)?;
    let found = keys::list(&mut connection, workspace)
        .await
        .map_err(explain)?;
    let rows: Vec<Vec<String>> = found
        .into_iter()
        .map(|listed| {
            let state = listed.key.revoked_at.map_or_else(
                || "active".to_owned(),
                |at| format!("revoked {}", format::time(at)),
            );
            let used = listed
                .last_used_at
                .map_or_else(|| "never".to_owned(), format::time);
            let ApiKey {
                id,
                workspace_id,
                name,
                scope,
                created_at,
                ..
            } = listed.key;
            vec![
                id,
                workspace_id,
                name,
                scope.to_string(),
                format!("…{}", listed.hint),
                format::time(created_at),
                used,
                state,
            ]
        })
        .collect();
    format::table(
        &[
            "ID",
            "WORKSPACE",
            "NAME",
            "SCOPE",
            "SECRET",
            "CREATED",
            "LAST USED",
            "STATE",
        ],
        &rows,
    )
}

async fn rotate(store: &Store, key: &str, expire_previous_in: Micros) -> Result<(), String> {
    let mut tx = store.write().await.map_err(explain)?;
    let key = find(&mut tx, key).await?;
    if key.revoked_at.is_some() {
        return Err(format!("{} is revoked; create a new key", key.id));
    }
    let workspace = workspaces::get(&mut tx, &key.workspace_id)
        .await
        .map_err(explain)?;
    let now = SystemClock.now();
    let ids = Ids::new(Arc::new(SystemClock));
    let is_dev = workspace.is_some_and(|workspace| workspace.is_dev);
    let secret = issue::rotate(&mut tx, &ids, &key, is_dev, expire_previous_in, now)
        .await
        .map_err(explain)?;
    commit(store, tx).await?;
    eprintln!("{}: keep this key safe, it is not shown again", key.id);
    format::line(secret.reveal())
}

async fn log(store: &Store, key: &str, limit: i64) -> Result<(), String> {
    let mut connection = store.read().await.map_err(explain)?;
    if keys::get(&mut connection, key)
        .await
        .map_err(explain)?
        .is_none()
    {
        return Err(unknown(key));
    }
    let filter = audit::Filter {
        key_id: key.to_owned(),
        limit,
        ..audit::Filter::default()
    };
    let calls = audit::select(&mut connection, &filter)
        .await
        .map_err(explain)?;
    drop(connection);
    store.close().await;
    let row = |call: audit::Entry| {
        vec![
            format::time(call.occurred_at),
            call.operation,
            call.path,
            call.status.to_string(),
            call.code.unwrap_or_else(|| "-".to_owned()),
            call.request_id,
        ]
    };
    let head = ["TIME", "OPERATION", "PATH", "STATUS", "CODE", "REQUEST"];
    format::table(&head, &calls.into_iter().map(row).collect::<Vec<_>>())
}

async fn revoke(store: &Store, key: &str) -> Result<(), String> {
    let mut tx = store.write().await.map_err(explain)?;
    let key = find(&mut tx, key).await?;
    keys::revoke(&mut tx, &key.id, SystemClock.now())
        .await
        .map_err(explain)?;
    commit(store, tx).await?;
    format::line(&key.id)
}

async fn find(tx: &mut Tx, id: &str) -> Result<ApiKey, String> {
    match keys::get(tx, id).await.map_err(explain)? {
        Some(key) => Ok(key),
        None => Err(unknown(id)),
    }
}

fn unknown(id: &str) -> String {
    format!("there is no key {id}; see approute-server keys list")
}

/// A secret is shown only after its commit: one that is not stored would look like a key and be none.
async fn commit(store: &Store, tx: Tx) -> Result<(), String> {
    tx.commit().await.map_err(explain)?;
    store.close().await;
    Ok(())
}
