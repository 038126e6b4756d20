//! The default transport: hyper on tokio.
//!
//! Not reqwest, which builds the requests: what it adds to hyper (redirects, cookies, retries of its own, layers of
//! wrapped futures) is either done elsewhere in this crate or not wanted, and costs half as much again as the call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::body;
use super::classify::request_error;
use super::connect::{Connector, Proxies};
use super::{Limits, Transport, TransportError, TransportErrorKind, tls};
use crate::time::BoxFuture;

/// How the connections are made.
#[derive(Clone)]
pub(crate) struct HttpConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) proxies: Proxies,
    pub(crate) extra_ca: Vec<Vec<u8>>,
    /// The base URL is plain http: nothing needs the trust store.
    pub(crate) plain: bool,
}

/// hyper, set up on first use, once per process and runtime.
pub(crate) struct HttpTransport {
    config: HttpConfig,
    /// The latest last. A connection is served by a task of the runtime that it was made on: taken from another one, it
    /// would stand still while that is not running, or have ended with it.
    pools: Mutex<Vec<Home>>,
}

/// A pool and where it belongs.
struct Home {
    /// After a fork the child makes its own: the parent's connections are not the child's to use.
    process: u32,
    runtime: tokio::runtime::Id,
    pool: Pool,
}

/// How many runtimes keep their connections; a test suite has a new one for each test.
const MOST_HOMES: usize = 4;

#[derive(Clone)]
struct Pool {
    client: Client<Connector, Full<Bytes>>,
    proxies: Option<Arc<Matcher>>,
}

impl Pool {
    /// A tunnel is asked for with the proxy's credentials; plain http carries them in each request.
    fn sign_for_proxy(&self, request: &mut http::Request<Bytes>) {
        if request.uri().scheme_str() != Some("http") {
            return;
        }
        let proxy = self
            .proxies
            .as_ref()
            .and_then(|rule| rule.intercept(request.uri()));
        if let Some(credentials) = proxy.as_ref().and_then(Intercept::basic_auth) {
            let name = http::header::PROXY_AUTHORIZATION;
            request.headers_mut().insert(name, credentials.clone());
        }
    }
}

impl HttpTransport {
    pub(crate) fn new(config: HttpConfig) -> Arc<Self> {
        Arc::new(Self {
            config,
            pools: Mutex::default(),
        })
    }

    fn pool(&self, runtime: tokio::runtime::Id) -> Result<Pool, TransportError> {
        let process = std::process::id();
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let here = |home: &Home| home.process == process && home.runtime == runtime;
        if let Some(home) = pools.iter().rfind(|home| here(home)) {
            return Ok(home.pool.clone());
        }
        let (own, parents) = pools.drain(..).partition(|home| home.process == process);
        *pools = own;
        // Dropping them would close connections that the parent still uses (TLS says goodbye on the shared socket).
        std::mem::forget::<Vec<Home>>(parents);
        let pool = build(&self.config)?;
        if pools.len() == MOST_HOMES {
            pools.remove(0);
        }
        pools.push(Home {
            process,
            runtime,
            pool: pool.clone(),
        });
        Ok(pool)
    }

    async fn send_once(
        &self,
        mut request: http::Request<Bytes>,
        limits: Limits,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| {
            TransportError::new(
                TransportErrorKind::Configuration,
                "the default transport needs a tokio runtime: await the call inside one, use `approute::blocking`, or set a `transport`",
            )
        })?;
        body::ask_for_gzip(request.headers_mut());
        let pool = self.pool(runtime.id())?;
        pool.sign_for_proxy(&mut request);
        let answer = pool.client.request(request.map(Full::new)).await;
        body::read(answer.map_err(request_error)?, limits.max_response_bytes).await
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(self.send_once(request, limits))
    }
}

fn build(config: &HttpConfig) -> Result<Pool, TransportError> {
    let needs_trust = !config.plain || !config.extra_ca.is_empty();
    #[allow(unused_mut, reason = "changed with the feature http2")]
    let mut tls = if needs_trust {
        tls::trusting(&config.extra_ca)
    } else {
        tls::untrusting()
    }
    .map_err(|error| {
        TransportError::new(
            TransportErrorKind::Configuration,
            format!("TLS cannot be set up: {error}"),
        )
        .with_source(error)
    })?;
    #[cfg(feature = "http2")]
    {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    let proxies = config.proxies.clone().matcher();
    let connector = Connector::new(proxies.clone(), tls, config.connect_timeout);
    let client = Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(90))
        .pool_timer(TokioTimer::new())
        .build(connector);
    Ok(Pool { client, proxies })
}
