//! Options of one call.
//!
//! Every operation's builder has the same setters (`.timeout(…)`, `.idempotency_key(…)`, …). [`CallOptions`] holds
//! them for a whole client instead: see [`Client::with_options`](crate::Client::with_options).

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Error;
use crate::secret::{RedactedHeaders, Secret};

/// Options for calls; what is not set comes from the client.
///
/// ```
/// use std::time::Duration;
/// # fn example(client: &approute::Client) -> Result<(), approute::Error> {
/// let patient = client.with_options(
///     approute::CallOptions::new()
///         .timeout(Duration::from_secs(300))
///         .max_retries(5),
/// )?;
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct CallOptions {
    /// On the heap, and only where an option is set: builders are moved around a lot.
    set: Option<Box<Options>>,
}

/// What is set.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) headers: HeaderMap,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) max_response_bytes: Option<u64>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) confirmation: Option<Secret>,
    pub(crate) api_key: Option<Secret>,
    /// The first bad argument; it is reported when the call starts, so that setters can be chained.
    pub(crate) refused: Option<String>,
}

impl CallOptions {
    /// No option set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A header that was checked.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.set().headers.append(name, value);
        self
    }

    fn set(&mut self) -> &mut Options {
        self.set.get_or_insert_default()
    }

    /// What is set, if anything is.
    pub(crate) fn into_set(self) -> Option<Box<Options>> {
        self.set
    }

    /// A header, replacing the SDK's own of that name.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        match parse_header(name.as_ref(), value.as_ref()) {
            Ok((name, value)) => {
                self.set().headers.insert(name, value);
            }
            Err(reason) => self.refuse(reason),
        }
        self
    }

    /// A query parameter, in addition to those of the operation. Repeat it for a list.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set().query.push((name.into(), value.into()));
        self
    }

    /// How long the whole call may take, tries and waits included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        if timeout.is_zero() {
            self.refuse("`timeout` must be longer than zero".to_owned());
        }
        self.set().timeout = Some(timeout);
        self
    }

    /// How long one try may take.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        if timeout.is_zero() {
            self.refuse("`attempt_timeout` must be longer than zero".to_owned());
        }
        self.set().attempt_timeout = Some(timeout);
        self
    }

    /// How many times a failed try is repeated; 0 for exactly one try.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.set().max_retries = Some(retries);
        self
    }

    /// How many bytes an answer may have after decompression.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.set().max_response_bytes = Some(bytes);
        self
    }

    /// The idempotency key of a POST, PATCH or DELETE, 1 to 255 visible ASCII characters. Without it each call gets a
    /// random one. The key of an error makes repeating its call safe.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        let key = key.into();
        if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
            self.set().idempotency_key = Some(key);
        } else {
            self.refuse("`idempotency_key` must be 1 to 255 visible ASCII characters".to_owned());
        }
        self
    }

    /// The token of a [`Confirmation`](crate::models::Confirmation) that a person agreed to.
    #[must_use]
    pub fn confirmation(mut self, token: impl Into<Secret>) -> Self {
        let token = token.into();
        let visible = token.expose().bytes().all(|b| b.is_ascii_graphic());
        if visible && !token.expose().is_empty() {
            self.set().confirmation = Some(token);
        } else {
            self.refuse("`confirmation` must be the token of a confirmation request".to_owned());
        }
        self
    }

    /// The API key of this call, from hosts that ask their user's function for it.
    #[doc(hidden)]
    #[must_use]
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        let key = key.into();
        match crate::client::check_api_key(key.expose()) {
            Ok(()) => self.set().api_key = Some(key),
            Err(error) => self.refuse(error.message().to_owned()),
        }
        self
    }

    fn refuse(&mut self, reason: String) {
        self.set().refused.get_or_insert(reason);
    }

    /// These options where they are set, `base`'s otherwise. Headers and query parameters add up.
    pub(crate) fn over(self, base: &Self) -> Self {
        let set = match (self.set, &base.set) {
            (own, None) => own,
            (None, Some(base)) => Some(base.clone()),
            (Some(own), Some(base)) => Some(Box::new(own.over(base))),
        };
        Self { set }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.set.as_ref().and_then(|set| set.refused.as_ref()) {
            Some(reason) => Err(Error::configuration(reason.clone())),
            None => Ok(()),
        }
    }
}

