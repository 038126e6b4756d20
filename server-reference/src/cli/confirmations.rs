//! `confirmations`: what the dashboard does, without one.

use clap::Subcommand;

use super::{Database, explain, format};
use crate::clock::{Clock as _, SystemClock};
use crate::links::delete::token_hash;
use crate::store::confirmations;

#[derive(Debug, Subcommand)]
pub enum Confirmations {
    /// Approve the token of a confirmation_required answer, in a workspace whose deletes a person confirms
    Approve {
        /// The token, cnf_…
        token: String,
        #[command(flatten)]
        database: Database,
    },
}

impl Confirmations {
    pub async fn run(self) -> Result<(), String> {
        let Self::Approve { token, database } = self;
        let store = database.open().await?;
        let mut tx = store.write().await.map_err(explain)?;
        if !confirmations::approve(&mut tx, &token_hash(&token), SystemClock.now())
            .await
            .map_err(explain)?
        {
            return Err(
                "this token is not known, was used, or is older than 10 minutes".to_owned(),
            );
        }
        tx.commit().await.map_err(explain)?;
        store.close().await;
        format::line("approved")
    }
}
