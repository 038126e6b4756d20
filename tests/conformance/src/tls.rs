//! TLS in front of the scripted server: ends the encryption and passes the bytes on, both ways.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::case::ServerMode;

/// How long either side is listened to before it is the other's turn.
const TURN: Duration = Duration::from_millis(2);

/// A running front.
#[derive(Debug)]
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    /// The certificate authority that its certificate is from, in PEM form.
    pub authority: String,
    finished: Arc<AtomicBool>,
}

impl Front {
    /// Starts a front before a plain server. Its certificate is for loopback and valid, unless `mode` says otherwise.
    ///
    /// # Errors
    /// Those of the operating system, and of making certificates.
    pub fn start(mode: ServerMode, plain: SocketAddr) -> io::Result<Self> {
        let (config, authority) = certified(mode).map_err(io::Error::other)?;
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        let finished = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&finished);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (config, stop) = (Arc::clone(&config), Arc::clone(&stop));
                // A client that does not trust the certificate says so and leaves.
                thread::spawn(move || pass_on(stream, config, plain, &stop));
            }
        });
        Ok(Self {
            address,
            authority,
            finished,
        })
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.finished.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn certified(
    mode: ServerMode,
) -> Result<(Arc<ServerConfig>, String), Box<dyn std::error::Error + Send + Sync>> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL takes a certificate whose issuer has its own name for one that signed itself.
    let name = "Conformance authority";
    authority.distinguished_name.push(DnType::CommonName, name);
    let pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);
    let names = match mode {
        ServerMode::TlsOtherName => vec!["other.example".to_owned()],
        _ => vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
    };
    let mut params = CertificateParams::new(names)?;
    // With the authority's name it would pass for its own, which OpenSSL does not trust.
    params
        .distinguished_name
        .push(DnType::CommonName, "the scripted server");
    if mode == ServerMode::TlsExpired {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 2, 1);
    }
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der())?,
        )?;
    Ok((Arc::new(config), pem))
}

fn pass_on(
    client: TcpStream,
    config: Arc<ServerConfig>,
    plain: SocketAddr,
    stop: &AtomicBool,
) -> io::Result<()> {
    let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut client = client;
    while session.is_handshaking() {
        session.complete_io(&mut client)?;
    }
    client.set_read_timeout(Some(TURN))?;
    let mut client = StreamOwned::new(session, client);
    let mut server = TcpStream::connect(plain)?;
    server.set_read_timeout(Some(TURN))?;
    while !stop.load(Ordering::SeqCst) {
        if !copy_some(&mut client, &mut server)? || !copy_some(&mut server, &mut client)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Copies what is there. `false` at the end.
fn copy_some(from: &mut impl Read, to: &mut impl Write) -> io::Result<bool> {
    let mut buffer = [0; 16 * 1024];
    match from.read(&mut buffer) {
        Ok(0) => Ok(false),
        Ok(bytes) => {
            to.write_all(&buffer[..bytes])?;
            to.flush()?;
            Ok(true)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(true)
        }
        Err(error) => Err(error),
    }
}
