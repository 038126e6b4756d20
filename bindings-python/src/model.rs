//! What all models have in common. The generated classes call it.

use std::hash::{DefaultHasher, Hash, Hasher};

use approute_bridge::{Failure, LanguageType};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::errors::OrRaise;
use crate::read::{Read, object};
use crate::shared::{Part, Shared};
use crate::write;

/// A field for printing: its name, and whether its value is a secret.
pub(crate) type Field = (&'static str, bool);

/// Reads a field.
pub(crate) fn get<'py, T, U: Read>(
    model: &Shared<T>,
    py: Python<'py>,
    field: impl for<'a> FnOnce(&'a T) -> &'a U,
) -> PyResult<Bound<'py, PyAny>> {
    U::read(model.part().map(field), py)
}

/// Puts a model into its Python class.
pub(crate) fn object_of<'py, C>(py: Python<'py>, class: C) -> PyResult<Bound<'py, PyAny>>
where
    C: pyo3::PyClass + Into<pyo3::PyClassInitializer<C>>,
{
    Ok(Bound::new(py, class)?.into_any())
}

/// The fields in their order, for `match`.
pub(crate) fn match_args(py: Python<'_>, fields: &[Field]) -> PyResult<Py<PyTuple>> {
    let names = fields.iter().map(|(name, _)| *name);
    Ok(PyTuple::new(py, names.collect::<Vec<_>>())?.unbind())
}

/// A list that is made once, since its entries are objects.
pub(crate) fn list<'py, U: Read>(
    part: Part<'_, Vec<U>>,
    py: Python<'py>,
) -> PyResult<Bound<'py, PyList>> {
    let entries = part.entries().map(|entry| U::read(entry, py));
    let entries = entries.collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, entries)
}

/// The unknown fields.
pub(crate) fn extra<'py>(
    fields: &serde_json::Map<String, serde_json::Value>,
    py: Python<'py>,
) -> PyResult<Bound<'py, PyDict>> {
    object(fields, py)
}

/// A model as the JSON that the API speaks.
pub(crate) fn to_json<T: Serialize>(py: Python<'_>, value: &T) -> PyResult<String> {
    serde_json::to_string(value)
        .map_err(|error| Failure::internal(error.to_string()))
        .or_raise(py)
}

/// A model as plain dicts, lists, strings and numbers.
pub(crate) fn to_dict<'py, T: Serialize>(
    py: Python<'py>,
    value: &T,
) -> PyResult<Bound<'py, PyAny>> {
    let value = serde_json::to_value(value)
        .map_err(|error| Failure::internal(error.to_string()))
        .or_raise(py)?;
    crate::read::json(&value, py)
}

/// A model out of JSON: `str`, `bytes`, or what `json.loads` would give.
pub(crate) fn from_python<T>(given: &Bound<'_, PyAny>) -> PyResult<Shared<T>>
where
    T: DeserializeOwned + Send + Sync + 'static,
{
    let py = given.py();
    let json = if let Ok(text) = given.cast::<PyString>() {
        text.to_cow()?.into_owned().into_bytes()
    } else if let Ok(bytes) = given.cast::<PyBytes>() {
        bytes.as_bytes().to_vec()
    } else {
        write::value(given).or_raise(py)?
    };
    let value = serde_json::from_slice(&json).map_err(|error| {
        // Never the data: it may hold a secret.
        let words = error.to_string();
        let words = words.split_once(": ").map_or(&*words, |found| found.0);
        Failure::bad_argument(
            LanguageType::Value,
            format!("this is not the JSON of such an object: {words}"),
        )
    });
    Ok(Shared::new(value.or_raise(py)?, None))
}

/// What pickle and copyreg need.
pub(crate) type Reduced<'py> = (Bound<'py, PyAny>, (Bound<'py, PyBytes>,));

/// Pickled as JSON. The facts of the response stay behind.
pub(crate) fn reduce<'py, T: Serialize>(
    object: &Bound<'py, PyAny>,
    value: &T,
) -> PyResult<Reduced<'py>> {
    let py = object.py();
    let make = object.get_type().getattr("from_json")?;
    let json = to_json(py, value)?;
    Ok((make, (PyBytes::new(py, json.as_bytes()),)))
}

/// `Link(id='lnk_…', …)`, without secrets.
pub(crate) fn repr(object: &Bound<'_, PyAny>, class: &str, fields: &[Field]) -> PyResult<String> {
    let mut parts = Vec::with_capacity(fields.len() + 1);
    for (name, secret) in fields {
        let value = object.getattr(*name)?;
        if *secret && !value.is_none() {
            parts.push(format!("{name}='**********'"));
        } else {
            parts.push(format!("{name}={}", value.repr()?.to_cow()?));
        }
    }
    let extra = object.getattr("extra")?;
    if !extra.is_empty()? {
        // What is in them may be secret for all that this version knows.
        let names: Vec<String> = extra.cast::<PyDict>()?.keys().extract()?;
        parts.push(format!(
            "extra={{{}}}",
            names
                .iter()
                .map(|name| format!("'{name}': ..."))
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    Ok(format!("{class}({})", parts.join(", ")))
}

/// A hash of the fields that have one.
pub(crate) fn hash(fields: &[&dyn Hashed]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for field in fields {
        field.hash_into(&mut hasher);
    }
    hasher.finish()
}

/// `Hash` as an object.
pub(crate) trait Hashed {
    fn hash_into(&self, hasher: &mut DefaultHasher);
}

impl<T: Hash> Hashed for T {
    fn hash_into(&self, hasher: &mut DefaultHasher) {
        self.hash(hasher);
    }
}

/// The constants of an enum's class, which is Python.
pub(crate) struct Constants(PyOnceLock<(Py<PyAny>, Vec<Py<PyAny>>)>);

impl Constants {
    pub(crate) const fn new() -> Self {
        Self(PyOnceLock::new())
    }

    /// The constant of that place, or, where there is none, a new value of the class.
    pub(crate) fn get<'py, T: IntoPyObject<'py>>(
        &self,
        py: Python<'py>,
        class: &str,
        names: &[&str],
        index: usize,
        value: T,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (class, constants) = self.0.get_or_try_init(py, || {
            let class = py.import("approute.enums")?.getattr(class)?;
            let constants = names.iter().map(|name| Ok(class.getattr(*name)?.unbind()));
            let constants = constants.collect::<PyResult<Vec<_>>>()?;
            Ok::<_, PyErr>((class.unbind(), constants))
        })?;
        match constants.get(index) {
            Some(constant) => Ok(constant.bind(py).clone()),
            None => class.bind(py).call1((value,)),
        }
    }
}

/// A value of a closed enum.
pub(crate) fn plain<'py, T: IntoPyObjectExt<'py>>(
    py: Python<'py>,
    value: T,
) -> PyResult<Bound<'py, PyAny>> {
    value.into_bound_py_any(py)
}

/// A choice that was added to the core and not here.
pub(crate) fn newer() -> PyErr {
    pyo3::exceptions::PyRuntimeError::new_err("the native library and the core differ")
}

/// Pickled as JSON, read again by a function of the native module.
pub(crate) fn reduce_by<'py, T: Serialize>(
    py: Python<'py>,
    function: &str,
    value: &T,
) -> PyResult<Reduced<'py>> {
    let make = py.import("approute._native")?.getattr(function)?;
    let json = to_json(py, value)?;
    Ok((make, (PyBytes::new(py, json.as_bytes()),)))
}
