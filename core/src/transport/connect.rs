//! From a URL to a connection: directly or through a proxy, with TLS, within a time.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::time::BoxFuture;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Which proxies stand between.
#[derive(Clone, Default)]
pub(crate) enum Proxies {
    /// None.
    Never,
    /// What `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, at the time of the first connection.
    #[default]
    Environment,
    /// This one, for everything.
    Always(Arc<Matcher>),
}

impl Proxies {
    /// The proxy at a URL such as `http://user:password@proxy.example:3128`; `None` when it is not one.
    pub(crate) fn at(url: &str) -> Option<Self> {
        let parsed = reqwest::Url::parse(url).ok()?;
        let usable = parsed.scheme() == "http" && parsed.host().is_some();
        usable.then(|| Self::Always(Arc::new(Matcher::builder().all(url).build())))
    }

    fn matcher(self) -> Option<Arc<Matcher>> {
        match self {
            Self::Never => None,
            Self::Environment => Some(Arc::new(Matcher::from_env())),
            Self::Always(matcher) => Some(matcher),
        }
    }
}

/// Connects, through a proxy where one is wanted, and speaks TLS where the URL asks for it.
#[derive(Clone)]
pub(super) struct Connector {
    secured: HttpsConnector<Plain>,
    limit: Duration,
}

impl Connector {
    pub(super) fn new(proxies: Proxies, tls: ClientConfig, limit: Duration) -> Self {
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_nodelay(true);
        let plain = Plain {
            direct,
            proxies: proxies.matcher(),
        };
        Self {
            secured: HttpsConnector::from((plain, tls)),
            limit,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Source;
    type Future = BoxFuture<'static, Result<Self::Response, Source>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Source>> {
        self.secured.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (connecting, limit) = (self.secured.call(to), self.limit);
        Box::pin(async move {
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(ConnectError::TooSlow.into()),
            }
        })
    }
}

/// Connects without TLS.
#[derive(Clone)]
struct Plain {
    direct: HttpConnector,
    proxies: Option<Arc<Matcher>>,
}

impl Service<Uri> for Plain {
    type Response = TokioIo<TcpStream>;
    type Error = Source;
    type Future = BoxFuture<'static, Result<Self::Response, Source>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Source>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let proxy = self.proxies.as_ref().and_then(|rule| rule.intercept(&to));
        let Some(proxy) = proxy else {
            let connecting = self.direct.call(to);
            return Box::pin(async move { connecting.await.map_err(Into::into) });
        };
        if proxy.uri().scheme_str() != Some("http") {
            return Box::pin(async { Err(ConnectError::ProxyScheme.into()) });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.direct.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let connecting = tunnel.call(to);
        Box::pin(async move {
            connecting.await.map_err(|error| {
                // hyper-util keeps the type to itself, so its words are all there is. A test with a real 407 holds
                // them.
                if error.to_string().ends_with("proxy authorization required") {
                    ConnectError::ProxyCredentials.into()
                } else {
                    ConnectError::Proxy(error.into()).into()
                }
            })
        })
    }
}

/// Why there is no connection, where it is not the network's own words.
#[derive(Debug)]
pub(super) enum ConnectError {
    TooSlow,
    ProxyScheme,
    ProxyCredentials,
    Proxy(Source),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooSlow => "no connection within `connect_timeout`",
            Self::ProxyScheme => "the proxy's URL must start with http://",
            Self::ProxyCredentials => {
                "the proxy asks for other credentials; put them into its URL (http://user:password@host:port)"
            }
            Self::Proxy(_) => "the proxy made no connection",
        })
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Proxy(source) => Some(&**source),
            _ => None,
        }
    }
}
