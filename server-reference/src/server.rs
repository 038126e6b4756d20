//! A running server.

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::agent::Agents;
use crate::app::{App, MANY_CLICKS, SharedApp};
use crate::auth::limits::Limiter;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::dev::faults::Faults;
use crate::geoip::Database;
use crate::http::running::Running;
use crate::http::{router, serve};
use crate::ids::Ids;
use crate::links::cursor::CursorKey;
use crate::links::view::Addresses;
use crate::metrics::{self, Metrics};
use crate::password_page::token::Tokens;
use crate::redirect::cache::Destinations;
use crate::redirect::clicks::ClickBuffer;
use crate::store::Store;
use crate::traces::Traces;
use crate::validate::Contract;
use crate::visitor::Visitors;
use crate::webhook::key;
use crate::webhooks::queue::{self, Hooks};

const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Commits of a few seconds have many pages in common, which are then written once.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(3);

/// A server that accepts connections.
pub struct Server {
    /// Its parts.
    pub app: SharedApp,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its metrics are, if they are served.
    pub metrics: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Server {
    /// Opens the database, binds the port and begins to serve. An error is one line that says what to do.
    pub async fn start(config: Config, clock: SharedClock) -> Result<Self, String> {
        let listener = bind(config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| format!("cannot listen: {error}"))?;
        // Bound before the database is touched, like the other one.
        let metrics_listener = match config.metrics {
            Some(address) => Some(bind_as(address, "--metrics").await?),
            None => None,
        };
        let traces = match &config.otlp {
            Some(endpoint) => Some(Traces::start(endpoint)?),
            None => None,
        };
        let contract =
            Contract::load().map_err(|error| format!("the embedded spec is broken: {error}"))?;
        let store = Store::open(&config.database, &*clock)
            .await
            .map_err(|error| error.to_string())?;
        let secret = async |name| {
            let secret = store.shared_secret(name).await;
            secret.map_err(|error| format!("cannot use the database: {error}"))
        };
        let cursors = CursorKey::new(secret("cursor_key").await?);
        let visitors = Visitors::new(&secret("visitor_key").await?);
        let forms = Tokens::new(&secret("form_key").await?);
        let geoip = match &config.geoip {
            Some(path) => Some(open_geoip(path)?),
            None => None,
        };
        let vault = key::load(&config.secret_key, &config.database, config.dev, &store).await?;
        let hooks = Hooks::new(vault, &config)?;
        let shared = config.dev.then(|| base_url(address));
        let app = Arc::new(App {
            ids: match config.seed {
                Some(seed) => Ids::seeded(clock.clone(), seed),
                None => Ids::new(clock.clone()),
            },
            clock,
            contract,
            limiter: Limiter::new(config.rate_limit, store.dialect().is_shared()),
            running: Running::default(),
            cursors,
            visitors,
            geoip,
            forms,
            addresses: Addresses {
                shared,
                port: address.port(),
            },
            destinations: Destinations::new(store.dialect().is_shared()),
            clicks: ClickBuffer::default(),
            agents: Agents::default(),
            hooks,
            calls: Mutex::default(),
            flushing: tokio::sync::Mutex::default(),
            metrics: Metrics::default(),
            traces,
            faults: Faults::default(),
            store,
            config,
        });
        let (stop, stopped) = watch::channel(false);
        let serving = serve::serve(listener, app.clone(), router(app.clone()), stopped.clone());
        let mut metrics = None;
        let mut tasks = Vec::new();
        if let Some(listener) = metrics_listener {
            metrics = listener.local_addr().ok();
            let serving = metrics::serve(listener, app.clone(), stopped.clone());
            tasks.push(tokio::spawn(serving));
        }
        tasks.extend([
            tokio::spawn(serving),
            tokio::spawn(flush(app.clone(), stopped.clone())),
            tokio::spawn(sweep(app.clone(), stopped.clone())),
            tokio::spawn(checkpoint(app.clone(), stopped.clone())),
            tokio::spawn(queue::run(app.clone(), stopped)),
        ]);
        Ok(Self {
            app,
            address,
            metrics,
            stop,
            tasks,
        })
    }

    /// The address for clients.
    pub fn base_url(&self) -> String {
        base_url(self.address)
    }

    /// Stops: running requests finish, what waits in memory is written, the database is closed.
    pub async fn stop(self) -> Result<(), String> {
        self.stop.send_replace(true);
        for task in self.tasks {
            let _ = task.await;
        }
        let flushed = self.app.flush().await;
        if let Some(traces) = &self.app.traces {
            traces.stop().await;
        }
        self.app.store.close().await;
        flushed.map_err(|failure| format!("the last clicks could not be written: {failure:?}"))
    }
}

fn open_geoip(path: &Path) -> Result<Database, String> {
    Database::open(path).map_err(|error| {
        let reason = error.source().map(|reason| format!(": {reason}"));
        let (path, reason) = (path.display(), reason.unwrap_or_default());
        format!("{error} ({path}){reason}; name another file with --geoip, or leave it out")
    })
}

/// A server that listens everywhere is reached on this machine by the loopback address.
fn base_url(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}")
}

