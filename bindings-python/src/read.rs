//! From the core's values to Python's, when they are read.

use std::collections::BTreeMap;

use approute::bytes::Bytes;
use approute::chrono::{DateTime, Datelike, Timelike, Utc};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use serde_json::Value;

use crate::shared::Part;

/// How a type of the core reads in Python.
pub(crate) trait Read: Sized {
    fn read<'py>(part: Part<'_, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>>;
}

impl Read for String {
    fn read<'py>(part: Part<'_, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyString::new(py, part.get()).into_any())
    }
}

macro_rules! read_plain {
    ($($type:ty),*) => {$(
        impl Read for $type {
            fn read<'py>(part: Part<'_, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                part.get().into_bound_py_any(py)
            }
        }
    )*};
}

read_plain!(i64, f64, bool);

impl Read for Bytes {
    fn read<'py>(part: Part<'_, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyBytes::new(py, part.get()).into_any())
    }
}

impl<T: Read> Read for Option<T> {
    fn read<'py>(part: Part<'_, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match part.find(Option::as_ref) {
            Some(part) => T::read(part, py),
            None => Ok(py.None().into_bound(py)),
        }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read<'py>(part: Part<'_, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let list = PyList::empty(py);
        for entry in part.entries() {
            list.append(T::read(entry, py)?)?;
        }
        Ok(list.into_any())
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read<'py>(part: Part<'_, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let dict = PyDict::new(py);
        for key in part.get().keys() {
            if let Some(value) = part.find(|map| map.get(key)) {
                dict.set_item(key, T::read(value, py)?)?;
            }
        }
        Ok(dict.into_any())
    }
}

impl Read for Value {
    fn read<'py>(part: Part<'_, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json(part.get(), py)
    }
}

impl Read for DateTime<Utc> {
    fn read<'py>(part: Part<'_, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(part.get(), py)
    }
}

/// `datetime.datetime` and `datetime.timezone.utc`. Imported when the first time is read: the module takes a while.
fn datetime_class(py: Python<'_>) -> PyResult<&(Py<PyAny>, Py<PyAny>)> {
    static CLASS: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    CLASS.get_or_try_init(py, || {
        let module = py.import("datetime")?;
        let utc = module.getattr("timezone")?.getattr("utc")?;
        Ok((module.getattr("datetime")?.unbind(), utc.unbind()))
    })
}

fn datetime<'py>(time: &DateTime<Utc>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
    let (class, utc) = datetime_class(py)?;
    let fields = PyTuple::new(
        py,
        [
            time.year().into_bound_py_any(py)?,
            time.month().into_bound_py_any(py)?,
            time.day().into_bound_py_any(py)?,
            time.hour().into_bound_py_any(py)?,
            time.minute().into_bound_py_any(py)?,
            time.second().into_bound_py_any(py)?,
            // A leap second is counted on from 1,000,000 µs, which Python does not know.
            (time.nanosecond() / 1000)
                .min(999_999)
                .into_bound_py_any(py)?,
            utc.bind(py).clone(),
        ],
    )?;
    class.bind(py).call1(fields)
}

/// Any JSON value.
pub(crate) fn json<'py>(value: &Value, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Null => Ok(py.None().into_bound(py)),
        Value::Bool(value) => value.into_bound_py_any(py),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_bound_py_any(py),
            (_, Some(number)) => number.into_bound_py_any(py),
            _ => number.as_f64().into_bound_py_any(py),
        },
        Value::String(text) => text.into_bound_py_any(py),
        Value::Array(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(json(value, py)?)?;
            }
            Ok(list.into_any())
        }
        Value::Object(fields) => object(fields, py).map(Bound::into_any),
    }
}

/// A JSON object.
pub(crate) fn object<'py>(
    fields: &serde_json::Map<String, Value>,
    py: Python<'py>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in fields {
        dict.set_item(name, json(value, py)?)?;
    }
    Ok(dict)
}
