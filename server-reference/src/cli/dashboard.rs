//! `dashboard-link`.

use clap::Args;

use super::{Database, explain, format};
use crate::clock::{Clock as _, SystemClock};
use crate::dashboard;
use crate::store::workspaces::{self, Workspace};

/// Options of `dashboard-link`.
#[derive(Debug, Args)]
pub struct DashboardLink {
    /// The workspace, wsp_…; may be left out where there is only one
    #[arg(long)]
    workspace: Option<String>,
    /// Where the server is reached by browsers: http:// on this machine, https:// from elsewhere
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8787", value_parser = base_url)]
    base_url: String,
    #[command(flatten)]
    database: Database,
}

impl DashboardLink {
    pub async fn run(self) -> Result<(), String> {
        let store = self.database.open().await?;
        let mut tx = store.write().await.map_err(explain)?;
        let all = workspaces::list(&mut tx).await.map_err(explain)?;
        let workspace = choose(&all, self.workspace.as_deref())?;
        let now = SystemClock.now();
        let link = dashboard::new_link(&mut tx, &self.base_url, &workspace.id, now)
            .await
            .map_err(explain)?;
        tx.commit().await.map_err(explain)?;
        store.close().await;
        eprintln!(
            "signs in to {} ({}), once, within 10 minutes:",
            workspace.name, workspace.id
        );
        format::line(&link)
    }
}

fn choose<'a>(all: &'a [Workspace], wanted: Option<&str>) -> Result<&'a Workspace, String> {
    match (wanted, all) {
        (Some(wanted), all) => all
            .iter()
            .find(|workspace| workspace.id == wanted)
            .ok_or_else(|| {
                format!("there is no workspace {wanted}; see approute-server workspace list")
            }),
        (None, [only]) => Ok(only),
        (None, []) => {
            Err("there is no workspace; see approute-server workspace create --help".to_owned())
        }
        (None, _) => Err(format!(
            "there are {} workspaces; choose one with --workspace, see approute-server workspace list",
            all.len()
        )),
    }
}

fn base_url(text: &str) -> Result<String, String> {
    let wrong = || "write the server's address, such as https://api.example.com".to_owned();
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(wrong())
    }
}
