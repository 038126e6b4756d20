//! Calls for event loops: they run on the I/O thread, and what came of them waits here until the loop takes it.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use approute::bridge::RawResponse;
use tokio::task::AbortHandle;

use crate::client::PendingCall;
use crate::failure::Failure;
use crate::notice::{Listener, Notice};
use crate::runtime::io_thread;

/// Something that came of a call.
#[derive(Debug)]
pub struct Completion<T> {
    /// The call's number.
    pub id: u64,
    /// What came.
    pub what: What<T>,
}

/// What came of a call.
#[derive(Debug)]
pub enum What<T> {
    /// Its end. Nothing follows.
    Done(Result<T, Failure>),
    /// Something to tell the user's hooks. More follows.
    Notice(Notice),
}

/// A queue of completions, one for each event loop.
///
/// `wake` is called when something comes into the empty queue, from the I/O thread, once for however much follows until
/// [`drain`](Queue::drain): a loop that is busy is woken once for a whole batch.
pub struct Queue<T>(Arc<Shared<T>>);

struct Shared<T> {
    wake: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State<T>>,
}

struct State<T> {
    completed: Vec<Completion<T>>,
    running: HashMap<u64, Running>,
    closed: bool,
}

enum Running {
    /// Its task is about to be known.
    Starting,
    Task(AbortHandle),
}

impl<T: Send + 'static> Queue<T> {
    /// A queue that wakes its event loop like this.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            wake: Box::new(wake),
            state: Mutex::new(State {
                completed: Vec::new(),
                running: HashMap::new(),
                closed: false,
            }),
        }))
    }

    /// Starts a call and gives its number. `read` makes the answer's value, on the I/O thread. `tells` says whether the
    /// client has hooks, whose notices then come through the queue too.
    ///
    /// # Errors
    /// When there is no thread to be had for I/O, or the queue is closed.
    pub fn submit(
        &self,
        call: PendingCall,
        tells: bool,
        read: impl FnOnce(RawResponse) -> Result<T, Failure> + Send + 'static,
    ) -> Result<u64, Failure> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let runtime = io_thread()?;
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let listener: Option<Listener> = tells.then(|| {
            let shared = Arc::clone(&self.0);
            let listener: Listener = Arc::new(move |notice| {
                shared.put(id, What::Notice(notice));
            });
            listener
        });
        {
            let mut state = self.0.state();
            if state.closed {
                return Err(Failure::internal("the event loop of this call is closed"));
            }
            state.running.insert(id, Running::Starting);
        }
        let shared = Arc::clone(&self.0);
        let task = runtime.spawn(async move {
            let result = call.carry_out(listener, read).await;
            shared.put(id, What::Done(result));
        });
        let mut state = self.0.state();
        // It may have ended before this line.
        let closed = state.closed;
        match state.running.get_mut(&id) {
            Some(entry) => *entry = Running::Task(task.abort_handle()),
            None if closed => task.abort(),
            None => {}
        }
        Ok(id)
    }

    /// Ends a call; nothing comes of it any more. Says whether it was still running. Its connection is closed, so that
    /// the server sees that nobody waits.
    pub fn cancel(&self, id: u64) -> bool {
        let mut state = self.0.state();
        let Some(running) = state.running.remove(&id) else {
            return false;
        };
        state.completed.retain(|completion| completion.id != id);
        drop(state);
        if let Running::Task(task) = running {
            task.abort();
        }
        true
    }

    /// Takes everything that has come.
    pub fn drain(&self) -> Vec<Completion<T>> {
        std::mem::take(&mut self.0.state().completed)
    }

    /// How many calls run.
    pub fn running(&self) -> usize {
        self.0.state().running.len()
    }

    /// Ends all calls and takes no more: the event loop is gone.
    pub fn close(&self) {
        let mut state = self.0.state();
        state.closed = true;
        state.completed.clear();
        let running = std::mem::take(&mut state.running);
        drop(state);
        for running in running.into_values() {
            if let Running::Task(task) = running {
                task.abort();
            }
        }
    }
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, id: u64, what: What<T>) {
        let mut state = self.state();
        let known = match what {
            What::Done(_) => state.running.remove(&id).is_some(),
            What::Notice(_) => state.running.contains_key(&id),
        };
        if !known {
            // Cancelled meanwhile.
            return;
        }
        let was_empty = state.completed.is_empty();
        state.completed.push(Completion { id, what });
        drop(state);
        if was_empty {
            (self.wake)();
        }
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state();
        f.debug_struct("Queue")
            .field("completed", &state.completed.len())
            .field("running", &state.running.len())
            .finish()
    }
}
