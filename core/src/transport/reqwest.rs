//! The default transport: reqwest on tokio.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::classify::{body_error, request_error};
use super::{Limits, Transport, TransportError, TransportErrorKind, tls};
use crate::time::BoxFuture;

/// How the connections are made.
#[derive(Clone, Default)]
pub(crate) struct HttpConfig {
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) proxy: Option<reqwest::Proxy>,
    pub(crate) extra_ca: Vec<Vec<u8>>,
    /// The base URL is on this machine: no proxy stands between.
    pub(crate) loopback: bool,
    /// The base URL is plain http: nothing needs the trust store.
    pub(crate) plain: bool,
}

/// reqwest, made on first use and once per process.
pub(crate) struct HttpTransport {
    config: HttpConfig,
    /// The client and the process that it was made in. After a fork the child makes its own: the parent's connections
    /// are not the child's to use.
    client: Mutex<Option<(u32, reqwest::Client)>>,
}

impl HttpTransport {
    pub(crate) fn new(config: HttpConfig) -> Arc<Self> {
        Arc::new(Self {
            config,
            client: Mutex::new(None),
        })
    }

    fn client(&self) -> Result<reqwest::Client, TransportError> {
        let process = std::process::id();
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((owner, client)) = &*slot
            && *owner == process
        {
            return Ok(client.clone());
        }
        let client = build(&self.config)?;
        if let Some(parents) = slot.replace((process, client.clone())) {
            // Dropping it would close connections that the parent still uses (TLS says goodbye on the shared socket).
            std::mem::forget(parents);
        }
        Ok(client)
    }

    async fn send_once(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> Result<http::Response<Bytes>, TransportError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(TransportError::new(
                TransportErrorKind::Configuration,
                "the default transport needs a tokio runtime: await the call inside one, use `approute::blocking`, or set a `transport`",
            ));
        }
        let request = reqwest::Request::try_from(request).map_err(request_error)?;
        let response = self
            .client()?
            .execute(request)
            .await
            .map_err(request_error)?;
        read(response, limits.max_response_bytes).await
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

/// Reads the body chunk by chunk, so that a bomb is noticed before it has gone off.
async fn read(
    mut response: reqwest::Response,
    max: u64,
) -> Result<http::Response<Bytes>, TransportError> {
    let status = response.status();
    let version = response.version();
    let headers = std::mem::take(response.headers_mut());
    let too_large = |headers| {
        TransportError::new(
            TransportErrorKind::TooLarge,
            format!("the answer is larger than `max_response_bytes` ({max} bytes)"),
        )
        .with_head(status, headers)
    };
    // Where the length is announced (it is not for a compressed body), nothing is read in vain.
    let announced = response.content_length();
    if announced.is_some_and(|length| length > max) {
        return Err(too_large(headers));
    }
    let mut first: Option<Bytes> = None;
    let mut rest: Option<BytesMut> = None;
    let mut total = 0u64;
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) => return Err(body_error(error, status, headers)),
        };
        total += chunk.len() as u64;
        if total > max {
            return Err(too_large(headers));
        }
        // Most answers come in one chunk, which then needs no copy.
        match (&mut rest, &first) {
            (Some(all), _) => all.extend_from_slice(&chunk),
            (None, None) => first = Some(chunk),
            (None, Some(start)) => {
                let expected = announced.unwrap_or(0).min(max) as usize;
                let mut all =
                    BytesMut::with_capacity(expected.max(2 * (start.len() + chunk.len())));
                all.extend_from_slice(start);
                all.extend_from_slice(&chunk);
                rest = Some(all);
            }
        }
    }
    let body = rest.map_or_else(|| first.unwrap_or_default(), BytesMut::freeze);
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    *answer.version_mut() = version;
    *answer.headers_mut() = headers;
    Ok(answer)
}

fn build(config: &HttpConfig) -> Result<reqwest::Client, TransportError> {
    let broken = |error: &dyn std::fmt::Display| {
        TransportError::new(
            TransportErrorKind::Configuration,
            format!("TLS cannot be set up: {error}"),
        )
    };
    let needs_trust = !config.plain || config.proxy.is_some() || !config.extra_ca.is_empty();
    #[allow(unused_mut, reason = "changed with the feature http2")]
    let mut tls = if needs_trust {
        tls::trusting(&config.extra_ca)
    } else {
        tls::untrusting()
    }
    .map_err(|error| broken(&error))?;
    #[cfg(feature = "http2")]
    {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .tcp_nodelay(true);
    if let Some(timeout) = config.connect_timeout {
        builder = builder.connect_timeout(timeout);
    }
    if let Some(proxy) = &config.proxy {
        builder = builder.proxy(proxy.clone());
    } else if config.loopback {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| broken(&error))
}

/// A client that only ever builds requests: no trust store, no proxies, no connections. One for the whole process.
pub(crate) fn request_builder_client() -> Result<&'static reqwest::Client, String> {
    static CLIENT: OnceLock<Result<reqwest::Client, String>> = OnceLock::new();
    CLIENT
        .get_or_init(|| {
            let tls = tls::untrusting().map_err(|error| error.to_string())?;
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls)
                .no_proxy()
                .build()
                .map_err(|error| error.to_string())
        })
        .as_ref()
        .map_err(Clone::clone)
}