impl Options {
    fn over(self, base: &Self) -> Self {
        let mut headers = base.headers.clone();
        headers.extend(self.headers);
        let mut query = base.query.clone();
        query.extend(self.query);
        Self {
            headers,
            query,
            timeout: self.timeout.or(base.timeout),
            attempt_timeout: self.attempt_timeout.or(base.attempt_timeout),
            max_retries: self.max_retries.or(base.max_retries),
            max_response_bytes: self.max_response_bytes.or(base.max_response_bytes),
            idempotency_key: self
                .idempotency_key
                .or_else(|| base.idempotency_key.clone()),
            confirmation: self.confirmation.or_else(|| base.confirmation.clone()),
            api_key: self.api_key.or_else(|| base.api_key.clone()),
            refused: self.refused.or_else(|| base.refused.clone()),
        }
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.set {
            Some(set) => fmt::Debug::fmt(set, f),
            None => f.write_str("CallOptions"),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("headers", &RedactedHeaders(&self.headers))
            .field("query", &self.query)
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_retries", &self.max_retries)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("idempotency_key", &self.idempotency_key)
            .field("confirmation", &self.confirmation)
            .finish_non_exhaustive()
    }
}

/// Checks a header that the user sets. The value is not repeated in the reason: it may be a secret.
pub(crate) fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    // The transport computes these from the request; setting them breaks its framing.
    const FRAMING: [&str; 6] = [
        "connection",
        "content-length",
        "host",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let parsed: HeaderName = name
        .parse()
        .map_err(|_| format!("`{}` is not a header name", name.escape_debug()))?;
    if FRAMING.contains(&parsed.as_str()) {
        return Err(format!("the header `{parsed}` is set by the transport"));
    }
    if parsed == "idempotency-key" {
        return Err("set `idempotency_key` instead of the header".to_owned());
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        format!("the value of the header `{parsed}` has characters that headers cannot have")
    })?;
    value.set_sensitive(crate::secret::is_hidden_header(&parsed));
    Ok((parsed, value))
}

/// The setters that every operation's builder has, for its field `options`.
macro_rules! call_options {
    () => {
        /// All options of this call at once, in place of those set before.
        pub fn options(mut self, options: $crate::CallOptions) -> Self {
            self.options = options;
            self
        }

        /// A header for this call, replacing the SDK's own of that name.
        pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
            self.options = self.options.header(name, value);
            self
        }

        /// A query parameter for this call, in addition to those that the operation has.
        pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.options = self.options.query(name, value);
            self
        }

        /// How long the whole call may take, tries and waits included (90 s by default).
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.options = self.options.timeout(timeout);
            self
        }

        /// How long one try may take (20 s by default).
        pub fn attempt_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.options = self.options.attempt_timeout(timeout);
            self
        }

        /// How many times a failed try is repeated (2 by default); 0 for exactly one try.
        pub fn max_retries(mut self, retries: u32) -> Self {
            self.options = self.options.max_retries(retries);
            self
        }

        /// How many bytes the answer may have after decompression (64 MiB by default).
        pub fn max_response_bytes(mut self, bytes: u64) -> Self {
            self.options = self.options.max_response_bytes(bytes);
            self
        }
    };
    (idempotency_key) => {
        /// The idempotency key, 1 to 255 visible ASCII characters; a random one by default. The same key makes
        /// repeating a call whose outcome is unknown safe.
        pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
            self.options = self.options.idempotency_key(key);
            self
        }
    };
    (confirmation) => {
        /// The token of a [`Confirmation`](crate::models::Confirmation) that a person agreed to.
        pub fn confirmation(mut self, token: impl Into<$crate::Secret>) -> Self {
            self.options = self.options.confirmation(token);
            self
        }
    };
}
pub(crate) use call_options;

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(options: CallOptions) -> String {
        let error = options.check().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Configuration);
        error.to_string()
    }

    #[test]
    fn bad_arguments_are_named_without_their_values() {
        let options = CallOptions::new;
        for (options, part) in [
            (options().header("bad name", "x"), "`bad name`"),
            (options().header("x-token", "s3cret\n"), "`x-token`"),
            (options().header("Content-Length", "1"), "content-length"),
            (options().header("Idempotency-Key", "1"), "idempotency_key"),
            (options().idempotency_key(""), "1 to 255"),
            (options().idempotency_key("a b"), "1 to 255"),
            (options().idempotency_key("k".repeat(256)), "1 to 255"),
            (options().confirmation("s3cret "), "confirmation"),
            (options().timeout(Duration::ZERO), "timeout"),
            (options().attempt_timeout(Duration::ZERO), "attempt_timeout"),
        ] {
            let reason = reason(options);
            assert!(reason.contains(part), "{reason}");
            assert!(!reason.contains("s3cret"), "{reason}");
        }
        assert!(options().idempotency_key("k".repeat(255)).check().is_ok());
    }

    #[test]
    fn nearer_options_win_and_headers_add_up() {
        let base = CallOptions::new()
            .header("a", "1")
            .header("b", "1")
            .query("q", "1")
            .max_retries(7);
        let over = CallOptions::new()
            .header("b", "2")
            .query("q", "2")
            .timeout(Duration::from_secs(1))
            .over(&base);
        let over = over.into_set().unwrap();
        assert_eq!(over.headers["a"], "1");
        assert_eq!(over.headers["b"], "2");
        assert_eq!(over.query.len(), 2);
        assert_eq!(over.max_retries, Some(7));
        assert_eq!(over.timeout, Some(Duration::from_secs(1)));
    }

    #[test]
    fn debug_shows_no_token() {
        let options = CallOptions::new()
            .confirmation("cnf_s3cret")
            .header("Authorization", "Bearer s3cret");
        assert!(!format!("{options:?}").contains("s3cret"));
    }
}
