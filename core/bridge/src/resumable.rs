//! Calls that block the calling thread, and can be left and taken up again.
//!
//! [`wait`](crate::wait) asks its question in the middle of the call. A language whose answer is to run arbitrary code
//! of its user, such as a signal handler that makes a call of its own, must not do that inside the runtime. So here the
//! caller comes out with the call unharmed, does what it has to, and goes on or cancels.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use approute::bridge::{RawResponse, block_on};

use crate::client::PendingCall;
use crate::failure::Failure;
use crate::guarding::guard;
use crate::notice::{Listener, Notice};

/// A call that is carried out on the thread that calls [`run`](Resumable::run).
pub struct Resumable<T> {
    /// `None` once it has ended.
    call: Option<Running<T>>,
    notices: Arc<Mutex<Vec<Notice>>>,
}

type Running<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

/// Why [`Resumable::run`] came back.
#[derive(Debug)]
pub enum Pause<T> {
    /// The call has ended.
    Done(Result<T, Failure>),
    /// There is something to tell; then run it again.
    Notices(Vec<Notice>),
    /// The question was answered with yes; run it again or cancel it.
    Interrupted,
}

impl<T: Send + 'static> Resumable<T> {
    /// A call that has not begun. `tells` says whether the client has hooks. `read` makes the answer's value.
    pub fn new(
        call: PendingCall,
        tells: bool,
        read: impl FnOnce(RawResponse) -> Result<T, Failure> + Send + 'static,
    ) -> Self {
        let notices = Arc::default();
        let listener: Option<Listener> = tells.then(|| {
            let notices: Arc<Mutex<Vec<Notice>>> = Arc::clone(&notices);
            let listener: Listener = Arc::new(move |notice| locked(&notices).push(notice));
            listener
        });
        Self {
            call: Some(Box::pin(call.carry_out(listener, read))),
            notices,
        }
    }

    /// Carries the call on until it has ended, there is something to tell, or `interrupted`, which is asked on this
    /// thread every `tick`, says yes.
    pub fn run(
        &mut self,
        tick: Duration,
        mut interrupted: impl FnMut() -> bool + Send,
    ) -> Pause<T> {
        let notices = &self.notices;
        let Some(call) = self.call.as_mut() else {
            return Pause::Done(Err(Failure::internal("the call has ended already")));
        };
        let pause = guard(move || {
            Ok(block_on(async move {
                let mut ticks = pin!(async {
                    loop {
                        tokio::time::sleep(tick).await;
                        if interrupted() {
                            return;
                        }
                    }
                });
                let pause = poll_fn(|context| {
                    let step = call.as_mut().poll(context);
                    // What was told before the end is told before the end.
                    let told = std::mem::take(&mut *locked(notices));
                    match step {
                        Poll::Ready(result) => Poll::Ready((told, Some(result))),
                        Poll::Pending if !told.is_empty() => Poll::Ready((told, None)),
                        Poll::Pending => ticks.as_mut().poll(context).map(|()| (told, None)),
                    }
                });
                Ok(pause.await)
            })?)
        });
        let (told, result) = match pause {
            Ok(pause) => pause,
            Err(failure) => {
                self.call = None;
                return Pause::Done(Err(failure));
            }
        };
        match result {
            Some(result) if told.is_empty() => {
                self.call = None;
                Pause::Done(result)
            }
            Some(result) => {
                self.call = Some(Box::pin(async { result }));
                Pause::Notices(told)
            }
            None if told.is_empty() => Pause::Interrupted,
            None => Pause::Notices(told),
        }
    }

    /// Ends the call and closes its connection, so that the server sees that nobody waits.
    pub fn cancel(&mut self) {
        let Some(call) = self.call.take() else {
            return;
        };
        // Nobody is left whom a failure in here could be told.
        let _ = guard(move || {
            Ok(block_on(async move {
                drop(call);
                // The connection is closed by a task of the runtime, which needs a turn or two.
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
                Ok(())
            })?)
        });
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> fmt::Debug for Resumable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resumable")
            .field("ended", &self.call.is_none())
            .finish()
    }
}
