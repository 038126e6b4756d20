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

    async fn run(&self) {
        loop {
            self.first.notified().await;
            while self.called.swap(false, Ordering::Relaxed) {
                tokio::time::sleep(Self::PERIOD).await;
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
        .spawn(|| runtime.block_on(beat.run()))
        .map_err(failed)?;
    Ok(Thread {
        handle: runtime.handle().clone(),
        beat,
    })
}
