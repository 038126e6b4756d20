//! Where connections arrive: visits of links in memory are answered here, everything else is passed on.
//!
//! A visit is a few hundred bytes in and a few hundred out, and there is nothing to wait for between them, so that what
//! surrounds it is what it costs. Each lane is a thread with an event loop of its own: no task moves between threads, a
//! connection that waits holds no buffer, and what arrived together is answered together. The head is read by httparse,
//! the parser that hyper uses. Only what is plainly a visit is taken: GET or HEAD of one path segment, by HTTP/1.1,
//! without a body and without anything to negotiate. Whatever else a connection brings, be it a call of the API, a form
//! or a mistake, goes to hyper, with the connection and all that was read from it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::{HeaderValue, Method, Request};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::task::AbortHandle;

use super::serve::{HEAD_TIMEOUT, Inner, Peer, WRITE_TIMEOUT};
use super::{answers, has_route, host_name};
use crate::redirect::{self, Visitor};

/// What one read takes in.
const READ: usize = 16 << 10;
/// A longer head is no visit's.
const LONGEST_HEAD: usize = 8 << 10;
/// More header fields are no visit's.
const MOST_FIELDS: usize = 64;
/// How often connections are looked at for whether they wait too long.
const TICK: Duration = Duration::from_secs(1);

/// A connection that was accepted.
pub struct Arrival {
    pub stream: std::net::TcpStream,
    pub peer: SocketAddr,
    pub place: OwnedSemaphorePermit,
}

/// The lanes, which take connections in turn. They end when this is dropped.
pub struct Fronts {
    lanes: Vec<mpsc::UnboundedSender<Arrival>>,
    next: usize,
}

impl Fronts {
    /// Half of the processors carry visits, the others what visits wait for: the database and the API.
    pub fn start(inner: &Arc<Inner>, stop: &watch::Receiver<bool>) -> std::io::Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let main = Handle::current();
        let lanes = (0..(processors / 2).max(1)).map(|_| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let (send, arrivals) = mpsc::unbounded_channel();
            let lane = Arc::new(Lane {
                inner: inner.clone(),
                main: main.clone(),
                tick: AtomicU64::new(0),
                stopping: AtomicU64::new(0),
                connections: Mutex::default(),
            });
            let stop = stop.clone();
            std::thread::Builder::new()
                .name("visits".to_owned())
                .stack_size(512 << 10)
                .spawn(move || runtime.block_on(lane.run(arrivals, stop)))?;
            Ok(send)
        });
        Ok(Self {
            lanes: lanes.collect::<std::io::Result<_>>()?,
            next: 0,
        })
    }

    /// Passes a connection to the lane whose turn it is.
    pub fn take(&mut self, arrival: Arrival) {
        self.next = (self.next + 1) % self.lanes.len();
        let _ = self.lanes[self.next].send(arrival);
    }
}

/// An event loop with its connections.
struct Lane {
    inner: Arc<Inner>,
    /// Where everything runs that is no visit of a link in memory.
    main: Handle,
    /// Counts [`TICK`]s.
    tick: AtomicU64,
    stopping: AtomicU64,
    connections: Mutex<HashMap<u64, (Arc<State>, AbortHandle)>>,
}

/// What a connection is at, and since which tick.
struct State(AtomicU64);

/// Between two requests.
const IDLE: u64 = 0;
/// Within a head that is not whole yet.
const PARTIAL: u64 = 1;
/// Its request is being answered elsewhere.
const ANSWERING: u64 = 2;
/// The other end does not take the answer.
const WRITING: u64 = 3;

impl State {
    fn set(&self, kind: u64, tick: u64) {
        self.0.store(tick << 2 | kind, Ordering::Relaxed);
    }

    fn get(&self) -> (u64, u64) {
        let packed = self.0.load(Ordering::Relaxed);
        (packed & 3, packed >> 2)
    }
}

