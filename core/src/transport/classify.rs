//! From hyper's errors to what the retry loop wants to know.

use std::error::Error as StdError;

use super::connect::ConnectError;
use super::{TransportError, TransportErrorKind};

/// Classifies a failure before or while the head of the answer came.
pub(super) fn request_error(error: hyper_util::client::legacy::Error) -> TransportError {
    use TransportErrorKind as Kind;
    let own = chain(&error).find_map(|cause| cause.downcast_ref::<ConnectError>());
    let (kind, what) = match own {
        Some(ConnectError::TooSlow) => (Kind::Timeout, None),
        Some(ConnectError::ProxyScheme) => (Kind::Configuration, None),
        Some(ConnectError::ProxyCredentials) => (Kind::ProxyAuthentication, None),
        Some(ConnectError::Proxy(_)) => (Kind::Connect, Some("the proxy made no connection")),
        None if has_certificate_error(&error) => (
            Kind::Certificate,
            Some(
                "the server's certificate is not trusted; for a private certificate authority use `extra_ca_pem` or SSL_CERT_FILE",
            ),
        ),
        None if error.is_connect() => (Kind::Connect, Some("no connection to the server")),
        None => (
            Kind::Interrupted,
            Some("the connection broke before the answer"),
        ),
    };
    let message = match (what, own) {
        (None, Some(own)) => own.to_string(),
        (what, _) => with_cause(what.unwrap_or_default(), &error),
    };
    let sent = !error.is_connect();
    let mut failure = TransportError::new(kind, message).with_source(error);
    failure.sent = sent;
    failure
}

/// Classifies a failure while the body of the answer came.
pub(super) fn body_error(error: hyper::Error, head: &http::response::Parts) -> TransportError {
    let message = with_cause("the connection broke within the answer's body", &error);
    TransportError::new(TransportErrorKind::Interrupted, message)
        .with_head(head.status, head.headers.clone())
        .with_source(error)
}

/// The innermost cause says most; the layers between only repeat that there is one.
fn with_cause(what: &str, error: &(dyn StdError + 'static)) -> String {
    match chain(error).last() {
        Some(cause) => format!("{what}: {cause}"),
        None => what.to_owned(),
    }
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
