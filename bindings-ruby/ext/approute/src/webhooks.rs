//! Signatures of webhooks.

use approute_bridge::webhooks::{Rules, Signed, sign, unwrap, verify};
use magnus::value::ReprValue;
use magnus::{Error, Object, RModule, RString, Ruby, TryConvert, Value, function};

use crate::failure::raised;
use crate::to_ruby::{ToRuby, headers};
use crate::unsafe_parts::Shared;

/// A signature, or pairs of header names and values.
fn signed(value: Value) -> Result<Signed, Error> {
    match RString::from_value(value) {
        Some(text) => Ok(Signed::Signature(text.to_string()?)),
        None => Vec::<(String, Option<String>)>::try_convert(value).map(Signed::Headers),
    }
}

fn rules(tolerance: Option<f64>, now: Option<f64>) -> Rules {
    Rules { tolerance, now }
}

fn verify_delivery(
    ruby: &Ruby,
    payload: RString,
    signature: Value,
    secrets: Vec<String>,
    tolerance: Option<f64>,
    now: Option<f64>,
) -> Result<Value, Error> {
    let signature = signed(signature)?;
    verify(
        &payload.to_bytes(),
        &signature,
        &secrets,
        rules(tolerance, now),
    )
    .map_err(|failure| raised(ruby, failure))?;
    Ok(ruby.qnil().as_value())
}

fn unwrap_delivery(
    ruby: &Ruby,
    payload: RString,
    signature: Value,
    secrets: Vec<String>,
    tolerance: Option<f64>,
    now: Option<f64>,
) -> Result<Value, Error> {
    let signature = signed(signature)?;
    let event = unwrap(
        &payload.to_bytes(),
        &signature,
        &secrets,
        rules(tolerance, now),
    )
    .map_err(|failure| raised(ruby, failure))?;
    Ok(ToRuby::to_ruby(Shared::new(event).inside(), ruby))
}

fn sign_delivery(
    ruby: &Ruby,
    payload: RString,
    secret: String,
    id: String,
    timestamp: Option<f64>,
) -> Result<Value, Error> {
    sign(&payload.to_bytes(), &secret, &id, timestamp)
        .map(|signed| headers(ruby, &signed))
        .map_err(|failure| raised(ruby, failure))
}

pub(crate) fn define(native: RModule) -> Result<(), Error> {
    native.define_singleton_method("verify", function!(verify_delivery, 5))?;
    native.define_singleton_method("unwrap", function!(unwrap_delivery, 5))?;
    native.define_singleton_method("sign", function!(sign_delivery, 4))?;
    Ok(())
}
