//! A TCP server that breaks connections on purpose.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What the server does to a connection.
#[derive(Clone, Debug)]
pub enum Act {
    /// Resets it before reading anything.
    ResetAtOnce,
    /// Resets it when the head of the request has come, before its body.
    ResetBeforeBody,
    /// Resets it when the whole request has come.
    ResetAfterRequest,
    /// Ends its own direction when the request has come, and goes on listening.
    HalfClose,
    /// Reads the request and says nothing more until the client goes.
    Stall,
    /// Answers with these bytes, then says nothing more until the client goes.
    AnswerAndStall(Vec<u8>),
    /// Answers with these bytes and closes.
    AnswerAndClose(Vec<u8>),
    /// Answers every request of the connection with these bytes.
    KeepAlive(Vec<u8>),
    /// Answers one request and, after a while in which the connection is idle, closes it.
    CloseWhenIdle(Vec<u8>),
    /// Answers with the bytes one by one.
    Slowly(Vec<u8>, Duration),
    /// Answers with the first bytes, then the second again and again.
    Endless(Vec<u8>, Vec<u8>),
}

/// What the server has seen.
#[derive(Debug, Default)]
pub struct Seen {
    pub connections: usize,
    pub requests: Vec<String>,
    /// Connections that the client has closed.
    pub gone: usize,
}

/// The server. It stops when it is dropped.
pub struct Hostile {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    changed: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Hostile {
    /// Treats the connections as told, the last way again and again.
    pub async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let changed = Arc::new(Notify::new());
        let (own_seen, own_changed) = (seen.clone(), changed.clone());
        let task = tokio::spawn(async move {
            for number in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                own_seen.lock().unwrap().connections += 1;
                own_changed.notify_waiters();
                let act = acts[number.min(acts.len() - 1)].clone();
                let (seen, changed) = (own_seen.clone(), own_changed.clone());
                tokio::spawn(async move {
                    // What the client does to the connection is its own affair.
                    let _ = perform(stream, act, &seen, &changed).await;
                    seen.lock().unwrap().gone += 1;
                    changed.notify_waiters();
                });
            }
        });
        Self {
            address,
            seen,
            changed,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// Waits until what was seen is as wanted.
    pub async fn until(&self, what: impl Fn(&Seen) -> bool) {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                if what(&self.seen.lock().unwrap()) {
                    return;
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(5), wait).await;
        assert!(waited.is_ok(), "still {:?}", self.seen.lock().unwrap());
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn perform(
    mut stream: TcpStream,
    act: Act,
    seen: &Mutex<Seen>,
    changed: &Notify,
) -> std::io::Result<()> {
    let note = |request: String| {
        seen.lock().unwrap().requests.push(request);
        changed.notify_waiters();
    };
    if let Act::ResetAtOnce = act {
        return reset(stream);
    }
    let head = read_head(&mut stream).await?;
    if let Act::ResetBeforeBody = act {
        note(head);
        return reset(stream);
    }
    note(read_body(&mut stream, head).await?);
    match act {
        Act::ResetAtOnce | Act::ResetBeforeBody => {}
        Act::ResetAfterRequest => return reset(stream),
        Act::HalfClose => {
            stream.shutdown().await?;
            until_gone(&mut stream).await;
        }
        Act::Stall => until_gone(&mut stream).await,
        Act::AnswerAndStall(bytes) => {
            stream.write_all(&bytes).await?;
            until_gone(&mut stream).await;
        }
        Act::AnswerAndClose(bytes) => stream.write_all(&bytes).await?,
        Act::KeepAlive(bytes) => loop {
            stream.write_all(&bytes).await?;
            let head = read_head(&mut stream).await?;
            note(read_body(&mut stream, head).await?);
        },
        Act::CloseWhenIdle(bytes) => {
            stream.write_all(&bytes).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Act::Slowly(bytes, pause) => {
            for byte in bytes {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(pause).await;
            }
        }
        Act::Endless(start, again) => {
            stream.write_all(&start).await?;
            loop {
                stream.write_all(&again).await?;
            }
        }
    }
    Ok(())
}

/// With no time to linger, closing sends RST instead of FIN.
fn reset(stream: TcpStream) -> std::io::Result<()> {
    stream.set_zero_linger()
}

async fn until_gone(stream: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

async fn read_body(stream: &mut (impl AsyncRead + Unpin), head: String) -> std::io::Result<String> {
    let length = head.to_ascii_lowercase();
    let length = length
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).await?;
    Ok(head + &String::from_utf8_lossy(&body))
}

/// An HTTP answer with a length.
pub fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Serves one TLS connection after another with a certificate that nobody has signed.
pub async fn self_signed(answer: Vec<u8>) -> (SocketAddr, String) {
    use tokio_rustls::rustls;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = answer_one(&mut stream, &answer).await;
        }
    });
    (address, made.cert.pem())
}

async fn answer_one(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    answer: &[u8],
) -> std::io::Result<()> {
    let head = read_head(stream).await?;
    read_body(stream, head).await?;
    stream.write_all(answer).await?;
    stream.shutdown().await
}
