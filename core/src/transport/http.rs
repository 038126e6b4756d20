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

/// hyper, set up on first use and once per process.
pub(crate) struct HttpTransport {
    config: HttpConfig,
    /// The pool and the process that it was made in. After a fork the child makes its own: the parent's connections are
    /// not the child's to use.
    pool: Mutex<Option<(u32, Pool)>>,
}

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
            pool: Mutex::new(None),
        })
    }

    fn pool(&self) -> Result<Pool, TransportError> {
        let process = std::process::id();
        let mut slot = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((owner, pool)) = &*slot
            && *owner == process
        {
            return Ok(pool.clone());
        }
        let pool = build(&self.config)?;
        if let Some(parents) = slot.replace((process, pool.clone())) {
            // Dropping it would close connections that the parent still uses (TLS says goodbye on the shared socket).
            std::mem::forget(parents);
        }
        Ok(pool)
    }

    async fn send_once(
        &self,
        mut request: http::Request<Bytes>,
        limits: Limits,
    ) -> Result<http::Response<Bytes>, TransportError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(TransportError::new(
                TransportErrorKind::Configuration,
                "the default transport needs a tokio runtime: await the call inside one, use `approute::blocking`, or set a `transport`",
            ));
        }
        body::ask_for_gzip(request.headers_mut());
        let pool = self.pool()?;
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
