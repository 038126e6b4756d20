//! The two ways in which a delivery is signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::{APPROUTE_SIGNATURE, STANDARD_ID, STANDARD_SIGNATURE, STANDARD_TIMESTAMP};
use super::{Failure, Headers, Secrets};
use crate::error::Error;
use crate::glimpse::glimpse;
use crate::models::Event;

/// `sha256=<hex>[, sha256=<hex>]`, keyed with the secret's own bytes. `None` when the header is not there.
pub(super) fn verify_approute(
    payload: &[u8],
    headers: &(impl Headers + ?Sized),
    secrets: &impl Secrets,
) -> Option<Result<(), Failure>> {
    let (mut there, mut well_formed, mut given) = (false, true, Given::default());
    headers.values(APPROUTE_SIGNATURE, &mut |value| {
        there = true;
        for entry in value.unwrap_or_default().split(',').map(str::trim) {
            match entry.split_once('=') {
                Some(("sha256", hex)) => match decode_hex(hex) {
                    Some(signature) => given.push(signature),
                    None => well_formed = false,
                },
                // An algorithm of the future, beside the one that is known.
                Some((name, value)) if !name.is_empty() && !value.is_empty() => {}
                _ => well_formed = false,
            }
        }
    });
    if !there {
        return None;
    }
    if !well_formed || given.is_empty() {
        return Some(Err(Failure::Malformed));
    }
    let mut found = Choice::from(0);
    secrets.each(&mut |secret| {
        let expected = mac(secret.as_bytes(), &[payload]);
        // No early end: how long this takes must not tell which value was nearly right.
        for signature in given.all() {
            found |= expected.ct_eq(signature);
        }
    });
    if !bool::from(found) {
        return Some(Err(Failure::NoMatch));
    }
    Some(Ok(()))
}

/// Signatures, of which there are one or two.
#[derive(Default)]
struct Given {
    first: Option<[u8; 32]>,
    more: Vec<[u8; 32]>,
}

impl Given {
    fn push(&mut self, signature: [u8; 32]) {
        match self.first {
            None => self.first = Some(signature),
            Some(_) => self.more.push(signature),
        }
    }

    fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn all(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.first.iter().chain(&self.more)
    }
}

/// The `sent_at` of a body that is known to be genuine, in microseconds since 1970.
pub(super) fn sent_at(payload: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Stamp<'a> {
        #[serde(borrow)]
        sent_at: std::borrow::Cow<'a, str>,
    }
    let stamp: Stamp<'_> = serde_json::from_slice(payload).ok()?;
    strict_micros(&stamp.sent_at)
}

/// As [`sent_at`], of an event that was read from the payload; `None` where that does not settle it.
pub(super) fn sent_at_of(event: &Event, payload: &[u8]) -> Option<i64> {
    let read = event.sent_at()?.timestamp_micros();
    // Events are read with more lenience than a time that decides.
    let strict = strict_micros(glimpse(payload, "sent_at")?)?;
    (strict == read).then_some(strict)
}

fn strict_micros(text: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.timestamp_micros())
}

/// `v1,<base64>[ v1,<base64>]` over id, timestamp and body, keyed with the secret's decoded base64.
pub(super) fn verify_standard(
    payload: &[u8],
    headers: &(impl Headers + ?Sized),
    secrets: &impl Secrets,
) -> Result<i64, Error> {
    let malformed = || Error::webhook(Failure::Malformed);
    let mut list = String::new();
    if !headers.joined(STANDARD_SIGNATURE, ' ', &mut list) {
        return Err(Error::webhook(Failure::NoSignature));
    }
    let id = single(headers, STANDARD_ID).ok_or_else(malformed)?;
    let timestamp = single(headers, STANDARD_TIMESTAMP).ok_or_else(malformed)?;
    if !timestamp.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    let seconds: i64 = timestamp.parse().map_err(|_| malformed())?;
    let mut given = Vec::with_capacity(2);
    for entry in list.split_ascii_whitespace() {
        match entry.split_once(',') {
            Some(("v1", value)) => {
                let decoded = STANDARD.decode(value).map_err(|_| malformed())?;
                given.push(<[u8; 32]>::try_from(decoded).map_err(|_| malformed())?);
            }
            // `v1a` and what else may come, beside the one that is known.
            Some((version, value)) if !version.is_empty() && !value.is_empty() => {}
            _ => return Err(malformed()),
        }
    }
    if given.is_empty() {
        return Err(malformed());
    }
    let mut found = Choice::from(0);
    let mut undecodable = false;
    secrets.each(&mut |secret| match decode_secret(secret) {
        Some(key) => {
            let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", payload];
            let expected = mac(&key, &parts);
            for signature in &given {
                found |= expected.ct_eq(signature);
            }
        }
        None => undecodable = true,
    });
    if undecodable {
        return Err(Error::configuration(
            "a webhook secret is `whsec_` and base64",
        ));
    }
    if !bool::from(found) {
        return Err(Error::webhook(Failure::NoMatch));
    }
    Ok(seconds.saturating_mul(1_000_000))
}

/// A header that must be there once; repeats of the same value count as one.
fn single(headers: &(impl Headers + ?Sized), name: &str) -> Option<String> {
    let mut all = String::new();
    if !headers.joined(name, '\n', &mut all) {
        return None;
    }
    let mut values = all.split('\n');
    let first = values.next().filter(|value| !value.is_empty())?;
    values.all(|other| other == first).then(|| first.to_owned())
}

pub(super) fn check_secrets(secrets: &impl Secrets) -> Result<(), Error> {
    let (mut some, mut empty) = (false, false);
    secrets.each(&mut |secret| {
        some = true;
        empty |= secret.trim_start_matches("whsec_").is_empty();
    });
    if some && !empty {
        return Ok(());
    }
    Err(Error::configuration(
        "no webhook secret: pass the `whsec_…` that creating or rotating the webhook returned",
    ))
}

pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length; the error is there for other constructions.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC refused a key's length");
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

pub(super) fn decode_secret(secret: &str) -> Option<Vec<u8>> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    STANDARD.decode(encoded).ok().filter(|key| !key.is_empty())
}

fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let text: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}
