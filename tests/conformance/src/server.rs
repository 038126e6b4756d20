//! The scripted server: one per cell, made to misbehave.
//!
//! Raw TCP and threads, so that every byte and every close is ours. A try counts from the first byte of its request;
//! connections without one (a client may open some ahead) count for nothing.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::case::{Answer, Connection, Fault, ServerMode, Try};
use crate::clock::Clock;
use crate::request::check_request;
use crate::tls::Front;
use crate::wire::{Request, read_request, render};

/// How long a client may take to close a connection that was left stalled.
const CLOSING: Duration = Duration::from_millis(1500);

/// What the server saw, once it is finished.
#[derive(Debug, Default)]
pub struct Seen {
    /// Differences to the script.
    pub problems: Vec<String>,
    /// Requests and answers, for people.
    pub wire: Vec<String>,
    /// The requests that arrived.
    pub requests: Vec<Request>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    front: Option<Front>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    script: Vec<Try>,
    address: SocketAddr,
    folder: PathBuf,
    clock: Clock,
    seen: Mutex<Seen>,
    requests: Mutex<Vec<Request>>,
    connections: Mutex<Vec<Weak<TcpStream>>>,
    stalled: AtomicUsize,
    finished: AtomicBool,
    listening: AtomicBool,
    accepting: Mutex<Option<JoinHandle<()>>>,
    /// Holds the port while it refuses.
    refusing: Mutex<Option<Socket>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere has failed the case already.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// Starts a server for these tries; the clock and other files go to `folder`.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn start(tries: &[Try], mode: ServerMode, folder: &Path) -> io::Result<Self> {
        let script = tries
            .iter()
            .flat_map(|entry| std::iter::repeat_n(entry.clone(), entry.times))
            .collect();
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let (listener, refusing, address) = match mode {
            ServerMode::Http
            | ServerMode::Tls
            | ServerMode::TlsOtherName
            | ServerMode::TlsExpired => {
                let listener = TcpListener::bind(loopback)?;
                let address = listener.local_addr()?;
                (Some(listener), None, address)
            }
            ServerMode::Refusing => {
                let socket = refuse(loopback)?;
                let address = socket.local_addr()?.as_socket().unwrap_or(loopback);
                (None, Some(socket), address)
            }
        };
        let state = Arc::new(State {
            script,
            address,
            folder: folder.to_owned(),
            clock: Clock::new(folder.join("clock"))?,
            seen: Mutex::default(),
            requests: Mutex::default(),
            connections: Mutex::default(),
            stalled: AtomicUsize::new(0),
            finished: AtomicBool::new(false),
            listening: AtomicBool::new(listener.is_some()),
            accepting: Mutex::default(),
            refusing: Mutex::new(refusing),
        });
        if let Some(listener) = listener {
            let shared = Arc::clone(&state);
            let thread = thread::spawn(move || shared.accept(&listener));
            *lock(&state.accepting) = Some(thread);
        }
        let front = match mode {
            ServerMode::Http | ServerMode::Refusing => None,
            _ => Some(Front::start(mode, address)?),
        };
        if let Some(front) = &front {
            fs::write(folder.join("ca.pem"), &front.authority)?;
        }
        Ok(Self {
            address: front.as_ref().map_or(address, |front| front.address),
            front,
            state,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `text` with `$SERVER` (its URL), `$HOST` (host and port), `$PORT`, `$CA` and `$CA_FILE` (its authority's certificate and
    /// the file with it) replaced.
    pub fn placed(&self, text: &str) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        let (host, file) = (self.address.to_string(), self.state.folder.join("ca.pem"));
        let (scheme, authority) = match &self.front {
            Some(front) => ("https", front.authority.as_str()),
            None => ("http", ""),
        };
        text.replace("$SERVER", &format!("{scheme}://{host}"))
            .replace("$HOST", &host)
            .replace("$PORT", &self.address.port().to_string())
            .replace("$CA_FILE", &file.display().to_string())
            .replace("$CA", authority)
    }

    /// The clock that the driver goes by.
    pub fn clock(&self) -> &Clock {
        &self.state.clock
    }

    /// Whether a request came that the script does not know, or comes within `time`.
    pub fn is_surprised_within(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            if lock(&self.state.requests).len() > self.state.script.len() {
                return true;
            }
            if Instant::now() > until {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Stops the server and says what it saw.
    pub fn finish(self) -> Seen {
        let state = &self.state;
        let until = Instant::now() + CLOSING;
        while state.stalled.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
        state.finished.store(true, Ordering::SeqCst);
        state.stop_listening();
        for connection in lock(&state.connections).drain(..) {
            if let Some(connection) = connection.upgrade() {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
        let mut seen = std::mem::take(&mut *lock(&state.seen));
        if state.stalled.load(Ordering::SeqCst) > 0 {
            seen.problems
                .push("the client left a stalled connection open".to_owned());
        }
        seen.requests = std::mem::take(&mut *lock(&state.requests));
        let tries = seen.requests.len();
        if let Some(missing) = state.script.get(tries) {
            seen.problems.push(format!(
                "{tries} of {} tries arrived; the next should have been {}",
                state.script.len(),
                missing.request
            ));
        }
        seen
    }
}

/// Between two bytes of [`Fault::Drip`].
const DRIP: Duration = Duration::from_millis(40);

/// A port that refuses connections for as long as the socket lives: bound, and not listening.
fn refuse(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // Connections of the listener before may still be open.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

impl State {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if !self.listening.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let _ = stream.set_nodelay(true);
            let stream = Arc::new(stream);
            lock(&self.connections).push(Arc::downgrade(&stream));
            let state = Arc::clone(self);
            thread::spawn(move || state.serve(&stream));
        }
    }

    /// From here on the port refuses.
    fn stop_listening(&self) {
        let Some(thread) = lock(&self.accepting).take() else {
            return;
        };
        self.listening.store(false, Ordering::SeqCst);
        // Wakes the thread, which then drops the listener.
        let _ = TcpStream::connect(self.address);
        let _ = thread.join();
        if !self.finished.load(Ordering::SeqCst) {
            *lock(&self.refusing) = refuse(self.address).ok();
        }
    }

    fn serve(&self, stream: &TcpStream) {
        let mut connection = Connection::New;
        while stream.peek(&mut [0]).is_ok_and(|bytes| bytes > 0) {
            match self.exchange(stream, connection) {
                Ok(true) => connection = Connection::Reused,
                // The client closing early is seen by its effects: missing tries, a wrong outcome.
                Ok(false) | Err(_) => return,
            }
        }
    }

    /// One request and what the script does with it. `false` when the connection is not to be used again.
    fn exchange(&self, stream: &TcpStream, connection: Connection) -> io::Result<bool> {
        // The number is taken first, so that tries on several connections keep their order.
        let index = {
            let mut requests = lock(&self.requests);
            requests.push(Request::default());
            requests.len() - 1
        };
        let Some(entry) = self.script.get(index) else {
            return self.unexpected(stream);
        };
        self.clock.pass(entry.answer.elapsed)?;
        if entry.answer.fault == Some(Fault::ResetBeforeReading) {
            self.log(format!(
                "try {} ({connection:?} connection): reset before reading",
                index + 1
            ));
            return reset(stream);
        }
        let request = read_request(stream)?;
        let mut problems =
            check_request(entry, &request, connection, &lock(&self.requests)[..index]);
        lock(&self.requests)[index].clone_from(&request);
        self.log(format!(
            "try {} ({connection:?} connection)\n{}",
            index + 1,
            request.text()
        ));
        let mut seen = lock(&self.seen);
        seen.problems.extend(
            problems
                .drain(..)
                .map(|problem| format!("try {}: {problem}", index + 1)),
        );
        drop(seen);
        if entry.answer.cancel {
            self.clock.cancel()?;
        }
        if entry.answer.last {
            self.stop_listening();
        }
        let again = self.answer(stream, &entry.answer)?;
        Ok(again && !request.header("connection").contains(&"close"))
    }

    fn answer(&self, stream: &TcpStream, answer: &Answer) -> io::Result<bool> {
        let mut writer = stream;
        if answer.fault == Some(Fault::Garbage) {
            writer.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n")?;
            return Ok(false);
        }
        let mut rest = Vec::new();
        if let Some(status) = answer.status {
            let (head, body) = render(answer);
            let sent = answer.cut_after.unwrap_or(body.len()).min(body.len());
            let mut log = format!(
                "< {}",
                String::from_utf8_lossy(&head)
                    .trim_end()
                    .replace("\r\n", "\n< ")
            );
            log.push_str(&format!(
                "\n< [{sent} of {} bytes of the body; status {status}]",
                body.len()
            ));
            self.log(log);
            writer.write_all(&head)?;
            writer.write_all(&body[..sent])?;
            rest.extend_from_slice(&body[sent..]);
        }
        let fault = match answer.fault {
            None if answer.cut_after.is_some() || answer.close => Fault::Close,
            None => return Ok(true),
            Some(fault) => fault,
        };
        self.log(format!("< {fault:?}"));
        match fault {
            Fault::Close => Ok(false),
            Fault::HalfClose => {
                stream.shutdown(Shutdown::Write)?;
                drain(stream);
                Ok(false)
            }
            Fault::Stall | Fault::Drip => {
                self.stalled.fetch_add(1, Ordering::SeqCst);
                if fault == Fault::Drip {
                    self.drip(stream, &rest);
                }
                drain(stream);
                if !self.finished.load(Ordering::SeqCst) {
                    self.stalled.fetch_sub(1, Ordering::SeqCst);
                }
                Ok(false)
            }
            _ => reset(stream),
        }
    }

    /// Sends bytes one by one, until the client does not want them any more.
    fn drip(&self, mut stream: &TcpStream, bytes: &[u8]) {
        for byte in bytes {
            let over = self.finished.load(Ordering::SeqCst);
            if over || stream.write_all(&[*byte]).is_err() {
                return;
            }
            thread::sleep(DRIP);
        }
    }

    fn unexpected(&self, stream: &TcpStream) -> io::Result<bool> {
        let request = read_request(stream)?;
        self.log(format!("unexpected\n{}", request.text()));
        let problem = format!("unexpected request: {} {}", request.method, request.path);
        lock(&self.seen).problems.push(problem);
        let mut writer = stream;
        // Whatever the client thinks of statuses, it must not come again.
        writer.write_all(b"HTTP/1.1 400 Unexpected\r\nx-should-retry: false\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
        Ok(false)
    }

    fn log(&self, line: String) {
        lock(&self.seen).wire.push(line);
    }
}

/// Closes so that the other side sees a reset.
fn reset(stream: &TcpStream) -> io::Result<bool> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    Ok(false)
}

fn drain(mut stream: &TcpStream) {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).is_ok_and(|bytes| bytes > 0) {}
}
