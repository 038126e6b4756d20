//! Calls whose I/O Python does, with the user's own HTTP client.

use std::sync::{Mutex, MutexGuard, PoisonError};

use approute_bridge::{HostAction, HostAnswer, HostCall, HostFailure};
use bytes::Bytes;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::answer::Reader;
use crate::client::NativeClient;
use crate::errors::OrRaise;

/// A call that does no I/O: it says what to do next, and is told what came of that.
#[pyclass(frozen, module = "approute._native", name = "HostCall")]
pub(crate) struct NativeHostCall {
    call: Mutex<HostCall>,
    reader: Reader,
}

impl NativeHostCall {
    fn lock(&self) -> MutexGuard<'_, HostCall> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do next: `("send", method, url, headers, body, seconds, bytes)`, `("sleep", seconds)` or
    /// `("done", value)`; an exception where the call failed.
    fn told<'py>(&self, py: Python<'py>, action: HostAction) -> PyResult<Bound<'py, PyAny>> {
        match action {
            HostAction::Send {
                method,
                url,
                headers,
                body,
                timeout,
                max_response_bytes,
            } => {
                let body = PyBytes::new(py, &body);
                let timeout = timeout.as_secs_f64();
                (
                    "send",
                    method,
                    url,
                    headers,
                    body,
                    timeout,
                    max_response_bytes,
                )
                    .into_bound_py_any(py)
            }
            HostAction::Sleep(time) => ("sleep", time.as_secs_f64()).into_bound_py_any(py),
            HostAction::Done(result) => {
                let reader = self.reader;
                let value = py.detach(|| approute_bridge::guard(|| reader(result?)));
                ("done", value.or_raise(py)?.deliver(py)?).into_bound_py_any(py)
            }
        }
    }
}

#[pymethods]
impl NativeHostCall {
    #[new]
    fn new<'py>(
        py: Python<'py>,
        client: &Bound<'py, NativeClient>,
        operation: usize,
        args: &Bound<'py, PyDict>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        let client = client.get();
        let (call, reader) = client.start(operation, args, options).or_raise(py)?;
        Ok(Self {
            call: Mutex::new(call.into_host_call(client.listener(py))),
            reader,
        })
    }

    /// The first thing to do.
    fn begin<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let action = py.detach(|| self.lock().begin());
        self.told(py, action)
    }

    /// The wait is over.
    fn slept<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let action = py.detach(|| self.lock().slept());
        self.told(py, action)
    }

    /// An answer came. Its body is decompressed.
    fn answered<'py>(
        &self,
        py: Python<'py>,
        status: u16,
        headers: Vec<(String, Vec<u8>)>,
        body: &[u8],
    ) -> PyResult<Bound<'py, PyAny>> {
        let answer = HostAnswer {
            status,
            headers,
            body: Bytes::copy_from_slice(body),
        };
        let action = py.detach(|| self.lock().answered(answer));
        self.told(py, action)
    }

    /// No answer came.
    #[pyo3(signature = (kind, message, sent = None))]
    fn failed<'py>(
        &self,
        py: Python<'py>,
        kind: String,
        message: String,
        sent: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let failure = HostFailure {
            kind,
            message,
            sent,
        };
        let action = py.detach(|| self.lock().failed(failure));
        self.told(py, action)
    }
}
