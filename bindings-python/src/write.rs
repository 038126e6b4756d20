//! From Python's arguments to the JSON that the bridge reads.

use std::fmt;

use approute_bridge::{Failure, LanguageType};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PySequence, PyString, PyTuple, PyType,
};

/// The default of arguments where `None` means something: it clears a field.
#[pyclass(frozen, module = "approute", name = "NotGiven")]
pub(crate) struct NotGiven;

#[pymethods]
impl NotGiven {
    #[classattr]
    fn __doc__() -> &'static str {
        "The type of NOT_GIVEN, which stands for an argument that is left out."
    }

    fn __bool__(&self) -> bool {
        false
    }

    fn __repr__(&self) -> &'static str {
        "NOT_GIVEN"
    }

    /// Pickled and copied by name, so that it stays one object.
    fn __reduce__(&self) -> &'static str {
        "NOT_GIVEN"
    }
}

/// The one object of that type.
pub(crate) fn not_given(py: Python<'_>) -> PyResult<&Py<NotGiven>> {
    static OBJECT: PyOnceLock<Py<NotGiven>> = PyOnceLock::new();
    OBJECT.get_or_try_init(py, || Py::new(py, NotGiven))
}

/// A call's arguments and options as the bridge reads them.
pub(crate) fn request(
    args: &Bound<'_, PyDict>,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"args\":");
    arguments(&mut out, args)?;
    if let Some(options) = options.filter(|options| !options.is_empty()) {
        out.extend_from_slice(b",\"options\":");
        Options::write(&mut out, options)?;
    }
    out.push(b'}');
    Ok(out)
}

/// A call's arguments. `None` leaves an argument out, but in a `patch`, where it clears a field.
fn arguments(out: &mut Vec<u8>, args: &Bound<'_, PyDict>) -> Result<(), Failure> {
    let writer = Writer::new(args.py());
    let plain = Writer {
        skips_none: true,
        ..writer
    };
    out.push(b'{');
    let mut first = true;
    for (key, value) in args {
        if value.is_none() {
            continue;
        }
        let name = key.extract::<String>().unwrap_or_default();
        let path = match name.as_str() {
            "body" | "patch" => Path::Body,
            name => Path::Field(&Path::Root, name),
        };
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        match (name.as_str(), value.cast::<PyDict>()) {
            ("body", Ok(body)) => {
                write_key(out, "body", &path)?;
                plain.dict(out, body, &path, 0)?;
            }
            ("patch", Ok(body)) => {
                write_key(out, "body", &path)?;
                writer.dict(out, body, &path, 0)?;
            }
            _ => {
                write_key(out, &name, &path)?;
                writer.value(out, &value, &path, 0)?;
            }
        }
    }
    out.push(b'}');
    Ok(())
}

/// Any value as JSON.
pub(crate) fn value(value: &Bound<'_, PyAny>) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(256);
    Writer::new(value.py()).value(&mut out, value, &Path::Root, 0)?;
    Ok(out)
}

