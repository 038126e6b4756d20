//! `workspace`.

use std::sync::Arc;

use clap::Subcommand;

use super::{Database, explain, format, seed};
use crate::associations::domain_name;
use crate::clock::{Clock as _, SystemClock};
use crate::ids::Ids;
use crate::store::workspaces::{self, DeleteConfirmation, Plan};

#[derive(Debug, Subcommand)]
pub enum Workspaces {
    /// Create a workspace and print its id
    Create {
        /// Its name
        #[arg(long)]
        name: String,
        /// What it pays for: read keys need pro or team, read_write keys team
        #[arg(long)]
        plan: Plan,
        /// The domain of its short links [default: a name below .localhost]
        #[arg(long, value_parser = domain_name)]
        domain: Option<String>,
        #[command(flatten)]
        database: Database,
    },
    /// List all workspaces
    List {
        #[command(flatten)]
        database: Database,
    },
    /// Change a workspace's plan or settings; it counts at once
    Update {
        /// Its id, wsp_…
        workspace: String,
        /// Its name
        #[arg(long)]
        name: Option<String>,
        /// What it pays for
        #[arg(long)]
        plan: Option<Plan>,
        /// Deletes per key within an hour that need no confirmation
        #[arg(long, value_name = "LINKS", value_parser = clap::value_parser!(i64).range(0..))]
        delete_threshold: Option<i64>,
        /// Whether the token is enough for more, or a person approves it first
        #[arg(long)]
        delete_confirmation: Option<DeleteConfirmation>,
        #[command(flatten)]
        database: Database,
    },
}

impl Workspaces {
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::Create {
                name,
                plan,
                domain,
                database,
            } => {
                let store = database.open().await?;
                let ids = Ids::new(Arc::new(SystemClock));
                let mut tx = store.write().await.map_err(explain)?;
                let now = SystemClock.now();
                let made =
                    seed::workspace(&mut tx, &ids, &name, plan, domain.as_deref(), false, now)
                        .await;
                let Some(workspace) = made.map_err(explain)? else {
                    let domain = domain.unwrap_or_default();
                    return Err(format!(
                        "the domain {domain} belongs to another workspace; choose another one"
                    ));
                };
                tx.commit().await.map_err(explain)?;
                store.close().await;
                format::line(&workspace.id)
            }
            Self::List { database } => {
                let store = database.open().await?;
                let mut connection = store.read().await.map_err(explain)?;
                let all = workspaces::list(&mut connection).await.map_err(explain)?;
                let rows: Vec<Vec<String>> = all
                    .into_iter()
                    .map(|workspace| {
                        vec![
                            workspace.id,
                            workspace.name,
                            workspace.plan.to_string(),
                            workspace.delete_threshold.to_string(),
                            workspace.delete_confirmation.to_string(),
                            format::time(workspace.created_at),
                        ]
                    })
                    .collect();
                format::table(
                    &[
                        "ID",
                        "NAME",
                        "PLAN",
                        "DELETES/HOUR",
                        "CONFIRMED BY",
                        "CREATED",
                    ],
                    &rows,
                )
            }
            Self::Update {
                workspace,
                name,
                plan,
                delete_threshold,
                delete_confirmation,
                database,
            } => {
                let store = database.open().await?;
                let mut tx = store.write().await.map_err(explain)?;
                let Some(mut found) = workspaces::get(&mut tx, &workspace)
                    .await
                    .map_err(explain)?
                else {
                    return Err(format!(
                        "there is no workspace {workspace}; see approute-server workspace list"
                    ));
                };
                found.name = name.unwrap_or(found.name);
                found.plan = plan.unwrap_or(found.plan);
                found.delete_threshold = delete_threshold.unwrap_or(found.delete_threshold);
                found.delete_confirmation =
                    delete_confirmation.unwrap_or(found.delete_confirmation);
                workspaces::update(&mut tx, &found).await.map_err(explain)?;
                tx.commit().await.map_err(explain)?;
                store.close().await;
                format::line(&found.id)
            }
        }
    }
}
