//! The I/O thread of the process, for event loops.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

use crate::failure::Failure;

/// The runtime whose thread does the I/O of all queues of this process.
///
/// The child of a fork has the parent's memory and none of its threads, so it makes its own. The parent's is left as it
/// is: nothing in it can be stopped or closed from here without harm to the parent.
pub(crate) fn io_thread() -> Result<Handle, Failure> {
    static SHARED: Mutex<Option<(u32, Thread)>> = Mutex::new(None);
    let process = std::process::id();
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((owner, thread)) = &*shared
        && *owner == process
    {
        thread.beat.call();
        return Ok(thread.handle.clone());
    }
    let thread = spawn()?;
    thread.beat.call();
    let handle = thread.handle.clone();
    if let Some(parents) = shared.replace((process, thread)) {
        std::mem::forget(parents);
    }
    Ok(handle)
}

struct Thread {
    handle: Handle,
    beat: &'static Beat,
}

/// A timer that is always near while calls come.
///
/// A try's time limit that is nearer than every other timer makes tokio wake its own thread by a system call, in the
/// middle of each call. Behind this one it does not. A thread without calls is left asleep.
#[derive(Default)]
struct Beat {
    called: AtomicBool,
    first: Notify,
}

impl Beat {
    /// Nearer than any usual time limit, connecting included.
    const PERIOD: Duration = Duration::from_secs(4);

    fn call(&self) {
        if !self.called.swap(true, Ordering::Relaxed) {
            self.first.notify_one();
        }
    }

    /// `rest` waits for [`PERIOD`](Self::PERIOD).
    async fn run<R: Future<Output = ()>>(&self, rest: impl Fn() -> R) {
        loop {
            self.first.notified().await;
            while self.called.swap(false, Ordering::Relaxed) {
                rest().await;
            }
        }
    }
}

fn spawn() -> Result<Thread, Failure> {
    let failed =
        |error: std::io::Error| Failure::internal(format!("no thread for I/O can be had: {error}"));
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    // It lasts as long as its process, and its thread needs no joining.
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    let beat: &'static Beat = Box::leak(Box::default());
    std::thread::Builder::new()
        .name("approute-io".to_owned())
        .spawn(|| runtime.block_on(beat.run(|| tokio::time::sleep(Beat::PERIOD))))
        .map_err(failed)?;
    Ok(Thread {
        handle: runtime.handle().clone(),
        beat,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn a_timer_is_near_while_calls_come_and_none_is_left_afterwards() {
        let beat = Beat::default();
        let (begun, ended) = (Cell::new(0), Cell::new(0));
        // Waits that are over when the test says so.
        let rest = || {
            begun.set(begun.get() + 1);
            let number = begun.get();
            let ended = &ended;
            poll_fn(move |_| {
                if ended.get() >= number {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
        };
        let mut running = pin!(beat.run(rest));
        let mut waits = || {
            let step = running
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            assert!(step.is_pending(), "it lasts as long as its thread");
            (begun.get(), begun.get() - ended.get())
        };
        assert_eq!(waits(), (0, 0), "nobody has called");
        beat.call();
        assert_eq!(waits(), (1, 1));
        beat.call();
        beat.call();
        assert_eq!(waits(), (1, 1), "one timer is enough for all calls");
        ended.set(1);
        assert_eq!(waits(), (2, 1), "calls came, so more may come");
        ended.set(2);
        assert_eq!(waits(), (2, 0), "none came: the thread sleeps");
        assert_eq!(waits(), (2, 0));
        beat.call();
        assert_eq!(waits(), (3, 1), "the next call wakes it");
    }
}
