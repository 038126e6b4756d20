//! What a server is told at its start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::geoip::Proxies;
use crate::ratelimit::Policy;
use crate::store::Target;
use crate::webhook::key::Source;
use crate::webhook::send::TIMEOUT;

/// The version of the API that this server speaks.
pub const API_VERSION: &str = "2026-11-01";

/// Settings of `serve`.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to serve metrics, if at all.
    pub metrics: Option<SocketAddr>,
    /// The collector that gets traces, if any: its base URL.
    pub otlp: Option<String>,
    /// Where the data is kept.
    pub database: Target,
    /// Development: API and short links on one address, a workspace with keys where there is none.
    pub dev: bool,
    /// Hosts of the API and the dashboard, which no workspace can make a domain of its own.
    pub api_hosts: Vec<String>,
    /// What ids, slugs, keys and secrets follow from; none for unpredictable ones.
    pub seed: Option<u64>,
    /// Requests per key.
    pub rate_limit: Policy,
    /// The file that says where addresses are, in MaxMind's format.
    pub geoip: Option<PathBuf>,
    /// Which proxies are believed.
    pub proxies: Proxies,
    /// How long clicks and reads of the access log may wait in memory.
    pub flush_every: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// How long running requests and deliveries get to finish at shutdown.
    pub grace: Duration,
    /// Where the key comes from that seals the secrets of webhooks.
    pub secret_key: Source,
    /// How long an attempt to deliver may take.
    pub webhook_timeout: Duration,
}

impl Config {
    /// The defaults, on a port that the system chooses, in memory.
    pub fn new(database: Target) -> Self {
        Self {
            listen: ([127, 0, 0, 1], 0).into(),
            metrics: None,
            otlp: None,
            database,
            dev: false,
            api_hosts: Vec::new(),
            seed: None,
            geoip: None,
            proxies: Proxies::default(),
            rate_limit: Policy::new(6_000, 60).expect("neither is 0"),
            flush_every: Duration::from_millis(200),
            body_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(25),
            secret_key: Source::default(),
            webhook_timeout: TIMEOUT,
        }
    }
}