impl Lane {
    async fn run(
        self: Arc<Self>,
        mut arrivals: mpsc::UnboundedReceiver<Arrival>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut ticks = tokio::time::interval(TICK);
        let mut number = 0;
        loop {
            let stopping = self.stopping.load(Ordering::Relaxed) == 1;
            tokio::select! {
                arrival = arrivals.recv() => match arrival {
                    Some(arrival) => {
                        number += 1;
                        self.open(number, arrival);
                    }
                    None => return,
                },
                _ = ticks.tick() => self.look_around(),
                _ = stop.wait_for(|stop| *stop), if !stopping => {
                    self.stopping.store(1, Ordering::Relaxed);
                    self.look_around();
                }
            }
        }
    }

    fn open(self: &Arc<Self>, number: u64, arrival: Arrival) {
        let state = Arc::new(State(AtomicU64::new(0)));
        state.set(IDLE, self.tick.load(Ordering::Relaxed));
        let open = Open {
            lane: self.clone(),
            number,
        };
        let shared = state.clone();
        let task = tokio::spawn(async move {
            let lane = open.lane.clone();
            match TcpStream::from_std(arrival.stream) {
                Ok(stream) => {
                    let connection = Connection {
                        stream,
                        peer: arrival.peer,
                        lane,
                        state: shared,
                        unread: Vec::new(),
                        again: false,
                        unsent: Vec::new(),
                        closing: false,
                    };
                    connection.run(arrival.place).await;
                }
                Err(error) => tracing::warn!(%error, "a connection cannot be taken over"),
            }
            drop(open);
        });
        // The task has not begun yet: it runs on this very thread.
        self.connections()
            .insert(number, (state, task.abort_handle()));
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, HashMap<u64, (Arc<State>, AbortHandle)>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends connections that wait for too long, and when the server stops those that have nothing to do.
    fn look_around(&self) {
        let now = self.tick.fetch_add(1, Ordering::Relaxed) + 1;
        let stopping = self.stopping.load(Ordering::Relaxed) == 1;
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.date = httpdate::fmt_http_date(SystemTime::now());
        });
        for (state, task) in self.connections().values() {
            let (kind, since) = state.get();
            let waits = Duration::from_secs(now.saturating_sub(since));
            let ends = match kind {
                IDLE => stopping || waits > HEAD_TIMEOUT,
                PARTIAL => waits > HEAD_TIMEOUT,
                WRITING => waits > WRITE_TIMEOUT,
                _ => false,
            };
            if ends {
                task.abort();
            }
        }
    }
}

/// A connection on its lane's list.
struct Open {
    lane: Arc<Lane>,
    number: u64,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.lane.connections().remove(&self.number);
    }
}

/// What a lane's connections share, one after the other.
struct Scratch {
    input: Box<[u8]>,
    output: Vec<u8>,
    date: String,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        input: vec![0; READ].into(),
        output: Vec::new(),
        date: httpdate::fmt_http_date(SystemTime::now()),
    });
}

/// What has to be done outside of the loop of visits.
enum Step {
    /// The connection is over.
    Close,
    /// A visit for which something has to be looked up is next.
    LookUp,
    /// Something else is next.
    PassOn,
}

/// What became of what was read.
enum Verdict {
    /// It is answered, or not whole yet.
    More,
    LookUp,
    PassOn,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    lane: Arc<Lane>,
    state: Arc<State>,
    /// What was read and not answered yet.
    unread: Vec<u8>,
    /// Whether `unread` is to be looked at before more is read.
    again: bool,
    unsent: Vec<u8>,
    closing: bool,
}

impl Connection {
    async fn run(mut self, place: OwnedSemaphorePermit) {
        loop {
            match std::future::poll_fn(|cx| self.poll(cx)).await {
                Step::Close => return,
                Step::LookUp => {
                    if self.look_up().await.is_none() {
                        return self.pass_on(place);
                    }
                }
                Step::PassOn => return self.pass_on(place),
            }
        }
    }

