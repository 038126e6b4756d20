//! One attempt to deliver.
//!
//! The client follows no redirects, repeats nothing by itself, ignores proxies from the environment (they would resolve
//! names in our place), and asks for no compression. 15 seconds cover everything, from looking up the name to the last
//! byte of the answer that is kept.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

use super::connector::{Forbidden, Guard, Resolve, SystemResolver, Unresolved};
use super::target::{Mode, Target};

/// How long an attempt may take in all.
pub const TIMEOUT: Duration = Duration::from_secs(15);

/// How much of an answer's body is read, for the delivery log.
pub const KEPT_BODY: usize = 4 * 1024;

/// How attempts are made.
pub struct Settings {
    /// What may be called.
    pub mode: Mode,
    /// How names are resolved.
    pub resolver: Arc<dyn Resolve>,
    /// How long an attempt may take in all.
    pub timeout: Duration,
    /// Certificates to trust beside the operating system's.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Settings {
    /// The operating system's resolver and trust store, and the documented timeout.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            resolver: Arc::new(SystemResolver),
            timeout: TIMEOUT,
            extra_roots: Vec::new(),
        }
    }
}

/// Sends attempts; made once and shared.
#[derive(Clone)]
pub struct Sender {
    client: reqwest::Client,
    timeout: Duration,
}

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status, which decides.
    pub status: StatusCode,
    /// When it wants to be asked again; see [`super::schedule::retry_after`].
    pub retry_after: Option<String>,
    /// The beginning of its body, at most [`KEPT_BODY`] bytes.
    pub body: Bytes,
    /// Whether there was more, or the rest did not arrive in time.
    pub truncated: bool,
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The name resolves to addresses that may not be called.
    Forbidden(Forbidden),
    /// The name does not resolve.
    Unresolved,
    /// No connection, TLS included.
    Connect(String),
    /// The time was over.
    Timeout,
    /// The connection broke, or what came was no HTTP.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(forbidden) => forbidden.fmt(f),
            Self::Unresolved => f.write_str("the host's name could not be resolved"),
            Self::Connect(why) => write!(f, "no connection: {why}"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Broken(why) => write!(f, "no usable answer: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

impl Sender {
    /// Fails where the operating system's trust store cannot be read.
    pub fn new(settings: Settings) -> Result<Self, rustls::Error> {
        let guard = Guard {
            resolver: settings.resolver,
            mode: settings.mode,
        };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(settings.extra_roots)?)
            .dns_resolver(guard)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .referer(false)
            .http1_only()
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(4)
            .user_agent(concat!(
                "AppRoute-Webhooks/",
                env!("CARGO_PKG_VERSION"),
                " (+https://getapproute.com)"
            ))
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(Self {
            client,
            timeout: settings.timeout,
        })
    }

    /// Posts `body` with the headers of [`super::sign::headers`].
    ///
    /// An answer counts once its head is there. A body that stalls or breaks afterwards only shortens what is kept.
    pub async fn send(
        &self,
        target: &Target,
        signature: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let deadline = tokio::time::Instant::now() + self.timeout;
        let request = self
            .client
            .post(target.url().clone())
            .headers(signature)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body)
            .send();
        let mut response = tokio::time::timeout_at(deadline, request)
            .await
            .map_err(|_| Failure::Timeout)?
            .map_err(|error| failure(&error))?;
        let mut kept = BytesMut::new();
        let truncated = loop {
            match tokio::time::timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    let room = KEPT_BODY - kept.len();
                    kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    if chunk.len() > room {
                        break true;
                    }
                }
                Ok(Ok(None)) => break false,
                Ok(Err(_)) | Err(_) => break true,
            }
        };
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Ok(Answer {
            status: response.status(),
            retry_after,
            body: kept.freeze(),
            truncated,
        })
    }
}

/// The operating system's trust store, as the SDK uses it.
pub(crate) fn tls(
    extra_roots: Vec<CertificateDer<'static>>,
) -> Result<rustls::ClientConfig, rustls::Error> {
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra_roots, provider.clone())?;
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        // "Dangerous" is any verifier but rustls' own; this one asks the operating system.
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn failure(error: &reqwest::Error) -> Failure {
    let mut innermost = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(forbidden) = cause.downcast_ref::<Forbidden>() {
            return Failure::Forbidden(*forbidden);
        }
        if cause.is::<Unresolved>() {
            return Failure::Unresolved;
        }
        innermost = cause.to_string();
        source = cause.source();
    }
    if error.is_connect() {
        Failure::Connect(innermost)
    } else {
        Failure::Broken(innermost)
    }
}

#[cfg(test)]
mod receiver;
#[cfg(test)]
mod tests;