/// A client's settings as the bridge reads them.
pub(crate) fn config(settings: &Bound<'_, PyDict>) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(512);
    out.push(b'{');
    let mut first = true;
    for (key, value) in settings {
        if value.is_none() {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        let name = key.extract::<String>().unwrap_or_default();
        let path = Path::Field(&Path::Root, &name);
        write_key(&mut out, &name, &path)?;
        match name.as_str() {
            "timeout" | "attempt_timeout" | "connect_timeout" => {
                serialized(&mut out, &milliseconds(&name, &value)?, &path)?;
            }
            "default_headers" => pairs(&mut out, &value, &path)?,
            _ => Writer::new(value.py()).value(&mut out, &value, &path, 0)?,
        }
    }
    out.push(b'}');
    Ok(out)
}

fn refused(kind: LanguageType, path: &Path<'_>, what: &str) -> Failure {
    let message = match path {
        Path::Root | Path::Body => format!("the value {what}"),
        path => format!("`{path}` {what}"),
    };
    Failure::bad_argument(kind, message)
}

/// Where in the arguments a value is. It is written only when something is wrong with the value.
enum Path<'a> {
    Root,
    /// The body, whose fields are arguments in Python.
    Body,
    Field(&'a Path<'a>, &'a str),
    Entry(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root | Self::Body => Ok(()),
            Self::Field(Self::Root | Self::Body, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Entry(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// As deep as serde_json reads.
const DEEPEST: usize = 120;

struct Writer {
    /// Whether `None` leaves a field out, at the top.
    skips_none: bool,
    not_given: *mut pyo3::ffi::PyObject,
}

impl Writer {
    fn new(py: Python<'_>) -> Self {
        Self {
            skips_none: false,
            not_given: not_given(py).map_or(std::ptr::null_mut(), Py::as_ptr),
        }
    }

    fn value(
        &self,
        out: &mut Vec<u8>,
        value: &Bound<'_, PyAny>,
        path: &Path<'_>,
        depth: usize,
    ) -> Result<(), Failure> {
        if depth > DEEPEST {
            return Err(refused(LanguageType::Value, path, "is nested too deeply"));
        }
        if let Ok(text) = value.cast::<PyString>() {
            return string(out, text, path);
        }
        if value.is_none() {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        if let Ok(flag) = value.cast::<PyBool>() {
            out.extend_from_slice(if flag.is_true() { b"true" } else { b"false" });
            return Ok(());
        }
        if value.cast::<PyInt>().is_ok() {
            let number: i64 = value.extract().map_err(|_| {
                refused(
                    LanguageType::Value,
                    path,
                    "is larger than any integer of the API",
                )
            })?;
            out.extend_from_slice(number.to_string().as_bytes());
            return Ok(());
        }
        if let Ok(number) = value.cast::<PyFloat>() {
            let number = number.value();
            if !number.is_finite() {
                return Err(refused(
                    LanguageType::Value,
                    path,
                    "must be a finite number",
                ));
            }
            return serialized(out, &number, path);
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            return self.dict(out, dict, path, depth);
        }
        if let Ok(list) = value.cast::<PyList>() {
            return self.list(out, list.iter(), path, depth);
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            return self.list(out, tuple.iter(), path, depth);
        }
        self.rare(out, value, path, depth)
    }

    fn rare(
        &self,
        out: &mut Vec<u8>,
        value: &Bound<'_, PyAny>,
        path: &Path<'_>,
        depth: usize,
    ) -> Result<(), Failure> {
        let py = value.py();
        let foreign = |_: PyErr| refused(LanguageType::Value, path, "cannot be read");
        if is_datetime(value) {
            return datetime(out, value, path);
        }
        let bytes = value.is_instance_of::<pyo3::types::PyBytes>()
            || value.is_instance_of::<pyo3::types::PyByteArray>();
        if bytes {
            return Err(refused(LanguageType::Type, path, "must be text, not bytes"));
        }
        if let Ok(mapping) = value.cast::<PyMapping>() {
            let dict = PyDict::new(py);
            dict.update(mapping).map_err(foreign)?;
            return self.dict(out, &dict, path, depth);
        }
        if let Ok(sequence) = value.cast::<PySequence>() {
            let list = sequence.to_list().map_err(foreign)?;
            return self.list(out, list.iter(), path, depth);
        }
        let kind = value.get_type().name().map(|name| name.to_string());
        let kind = kind.unwrap_or_default();
        let what = format!("cannot be sent: it is of type {kind}");
        Err(refused(LanguageType::Type, path, &what))
    }

    fn dict(
        &self,
        out: &mut Vec<u8>,
        dict: &Bound<'_, PyDict>,
        path: &Path<'_>,
        depth: usize,
    ) -> Result<(), Failure> {
        out.push(b'{');
        let mut first = true;
        for (key, value) in dict {
            let left_out = self.skips_none && depth == 0 && value.is_none();
            if left_out || value.as_ptr() == self.not_given {
                continue;
            }
            if !first {
                out.push(b',');
            }
            first = false;
            let Ok(key) = key.cast::<PyString>() else {
                return Err(refused(
                    LanguageType::Type,
                    path,
                    "must have keys that are strings",
                ));
            };
            string(out, key, path)?;
            out.push(b':');
            let name = key.to_str().unwrap_or_default();
            self.value(out, &value, &Path::Field(path, name), depth + 1)?;
        }
        out.push(b'}');
        Ok(())
    }

    fn list<'py>(
        &self,
        out: &mut Vec<u8>,
        entries: impl Iterator<Item = Bound<'py, PyAny>>,
        path: &Path<'_>,
        depth: usize,
    ) -> Result<(), Failure> {
        out.push(b'[');
        for (index, entry) in entries.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.value(out, &entry, &Path::Entry(path, index), depth + 1)?;
        }
        out.push(b']');
        Ok(())
    }
}

fn string(out: &mut Vec<u8>, text: &Bound<'_, PyString>, path: &Path<'_>) -> Result<(), Failure> {
    let Ok(text) = text.to_str() else {
        let what = "holds a lone surrogate, which has no UTF-8 form";
        return Err(refused(LanguageType::Value, path, what));
    };
    serialized(out, text, path)
}

fn serialized(
    out: &mut Vec<u8>,
    value: &(impl serde::Serialize + ?Sized),
    path: &Path<'_>,
) -> Result<(), Failure> {
    serde_json::to_writer(out, value)
        .map_err(|_| refused(LanguageType::Value, path, "cannot be written as JSON"))
}

/// Whether it is a `datetime.datetime`. Where nobody has imported that module, it is none.
fn is_datetime(value: &Bound<'_, PyAny>) -> bool {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS
        .import(value.py(), "datetime", "datetime")
        .and_then(|class| value.is_instance(class))
        .unwrap_or(false)
}

fn datetime(out: &mut Vec<u8>, value: &Bound<'_, PyAny>, path: &Path<'_>) -> Result<(), Failure> {
    let py = value.py();
    let offset = value.call_method0("utcoffset");
    if offset.as_ref().map_or(true, |offset| offset.is_none()) {
        let what = "must have a time zone, as in datetime.now(timezone.utc)";
        return Err(refused(LanguageType::Value, path, what));
    }
    let text = py.import("datetime").and_then(|module| {
        let utc = module.getattr("timezone")?.getattr("utc")?;
        value
            .call_method1("astimezone", (utc,))?
            .call_method0("isoformat")
    });
    let text = text.and_then(|text| text.extract::<String>());
    let text =
        text.map_err(|_| refused(LanguageType::Value, path, "is no time that can be sent"))?;
    serialized(out, &text, path)
}

/// Options of a call, in Python's spelling: seconds, `extra_headers`, `extra_query`.
struct Options;

impl Options {
    fn write(out: &mut Vec<u8>, options: &Bound<'_, PyDict>) -> Result<(), Failure> {
        out.push(b'{');
        let mut first = true;
        for (key, value) in options {
            if value.is_none() {
                continue;
            }
            let name = key.extract::<String>().unwrap_or_default();
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            let path = Path::Field(&Path::Root, &name);
            match name.as_str() {
                "timeout" | "attempt_timeout" => {
                    write_key(out, &name, &path)?;
                    serialized(out, &milliseconds(&name, &value)?, &path)?;
                }
                "max_retries" | "max_response_bytes" | "idempotency_key" | "confirmation"
                | "api_key" => {
                    write_key(out, &name, &path)?;
                    Writer::new(value.py()).value(out, &value, &path, 0)?;
                }
                "extra_headers" => {
                    write_key(out, "headers", &path)?;
                    pairs(out, &value, &path)?;
                }
                "extra_query" => {
                    write_key(out, "query", &path)?;
                    pairs(out, &value, &path)?;
                }
                other => {
                    let message = format!("unexpected keyword argument `{other}`");
                    return Err(Failure::bad_argument(LanguageType::Type, message));
                }
            }
        }
        out.push(b'}');
        Ok(())
    }
}

fn write_key(out: &mut Vec<u8>, name: &str, path: &Path<'_>) -> Result<(), Failure> {
    serialized(out, name, path)?;
    out.push(b':');
    Ok(())
}

/// Milliseconds of a time in seconds: a number or a `datetime.timedelta`.
fn milliseconds(name: &str, value: &Bound<'_, PyAny>) -> Result<f64, Failure> {
    let seconds = if value.is_instance_of::<PyBool>() {
        None
    } else {
        let plain = value.extract::<f64>();
        plain
            .or_else(|_| value.call_method0("total_seconds")?.extract::<f64>())
            .ok()
    };
    let refused =
        |kind, what: &str| Failure::bad_argument(kind, format!("`{name}` must be {what}"));
    let seconds = seconds.ok_or_else(|| refused(LanguageType::Type, "a number of seconds"))?;
    if seconds.is_nan() || seconds <= 0.0 {
        return Err(refused(LanguageType::Value, "longer than zero seconds"));
    }
    // What is endless, as `math.inf`, is as long as the bridge takes.
    Ok((seconds * 1000.0).min(1e12))
}

/// A mapping of texts, or of lists of texts, as pairs.
fn pairs(out: &mut Vec<u8>, value: &Bound<'_, PyAny>, path: &Path<'_>) -> Result<(), Failure> {
    let wrong = || refused(LanguageType::Type, path, "must map names to texts");
    let dict = PyDict::new(value.py());
    let mapping = value.cast::<PyMapping>().map_err(|_| wrong())?;
    dict.update(mapping).map_err(|_| wrong())?;
    out.push(b'[');
    let mut first = true;
    for (key, value) in &dict {
        let key = key.cast::<PyString>().map_err(|_| wrong())?.clone();
        let values: Vec<Bound<'_, PyAny>> = match value.cast::<PyString>() {
            Ok(text) => vec![text.clone().into_any()],
            Err(_) if value.is_instance_of::<PyBool>() || value.is_instance_of::<PyInt>() => {
                let text = value.str().map_err(|_| wrong())?;
                let text = text.to_string_lossy().to_lowercase();
                vec![PyString::new(value.py(), &text).into_any()]
            }
            Err(_) => value
                .cast::<PySequence>()
                .map_err(|_| wrong())?
                .to_list()
                .map_err(|_| wrong())?
                .iter()
                .collect(),
        };
        for value in values {
            let value = value.cast::<PyString>().map_err(|_| wrong())?.clone();
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            out.push(b'[');
            string(out, &key, path)?;
            out.push(b',');
            string(out, &value, path)?;
            out.push(b']');
        }
    }
    out.push(b']');
    Ok(())
}
