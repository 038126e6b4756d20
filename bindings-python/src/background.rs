//! A call that is started now and waited for later, by any thread: the page ahead of a list.
//!
//! It runs on a thread of its own, as a blocking call does, and so on the connections of blocking calls: those of event
//! loops belong to another runtime.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use approute_bridge::{Failure, Listener, PendingCall, wait};
use pyo3::prelude::*;

use crate::answer::{Delivered, Reader};
use crate::client::{TICK, signalled};
use crate::errors::OrRaise;

type Ended = Result<Option<Box<dyn Delivered>>, Failure>;

/// A call on its own thread.
#[pyclass(frozen, module = "approute._native", name = "BackgroundCall")]
pub(crate) struct BackgroundCall {
    ended: Mutex<Receiver<Ended>>,
    cancelled: Arc<AtomicBool>,
}

impl BackgroundCall {
    pub(crate) fn start(
        call: PendingCall,
        reader: Reader,
        listener: Option<Listener>,
    ) -> Result<Self, Failure> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&cancelled);
        let (sender, ended) = sync_channel(1);
        thread::Builder::new()
            .name("approute-ahead".to_owned())
            .spawn(move || {
                let interrupted = || asked.load(Ordering::Relaxed);
                // Nobody is there any more to take it: then it is of no use.
                let _ = sender.send(wait(call, listener, TICK, interrupted, reader));
            })
            .map_err(|error| Failure::internal(format!("no thread can be had: {error}")))?;
        Ok(Self {
            ended: Mutex::new(ended),
            cancelled,
        })
    }

    /// Its end, or what a signal's handler raised while this thread waited.
    fn receive(&self) -> Result<Ended, PyErr> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let mut raised = None;
        loop {
            match ended.recv_timeout(TICK) {
                Ok(ended) => return Ok(ended),
                Err(RecvTimeoutError::Disconnected) => return Ok(Ok(None)),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if signalled(&mut raised) {
                self.cancel();
            }
            if let Some(raised) = raised {
                return Err(raised);
            }
        }
    }
}

#[pymethods]
impl BackgroundCall {
    /// Waits for its end. To be called once.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match py.detach(|| self.receive())?.or_raise(py)? {
            Some(value) => value.deliver(py),
            None => Err(Failure::internal("the call was cancelled")).or_raise(py),
        }
    }

    /// Ends it.
    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

impl Drop for BackgroundCall {
    fn drop(&mut self) {
        self.cancel();
    }
}
