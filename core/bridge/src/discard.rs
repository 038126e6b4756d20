//! Giving back memory where nobody waits for it.

use std::any::Any;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};

type Discarded = Box<dyn Any + Send>;

/// So many values wait at most; what comes beyond them is dropped by who has it.
const WAITING: usize = 64;

/// Drops a value of many parts on a thread of the process that does nothing else; at once, where there can be none.
///
/// The child of a fork has none of its parent's threads, so it makes its own, as it does for I/O.
pub fn drop_elsewhere<T: Send + 'static>(value: T) {
    static SHARED: Mutex<Option<(u32, SyncSender<Discarded>)>> = Mutex::new(None);
    let value: Discarded = Box::new(value);
    let process = std::process::id();
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if shared.as_ref().is_none_or(|(owner, _)| *owner != process)
        && let Ok(thread) = spawn()
    {
        // The parent's has a state that nobody can rely on.
        std::mem::forget(shared.replace((process, thread)));
    }
    let outcome = match &*shared {
        Some((owner, thread)) if *owner == process => thread.try_send(value),
        _ => Err(TrySendError::Disconnected(value)),
    };
    drop(shared);
    // Not while others wait for the lock.
    drop(outcome);
}

fn spawn() -> std::io::Result<SyncSender<Discarded>> {
    let (send, receive): (_, Receiver<Discarded>) = sync_channel(WAITING);
    std::thread::Builder::new()
        .name("approute-drop".to_owned())
        .spawn(move || receive.iter().for_each(drop))?;
    Ok(send)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::thread::{self, ThreadId};

    use super::*;

    struct Told(Sender<ThreadId>);

    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.send(thread::current().id());
        }
    }

    #[test]
    fn every_value_is_dropped_once_and_most_of_them_by_one_other_thread() {
        let (send, dropped) = channel();
        let count = 10 * WAITING;
        for _ in 0..count {
            drop_elsewhere(Told(send.clone()));
        }
        drop(send);
        let mut threads: Vec<ThreadId> = dropped.iter().collect();
        assert_eq!(threads.len(), count);
        threads.retain(|thread| *thread != thread::current().id());
        assert!(threads.len() >= WAITING, "{}", threads.len());
        threads.dedup();
        assert_eq!(threads.len(), 1);
    }
}
