//! Webhook signatures, checked at once.

use approute_bridge::webhooks::{self, Rules, Signed};
use napi::Either;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

use crate::thrown;

/// Checks a delivery. `headers` are names and values in turn, or the one signature. One text crosses faster than a list.
///
/// # Errors
/// A failure as JSON.
#[napi]
pub fn verify_webhook(
    payload: Either<String, Uint8Array>,
    headers: Either<String, Vec<String>>,
    secrets: Either<String, Vec<String>>,
    tolerance: Option<f64>,
    now: Option<f64>,
) -> napi::Result<()> {
    let rules = Rules { tolerance, now };
    let (signed, secrets) = (signed(headers), list(secrets));
    webhooks::verify(bytes(&payload), &signed, &secrets, rules).map_err(thrown)
}

/// Checks the one signature that `X-Approute-Signature` holds, and not when the payload was sent.
///
/// # Errors
/// A failure as JSON.
#[napi]
pub fn check_signature(
    payload: Either<String, Uint8Array>,
    signature: String,
    secrets: Either<String, Vec<String>>,
) -> napi::Result<()> {
    let signed = Signed::Signature(signature);
    webhooks::check_signature(bytes(&payload), &signed, &list(secrets)).map_err(thrown)
}

/// Signs a payload: names and values of the headers in turn.
///
/// # Errors
/// A failure as JSON.
#[napi]
pub fn sign_webhook(
    payload: Either<String, Uint8Array>,
    secret: String,
    id: String,
    timestamp: Option<f64>,
) -> napi::Result<Vec<String>> {
    let headers = webhooks::sign(bytes(&payload), &secret, &id, timestamp).map_err(thrown)?;
    Ok(headers
        .into_iter()
        .flat_map(|(name, value)| [name, value])
        .collect())
}

fn signed(headers: Either<String, Vec<String>>) -> Signed {
    match headers {
        Either::A(signature) => Signed::Signature(signature),
        Either::B(list) => {
            let mut list = list.into_iter();
            let mut pairs = Vec::with_capacity(list.len() / 2);
            while let (Some(name), Some(value)) = (list.next(), list.next()) {
                pairs.push((name, Some(value)));
            }
            Signed::Headers(pairs)
        }
    }
}

fn list(secrets: Either<String, Vec<String>>) -> Vec<String> {
    match secrets {
        Either::A(secret) => vec![secret],
        Either::B(secrets) => secrets,
    }
}

fn bytes(payload: &Either<String, Uint8Array>) -> &[u8] {
    match payload {
        Either::A(text) => text.as_bytes(),
        Either::B(bytes) => bytes,
    }
}
