//! From a URL to a connection: directly or through a proxy, with TLS, within a time.

use std::fmt;
use std::future::Future;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
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

    pub(super) fn matcher(self) -> Option<Arc<Matcher>> {
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
    pub(super) fn new(proxies: Option<Arc<Matcher>>, tls: ClientConfig, limit: Duration) -> Self {
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_nodelay(true);
        let plain = Plain { direct, proxies };
        Self {
            secured: HttpsConnector::from((plain, tls)),
            limit,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Stream>;
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
    type Response = Stream;
    type Error = Source;
    type Future = BoxFuture<'static, Result<Self::Response, Source>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Source>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let proxy = self.proxies.as_ref().and_then(|rule| rule.intercept(&to));
        let Some(proxy) = proxy else {
            return connected(self.direct.call(to), false);
        };
        if proxy.uri().scheme_str() != Some("http") {
            return Box::pin(async { Err(ConnectError::ProxyScheme.into()) });
        }
        if to.scheme_str() == Some("http") {
            return connected(self.direct.call(proxy.uri().clone()), true);
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.direct.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let connecting = tunnel.call(to);
        Box::pin(async move {
            let io = connecting.await.map_err(|error| -> Source {
                // hyper-util keeps the type to itself, so its words are all there is. A test with a real 407 holds
                // them.
                if error.to_string().ends_with("proxy authorization required") {
                    ConnectError::ProxyCredentials.into()
                } else {
                    ConnectError::Proxy(error.into()).into()
                }
            })?;
            let to_proxy = false;
            Ok(Stream { io, to_proxy })
        })
    }
}

fn connected<E: Into<Source>>(
    connecting: impl Future<Output = Result<TokioIo<TcpStream>, E>> + Send + 'static,
    to_proxy: bool,
) -> BoxFuture<'static, Result<Stream, Source>> {
    Box::pin(async move {
        let io = connecting.await.map_err(Into::into)?;
        Ok(Stream { io, to_proxy })
    })
}

/// A connection without TLS, which knows whether it ends at a proxy: hyper then writes whole URLs.
pub(super) struct Stream {
    io: TokioIo<TcpStream>,
    to_proxy: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.to_proxy)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, buffer)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, buffers)
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
