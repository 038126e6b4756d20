//! Webhook signatures, for languages that hand their headers over as pairs.

use std::time::{Duration, SystemTime};

use approute::models::Event;
use approute::webhook::{self, Headers, Verifier};

use crate::answer::headers_of;
use crate::config::milliseconds;
use crate::failure::{Failure, LanguageType};
use crate::guarding::guard;

/// The headers of a delivery.
#[derive(Debug, Clone)]
pub enum Signed {
    /// Pairs of name and value; `None` for a value that is not text. Repeated names are repeated.
    Headers(Vec<(String, Option<String>)>),
    /// The value of `X-Approute-Signature` alone.
    Signature(String),
}

impl Headers for Signed {
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>)) {
        match self {
            Self::Signature(value) => value.values(name, each),
            Self::Headers(pairs) => {
                for (key, value) in pairs {
                    if key.eq_ignore_ascii_case(name) {
                        each(value.as_deref());
                    }
                }
            }
        }
    }
}

/// How a delivery is checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// How far `sent_at` may be from now, in seconds; 300 by default.
    pub tolerance: Option<f64>,
    /// Now, in seconds since 1970; the machine's clock by default.
    pub now: Option<f64>,
}

/// Checks that a delivery is AppRoute's.
///
/// # Errors
/// A `WebhookVerificationError` that says why not, or a `ConfigurationError` for a secret that is none.
pub fn verify(
    payload: &[u8],
    signed: &Signed,
    secrets: &[String],
    rules: Rules,
) -> Result<(), Failure> {
    guard(|| Ok(verifier(secrets, rules)?.verify(payload, signed)?))
}

/// Checks the signature and not the time: for a facade that reads the body anyway, and finds `sent_at` in it.
///
/// # Errors
/// As [`verify`], but for those about the time.
pub fn check_signature(payload: &[u8], signed: &Signed, secrets: &[String]) -> Result<(), Failure> {
    let verifier = Verifier::new(secrets);
    guard(|| Ok(verifier.check_signature(payload, signed).map(|_| ())?))
}

/// Checks a delivery and reads its event.
///
/// # Errors
/// As [`verify`], and a `DecodeError` for a genuine delivery that is no event.
pub fn unwrap(
    payload: &[u8],
    signed: &Signed,
    secrets: &[String],
    rules: Rules,
) -> Result<Event, Failure> {
    guard(|| Ok(verifier(secrets, rules)?.parse_event(payload, signed)?))
}

/// Signs a payload as AppRoute does, for tests: all headers of a delivery.
///
/// # Errors
/// A `ConfigurationError` for a secret, id or time that cannot be.
pub fn sign(
    payload: &[u8],
    secret: &str,
    id: &str,
    timestamp: Option<f64>,
) -> Result<Vec<(String, String)>, Failure> {
    guard(|| {
        let time = moment("timestamp", timestamp)?.unwrap_or_else(SystemTime::now);
        Ok(headers_of(&webhook::sign(payload, secret, id, time)?))
    })
}

fn verifier(secrets: &[String], rules: Rules) -> Result<Verifier<&[String]>, Failure> {
    let mut verifier = Verifier::new(secrets);
    if let Some(seconds) = rules.tolerance {
        let tolerance = if seconds == 0.0 {
            Duration::ZERO
        } else {
            milliseconds("tolerance", seconds * 1000.0)?
        };
        verifier = verifier.tolerance(tolerance);
    }
    if let Some(now) = moment("now", rules.now)? {
        verifier = verifier.at(now);
    }
    Ok(verifier)
}

fn moment(name: &str, seconds: Option<f64>) -> Result<Option<SystemTime>, Failure> {
    let Some(seconds) = seconds else {
        return Ok(None);
    };
    Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since))
        .map(Some)
        .ok_or_else(|| {
            Failure::bad_argument(
                LanguageType::Value,
                format!("`{name}` must be seconds since 1970"),
            )
        })
}
