//! The main job of AppRoute, run end to end: a CSV of creators becomes links, the links are visited, the clicks are counted.

mod creators;
mod failure;
mod job;
mod links;
mod report;
mod server;
mod visits;

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use approute::Client;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use url::{Host, Url};

use crate::failure::{Failure, Result};
use crate::report::{say, step};
use crate::server::Server;

/// Makes a link for every creator in a CSV, visits them, and shows the clicks.
#[derive(Debug, Parser)]
#[command(name = "approute-demo")]
struct Options {
    /// The creators.
    #[arg(long, value_name = "FILE", default_value = "examples/creators.csv")]
    csv: PathBuf,
    /// The approute-server to start; by default the one beside this program.
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// Where the server listens; by default where it did the last time, or on a free port.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "base_url")]
    listen: Option<SocketAddr>,
    /// Keeps the server's database, log and port.
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = ".demo",
        conflicts_with = "base_url"
    )]
    data: PathBuf,
    /// Use a reference server that already runs on this machine, with the key in APPROUTE_API_KEY.
    #[arg(long, value_name = "URL", conflicts_with = "server")]
    base_url: Option<String>,
    /// Show all links, not just those with the most clicks.
    #[arg(long)]
    all: bool,
    /// Keep the server running at the end, until Ctrl-C, as it is on a terminal.
    #[arg(long, conflicts_with = "base_url")]
    serve: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the demo; whatever happens in between, the server is stopped before this returns.
async fn run(options: &Options) -> Result<ExitCode> {
    // Before anything is started: a broken file must not leave a trace.
    let creators = creators::read(&options.csv)?;

    let mut interrupt = Interrupt::new()?;
    if let Some(base_url) = &options.base_url {
        local(base_url)?;
        let client = Client::builder()
            .base_url(base_url)
            .build()
            .map_err(job::explain)?;
        return tokio::select! {
            result = demo(options, &client, base_url, &creators) => result.map(|()| ExitCode::SUCCESS),
            code = interrupt.wait() => Ok(code),
        };
    }

    let binary = options
        .server
        .clone()
        .map_or_else(server::beside_this_program, Ok)?;
    let server = tokio::select! {
        server = Server::start(&binary, options.listen, &options.data) => server?,
        code = interrupt.wait() => return Ok(code),
    };
    let result = tokio::select! {
        result = with_server(options, &server, &creators) => result.map(|()| ExitCode::SUCCESS),
        // Ctrl-C is how `--serve` ends, and ends anything else early.
        code = interrupt.wait() => Ok(code),
    };
    let stopped = server.stop().await;
    let code = result?;
    stopped?;
    Ok(code)
}

async fn with_server(
    options: &Options,
    server: &Server,
    creators: &[creators::Creator],
) -> Result<()> {
    let ready = &server.ready;
    let client = Client::builder()
        .api_key(ready.api_key.as_str())
        .base_url(&ready.base_url)
        .build()
        .map_err(job::explain)?;
    step(
        "server",
        format_args!(
            "{}, data and log in {}",
            ready.base_url,
            options.data.display()
        ),
    )?;
    demo(options, &client, &ready.base_url, creators).await?;
    if options.serve || is_watched() {
        say(report::serving(ready))?;
        std::future::pending::<()>().await;
    }
    say(report::NEXT)?;
    Ok(())
}

/// Whether somebody sits there who can open the dashboard, and end the server: no script, no CI.
fn is_watched() -> bool {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    is_terminal && std::env::var_os("CI").is_none()
}

async fn demo(
    options: &Options,
    client: &Client,
    base_url: &str,
    creators: &[creators::Creator],
) -> Result<()> {
    step(
        "creators",
        format_args!("{} read from {}", creators.len(), options.csv.display()),
    )?;

    let start = Instant::now();
    let done = job::provide(client, creators, &options.csv).await?;
    step("links", report::provided(&done, start.elapsed()))?;

    let links = job::existing(client).await?;
    let plan = visits::plan(creators.len());
    let visits: Vec<_> = plan
        .iter()
        .filter_map(|&(index, device)| {
            Some((
                links.get(&creators[index].external_id)?.short_url.as_str(),
                device,
            ))
        })
        .collect();
    let before = job::clicks(
        creators
            .iter()
            .filter_map(|creator| links.get(&creator.external_id)),
    );
    let bar = report::bar(visits.len());
    let destinations = visits::make(base_url, &visits, || bar.inc(1)).await;
    bar.finish_and_clear();
    step("visits", report::visited(&destinations?))?;

    let start = Instant::now();
    let links = job::counted(client, creators, before, visits.len()).await?;
    step(
        "clicks",
        format_args!("all counted {:.1} s later", start.elapsed().as_secs_f32()),
    )?;
    say(format_args!("\n{}", report::table(&links, options.all)))
}

/// The demo makes visits up, so it stays away from servers that count real ones.
fn local(base_url: &str) -> Result<()> {
    let url = Url::parse(base_url).map_err(|error| {
        Failure::new(format!(
            "--base-url {base_url}: {error}; it looks like http://127.0.0.1:8787"
        ))
    })?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if loopback && url.scheme() == "http" {
        return Ok(());
    }
    Err(Failure::new(format!(
        "--base-url {base_url}: the demo makes up visits, so it runs against http:// on this machine only"
    )))
}

/// Ctrl-C, or a request to end.
struct Interrupt {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Interrupt {
    fn new() -> Result<Self> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::new(format!("signals cannot be listened to: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Returns the exit code that shells expect after the signal.
    async fn wait(&mut self) -> ExitCode {
        tokio::select! {
            _ = self.interrupt.recv() => ExitCode::from(130),
            _ = self.terminate.recv() => ExitCode::from(143),
        }
    }
}
