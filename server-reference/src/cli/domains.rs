//! `domains`.

use clap::Subcommand;

use super::{Database, explain, format};
use crate::associations::{AndroidApp, Apps, IosApp, domain_name};
use crate::clock::{Clock as _, SystemClock};
use crate::store::{domains, workspaces};

#[derive(Debug, Subcommand)]
pub enum Domains {
    /// Add a domain to a workspace; its first domain is used where a link names none
    Add {
        /// The domain, such as go.example.com
        #[arg(value_parser = domain_name)]
        domain: String,
        /// The workspace, wsp_…
        #[arg(long)]
        workspace: String,
        #[command(flatten)]
        apps: AppList,
        #[command(flatten)]
        database: Database,
    },
    /// Replace the apps that open a domain's links; without --ios and --android there are none
    Apps {
        /// The domain
        #[arg(value_parser = domain_name)]
        domain: String,
        #[command(flatten)]
        apps: AppList,
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
        #[arg(value_parser = domain_name)]
        domain: String,
        #[command(flatten)]
        database: Database,
    },
}

/// The apps that open a domain's links.
#[derive(Debug, clap::Args)]
pub struct AppList {
    /// An iOS app, for apple-app-site-association; may be given several times
    #[arg(long, value_name = "TEAMID.BUNDLEID")]
    ios: Vec<IosApp>,
    /// An Android app, for assetlinks.json, with the SHA-256 of its signing certificates; may be given several times
    #[arg(long, value_name = "PACKAGE=FINGERPRINT[,FINGERPRINT…]")]
    android: Vec<AndroidApp>,
}

impl From<AppList> for Apps {
    fn from(list: AppList) -> Self {
        Self {
            ios: list.ios,
            android: list.android,
        }
    }
}

impl Domains {
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::Add {
                domain,
                workspace,
                apps,
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
                    apps: apps.into(),
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
            Self::Apps {
                domain,
                apps,
                database,
            } => {
                let store = database.open().await?;
                let mut tx = store.write().await.map_err(explain)?;
                let changed = domains::set_apps(&mut tx, &domain, &apps.into()).await;
                if !changed.map_err(explain)? {
                    return Err(format!(
                        "there is no domain {domain}; see approute-server domains list"
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
                        let apps = &domain.apps;
                        let ios: Vec<String> = apps.ios.iter().map(IosApp::app_id).collect();
                        let android: Vec<&str> =
                            apps.android.iter().map(AndroidApp::package_name).collect();
                        let shown = |names: String| {
                            if names.is_empty() {
                                "-".to_owned()
                            } else {
                                names
                            }
                        };
                        vec![
                            domain.name.clone(),
                            domain.workspace_id.clone(),
                            format::time(domain.created_at),
                            shown(ios.join(",")),
                            shown(android.join(",")),
                        ]
                    })
                    .collect();
                format::table(&["DOMAIN", "WORKSPACE", "ADDED", "IOS", "ANDROID"], &rows)
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