async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    bind_as(address, "--listen").await
}

/// Binds what `option` asks for.
async fn bind_as(address: SocketAddr, option: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is in use; stop what listens there, or choose another port with {option} {}:0", address.ip())
        }
        std::io::ErrorKind::PermissionDenied => {
            format!("this user may not listen on {address}; choose a port above 1023 with {option}")
        }
        std::io::ErrorKind::AddrNotAvailable => {
            format!("{address} is no address of this machine; choose another one with {option}")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Where many clicks come, a flush waits so many times as long, since what it writes for each link and each term is then
/// shared by more of them. With what writing takes, that is less than a second.
const LONGER: u32 = 3;
/// A database that is slower than this gets what there is, at once.
const QUICK: Duration = Duration::from_millis(200);

async fn flush(app: SharedApp, mut stop: watch::Receiver<bool>) {
    let mut failing = false;
    let mut waited = 0;
    let mut took = Duration::ZERO;
    while !wait(app.config.flush_every, &mut stop).await {
        waited += 1;
        if waited < LONGER && took < QUICK && app.clicks.waiting() > MANY_CLICKS {
            continue;
        }
        waited = 0;
        let began = std::time::Instant::now();
        let outcome = app.flush().await;
        took = began.elapsed();
        match (&outcome, failing) {
            (Err(failure), false) => {
                tracing::error!(?failure, "clicks cannot be written; they wait in memory")
            }
            (Ok(()), true) => tracing::info!("clicks are written again"),
            _ => {}
        }
        failing = outcome.is_err();
    }
}

async fn checkpoint(app: SharedApp, mut stop: watch::Receiver<bool>) {
    while !wait(CHECKPOINT_EVERY, &mut stop).await {
        if let Err(error) = app.store.checkpoint().await {
            tracing::warn!(%error, "the log cannot be moved into the database's file; trying again later");
        }
    }
}

async fn sweep(app: SharedApp, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = app.sweep().await {
            tracing::warn!(
                ?failure,
                "cannot remove what is past its time; trying again later"
            );
        }
        reload_geoip(&app).await;
        if wait(SWEEP_EVERY, &mut stop).await {
            return;
        }
    }
}

/// Takes up a new version of the GeoIP database.
async fn reload_geoip(app: &SharedApp) {
    let shared = app.clone();
    let reload = tokio::task::spawn_blocking(move || {
        let database = shared.geoip.as_ref()?;
        Some(database.reload_if_changed())
    });
    match reload.await {
        Ok(Some(Ok(true))) => tracing::info!("the GeoIP database has changed and was read again"),
        Ok(Some(Err(error))) => {
            tracing::warn!(%error, "the GeoIP database cannot be read again; the old data stays in use")
        }
        _ => {}
    }
}

/// Waits; true where the server stops meanwhile.
async fn wait(time: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::time::timeout(time, stop.wait_for(|stop| *stop))
        .await
        .is_ok()
}
