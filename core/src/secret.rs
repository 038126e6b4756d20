//! A string that never prints itself.

use std::fmt;

/// A secret string: an API key, a webhook's secret, a confirmation token.
///
/// Its `Debug` and `Display` forms are always `[redacted]`; the value is only reachable through [`Secret::expose`].
///
/// ```
/// let secret = approute::Secret::new("whsec_abc");
/// assert_eq!(format!("{secret:?} {secret}"), "[redacted] [redacted]");
/// assert_eq!(secret.expose(), "whsec_abc");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself. Take care where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

/// Header names whose values are never shown.
const HIDDEN_HEADERS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "approute-confirmation",
    "cookie",
    "set-cookie",
    "x-approute-signature",
    "webhook-signature",
];

/// Whether this header's value must not reach a log, an error or a `Debug` form.
pub(crate) fn is_hidden_header(name: &http::HeaderName) -> bool {
    let name = name.as_str();
    HIDDEN_HEADERS.contains(&name)
        || ["token", "secret", "password", "api-key", "api_key"]
            .iter()
            .any(|part| name.contains(part))
}

/// Prints headers with the values of the hidden ones replaced.
pub(crate) struct RedactedHeaders<'a>(pub(crate) &'a http::HeaderMap);

impl fmt::Debug for RedactedHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.0 {
            if is_hidden_header(name) || value.is_sensitive() {
                map.entry(&name.as_str(), &"[redacted]");
            } else {
                map.entry(&name.as_str(), value);
            }
        }
        map.finish()
    }
}

/// Headers as hooks may see them.
pub(crate) fn shown_headers(headers: &http::HeaderMap) -> http::HeaderMap {
    headers
        .iter()
        .filter(|(name, _)| !is_hidden_header(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
