//! The native client, and calls that block.

use std::sync::Arc;
use std::time::Duration;

use approute_bridge::{
    Client, Config, Failure, Listener, Notice, PendingCall, guard, panic_on_purpose, wait,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::answer::Reader;
use crate::background::BackgroundCall;
use crate::errors::OrRaise;
use crate::generated::READERS;
use crate::write;

/// How often a blocking call looks for signals.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// The native client of an `approute.Client` or `approute.AsyncClient`.
#[pyclass(frozen, module = "approute._native", name = "NativeClient")]
pub(crate) struct NativeClient {
    client: Client,
    /// Called with each notice as JSON, where the user has hooks or a logger.
    notify: Option<Py<PyAny>>,
}

impl NativeClient {
    /// A call that is ready to be carried out, and what reads its answer.
    pub(crate) fn start(
        &self,
        operation: usize,
        args: &Bound<'_, PyDict>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Result<(PendingCall, Reader), Failure> {
        let request = write::request(args, options)?;
        let call = self.client.start(operation, &request)?;
        let reader = READERS.get(operation).copied();
        reader
            .map(|reader| (call, reader))
            .ok_or_else(|| Failure::internal("the native library and its facade differ"))
    }

    pub(crate) fn tells(&self) -> bool {
        self.notify.is_some()
    }

    /// What tells the user's hooks, on the thread that waits.
    pub(crate) fn listener(&self, py: Python<'_>) -> Option<Listener> {
        let notify = self.notify.as_ref()?.clone_ref(py);
        Some(Arc::new(move |notice: Notice| {
            Python::attach(|py| {
                let notify = notify.bind(py);
                if let Err(error) = notify.call1((notice.to_json(),)) {
                    // A hook that fails is the user's affair and no reason to fail the call.
                    error.write_unraisable(py, Some(notify));
                }
            });
        }))
    }
}

#[pymethods]
impl NativeClient {
    #[new]
    fn new(config: &Bound<'_, PyDict>, notify: Option<Py<PyAny>>) -> PyResult<Self> {
        let py = config.py();
        let json = write::config(config).or_raise(py)?;
        let client = py.detach(|| Client::new(Config::from_json(&json)?));
        Ok(Self {
            client: client.or_raise(py)?,
            notify,
        })
    }

    /// Where the API is.
    #[getter]
    fn base_url(&self) -> &str {
        self.client.base_url()
    }

    /// Makes a call and waits for its end.
    fn call<'py>(
        &self,
        py: Python<'py>,
        operation: usize,
        args: &Bound<'py, PyDict>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (call, reader) = self.start(operation, args, options).or_raise(py)?;
        let listener = self.listener(py);
        let (result, raised) = py.detach(|| block(call, listener, reader));
        match (result.or_raise(py)?, raised) {
            (Some(value), _) => value.deliver(py),
            (None, Some(raised)) => Err(raised),
            (None, None) => Err(interrupted(py)),
        }
    }

    /// Starts a call now, to be waited for later.
    fn begin<'py>(
        &self,
        py: Python<'py>,
        operation: usize,
        args: &Bound<'py, PyDict>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<BackgroundCall> {
        let (call, reader) = self.start(operation, args, options).or_raise(py)?;
        BackgroundCall::start(call, reader, self.listener(py)).or_raise(py)
    }

    /// In conformance cases: whether the waits of hosts are scripted.
    #[getter]
    fn _scripted(&self) -> bool {
        self.client.script().is_some()
    }

    /// In conformance cases: writes a wait down; whether it is to be held.
    fn _record(&self, seconds: f64) -> bool {
        let wait = Duration::from_secs_f64(seconds);
        self.client
            .script()
            .is_some_and(|script| script.record(wait))
    }

    /// In conformance cases: whether waits are held.
    fn _is_held(&self) -> bool {
        self.client
            .script()
            .is_some_and(approute::bridge::Script::is_held)
    }

    /// Panics inside of a call, to show that it ends as an ordinary exception.
    fn _panic(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| guard(panic_on_purpose::<()>)).or_raise(py)
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.client)
    }
}

type Ended<T> = (Result<Option<T>, Failure>, Option<PyErr>);

/// Waits on this thread, without the interpreter's lock, until the call ends or a signal's handler raises.
fn block<T: Send>(
    call: PendingCall,
    listener: Option<Listener>,
    read: fn(approute_bridge::RawResponse) -> Result<T, Failure>,
) -> Ended<T> {
    let mut raised = None;
    let result = wait(call, listener, TICK, || signalled(&mut raised), read);
    (result, raised)
}

/// Runs the handlers of signals that came. Only the main thread has any.
pub(crate) fn signalled(raised: &mut Option<PyErr>) -> bool {
    Python::attach(|py| {
        *raised = py.check_signals().err();
        raised.is_some()
    })
}

fn interrupted(py: Python<'_>) -> PyErr {
    crate::errors::exception(py, &Failure::internal("the call was interrupted"))
}
