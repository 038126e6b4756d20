//! What the tests of [`super`] send to: names, certificates and endpoints that behave as told.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::super::connector::{Lookup, Resolve};

/// Each name's answers in turn; the last one repeats. A name without answers never resolves.
pub(super) struct Names {
    pub(super) answers: HashMap<&'static str, Vec<IpAddr>>,
    pub(super) asked: AtomicUsize,
}

impl Names {
    pub(super) fn new(answers: &[(&'static str, &[&str])]) -> Arc<Self> {
        let parse = |text: &&str| text.parse().expect("an address");
        let answers = answers
            .iter()
            .map(|(name, list)| (*name, list.iter().map(parse).collect()));
        Arc::new(Self {
            answers: answers.collect(),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> Lookup {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let Some(answers) = self.answers.get(host) else {
            return Box::pin(std::future::ready(Err(std::io::Error::other(
                "no such name",
            ))));
        };
        match answers.get(turn).or(answers.last()) {
            Some(address) => Box::pin(std::future::ready(Ok(vec![*address]))),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// A certificate authority that signed a certificate for `hook.example`.
pub(super) struct Authority {
    pub(super) root: CertificateDer<'static>,
    pub(super) server: Arc<rustls::ServerConfig>,
}

pub(super) fn authority() -> Authority {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).expect("no names");
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().expect("a key");
    let issuer = rcgen::CertifiedIssuer::self_signed(parameters, key).expect("a root");
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters =
        rcgen::CertificateParams::new(vec!["hook.example".to_owned()]).expect("a name");
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = parameters.signed_by(&key, &issuer).expect("signed");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let server = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .expect("ring has them")
    .with_no_client_auth()
    .with_single_cert(vec![certificate.der().clone()], key)
    .expect("key and certificate belong together");
    Authority {
        root: issuer.der().clone(),
        server: Arc::new(server),
    }
}

/// What an endpoint does after it has read a request.
#[derive(Clone)]
pub(super) enum Script {
    /// Sends these bytes and closes.
    Reply(String),
    /// Sends these bytes and then nothing, with the connection open.
    Stall(String),
    /// Sends these bytes and then `x` for as long as anybody reads; reports how many.
    Flood(String, mpsc::UnboundedSender<usize>),
}

pub(super) fn reply(text: &str) -> Script {
    Script::Reply(text.to_owned())
}

/// A receiver on a port of its own; the requests it has read arrive in the channel.
pub(super) struct Endpoint {
    pub(super) port: u16,
    pub(super) connections: Arc<AtomicUsize>,
    pub(super) requests: mpsc::UnboundedReceiver<String>,
}

pub(super) async fn endpoint(script: Script, tls: Option<Arc<rustls::ServerConfig>>) -> Endpoint {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let connections = Arc::new(AtomicUsize::new(0));
    let (sender, requests) = mpsc::unbounded_channel();
    let counter = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let (script, sender, tls) = (script.clone(), sender.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    Some(config) => {
                        if let Ok(stream) =
                            tokio_rustls::TlsAcceptor::from(config).accept(stream).await
                        {
                            serve(stream, script, sender).await;
                        }
                    }
                    None => serve::<TcpStream>(stream, script, sender).await,
                }
            });
        }
    });
    Endpoint {
        port,
        connections,
        requests,
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: Script,
    requests: mpsc::UnboundedSender<String>,
) {
    let mut request = Vec::new();
    let mut buffer = [0; 4_096];
    // Every request of these tests ends with this body.
    while !request.ends_with(br#""end"}"#) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    let _ = requests.send(String::from_utf8(request).expect("text"));
    match script {
        Script::Reply(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Script::Stall(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            std::future::pending().await
        }
        Script::Flood(text, report) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let mut sent = 0;
            while stream.write_all(&[b'x'; 16_384]).await.is_ok() {
                sent += 16_384;
            }
            let _ = report.send(sent);
        }
    }
}
