//! What calls return beside models: the facts of a response, and bodies that are bytes.

use std::path::PathBuf;
use std::sync::Arc;

use approute::Binary as Body;
use approute_bridge::{
    Answer, Failure, RawResponse, decode_binary, decode_empty, decode_json, headers_of, split,
};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde::de::DeserializeOwned;

use crate::read::Read;
use crate::shared::{Owner, Shared};

/// What a call ended with, on its way to Python.
pub(crate) trait Delivered: Send {
    fn deliver<'py>(self: Box<Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>>;
}

/// Reads an answer, without the interpreter's lock.
pub(crate) type Reader = fn(RawResponse) -> Result<Box<dyn Delivered>, Failure>;

impl<T: Read + Send + Sync + 'static> Delivered for Shared<T> {
    fn deliver<'py>(self: Box<Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        T::read(self.part(), py)
    }
}

/// An answer with a JSON document.
pub(crate) fn json<T>(raw: RawResponse) -> Result<Box<dyn Delivered>, Failure>
where
    T: Read + DeserializeOwned + Send + Sync + 'static,
{
    let (value, answer) = split(decode_json::<T>(raw)?);
    Ok(Box::new(Shared::new(value, Some(answer))))
}

/// An answer that is bytes.
pub(crate) fn binary(raw: RawResponse) -> Result<Box<dyn Delivered>, Failure> {
    let (value, answer) = split(decode_binary(raw)?);
    Ok(Box::new(Binary(Shared::new(value, Some(answer)))))
}

/// An answer without a body.
pub(crate) fn empty(raw: RawResponse) -> Result<Box<dyn Delivered>, Failure> {
    let ((), answer) = split(decode_empty(raw)?);
    Ok(Box::new(Response(Arc::clone(
        Shared::new((), Some(answer)).owner(),
    ))))
}

impl Delivered for Binary {
    fn deliver<'py>(self: Box<Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(Bound::new(py, *self)?.into_any())
    }
}

impl Delivered for Response {
    fn deliver<'py>(self: Box<Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(Bound::new(py, *self)?.into_any())
    }
}

/// The facts of a response: status, headers, request id, rate limit, number of tries.
#[pyclass(frozen, module = "approute", name = "Response")]
pub(crate) struct Response(Arc<dyn Owner>);

impl Response {
    /// The response that a value came in.
    pub(crate) fn of<T>(value: &Shared<T>) -> PyResult<Self> {
        if value.owner().answer().is_none() {
            return Err(PyAttributeError::new_err(
                "this object came in no response: it was made from JSON, or by unpickling",
            ));
        }
        Ok(Self(Arc::clone(value.owner())))
    }

    fn answer(&self) -> PyResult<&Answer> {
        self.0
            .answer()
            .ok_or_else(|| PyAttributeError::new_err("there is no response"))
    }
}

#[pymethods]
impl Response {
    /// The HTTP status, 200 to 299.
    #[getter]
    fn status(&self) -> PyResult<u16> {
        Ok(self.answer()?.status().as_u16())
    }

    /// The headers, names in lower case; repeated ones are joined by `, `.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in headers_of(self.answer()?.headers()) {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }

    /// `X-Request-Id`, which support asks for; `None` when the response has none.
    #[getter]
    fn request_id(&self) -> PyResult<Option<&str>> {
        Ok(self.answer()?.request_id())
    }

    /// The state of the rate limit after this call; `None` when the response does not say, or not in a readable form.
    #[getter]
    fn rate_limit(&self) -> PyResult<Option<RateLimit>> {
        Ok(self.answer()?.rate_limit().map(|limit| RateLimit {
            limit: limit.limit,
            remaining: limit.remaining,
            reset: limit.reset.as_secs(),
        }))
    }

    /// How many tries the call took, 1 when the first succeeded.
    #[getter]
    fn attempts(&self) -> PyResult<u32> {
        Ok(self.answer()?.attempts())
    }

    /// Whether the server answered from its memory of an earlier request with the same idempotency key.
    #[getter]
    fn is_replayed(&self) -> PyResult<bool> {
        Ok(self.answer()?.is_replayed())
    }

    fn __repr__(&self) -> PyResult<String> {
        let answer = self.answer()?;
        let id = answer
            .request_id()
            .map_or_else(|| "None".to_owned(), |id| format!("{id:?}"));
        Ok(format!(
            "Response(status={}, request_id={id}, attempts={})",
            answer.status().as_u16(),
            answer.attempts()
        ))
    }
}

/// The state of the rate limit, from the headers `RateLimit` and `RateLimit-Policy`.
#[pyclass(frozen, eq, hash, module = "approute", name = "RateLimit")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct RateLimit {
    /// Calls per window.
    #[pyo3(get)]
    limit: u64,
    /// Calls that are left in this window.
    #[pyo3(get)]
    remaining: u64,
    /// Seconds until the window ends.
    #[pyo3(get)]
    reset: u64,
}

#[pymethods]
impl RateLimit {
    fn __repr__(&self) -> String {
        let Self {
            limit,
            remaining,
            reset,
        } = self;
        format!("RateLimit(limit={limit}, remaining={remaining}, reset={reset})")
    }
}

/// A body with its content type, such as the image of a QR code.
#[pyclass(frozen, module = "approute", name = "Binary")]
pub(crate) struct Binary(Shared<Body>);

#[pymethods]
impl Binary {
    /// A body of your own, for tests.
    #[new]
    fn new(content: &[u8], content_type: String) -> Self {
        Self(Shared::new(
            Body::new(content_type, bytes::Bytes::copy_from_slice(content)),
            None,
        ))
    }

    /// The media type, such as `image/png`, as the server sent it.
    #[getter]
    fn content_type(&self) -> &str {
        self.0.get().content_type()
    }

    /// The bytes.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.get().bytes())
    }

    /// The facts of the response that it came in.
    #[getter]
    fn response(&self) -> PyResult<Response> {
        Response::of(&self.0)
    }

    /// Writes the bytes to a file, which is created or replaced as a whole, or to a binary file object.
    fn write_to(&self, py: Python<'_>, target: &Bound<'_, PyAny>) -> PyResult<()> {
        if target.hasattr("write")? {
            target.call_method1("write", (self.content(py),))?;
            return Ok(());
        }
        let path: PathBuf = target.extract()?;
        py.detach(|| self.0.get().write_to(path))?;
        Ok(())
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        self.content(py)
    }

    fn __len__(&self) -> usize {
        self.0.get().bytes().len()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }

    fn __repr__(&self) -> String {
        let value = self.0.get();
        format!(
            "<Binary {}, {} bytes>",
            value.content_type(),
            value.bytes().len()
        )
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let value = slf.get();
        let fields = (value.content(slf.py()), value.content_type());
        (slf.get_type(), fields).into_bound_py_any(slf.py())
    }
}
