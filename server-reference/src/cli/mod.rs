//! The command line.

mod confirmations;
mod dashboard;
mod domains;
mod format;
mod keys;
pub mod seed;
mod serve;
mod webhooks;
mod workspaces;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::clock::SystemClock;
use crate::store::{Store, Target};

/// The AppRoute reference server.
///
/// Try it:  approute-server serve --dev
///
/// Run it:  approute-server workspace create --name Acme --plan team --database sqlite:approute.db
///          approute-server keys create --workspace wsp_… --name ci --scope read_write --database sqlite:approute.db
///          approute-server serve --database sqlite:approute.db
///
/// All commands work on a database while a server runs on it; what they change counts at once.
#[derive(Debug, Parser)]
#[command(name = "approute-server", version, verbatim_doc_comment)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the short links
    ///
    /// Without --dev, requests are routed by Host: the workspaces' domains lead to short links, every
    /// other host to the API. SIGTERM and SIGINT stop the server gracefully: running requests finish,
    /// and clicks are written.
    Serve(serve::Serve),
    /// Create workspaces, list them, change their plan and settings
    #[command(subcommand)]
    Workspace(workspaces::Workspaces),
    /// Create, list, rotate and revoke API keys, see their calls
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Add, list and remove the domains of short links
    #[command(subcommand)]
    Domains(domains::Domains),
    /// See what was sent to webhooks
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Approve deletes that wait for a person
    #[command(subcommand)]
    Confirmations(confirmations::Confirmations),
    /// Print a link that signs somebody in to the dashboard, once
    DashboardLink(dashboard::DashboardLink),
}

/// Where the data is kept.
#[derive(Debug, Args)]
struct Database {
    /// The database: sqlite:PATH (made where it is missing) or postgres://USER@HOST/NAME
    #[arg(
        long = "database",
        value_name = "URL",
        env = "APPROUTE_DATABASE",
        default_value = "sqlite:approute.db"
    )]
    target: Target,
}

impl Database {
    async fn open(&self) -> Result<Store, String> {
        if self.target == Target::Memory {
            return Err("sqlite::memory: is gone when this command ends; name a file, such as sqlite:approute.db".into());
        }
        Store::open(&self.target, &SystemClock)
            .await
            .map_err(|error| error.to_string())
    }
}

/// Runs the command line: 0 where all went well, 1 with one line on stderr where not, 2 for a wrong call.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Serve(command) => command.run().await,
            Command::Workspace(command) => command.run().await,
            Command::Keys(command) => command.run().await,
            Command::Domains(command) => command.run().await,
            Command::Webhooks(command) => command.run().await,
            Command::Confirmations(command) => command.run().await,
            Command::DashboardLink(command) => command.run().await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("approute-server: {message}");
    ExitCode::FAILURE
}

/// Why a command on an open database failed.
fn explain(error: sqlx::Error) -> String {
    if crate::store::is_unavailable(&error) {
        format!("the database cannot be written: {error}; is the disk full, or the file read-only?")
    } else {
        format!("the database refused: {error}")
    }
}