    /// The loop of visits.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        SCRATCH.with_borrow_mut(|scratch| {
            loop {
                if !self.unsent.is_empty() {
                    let sent = match Pin::new(&mut self.stream).poll_write(cx, &self.unsent) {
                        Poll::Ready(Ok(sent)) if sent > 0 => sent,
                        Poll::Ready(_) => return Poll::Ready(Step::Close),
                        Poll::Pending => {
                            self.mark(WRITING);
                            return Poll::Pending;
                        }
                    };
                    self.unsent.drain(..sent);
                    if !self.unsent.is_empty() {
                        // Slow is not stuck.
                        self.state
                            .set(WRITING, self.lane.tick.load(Ordering::Relaxed));
                        continue;
                    }
                    self.unsent = Vec::new();
                    if self.state.get().0 == WRITING {
                        self.mark(IDLE);
                    }
                }
                if self.closing {
                    return Poll::Ready(Step::Close);
                }
                let verdict = if std::mem::take(&mut self.again) {
                    let data = std::mem::take(&mut self.unread);
                    self.take_in(&data, &mut scratch.output, &scratch.date)
                } else {
                    let mut buffer = ReadBuf::new(&mut scratch.input);
                    match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                        Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                        Poll::Ready(_) => return Poll::Ready(Step::Close),
                        Poll::Pending => return Poll::Pending,
                    }
                    let read = buffer.filled();
                    if self.unread.is_empty() {
                        self.take_in(read, &mut scratch.output, &scratch.date)
                    } else {
                        let mut data = std::mem::take(&mut self.unread);
                        data.extend_from_slice(read);
                        self.take_in(&data, &mut scratch.output, &scratch.date)
                    }
                };
                if !scratch.output.is_empty() {
                    let sent = match Pin::new(&mut self.stream).poll_write(cx, &scratch.output) {
                        Poll::Ready(Ok(sent)) => sent,
                        Poll::Ready(Err(_)) => return Poll::Ready(Step::Close),
                        Poll::Pending => 0,
                    };
                    self.unsent.extend_from_slice(&scratch.output[sent..]);
                    scratch.output.clear();
                }
                match verdict {
                    Verdict::More => {}
                    Verdict::LookUp => return Poll::Ready(Step::LookUp),
                    Verdict::PassOn if self.unsent.is_empty() => {
                        return Poll::Ready(Step::PassOn);
                    }
                    // Answers stay in order.
                    Verdict::PassOn => self.again = true,
                }
            }
        })
    }

    fn mark(&self, kind: u64) {
        // Of a head that comes in pieces, the first counts, and of an answer that is not taken, the first try.
        if self.state.get().0 != kind {
            self.state.set(kind, self.lane.tick.load(Ordering::Relaxed));
        }
    }

    /// Answers the visits at the beginning of what was read; keeps the rest.
    fn take_in(&mut self, data: &[u8], output: &mut Vec<u8>, date: &str) -> Verdict {
        let mut used = 0;
        let verdict = loop {
            let rest = &data[used..];
            if rest.is_empty() {
                break Verdict::More;
            }
            let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
            let mut head = httparse::Request::new(&mut []);
            match head.parse_with_uninit_headers(rest, &mut fields) {
                Ok(httparse::Status::Complete(length)) => {
                    let Some(visit) = Visit::of(&head) else {
                        break Verdict::PassOn;
                    };
                    if !self.answer(&visit, output, date) {
                        break Verdict::LookUp;
                    }
                    used += length;
                }
                Ok(httparse::Status::Partial) if rest.len() <= LONGEST_HEAD => {
                    break Verdict::More;
                }
                // hyper has an answer for it.
                Ok(httparse::Status::Partial) | Err(_) => break Verdict::PassOn,
            }
        };
        let rest = &data[used..];
        if rest.is_empty() {
            self.state.set(IDLE, self.lane.tick.load(Ordering::Relaxed));
        } else {
            self.unread.extend_from_slice(rest);
            self.mark(PARTIAL);
        }
        verdict
    }

    /// Answers a visit if its link is in memory.
    fn answer(&mut self, visit: &Visit<'_>, output: &mut Vec<u8>, date: &str) -> bool {
        let app = &self.lane.inner.app;
        // A span is begun where everything else is answered.
        if app.traces.is_some() {
            return false;
        }
        let Some(domain) = redirect::domain_from_memory(app, &host_name(visit.host)) else {
            return false;
        };
        let (is_head, query) = (visit.is_head, visit.query);
        let visitor = Visitor::new(app, self.peer.ip(), is_head, query, visit.fields);
        let closing = self.lane.stopping.load(Ordering::Relaxed) == 1;
        let answered =
            redirect::from_memory(app, &domain, visit.slug, &visitor, |status, location| {
                let mut answer = answers::Head::new(output, status);
                answer.field("location", location.as_bytes());
                answer.field("cache-control", b"no-store");
                answer.id(app, visitor.now());
                answer.field("content-length", b"0");
                answer.end(date, closing);
            });
        self.closing |= answered && closing;
        answered
    }

    /// Answers the visit at the beginning of `unread` with what the rest of the server says; none where that cannot be.
    async fn look_up(&mut self) -> Option<()> {
        let data = std::mem::take(&mut self.unread);
        let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
        let mut head = httparse::Request::new(&mut []);
        let (length, request) = match head.parse_with_uninit_headers(&data, &mut fields) {
            Ok(httparse::Status::Complete(length)) => (length, request(&head, Peer(self.peer))),
            _ => (0, None),
        };
        let Some(request) = request else {
            self.unread = data;
            return None;
        };
        let is_head = request.method() == Method::HEAD;
        self.mark(ANSWERING);
        let inner = self.lane.inner.clone();
        let peer = Peer(self.peer);
        let answer = self.lane.main.spawn(async move {
            let (head, body) = inner.answer(peer, request).await.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await;
            (head, body.unwrap_or_default())
        });
        let Ok((head, body)) = answer.await else {
            // A panic, or the end of the server: the log says which.
            self.closing = true;
            return Some(());
        };
        let closing = self.lane.stopping.load(Ordering::Relaxed) == 1;
        let date = SCRATCH.with_borrow(|scratch| scratch.date.clone());
        answers::write(&mut self.unsent, &head, &body, is_head, &date, closing);
        self.closing |= closing;
        self.unread.extend_from_slice(&data[length..]);
        self.again = !self.unread.is_empty();
        self.state.set(IDLE, self.lane.tick.load(Ordering::Relaxed));
        Some(())
    }

    /// Gives the connection to hyper.
    fn pass_on(self, place: OwnedSemaphorePermit) {
        let (inner, peer, read) = (self.lane.inner.clone(), self.peer, self.unread);
        match self.stream.into_std() {
            Ok(stream) => {
                let arrival = Arrival {
                    stream,
                    peer,
                    place,
                };
                self.lane.main.spawn(inner.serve(arrival, read));
            }
            Err(error) => tracing::warn!(%error, "a connection cannot be passed on"),
        }
    }
}

