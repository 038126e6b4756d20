//! TLS: rustls with ring and the operating system's trust store, plus certificates that the user adds.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// A configuration that trusts nobody, for connections that never use TLS. It is made in microseconds.
pub(crate) fn untrusting() -> Result<ClientConfig, rustls::Error> {
    Ok(builder()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// A configuration that trusts what the operating system trusts, and `extra` certificates.
pub(super) fn trusting(extra: &[Vec<u8>]) -> Result<ClientConfig, rustls::Error> {
    // Loading the system's certificates takes milliseconds, so that all clients of the process share the result.
    static SYSTEM: OnceLock<ClientConfig> = OnceLock::new();
    if extra.is_empty() {
        if let Some(config) = SYSTEM.get() {
            return Ok(config.clone());
        }
        let config = with_verifier(Verifier::new(provider())?)?;
        return Ok(SYSTEM.get_or_init(|| config).clone());
    }
    let mut certificates = Vec::new();
    for pem in extra {
        certificates.extend(read_certificates(pem).map_err(rustls::Error::General)?);
    }
    with_verifier(Verifier::new_with_extra_roots(certificates, provider())?)
}

/// Says why this is not one or more PEM certificates.
pub(crate) fn check_certificates(pem: &[u8]) -> Result<(), String> {
    read_certificates(pem).map(drop)
}

fn read_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("it is not readable as PEM ({error})"))?;
    if certificates.is_empty() {
        return Err("it holds no `-----BEGIN CERTIFICATE-----` block".to_owned());
    }
    // The verifier reads certificates leniently; a wrong one must not be skipped in silence.
    for certificate in &certificates {
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|error| format!("a certificate in it is not valid ({error})"))?;
    }
    Ok(certificates)
}

fn with_verifier(
    verifier: impl ServerCertVerifier + 'static,
) -> Result<ClientConfig, rustls::Error> {
    Ok(builder()?
        .dangerous()
        // "Dangerous" is any verifier but rustls' own; this one asks the operating system.
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, rustls::Error> {
    ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    static PROVIDER: OnceLock<Arc<rustls::crypto::CryptoProvider>> = OnceLock::new();
    PROVIDER
        .get_or_init(|| Arc::new(rustls::crypto::ring::default_provider()))
        .clone()
}
