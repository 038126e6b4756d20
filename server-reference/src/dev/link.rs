//! `/_test/dashboard_link`: a link that signs in to the development workspace, once, by the server's own time.

use serde::Serialize;

use crate::app::App;
use crate::dashboard;
use crate::problem::{Failure, Problem};
use crate::store::workspaces;

#[derive(Debug, Serialize)]
pub struct Link {
    dashboard_url: String,
}

/// Makes one.
pub async fn new(app: &App) -> Result<Link, Failure> {
    let base_url = app.addresses.shared.clone().unwrap_or_default();
    let mut tx = app.store.write().await?;
    let workspace = workspaces::find_dev(&mut tx).await?;
    let workspace = workspace.ok_or_else(|| Problem::not_found("development workspace"))?;
    let dashboard_url = dashboard::new_link(&mut tx, &base_url, &workspace.id, app.now()).await?;
    tx.commit().await?;
    Ok(Link { dashboard_url })
}
