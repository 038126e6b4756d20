//! Webhooks: checking that a delivery is AppRoute's, reading it, and signing one for tests.
//!
//! Nothing here needs a client or a network. Pass the body as the raw bytes that came, before any JSON parser has seen
//! them: one other space, and the signature no longer fits.
//!
//! ```
//! use approute::{models::Event, webhook};
//!
//! # let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
//! # let sent_at = chrono::Utc::now().to_rfc3339();
//! # let body = format!(r#"{{"type":"link.unheard_of","id":"evt_1","sent_at":"{sent_at}"}}"#);
//! # let headers = webhook::sign(body.as_bytes(), secret, "evt_1", std::time::SystemTime::now())?;
//! // `headers` is an http::HeaderMap, a HashMap, or a list of pairs; `body` is what came.
//! match webhook::parse_event(body.as_bytes(), &headers, secret)? {
//!     Event::LinkCreated(event) => println!("created {}", event.data.link.short_url),
//!     Event::LinkClickThreshold(event) => println!("{} clicks", event.data.click_count),
//!     other => println!("not handled: {other:?}"),
//! }
//! # Ok::<_, approute::Error>(())
//! ```
//!
//! While a secret is rotated, pass the old one and the new one: `[old, new]`. To catch what is delivered twice, keep the
//! ids of the events that you have handled: delivery is at least once.
//!
//! A delivery is signed in two ways, and `X-Approute-Signature` decides where it is present: HMAC-SHA256 over the body,
//! which holds the time of sending. Without it, the headers of Standard Webhooks are checked.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Error;
use crate::models::Event;

mod input;
mod signature;

pub use input::{HeaderValues, Headers, Secrets};
use signature::{
    check_secrets, decode_secret, mac, sent_at, sent_at_of, verify_approute, verify_standard,
};

const APPROUTE_SIGNATURE: &str = "x-approute-signature";
const STANDARD_ID: &str = "webhook-id";
const STANDARD_TIMESTAMP: &str = "webhook-timestamp";
const STANDARD_SIGNATURE: &str = "webhook-signature";

/// How much a delivery's time and the receiver's clock may differ, in either direction, unless said otherwise.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// Why a delivery is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// No header carries a signature.
    NoSignature,
    /// A header is not of its form, or the body does not say when it was sent.
    Malformed,
    /// The signature fits no secret: the body was changed, or the secret is another one.
    NoMatch,
    /// It was sent longer ago than the tolerance: perhaps somebody repeats an old delivery.
    TooOld,
    /// It claims to be sent in the future, by more than the tolerance.
    InFuture,
}

impl Failure {
    /// `no_signature`, `malformed`, `no_match`, `too_old` or `in_future`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSignature => "no_signature",
            Self::Malformed => "malformed",
            Self::NoMatch => "no_match",
            Self::TooOld => "too_old",
            Self::InFuture => "in_future",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSignature => {
                "the webhook is not signed: neither X-Approute-Signature nor webhook-signature is there"
            }
            Self::Malformed => "the webhook's signature or time is malformed",
            Self::NoMatch => {
                "the webhook's signature fits no secret: check the secret, and pass the raw body"
            }
            Self::TooOld => "the webhook was sent too long ago",
            Self::InFuture => "the webhook was sent in the future: check the clock",
        })
    }
}

/// Checks a delivery with the default tolerance, against the system's clock.
///
/// `headers` may also be the value of `X-Approute-Signature` alone, as a string.
///
/// # Errors
/// [`ErrorKind::WebhookVerification`](crate::ErrorKind::WebhookVerification) with a [`Failure`] for what must not be
/// trusted; [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for secrets that are none.
pub fn verify(
    payload: impl AsRef<[u8]>,
    headers: &(impl Headers + ?Sized),
    secrets: impl Secrets,
) -> Result<(), Error> {
    Verifier::new(secrets).verify(payload, headers)
}

/// Checks a delivery as [`verify`] does, and reads its event. Events of a type that this version of the SDK does not
/// know become [`Event::Unknown`].
///
/// # Errors
/// As [`verify`]; and [`ErrorKind::Decode`](crate::ErrorKind::Decode) when a genuine body is no event.
pub fn parse_event(
    payload: impl AsRef<[u8]>,
    headers: &(impl Headers + ?Sized),
    secrets: impl Secrets,
) -> Result<Event, Error> {
    Verifier::new(secrets).parse_event(payload, headers)
}

/// Checks deliveries with another tolerance or clock.
///
/// ```
/// use std::time::Duration;
/// use approute::webhook::Verifier;
///
/// let verifier = Verifier::new(["whsec_new", "whsec_old"]).tolerance(Duration::from_secs(60));
/// # let _ = verifier;
/// ```
#[derive(Clone)]
pub struct Verifier<S> {
    secrets: S,
    tolerance: Duration,
    now: Option<SystemTime>,
}

