//! `domains`.

use clap::Subcommand;

use super::{Database, explain, format};
use crate::clock::{Clock as _, SystemClock};
use crate::store::{domains, workspaces};

#[derive(Debug, Subcommand)]
pub enum Domains {
    /// Add a domain to a workspace; its first domain is used where a link names none
    Add {
        /// The domain, such as go.example.com
        #[arg(value_parser = name)]
        domain: String,
        /// The workspace, wsp_…
        #[arg(long)]
        workspace: String,
        #[command(flatten)]
        database: Database,
    },
    /// List all domains
    List {
        #[command(flatten)]
        database: Database,
    },
    /// Remove a domain that has no links
    Remove {
        /// The domain
        #[arg(value_parser = name)]
        domain: String,
        #[command(flatten)]
        database: Database,
    },
}

/// Reads a domain name, and makes it lower case.
pub fn name(text: &str) -> Result<String, String> {
    let name = text.to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        Ok(name)
    } else {
        Err("write a host name without scheme, port and path, such as go.example.com".to_owned())
    }
}

impl Domains {
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::Add {
                domain,
                workspace,
                database,
            } => {
                let store = database.open().await?;
                let mut tx = store.write().await.map_err(explain)?;
                if workspaces::get(&mut tx, &workspace)
                    .await
                    .map_err(explain)?
                    .is_none()
                {
                    return Err(format!(
                        "there is no workspace {workspace}; see approute-server workspace list"
                    ));
                }
                let new = domains::Domain {
                    name: domain.clone(),
                    workspace_id: workspace,
                    created_at: SystemClock.now(),
                };
                if !domains::insert(&mut tx, &new).await.map_err(explain)? {
                    return Err(format!(
                        "the domain {domain} is there already; see approute-server domains list"
                    ));
                }
                tx.commit().await.map_err(explain)?;
                store.close().await;
                format::line(&domain)
            }
            Self::List { database } => {
                let store = database.open().await?;
                let mut connection = store.read().await.map_err(explain)?;
                let all = domains::list(&mut connection).await.map_err(explain)?;
                let rows: Vec<Vec<String>> = all
                    .into_iter()
                    .map(|domain| {
                        vec![
                            domain.name,
                            domain.workspace_id,
                            format::time(domain.created_at),
                        ]
                    })
                    .collect();
                format::table(&["DOMAIN", "WORKSPACE", "ADDED"], &rows)
            }
            Self::Remove { domain, database } => {
                let store = database.open().await?;
                let mut tx = store.write().await.map_err(explain)?;
                if !domains::remove(&mut tx, &domain).await.map_err(explain)? {
                    return Err(format!(
                        "the domain {domain} has links, or is not there; see approute-server domains list"
                    ));
                }
                tx.commit().await.map_err(explain)?;
                store.close().await;
                format::line(&domain)
            }
        }
    }
}
