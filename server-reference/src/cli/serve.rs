//! `serve`.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use http::HeaderName;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{explain, format, seed};
use crate::associations::domain_name;
use crate::clock::{SharedClock, ShiftedClock, SystemClock};
use crate::config::Config;
use crate::geoip::{Proxies, TrustProxy};
use crate::ratelimit::Policy;
use crate::server::Server;
use crate::store::Target;
use crate::webhook::key::Source;

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// The database: sqlite:PATH (made where it is missing) or postgres://USER@HOST/NAME
    /// [default: sqlite:approute.db; with --dev: memory]
    #[arg(
        long,
        value_name = "URL",
        env = "APPROUTE_DATABASE",
        verbatim_doc_comment
    )]
    database: Option<Target>,
    /// Development: API and short links on one address, with keys, in memory
    ///
    /// Makes a team workspace with keys where there is none, and prints one line of JSON when ready: base_url,
    /// api_key, read_key, workspace_id, dashboard_url (signs in once). The data is in memory unless --database is given. Controls for
    /// tests are under /_test/: reset, clock, faults, deliveries (see docs/server.md).
    #[arg(long)]
    dev: bool,
    /// A host of the API and the dashboard, such as api.example.com; may be given several times. No workspace can
    /// take it as a domain, and people may then add domains in the dashboard
    #[arg(long, value_name = "HOST", value_parser = domain_name, verbatim_doc_comment)]
    api_host: Vec<String>,
    /// Repeatable ids, slugs, keys and secrets, for tests
    ///
    /// The n-th link of a run has the same id in every run of this version, and so has everything else. Nothing that
    /// it makes is secret. For data in memory only.
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "dev",
        conflicts_with = "database"
    )]
    seed: Option<u64>,
    /// Requests per key and window [default: 6000/60; with --dev: 1000000/60]
    #[arg(long, value_name = "REQUESTS/SECONDS")]
    rate_limit: Option<Policy>,
    /// Where visitors are: a database in MaxMind's format (.mmdb); a new version of the file is taken up within a minute
    #[arg(long, value_name = "PATH", env = "APPROUTE_GEOIP")]
    geoip: Option<PathBuf>,
    /// Believe X-Forwarded-For of this many proxies in a row, or of the proxies in these networks, such as
    /// 1 or 10.0.0.0/8,2001:db8::7 [default: of nobody]
    #[arg(
        long,
        value_name = "NUMBER|NETWORKS",
        env = "APPROUTE_TRUST_PROXY",
        verbatim_doc_comment
    )]
    trust_proxy: Option<TrustProxy>,
    /// The header in which the trusted proxy says the visitor's country, such as CF-IPCountry; the proxy has to
    /// overwrite what visitors send in it
    #[arg(
        long,
        value_name = "NAME",
        env = "APPROUTE_COUNTRY_HEADER",
        requires = "trust_proxy",
        verbatim_doc_comment
    )]
    country_header: Option<HeaderName>,
    /// Serve metrics for Prometheus at http://ADDRESS/metrics; they are for nobody else
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// Send traces to the collector with this base URL, by OTLP over HTTP (protobuf), such as
    /// http://127.0.0.1:4318; headers and sampling by OpenTelemetry's own variables
    #[arg(
        long,
        value_name = "URL",
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        verbatim_doc_comment
    )]
    otlp: Option<String>,
    /// How the log is written to stderr
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// The key that seals the secrets of webhooks: a file with the base64 of 32 bytes, or such a text in
    /// APPROUTE_SECRET_KEY [default: the file beside the database, PATH.key, made at the first start]
    #[arg(
        long,
        value_name = "PATH",
        env = "APPROUTE_SECRET_KEY_FILE",
        verbatim_doc_comment
    )]
    secret_key_file: Option<PathBuf>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line for people
    Text,
    /// A line of JSON
    Json,
}

impl Serve {
    pub async fn run(self) -> Result<(), String> {
        let dev = self.dev;
        let clock: SharedClock = if dev {
            Arc::new(ShiftedClock::default())
        } else {
            Arc::new(SystemClock)
        };
        log(dev, self.log_format);
        let server = Server::start(self.config(), clock).await?;
        if let Some(address) = server.metrics {
            tracing::info!(%address, "metrics");
        }
        tracing::info!(address = %server.address, database = %server.app.config.database, dev, "ready");
        if dev {
            let app = &server.app;
            let ready = seed::dev(&app.store, &app.ids, server.base_url(), app.now())
                .await
                .map_err(explain)?;
            // For a person only: it is no line of the log, and must not lie in one.
            if std::io::stderr().is_terminal() {
                eprintln!("dashboard, once within 10 minutes: {}", ready.dashboard_url);
            }
            format::line(&serde_json::to_string(&ready).map_err(|error| error.to_string())?)?;
        }
        stop_signal().await?;
        tracing::info!("stopping");
        server.stop().await?;
        tracing::info!("stopped");
        Ok(())
    }

    fn config(self) -> Config {
        let fallback = if self.dev {
            Target::Memory
        } else {
            Target::File("approute.db".into())
        };
        let mut config = Config::new(self.database.unwrap_or(fallback));
        config.listen = self.listen;
        config.metrics = self.metrics;
        // An empty variable is one that is not set.
        config.otlp = self.otlp.filter(|endpoint| !endpoint.is_empty());
        config.dev = self.dev;
        config.api_hosts = self.api_host;
        config.seed = self.seed;
        config.geoip = self.geoip;
        config.proxies = Proxies {
            trust: self.trust_proxy.unwrap_or_default(),
            country_header: self.country_header,
        };
        if self.dev {
            // A test suite on the developer's own machine should not wait for its turn.
            config.rate_limit = Policy::new(1_000_000, 60).expect("neither is 0");
        }
        if let Some(policy) = self.rate_limit {
            config.rate_limit = policy;
        }
        config.secret_key = match (self.secret_key_file, std::env::var("APPROUTE_SECRET_KEY")) {
            (Some(path), _) => Source::File(path),
            (None, Ok(text)) => Source::Text(text.into()),
            (None, Err(_)) => Source::Default,
        };
        config
    }
}

/// Logs go to stderr, so that stdout holds nothing but what was asked for.
fn log(dev: bool, format: LogFormat) {
    let quiet = if dev {
        "warn,approute_server=info"
    } else {
        "info"
    };
    let filter = EnvFilter::try_from_env("APPROUTE_LOG").unwrap_or_else(|_| EnvFilter::new(quiet));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}

async fn stop_signal() -> Result<(), String> {
    let listen = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
    let (mut terminate, mut interrupt) = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