impl<S: Secrets> Verifier<S> {
    /// A verifier with these secrets: one, or several while they are rotated.
    pub fn new(secrets: S) -> Self {
        Self {
            secrets,
            tolerance: DEFAULT_TOLERANCE,
            now: None,
        }
    }

    /// How much the delivery's time and the clock may differ, in either direction: 300 s by default.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Goes by this time instead of the system's clock.
    #[must_use]
    pub fn at(mut self, now: SystemTime) -> Self {
        self.now = Some(now);
        self
    }

    /// As [`verify`].
    ///
    /// # Errors
    /// As [`verify`].
    pub fn verify(
        &self,
        payload: impl AsRef<[u8]>,
        headers: &(impl Headers + ?Sized),
    ) -> Result<(), Error> {
        let payload = payload.as_ref();
        let signed_at = self.check_signature(payload, headers)?;
        self.check_time(signed_at.or_else(|| sent_at(payload)))
    }

    /// As [`parse_event`].
    ///
    /// # Errors
    /// As [`parse_event`].
    pub fn parse_event(
        &self,
        payload: impl AsRef<[u8]>,
        headers: &(impl Headers + ?Sized),
    ) -> Result<Event, Error> {
        let payload = payload.as_ref();
        let signed_at = self.check_signature(payload, headers)?;
        // An event that could be read has its time already, and the body need not be gone through for that again.
        let event = Event::from_slice(payload);
        let read = || sent_at_of(event.as_ref().ok()?, payload);
        self.check_time(signed_at.or_else(read).or_else(|| sent_at(payload)))?;
        event.map_err(|error| {
            let mut refused = Error::new(
                crate::ErrorKind::Decode,
                format!("the webhook is genuine, but its body is no event: {error}"),
            );
            refused.inner_mut().body = bytes::Bytes::copy_from_slice(payload);
            refused.with_source(error)
        })
    }

    /// Checks the signature alone. Gives the time that it covers in a header, in microseconds since 1970, where the
    /// scheme has one: whoever calls this has still to check the time.
    #[doc(hidden)]
    pub fn check_signature(
        &self,
        payload: &[u8],
        headers: &(impl Headers + ?Sized),
    ) -> Result<Option<i64>, Error> {
        check_secrets(&self.secrets)?;
        match verify_approute(payload, headers, &self.secrets) {
            Some(result) => result.map(|()| None).map_err(Error::webhook),
            None => verify_standard(payload, headers, &self.secrets).map(Some),
        }
    }

    /// `sent_at` in microseconds since 1970; `None` when the body does not say.
    fn check_time(&self, sent_at: Option<i64>) -> Result<(), Error> {
        let Some(sent_at) = sent_at else {
            return Err(Error::webhook(Failure::Malformed));
        };
        let now = micros(self.now.unwrap_or_else(SystemTime::now));
        let tolerance = i64::try_from(self.tolerance.as_micros()).unwrap_or(i64::MAX);
        if now.saturating_sub(sent_at) > tolerance {
            Err(Error::webhook(Failure::TooOld))
        } else if sent_at.saturating_sub(now) > tolerance {
            Err(Error::webhook(Failure::InFuture))
        } else {
            Ok(())
        }
    }
}

impl<S> fmt::Debug for Verifier<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

/// Signs a payload as AppRoute does, for tests of a receiver: all four headers of a delivery.
///
/// `X-Approute-Signature` covers the body alone, so the body must hold its `sent_at`; `id` and `timestamp` go into the
/// headers of Standard Webhooks.
///
/// # Errors
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for a secret that is none, an id that cannot be in a
/// header, or a time before 1970.
pub fn sign(
    payload: impl AsRef<[u8]>,
    secret: &str,
    id: &str,
    timestamp: SystemTime,
) -> Result<HeaderMap, Error> {
    let payload = payload.as_ref();
    check_secrets(&secret)?;
    let key = decode_secret(secret)
        .ok_or_else(|| Error::configuration("a webhook secret is `whsec_` and base64"))?;
    let seconds = timestamp
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(|_| Error::configuration("`timestamp` is before 1970"))?
        .as_secs()
        .to_string();
    let mut own = String::from("sha256=");
    for byte in mac(secret.as_bytes(), &[payload]) {
        own.push_str(&format!("{byte:02x}"));
    }
    let signed = mac(
        &key,
        &[id.as_bytes(), b".", seconds.as_bytes(), b".", payload],
    );
    let standard = format!("v1,{}", STANDARD.encode(signed));
    let mut headers = HeaderMap::with_capacity(4);
    for (name, value) in [
        (APPROUTE_SIGNATURE, own.as_str()),
        (STANDARD_ID, id),
        (STANDARD_TIMESTAMP, &seconds),
        (STANDARD_SIGNATURE, &standard),
    ] {
        let value = HeaderValue::from_str(value)
            .map_err(|_| Error::configuration("`id` has characters that headers cannot have"))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
