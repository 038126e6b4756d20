//! `make bench-server`: the reference server under load, beside nginx, with the bounds that it promises.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use approute_bench::load::measure::{self, Plan};
use clap::Parser;

/// Measures the reference server under load, beside nginx
#[derive(Debug, Parser)]
struct Options {
    /// The server, built for release
    #[arg(
        long,
        value_name = "PATH",
        default_value = "target/release/approute-server"
    )]
    server: PathBuf,
    /// nginx
    #[arg(long, value_name = "PATH", default_value = "nginx")]
    nginx: PathBuf,
    /// wrk
    #[arg(long, value_name = "PATH", default_value = "wrk")]
    wrk: PathBuf,
    /// Links stored
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    links: usize,
    /// Links that are visited
    #[arg(long, value_name = "COUNT", default_value_t = 20_000)]
    used: usize,
    /// Turns of each contender
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    rounds: usize,
    /// How long a turn takes
    #[arg(long, value_name = "SECONDS", default_value_t = 4)]
    seconds: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let plan = Plan {
        server: options.server,
        nginx: options.nginx,
        wrk: options.wrk,
        links: options.links,
        used: options.used,
        rounds: options.rounds,
        time: Duration::from_secs(options.seconds),
    };
    match bench(&plan).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("approute-bench-server: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(plan: &Plan) -> Result<(), String> {
    // Said now, not after a million links have been stored.
    for program in [&plan.server, &plan.nginx, &plan.wrk] {
        Command::new(program)
            .arg("-v")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    }
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let rows = measure::run(plan, folder.path()).await?;
    println!("\n{:<48} {:>9} {:>9}", "", "measured", "bound");
    for row in rows {
        let verdict = if row.measured <= row.bound {
            ""
        } else {
            "  over its bound"
        };
        println!(
            "{:<48} {:>7.2}{:<3} {:>7.2}{:<3}{verdict}",
            row.name, row.measured, row.unit, row.bound, row.unit
        );
    }
    Ok(())
}
