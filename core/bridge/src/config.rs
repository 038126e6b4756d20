//! A client's settings, as a facade writes them.

use std::time::Duration;

use approute::bridge::Script;
use approute::{Client, ClientBuilder, LogLevel};
use serde::Deserialize;

use crate::arguments::read;
use crate::clock::Clock;
use crate::failure::{Failure, LanguageType};
use crate::notice;

/// A client's settings. Times are milliseconds. What is absent or null has the core's default, environment included.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The API key. A function that returns keys is called by the facade, which passes each call's key as an option.
    pub api_key: Option<String>,
    /// Where the API is.
    pub base_url: Option<String>,
    /// Whether plain http may leave the machine.
    pub allow_insecure_http: Option<bool>,
    /// For a whole call.
    pub timeout: Option<f64>,
    /// For a try.
    pub attempt_timeout: Option<f64>,
    /// For a connection.
    pub connect_timeout: Option<f64>,
    /// Retries.
    pub max_retries: Option<u32>,
    /// Size of an answer after decompression.
    pub max_response_bytes: Option<u64>,
    /// Headers of every request.
    pub default_headers: Option<Vec<(String, String)>>,
    /// The proxy's URL.
    pub proxy: Option<String>,
    /// More certificates to trust, PEM.
    pub extra_ca: Option<Vec<String>>,
    /// `off`, `info` or `debug`.
    pub log_level: Option<String>,
    /// What to tell: of `request`, `response`, `retry`, `log`.
    pub hooks: Vec<String>,
    /// The whole `User-Agent`.
    pub user_agent: Option<String>,
    /// Whether no environment variable is read, as mocks want it.
    pub ignore_env: bool,
    /// A clock for tests, in place of the machine's.
    pub clock: Option<ClockConfig>,
    /// Clock and chance of a conformance case, in place of the machine's.
    pub script: Option<Script>,
    /// What every draw gives, between 0 and 1, in place of chance: for tests.
    pub random: Option<f64>,
}

/// A clock for tests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockConfig {
    /// The time of day at its start, in milliseconds since 1970.
    pub start: f64,
}

/// What settings come to.
pub(crate) struct Built {
    pub(crate) core: Client,
    pub(crate) clock: Option<Clock>,
    pub(crate) script: Option<Script>,
}

impl Config {
    /// Reads a facade's JSON.
    ///
    /// # Errors
    /// A `ConfigurationError` that names the setting.
    pub fn from_json(json: &[u8]) -> Result<Self, Failure> {
        read(json)
    }

    /// Checks everything and makes the client.
    pub(crate) fn build(self) -> Result<Built, Failure> {
        let mut builder = Client::builder();
        if let Some(key) = self.api_key {
            builder = builder.api_key(key);
        }
        if let Some(url) = self.base_url {
            builder = builder.base_url(url);
        }
        if let Some(allow) = self.allow_insecure_http {
            builder = builder.allow_insecure_http(allow);
        }
        for (name, value, set) in [
            (
                "timeout",
                self.timeout,
                ClientBuilder::timeout as fn(_, _) -> _,
            ),
            (
                "attempt_timeout",
                self.attempt_timeout,
                ClientBuilder::attempt_timeout,
            ),
            (
                "connect_timeout",
                self.connect_timeout,
                ClientBuilder::connect_timeout,
            ),
        ] {
            if let Some(value) = value {
                builder = set(builder, milliseconds(name, value)?);
            }
        }
        if let Some(retries) = self.max_retries {
            builder = builder.max_retries(retries);
        }
        if let Some(bytes) = self.max_response_bytes {
            builder = builder.max_response_bytes(bytes);
        }
        for (name, value) in self.default_headers.unwrap_or_default() {
            builder = builder.default_header(name, value);
        }
        if let Some(url) = self.proxy {
            builder = builder.proxy(url);
        }
        for pem in self.extra_ca.unwrap_or_default() {
            builder = builder.extra_ca_pem(pem);
        }
        if let Some(level) = self.log_level {
            builder = builder.log_level(log_level(&level)?);
        }
        if let Some(user_agent) = self.user_agent {
            builder = builder.user_agent(user_agent);
        }
        if self.ignore_env {
            builder = builder.ignore_env();
        }
        if let Some(share) = self.random {
            // 1 means the highest draw that there is.
            let draw = (share.clamp(0.0, 1.0) * (u64::MAX as f64)) as u64;
            builder = builder.random(move || draw);
        }
        let clock = self.clock.as_ref().map(Clock::new);
        if let Some(clock) = &clock {
            builder = builder.timer(clock.clone());
        }
        if let Some(script) = &self.script {
            builder = script.apply(builder);
        }
        builder = notice::register(builder, &self.hooks);
        Ok(Built {
            core: builder.build()?,
            clock,
            script: self.script,
        })
    }
}

fn log_level(text: &str) -> Result<LogLevel, Failure> {
    text.parse().map_err(|()| {
        Failure::bad_argument(
            LanguageType::Value,
            "`log_level` must be `off`, `info` or `debug`",
        )
    })
}

/// A time out of a number of milliseconds.
pub(crate) fn milliseconds(name: &str, value: f64) -> Result<Duration, Failure> {
    // A year is more than any call takes, and well within what clocks can add up.
    const LONGEST: f64 = 366.0 * 86_400.0 * 1000.0;
    let refused = |why| Failure::bad_argument(LanguageType::Value, format!("`{name}` {why}"));
    if value.is_nan() || value <= 0.0 {
        return Err(refused("must be longer than zero"));
    }
    Ok(Duration::from_secs_f64(value.min(LONGEST) / 1000.0))
}
