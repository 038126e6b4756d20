//! The same client without `async`, behind the feature `blocking`.
//!
//! Everything is the same but the ends: `.send()` waits for the answer, and lists are iterators.
//!
//! ```no_run
//! let client = approute::blocking::Client::from_env()?;
//! for link in client.links().list().tag("summer").items() {
//!     println!("{}", link?.short_url);
//! }
//! # Ok::<_, approute::Error>(())
//! ```
//!
//! All clients of a process share one small runtime, which runs on the threads that wait. Waiting is allowed anywhere:
//! on a thread that belongs to a tokio runtime, which must not wait on another one, a helper thread does it. Still,
//! such a thread should not be blocked; use the async client there.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

pub use crate::cancel::CancelHandle;
use crate::client::ClientBuilder;
use crate::error::{Error, ErrorKind};
use crate::options::CallOptions;
use crate::page::{self, List, Page};
use crate::response::Response;
use crate::secret::Secret;

/// The client without `async`. It is cheap to clone, and its clones share connections and retry budget.
///
/// ```
/// use approute::mock::{MockTransport, Reply};
///
/// let mock = MockTransport::new();
/// mock.reply(Reply::problem(404, "not_found", "There is no such link."));
/// let client = mock.blocking_client();
/// let error = client.links().get("lnk_1").send().unwrap_err();
/// assert_eq!(error.code(), Some("not_found"));
/// ```
#[derive(Clone)]
pub struct Client(crate::Client);

impl Client {
    /// A client with this API key and all defaults.
    ///
    /// # Errors
    /// As [`Client::new`](crate::Client::new) of the async client.
    pub fn new(api_key: impl Into<Secret>) -> Result<Self, Error> {
        crate::Client::new(api_key).map(Self)
    }

    /// A client with the API key of the environment variable `APPROUTE_API_KEY`.
    ///
    /// # Errors
    /// As [`Client::from_env`](crate::Client::from_env) of the async client.
    pub fn from_env() -> Result<Self, Error> {
        crate::Client::from_env().map(Self)
    }

    /// A builder, for everything that is not default; end it with
    /// [`build_blocking`](crate::ClientBuilder::build_blocking).
    pub fn builder() -> ClientBuilder {
        crate::Client::builder()
    }

    /// A client with other options for its calls. It shares connections, retry budget and all else with this one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when an option is not usable.
    pub fn with_options(&self, options: CallOptions) -> Result<Self, Error> {
        self.0.with_options(options).map(Self)
    }

    /// A client whose calls another thread can end with this handle. It shares connections, retry budget and all else
    /// with this one. Lists that are gone through with it end as well.
    pub fn cancelled_by(&self, handle: &CancelHandle) -> Self {
        Self(self.0.cancelled_by(handle))
    }

    /// The base URL, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.0.base_url()
    }

    pub(crate) fn inner(&self) -> &crate::Client {
        &self.0
    }
}

impl ClientBuilder {
    /// Checks everything and makes a client without `async`.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn build_blocking(self) -> Result<Client, Error> {
        self.build().map(Client)
    }
}

impl crate::mock::MockTransport {
    /// A client without `async` that sends its requests here. Otherwise as
    /// [`client`](crate::mock::MockTransport::client).
    pub fn blocking_client(&self) -> Client {
        Client(self.client())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// All pages of a list. The first error ends it.
#[derive(Debug)]
pub struct Pages<L: List>(page::Pages<L>);

impl<L: List> Pages<L> {
    pub(crate) fn new(pages: page::Pages<L>) -> Self {
        Self(pages)
    }

    /// Whether the page after the current one is fetched while the current one is used, off by default. At most one page
    /// is ahead, on a thread that lasts as long as its request; dropping the iterator cancels it.
    pub fn prefetch(mut self, on: bool) -> Self {
        self.0 = self.0.prefetch(on).in_thread();
        self
    }
}

impl<L: List> Iterator for Pages<L> {
    type Item = Result<Response<L::Page>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        wait_option(self.0.next())
    }
}

/// All items of a list. The first error ends it.
#[derive(Debug)]
pub struct Items<L: List>(page::Items<L>);

impl<L: List> Items<L> {
    pub(crate) fn new(items: page::Items<L>) -> Self {
        Self(items)
    }

    /// As [`Pages::prefetch`].
    pub fn prefetch(mut self, on: bool) -> Self {
        self.0 = self.0.prefetch(on).in_thread();
        self
    }
}

impl<L: List> Iterator for Items<L> {
    type Item = Result<<L::Page as Page>::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.buffered() {
            Some(item) => Some(Ok(item)),
            None => wait_option(self.0.next()),
        }
    }
}

fn wait_option<T: Send>(
    future: impl Future<Output = Option<Result<T, Error>>> + Send,
) -> Option<Result<T, Error>> {
    wait(async { Ok(future.await) }).unwrap_or_else(|error| Some(Err(error)))
}

/// Runs a future to its end on the shared runtime.
#[doc(hidden)]
pub fn wait<T: Send>(future: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
    let (runtime, rested) = runtime()?;
    // It is large, and stays where it is while a small one goes from hand to hand.
    let work = pin!(future);
    let future = async {
        if rested {
            // Nobody has looked at the connections meanwhile. Two rounds of the scheduler let their tasks see what the
            // server closed, so that the call does not take a dead one.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        }
        let result = work.await;
        settle().await;
        result
    };
    if Handle::try_current().is_err() {
        return runtime.block_on(future);
    }
    // A thread of a tokio runtime may not wait on another one.
    std::thread::scope(|scope| {
        let helper = std::thread::Builder::new()
            .name("approute-blocking".to_owned())
            .spawn_scoped(scope, || runtime.block_on(future))
            .map_err(|error| {
                Error::new(ErrorKind::Connection, "no thread to wait on").with_source(error)
            })?;
        helper
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Lets connections see what became of their answers: read to its end, so that they are free for the next call; given
/// up, so that they close.
async fn settle() {
    // A task of the connection wakes the one that owns its socket.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

/// Keeps the shared runtime at work, on a thread of its own, until `over` is there: for a task that nobody waits for yet.
pub(crate) fn work_until(over: oneshot::Receiver<()>) {
    let Ok((runtime, _)) = runtime() else { return };
    let thread = std::thread::Builder::new().name("approute-prefetch".to_owned());
    // Without a thread to be had, the task goes on when somebody waits for it: later, and not wrong.
    let _ = thread.spawn(move || {
        runtime.block_on(async {
            let _ = over.await;
            settle().await;
        });
    });
}

/// The process's runtime, and whether nobody has used it for a while.
fn runtime() -> Result<(&'static Runtime, bool), Error> {
    struct Shared {
        process: u32,
        runtime: &'static Runtime,
        used: Instant,
    }
    static SHARED: Mutex<Option<Shared>> = Mutex::new(None);
    const WHILE: Duration = Duration::from_millis(100);

    let (process, now) = (std::process::id(), Instant::now());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = &mut *shared
        && shared.process == process
    {
        let rested = now.saturating_duration_since(shared.used) > WHILE;
        shared.used = now;
        return Ok((shared.runtime, rested));
    }
    // The first call of this process, which may be the child of one that had a runtime: the parent's is not usable
    // here. It is never freed, like this one, since either lasts as long as its process.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(ErrorKind::Connection, "no runtime for I/O").with_source(error)
        })?;
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *shared = Some(Shared {
        process,
        runtime,
        used: now,
    });
    Ok((runtime, false))
}
