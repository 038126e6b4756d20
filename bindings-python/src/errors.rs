//! From the bridge's failures to the exceptions of `approute._errors`.

use approute_bridge::{Failure, LanguageType};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList};

/// The exception of a failure.
pub(crate) fn exception(py: Python<'_>, failure: &Failure) -> PyErr {
    match build(py, failure) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// A failure's exception as a value.
pub(crate) fn build<'py>(py: Python<'py>, failure: &Failure) -> PyResult<Bound<'py, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.get_or_try_init(py, || {
        py.import("approute._errors")?
            .getattr("_from_native")
            .map(Bound::unbind)
    })?;
    let fields = PyDict::new(py);
    let message = plain(failure, &failure.message);
    fields.set_item("message", message)?;
    fields.set_item("text", plain(failure, &failure.text))?;
    fields.set_item("status", failure.status)?;
    fields.set_item("code", failure.code.as_deref())?;
    let errors = PyList::empty(py);
    for error in &failure.errors {
        errors.append((&error.pointer, &error.code, &error.message))?;
    }
    fields.set_item("errors", errors)?;
    fields.set_item("request_id", failure.request_id.as_deref())?;
    let headers = PyDict::new(py);
    for (name, value) in &failure.headers {
        headers.set_item(name, value)?;
    }
    fields.set_item("headers", headers)?;
    fields.set_item("body", PyBytes::new(py, &failure.body))?;
    fields.set_item("attempts", failure.attempts)?;
    fields.set_item("retryable", failure.retryable)?;
    fields.set_item("idempotency_key", failure.idempotency_key.as_deref())?;
    fields.set_item("outcome", failure.outcome)?;
    if let Some(asked) = &failure.confirmation {
        let asked = (&asked.token, asked.delete_count, &asked.expires_at);
        fields.set_item("confirmation", asked)?;
    }
    fields.set_item("reason", failure.webhook_failure)?;
    let language_type = match failure.language_type {
        LanguageType::None => None,
        LanguageType::Type => Some("TypeError"),
        LanguageType::Value => Some("ValueError"),
    };
    make.bind(py).call1((failure.class, language_type, fields))
}

/// The fields of a body are arguments of their own in Python.
fn plain(failure: &Failure, text: &str) -> String {
    if failure.class == "ConfigurationError" {
        text.replace("`body.", "`").replace(" in `body`", "")
    } else {
        text.to_owned()
    }
}

/// Turns the bridge's results into Python's.
pub(crate) trait OrRaise<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, Failure> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|failure| exception(py, &failure))
    }
}
