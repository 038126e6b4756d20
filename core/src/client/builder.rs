//! Setting a client up.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::{Client, KeyProvider, KeySource, Shared};
use crate::budget::RetryBudget;
use crate::call::Settings;
use crate::error::Error;
use crate::hooks::{Hooks, RequestInfo, ResponseInfo, RetryInfo};
use crate::log::LogLevel;
use crate::operation::Base;
use crate::options::{CallOptions, parse_header};
use crate::secret::Secret;
use crate::time::{Random, SystemRandom, Timer, TokioTimer};
use crate::transport::{HttpConfig, HttpTransport, Proxies, Transport, check_certificates};

const DEFAULT_BASE_URL: &str = "https://getapproute.com";

/// Sets a [`Client`] up.
///
/// ```
/// use std::time::Duration;
/// # fn main() -> Result<(), approute::Error> {
/// let client = approute::Client::builder()
///     .api_key("ak_live_4f1c")
///     .timeout(Duration::from_secs(30))
///     .max_retries(4)
///     .on_retry(|retry| println!("{} again in {:?}", retry.operation, retry.wait))
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    api_key: Option<KeySource>,
    base_url: Option<String>,
    allow_insecure_http: bool,
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    max_retries: Option<u32>,
    max_response_bytes: Option<u64>,
    default_headers: Vec<(String, String)>,
    transport: Option<Arc<dyn Transport>>,
    proxy: Option<String>,
    extra_ca: Vec<Vec<u8>>,
    hooks: Hooks,
    log_level: Option<LogLevel>,
    timer: Option<Arc<dyn Timer>>,
    random: Option<Arc<dyn Random>>,
    user_agent: Option<String>,
    ignore_env: bool,
}

impl ClientBuilder {
    /// The API key. Without it, the environment variable `APPROUTE_API_KEY` is used.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.api_key = Some(KeySource::Fixed(key.into()));
        self
    }

    /// A function that returns the API key. It is asked at the start of every call, so that a key can be rotated.
    pub fn api_key_provider<F, E>(mut self, provider: F) -> Self
    where
        F: Fn() -> Result<String, E> + Send + Sync + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let provider: Arc<KeyProvider> = Arc::new(move || provider().map_err(Into::into));
        self.api_key = Some(KeySource::Provider(provider));
        self
    }

    /// Where the API is: `https://getapproute.com`, or the environment variable `APPROUTE_BASE_URL`, by default. A path
    /// is kept in front of the API's own. Plain http is refused outside this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Allows a base URL with plain http on another machine. Keys then cross the network readably.
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// How long a whole call may take, tries and waits included: 90 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long one try may take: 20 s by default.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// How long making a connection may take, name resolution and TLS included: 5 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How many times a failed try is repeated: 2 by default. 0 means exactly one try.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// How many bytes an answer may have after decompression: 64 MiB by default.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = Some(bytes);
        self
    }

    /// A header of every request, replacing the SDK's own of that name.
    pub fn default_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.default_headers.push((name.into(), value.into()));
        self
    }

    /// What sends the requests, in place of hyper. Proxy, certificates and connect timeout are then its own affair.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The proxy, such as `http://user:password@proxy.example:3128`. Without it, `HTTPS_PROXY` and `NO_PROXY` decide; a
    /// base URL on this machine then never goes through one.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Certificates, in PEM form, to trust in addition to those of the operating system.
    pub fn extra_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.extra_ca.push(pem.into());
        self
    }

    /// Called before each try.
    pub fn on_request(mut self, hook: impl Fn(&RequestInfo) + Send + Sync + 'static) -> Self {
        self.hooks.on_request = Some(Arc::new(hook));
        self
    }

    /// Called after each try.
    pub fn on_response(mut self, hook: impl Fn(&ResponseInfo) + Send + Sync + 'static) -> Self {
        self.hooks.on_response = Some(Arc::new(hook));
        self
    }

    /// Called before each wait for another try.
    pub fn on_retry(mut self, hook: impl Fn(&RetryInfo) + Send + Sync + 'static) -> Self {
        self.hooks.on_retry = Some(Arc::new(hook));
        self
    }

    /// How much is logged: nothing, or what the environment variable `APPROUTE_LOG` says, by default.
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = Some(level);
        self
    }

    /// Where log lines go, in place of stderr.
    pub fn logger(mut self, logger: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        self.hooks.log.logger = Some(Arc::new(logger));
        self
    }

    /// The clock that timeouts and waits go by.
    pub fn timer(mut self, timer: impl Timer) -> Self {
        self.timer = Some(Arc::new(timer));
        self
    }

    /// The randomness for jitter and idempotency keys.
    pub fn random(mut self, random: impl Random) -> Self {
        self.random = Some(Arc::new(random));
        self
    }

    /// The `User-Agent`, which the SDKs of other languages that stand on this one set to their own.
    #[doc(hidden)]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Reads no environment variable, for tests and for hosts that have read them already.
    #[doc(hidden)]
    pub fn ignore_env(mut self) -> Self {
        self.ignore_env = true;
        self
    }

    fn env(&self, name: &str) -> Option<String> {
        if self.ignore_env {
            return None;
        }
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// Checks everything and makes the client.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration), saying which option is not usable and what to do.
    pub fn build(self) -> Result<Client, Error> {
        let api_key = match (&self.api_key, self.env("APPROUTE_API_KEY")) {
            (Some(source), _) => source.clone(),
            (None, Some(key)) => KeySource::Fixed(Secret::new(key)),
            (None, None) => {
                return Err(Error::configuration(
                    "no API key: pass `api_key`, or set the environment variable APPROUTE_API_KEY",
                ));
            }
        };
        if let KeySource::Fixed(key) = &api_key {
            check_api_key(key.expose())?;
        }
        let base = self
            .base_url
            .clone()
            .or_else(|| self.env("APPROUTE_BASE_URL"))
            .unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        let base = check_base_url(&base, self.allow_insecure_http)?;
        let settings = self.settings()?;
        let mut defaults = CallOptions::new();
        for (name, value) in &self.default_headers {
            let (name, value) = parse_header(name, value)
                .map_err(|reason| Error::configuration(format!("`default_header`: {reason}")))?;
            defaults = defaults.with_header(name, value);
        }
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => HttpTransport::new(self.http_config(&base, settings.attempt_timeout)?),
        };
        let user_agent = match &self.user_agent {
            Some(own) => HeaderValue::from_str(own)
                .map_err(|_| Error::configuration("`user_agent` is not a header's value"))?,
            None => own_user_agent(),
        };
        let mut hooks = self.hooks.clone();
        hooks.log.level = match (self.log_level, self.env("APPROUTE_LOG")) {
            (Some(level), _) => level,
            (None, Some(text)) => text.parse().map_err(|()| {
                Error::configuration("APPROUTE_LOG must be `off`, `info` or `debug`")
            })?,
            (None, None) => LogLevel::Off,
        };
        Ok(Client::from_shared(Shared {
            base: Base::new(&base.url)
                .ok_or_else(|| Error::configuration("`base_url` is not usable in HTTP requests"))?,
            base_url: base.url,
            api_key,
            user_agent,
            defaults,
            settings,
            budget: Arc::new(RetryBudget::default()),
            hooks: Arc::new(hooks),
            transport,
            timer: self
                .timer
                .unwrap_or_else(|| Arc::new(TokioTimer::default())),
            random: self.random.unwrap_or_else(|| Arc::new(SystemRandom)),
        }))
    }

    fn settings(&self) -> Result<Settings, Error> {
        let checked = |name: &str, value: Option<Duration>, default: u64| match value {
            Some(Duration::ZERO) => Err(Error::configuration(format!(
                "`{name}` must be longer than zero"
            ))),
            Some(value) => Ok(value),
            None => Ok(Duration::from_secs(default)),
        };
        checked("connect_timeout", self.connect_timeout, 5)?;
        Ok(Settings {
            timeout: checked("timeout", self.timeout, 90)?,
            attempt_timeout: checked("attempt_timeout", self.attempt_timeout, 20)?,
            max_retries: self.max_retries.unwrap_or(2),
            max_response_bytes: self.max_response_bytes.unwrap_or(64 << 20),
        })
    }

    fn http_config(&self, base: &BaseUrl, attempt_timeout: Duration) -> Result<HttpConfig, Error> {
        let proxies = match &self.proxy {
            // The URL may hold a password, so it is not repeated.
            Some(url) => Proxies::at(url).ok_or_else(|| {
                Error::configuration(
                    "`proxy` must be a URL such as http://user:password@proxy.example:3128",
                )
            })?,
            None if base.loopback => Proxies::Never,
            None => Proxies::Environment,
        };
        for pem in &self.extra_ca {
            check_certificates(pem)
                .map_err(|reason| Error::configuration(format!("`extra_ca_pem`: {reason}")))?;
        }
        let connect_timeout = self.connect_timeout.unwrap_or(Duration::from_secs(5));
        Ok(HttpConfig {
            // Where a try may take no longer than a connection, the connection's end must come first: it tells that
            // nothing was sent.
            connect_timeout: connect_timeout.min(attempt_timeout.mul_f64(0.95)),
            proxies,
            extra_ca: self.extra_ca.clone(),
            plain: base.plain,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.base_url)
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_retries", &self.max_retries)
            .finish_non_exhaustive()
    }
}

