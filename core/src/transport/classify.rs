//! From a reqwest error to what the retry loop wants to know.

use std::error::Error as StdError;

use http::{HeaderMap, StatusCode};

use super::{TransportError, TransportErrorKind};

/// Classifies a failure before or while the head of the answer came.
pub(super) fn request_error(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let kind = if error.is_builder() {
        TransportErrorKind::Configuration
    } else if has_certificate_error(&error) {
        TransportErrorKind::Certificate
    } else if is_proxy_authentication(&error) {
        TransportErrorKind::ProxyAuthentication
    } else if error.is_timeout() {
        // The only timeout that reqwest is given is the one for connecting.
        TransportErrorKind::Timeout
    } else if error.is_connect() {
        TransportErrorKind::Connect
    } else {
        TransportErrorKind::Interrupted
    };
    let sent = !error.is_connect() && kind != TransportErrorKind::Configuration;
    let what = match kind {
        TransportErrorKind::Configuration => "the request cannot be sent",
        TransportErrorKind::Certificate => {
            "the server's certificate is not trusted; for a private certificate authority use `extra_ca_pem` or SSL_CERT_FILE"
        }
        TransportErrorKind::ProxyAuthentication => {
            "the proxy asks for other credentials; put them into the proxy URL (http://user:password@host:port)"
        }
        TransportErrorKind::Timeout => "no connection within `connect_timeout`",
        TransportErrorKind::Connect => "no connection to the server",
        _ => "the connection broke before the answer",
    };
    let mut failure = TransportError::new(kind, with_cause(what, &error)).with_source(error);
    failure.sent = sent;
    failure
}

/// Classifies a failure while the body of the answer came.
pub(super) fn body_error(
    error: reqwest::Error,
    status: StatusCode,
    headers: HeaderMap,
) -> TransportError {
    let error = error.without_url();
    let (kind, what) = if is_corrupt(&error) {
        (
            TransportErrorKind::Undecodable,
            "the answer cannot be decompressed",
        )
    } else {
        (
            TransportErrorKind::Interrupted,
            "the connection broke within the answer's body",
        )
    };
    TransportError::new(kind, with_cause(what, &error))
        .with_head(status, headers)
        .with_source(error)
}

/// The innermost cause says most; the layers between only repeat that there is one.
fn with_cause(what: &str, error: &(dyn StdError + 'static)) -> String {
    match chain(error).last() {
        Some(cause) => format!("{what}: {cause}"),
        None => what.to_owned(),
    }
}

/// Whether the compressed data itself is wrong, and not merely cut short.
fn is_corrupt(error: &(dyn StdError + 'static)) -> bool {
    let mut broken_connection = false;
    let mut broken_data = false;
    for cause in chain(error) {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
            match io.kind() {
                InvalidData | InvalidInput => broken_data = true,
                UnexpectedEof => broken_connection = true,
                // The decoder also wraps what the connection reports, as `Other`.
                _ => {}
            }
        } else if cause
            .to_string()
            .contains("error reading a body from connection")
        {
            broken_connection = true;
        }
    }
    broken_data && !broken_connection
}

fn has_certificate_error(error: &(dyn StdError + 'static)) -> bool {
    use rustls::AlertDescription as Alert;
    use rustls::Error as Tls;
    chain(error).any(|cause| {
        matches!(
            cause.downcast_ref::<Tls>(),
            Some(
                Tls::InvalidCertificate(_)
                    | Tls::InvalidCertRevocationList(_)
                    | Tls::NoCertificatesPresented
                    | Tls::UnsupportedNameType
                    | Tls::AlertReceived(
                        Alert::BadCertificate
                            | Alert::UnsupportedCertificate
                            | Alert::CertificateRevoked
                            | Alert::CertificateExpired
                            | Alert::CertificateUnknown
                            | Alert::UnknownCA
                            | Alert::CertificateRequired
                            | Alert::AccessDenied
                    )
            )
        )
    })
}

fn is_proxy_authentication(error: &(dyn StdError + 'static)) -> bool {
    // hyper-util keeps the type to itself, so its words are all there is. A test with a real 407 holds this.
    chain(error).any(|cause| cause.to_string().ends_with("proxy authorization required"))
}

/// The error and all its causes, those that an `io::Error` wraps included.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let io = error.downcast_ref::<std::io::Error>();
    match io.and_then(std::io::Error::get_ref) {
        // `io::Error::source` skips the error that it wraps.
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
