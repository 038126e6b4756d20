//! The parts of a request that every call has.

use bytes::Bytes;
use http::{HeaderValue, Request};

use crate::error::Error;
use crate::secret::Secret;

pub(super) fn bearer(api_key: &Secret) -> Result<HeaderValue, Error> {
    let mut value = header_value(&format!("Bearer {}", api_key.expose()), "api_key")?;
    value.set_sensitive(true);
    Ok(value)
}

pub(super) fn header_value(text: &str, option: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|_| {
        Error::configuration(format!(
            "`{option}` has characters that headers cannot have"
        ))
    })
}

/// Appends query parameters to what the operation built.
pub(super) fn add_query(
    request: &mut Request<Bytes>,
    extra: &[(String, String)],
) -> Result<(), Error> {
    let refuse = || Error::configuration("the query parameters do not fit into a URL");
    let mut url = reqwest::Url::parse(&request.uri().to_string()).map_err(|_| refuse())?;
    url.query_pairs_mut().extend_pairs(extra);
    *request.uri_mut() = url.as_str().parse().map_err(|_| refuse())?;
    Ok(())
}