pub(crate) fn check_api_key(key: &str) -> Result<(), Error> {
    if key.is_empty() {
        Err(Error::configuration(
            "the API key is empty: pass `api_key`, or set the environment variable APPROUTE_API_KEY",
        ))
    } else if !key.bytes().all(|b| b.is_ascii_graphic()) {
        Err(Error::configuration(
            "the API key has spaces, line breaks or characters that keys do not have: copy it again",
        ))
    } else {
        Ok(())
    }
}

struct BaseUrl {
    url: String,
    loopback: bool,
    plain: bool,
}

fn check_base_url(text: &str, allow_insecure_http: bool) -> Result<BaseUrl, Error> {
    let refuse = |reason: &str| Err(Error::configuration(format!("`base_url` {reason}")));
    let Ok(url) = reqwest::Url::parse(text.trim()) else {
        return refuse("is not a URL; it looks like https://getapproute.com");
    };
    let plain = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return refuse("must start with https://"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must not hold a user name or password; the key goes into `api_key`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("must not have a query or a fragment");
    }
    let loopback = url.host_str().is_some_and(is_loopback);
    if plain && !loopback && !allow_insecure_http {
        return refuse(
            "must start with https://, since the API key would cross the network readably; set `allow_insecure_http` if that is meant",
        );
    }
    Ok(BaseUrl {
        url: url.as_str().trim_end_matches('/').to_owned(),
        loopback,
        plain,
    })
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

fn own_user_agent() -> HeaderValue {
    HeaderValue::from_static(concat!(
        "approute-rust/",
        env!("CARGO_PKG_VERSION"),
        " (rustc ",
        env!("APPROUTE_RUSTC_VERSION"),
        "; ",
        env!("APPROUTE_OS"),
        "; ",
        env!("APPROUTE_ARCH"),
        ")"
    ))
}
