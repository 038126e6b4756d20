//! The proxy: plain TCP on threads, so that any byte can be the last.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::chance::{Chance, Fault};

/// How long anything may take before the proxy gives it up; far beyond what a try may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    chance: Chance,
    stall: Duration,
    stopped: AtomicBool,
    /// How often each fault came.
    seen: Mutex<HashMap<String, usize>>,
}

impl Proxy {
    /// Starts one in front of `server`. An answer that stalls comes after `stall`.
    ///
    /// # Errors
    /// When no port is to be had.
    pub fn start(server: SocketAddr, seed: u64, stall: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            chance: Chance::new(seed),
            stall,
            stopped: AtomicBool::new(false),
            seen: Mutex::default(),
        });
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if own.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&own);
                // What goes wrong with a connection here is one more fault of the network.
                thread::spawn(move || drop(connection(client, &shared)));
            }
        });
        Ok(Self { address, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often each fault came, by name.
    pub fn seen(&self) -> Vec<(String, usize)> {
        let seen = self.shared.seen.lock();
        let seen = seen.unwrap_or_else(PoisonError::into_inner);
        let mut rows: Vec<_> = seen
            .iter()
            .map(|(name, count)| (name.clone(), *count))
            .collect();
        rows.sort();
        rows
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// Serves one connection of a client, request by request.
fn connection(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(PATIENCE))?;
    loop {
        // A fault is drawn when a request begins, so that idle connections draw none.
        let mut first = [0];
        if client.peek(&mut first)? == 0 {
            return Ok(());
        }
        let fault = shared.chance.fault();
        *shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(format!("{fault:?}"))
            .or_default() += 1;
        if fault == Fault::ResetAtOnce {
            return reset(client);
        }
        let request = read_message(&mut client)?;
        match fault {
            Fault::ResetInRequest => return reset(client),
            Fault::Unavailable => client.write_all(UNAVAILABLE)?,
            Fault::UnavailableAfterwards => {
                exchange(shared, &request)?;
                client.write_all(UNAVAILABLE)?;
            }
            Fault::Duplicate => {
                let answer = exchange(shared, &request)?;
                exchange(shared, &request)?;
                client.write_all(&answer)?;
            }
            Fault::DuplicateAtOnce => {
                let (one, two) = thread::scope(|scope| {
                    let other = scope.spawn(|| exchange(shared, &request));
                    let one = exchange(shared, &request);
                    (one, other.join())
                });
                let either = if shared.chance.below(2) == 0 {
                    one?
                } else {
                    two.map_err(|_| io::Error::other("a thread panicked"))??
                };
                client.write_all(&either)?;
            }
            _ => {
                let answer = exchange(shared, &request)?;
                if !pass(&mut client, &answer, fault, shared)? {
                    return match fault {
                        Fault::ResetBeforeAnswer | Fault::ResetInAnswer => reset(client),
                        _ => Ok(()),
                    };
                }
            }
        }
    }
}

/// Passes an answer on, as far as the fault lets it. Says whether the connection goes on.
fn pass(client: &mut TcpStream, answer: &[u8], fault: Fault, shared: &Shared) -> io::Result<bool> {
    // Anywhere in it, in its head as well as in its body, but not at its end.
    let part = &answer[..1 + shared.chance.below(answer.len() - 1)];
    match fault {
        Fault::ResetBeforeAnswer => return Ok(false),
        Fault::ResetInAnswer | Fault::Truncate => {
            client.write_all(part)?;
            return Ok(false);
        }
        Fault::HalfClose => {
            client.write_all(part)?;
            client.shutdown(Shutdown::Write)?;
            // The client is the one to end it.
            let _ = client.read(&mut [0; 64]);
            return Ok(false);
        }
        Fault::Stall => {
            thread::sleep(shared.stall);
            client.write_all(answer)?;
        }
        Fault::SlowBytes => {
            let mut rest = answer;
            while !rest.is_empty() {
                // Many small pieces, but not thousands for a long answer.
                let length = (1 + shared.chance.below(answer.len().div_ceil(20))).min(rest.len());
                client.write_all(&rest[..length])?;
                rest = &rest[length..];
                thread::sleep(Duration::from_millis(1));
            }
        }
        _ => client.write_all(answer)?,
    }
    Ok(true)
}

const UNAVAILABLE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\ncontent-length: 9\r\n\r\ntry later";

/// Sends a request to the server on a connection of its own, and reads the answer.
fn exchange(shared: &Shared, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(shared.server)?;
    server.set_nodelay(true)?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.write_all(request)?;
    read_message(&mut server)
}

/// Closes a connection so that the other side sees a reset.
fn reset(client: TcpStream) -> io::Result<()> {
    SockRef::from(&client).set_linger(Some(Duration::ZERO))
}

/// Reads one request or answer, head and body, as bytes.
fn read_message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some(length) = length(&message)
            && message.len() >= length
        {
            message.truncate(length);
            return Ok(message);
        }
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => message.extend_from_slice(&chunk[..read]),
        }
    }
}

/// How long a message is, once its head has come: both sides here always say, but for what has no body.
fn length(message: &[u8]) -> Option<usize> {
    let end = message.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&message[..end]).to_ascii_lowercase();
    let body = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok());
    Some(end + body.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_end_where_they_say() {
        assert_eq!(length(b"GET / HTTP/1.1\r\nhost: x\r\n"), None);
        assert_eq!(length(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"), Some(27));
        let post = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na";
        assert_eq!(length(post), Some(post.len() + 2));
        assert_eq!(length(UNAVAILABLE), Some(UNAVAILABLE.len()));
    }
}