/// A request that is plainly a visit.
struct Visit<'a> {
    is_head: bool,
    host: &'a str,
    slug: &'a str,
    query: &'a str,
    fields: &'a [httparse::Header<'a>],
}

impl<'a> Visit<'a> {
    fn of(head: &'a httparse::Request<'_, 'a>) -> Option<Self> {
        let is_head = match head.method? {
            "GET" => false,
            "HEAD" => true,
            _ => return None,
        };
        let target = head.path?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let slug = redirect::slug_of(path)?;
        // `/_test` is `--dev`'s.
        if head.version != Some(1) || has_route(path) || slug.starts_with('_') {
            return None;
        }
        // hyper refuses what is no URI.
        if !query.is_empty() && http::uri::PathAndQuery::try_from(target).is_err() {
            return None;
        }
        let mut host = None;
        for field in head.headers.iter() {
            let is = |name| field.name.eq_ignore_ascii_case(name);
            let plain = match field.name.len() {
                4 if is("host") => {
                    let is_second = host.is_some();
                    host = std::str::from_utf8(field.value).ok();
                    host.is_some() && !is_second
                }
                6 => !is("expect"),
                7 => !is("upgrade") && !is("trailer"),
                10 => !is("connection") || field.value.eq_ignore_ascii_case(b"keep-alive"),
                14 => !is("content-length"),
                17 => !is("transfer-encoding"),
                _ => true,
            };
            if !plain {
                return None;
            }
        }
        Some(Self {
            is_head,
            host: host?,
            slug,
            query,
            fields: head.headers,
        })
    }
}

/// A request as the rest of the server takes it.
fn request(head: &httparse::Request<'_, '_>, peer: Peer) -> Option<Request<Body>> {
    let mut request = Request::builder().method(head.method?).uri(head.path?);
    for field in head.headers.iter() {
        request = request.header(field.name, HeaderValue::from_bytes(field.value).ok()?);
    }
    request.extension(peer).body(Body::empty()).ok()
}
