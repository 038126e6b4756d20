//! Ending calls from another thread, for the client without `async`: there is no future to drop.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Ends calls of [`blocking::Client`](crate::blocking::Client) from another thread. Its clones are the same handle.
///
/// A client that was made with [`cancelled_by`](crate::blocking::Client::cancelled_by) gives up its calls when
/// [`cancel`](Self::cancel) is called: a try that is under way closes its connection, a wait between two tries ends,
/// and the call returns an error of kind [`Cancelled`](crate::ErrorKind::Cancelled). Once used, a handle stays
/// cancelled, and so do the calls that are made with it: make one for each thing that is to be cancelled.
///
/// ```
/// use approute::ErrorKind;
/// use approute::blocking::CancelHandle;
/// # let mock = approute::mock::MockTransport::with_examples();
/// # let client = mock.blocking_client();
///
/// let stop = CancelHandle::new();
/// let stoppable = client.cancelled_by(&stop);
/// std::thread::spawn(move || {
///     // … the user presses a button …
///     stop.cancel();
/// });
/// match stoppable.links().list().send() {
///     Err(error) if error.kind() == ErrorKind::Cancelled => println!("stopped"),
///     Err(error) => eprintln!("{error}"),
///     Ok(page) => println!("{} links", page.items.len()),
/// }
/// ```
#[derive(Clone, Default)]
pub struct CancelHandle(Arc<State>);

#[derive(Default)]
struct State {
    cancelled: AtomicBool,
    waiting: Notify,
}

impl CancelHandle {
    /// A handle that has not been used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the calls that are made with this handle, now and later. Returns at once, on any thread.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.0.waiting.notify_waiters();
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Completes when the handle is cancelled.
    pub(crate) async fn cancelled(&self) {
        let mut woken = pin!(self.0.waiting.notified());
        // In the list before the look, or else what happens in between would be missed.
        woken.as_mut().enable();
        if !self.is_cancelled() {
            woken.await;
        }
    }
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelHandle")
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}
