//! Calls of an event loop: they run on the bridge's I/O thread, and wake the loop through a file descriptor.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

use approute_bridge::{Failure, Queue, What, panic_on_purpose};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::answer::Delivered;
use crate::client::NativeClient;
use crate::errors::{self, OrRaise};

/// Something to be read by a selector once something has come.
#[cfg(target_os = "linux")]
struct Bell(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Bell {
    fn new() -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        Ok(Self(eventfd(
            0,
            EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK,
        )?))
    }

    fn ring(&self) {
        // A full counter is a bell that rings already.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    fn silence(&self) {
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }

    fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
struct Bell(
    std::os::unix::net::UnixStream,
    std::os::unix::net::UnixStream,
);

#[cfg(all(unix, not(target_os = "linux")))]
impl Bell {
    fn new() -> io::Result<Self> {
        let (near, far) = std::os::unix::net::UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        Ok(Self(near, far))
    }

    fn ring(&self) {
        use std::io::Write;
        // A full buffer is a bell that rings already.
        let _ = (&self.1).write(&[1]);
    }

    fn silence(&self) {
        use std::io::Read;
        let _ = (&self.0).read(&mut [0; 64]);
    }

    fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// The calls of one event loop.
#[pyclass(frozen, module = "approute._native", name = "LoopQueue")]
pub(crate) struct LoopQueue {
    queue: Queue<Box<dyn Delivered>>,
    bell: Arc<Bell>,
}

#[pymethods]
impl LoopQueue {
    #[new]
    fn new() -> PyResult<Self> {
        let bell = Arc::new(Bell::new()?);
        let rung = Arc::clone(&bell);
        Ok(Self {
            queue: Queue::new(move || rung.ring()),
            bell,
        })
    }

    /// What becomes readable once something has come.
    fn fileno(&self) -> RawFd {
        self.bell.fd()
    }

    /// Starts a call and gives its number.
    fn submit<'py>(
        &self,
        py: Python<'py>,
        client: &Bound<'py, NativeClient>,
        operation: usize,
        args: &Bound<'py, PyDict>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<u64> {
        let client = client.get();
        let (call, reader) = client.start(operation, args, options).or_raise(py)?;
        self.queue.submit(call, client.tells(), reader).or_raise(py)
    }

    /// Takes everything that has come: `(number, kind, what)`, where the kind is 0 for a value, 1 for an exception, and 2
    /// for a notice as JSON, after which more follows.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        // In this order: what comes in between rings again.
        self.bell.silence();
        let list = PyList::empty(py);
        for completion in self.queue.drain() {
            let (kind, what) = match completion.what {
                What::Done(result) => match delivered(py, result) {
                    Ok(value) => (0, value),
                    Err(error) => (1, error.into_bound_py_any(py)?),
                },
                What::Notice(notice) => (2, notice.to_json().into_bound_py_any(py)?),
            };
            list.append((completion.id, kind, what))?;
        }
        Ok(list)
    }

    /// Ends a call; nothing comes of it any more.
    fn cancel(&self, id: u64) -> bool {
        self.queue.cancel(id)
    }

    /// How many calls run.
    fn running(&self) -> usize {
        self.queue.running()
    }

    /// Ends all calls: the loop is gone.
    fn close(&self) {
        self.queue.close();
    }

    /// Panics inside of a call, to show that it ends as an ordinary exception.
    fn _panic(
        &self,
        py: Python<'_>,
        client: &Bound<'_, NativeClient>,
        args: &Bound<'_, PyDict>,
        operation: usize,
    ) -> PyResult<u64> {
        let (call, _) = client.get().start(operation, args, None).or_raise(py)?;
        self.queue
            .submit(call, false, |_| panic_on_purpose())
            .or_raise(py)
    }
}

impl Drop for LoopQueue {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn delivered(
    py: Python<'_>,
    result: Result<Box<dyn Delivered>, Failure>,
) -> PyResult<Bound<'_, PyAny>> {
    match result {
        Ok(value) => value.deliver(py),
        Err(failure) => Err(errors::exception(py, &failure)),
    }
}
