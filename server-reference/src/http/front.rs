//! Where connections arrive: visits of links in memory are answered here, everything else is passed on.
//!
//! A visit is a few hundred bytes in and a few hundred out, and there is nothing to wait for between them, so that what
//! surrounds it is what it costs. Each lane is a thread with an event loop of its own: no task moves between threads, a
//! connection that waits holds no buffer, and what arrived together is answered together. The head is read by httparse,
//! the parser that hyper uses. Only what is plainly a visit is taken: GET or HEAD of one path segment, by HTTP/1.1,
//! without a body and without anything to negotiate. Whatever else a connection brings, be it a call of the API, a form
//! or a mistake, goes to hyper, with the connection and all that was read from it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::task::AbortHandle;

use super::serve::{HEAD_TIMEOUT, Inner, WRITE_TIMEOUT};

mod connection;
mod visit;

use connection::Connection;

/// How often connections are looked at for whether they wait too long.
const TICK: Duration = Duration::from_secs(1);
/// A visit takes some microseconds, and shall not wait for a batch of a thousand links to finish its turn.
const SLICE: Duration = Duration::from_micros(100);

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
                .spawn(move || {
                    if let Err(error) = approute_scheduling::ask_for_slices(SLICE) {
                        tracing::debug!(%error, "visits get no short slices");
                    }
                    runtime.block_on(lane.run(arrivals, stop));
                })?;
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
                    let connection = Connection::new(stream, arrival.peer, lane, shared);
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
        connection::renew_date();
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
