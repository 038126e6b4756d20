//! A connection on its lane, until it is over or goes to hyper.

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::SystemTime;

use http::Method;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::visit::{self, Visit};
use super::{ANSWERING, Arrival, IDLE, Lane, PARTIAL, State, WRITING};
use crate::http::serve::Peer;
use crate::http::{answers, host_name};
use crate::redirect::{self, Visitor};

/// What one read takes in.
const READ: usize = 16 << 10;
/// A longer head is no visit's.
const LONGEST_HEAD: usize = 8 << 10;
/// More header fields are no visit's.
const MOST_FIELDS: usize = 64;

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

/// Answers of this thread say from now on that it is now.
pub(super) fn renew_date() {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.date = httpdate::fmt_http_date(SystemTime::now());
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

pub(super) struct Connection {
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
    pub(super) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        lane: Arc<Lane>,
        state: Arc<State>,
    ) -> Self {
        Self {
            stream,
            peer,
            lane,
            state,
            unread: Vec::new(),
            again: false,
            unsent: Vec::new(),
            closing: false,
        }
    }

    pub(super) async fn run(mut self, place: OwnedSemaphorePermit) {
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
            Ok(httparse::Status::Complete(length)) => {
                (length, visit::request(&head, Peer(self.peer)))
            }
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
            let body = axum::body::to_bytes(body, usize::MAX).await?;
            Ok::<_, axum::Error>((head, body))
        });
        let Ok(Ok((head, body))) = answer.await else {
            // A panic, a body that broke off, or the end of the server: the log says which.
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
