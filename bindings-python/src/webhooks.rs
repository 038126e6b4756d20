//! Webhook signatures.

use approute::models::Event;
use approute_bridge::webhooks::{self, Rules, Signed};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyMemoryView, PyString};

use approute_bridge::{Failure, LanguageType};

use crate::errors::OrRaise;
use crate::read::Read;
use crate::shared::Shared;

fn refused(message: &str) -> Failure {
    Failure::bad_argument(LanguageType::Type, message)
}

/// The raw body.
fn payload<'a>(given: &'a Bound<'_, PyAny>) -> Result<std::borrow::Cow<'a, [u8]>, Failure> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().into());
    }
    if let Ok(text) = given.cast::<PyString>() {
        let text = text.to_str().map_err(|_| {
            Failure::bad_argument(
                LanguageType::Value,
                "`payload` holds a lone surrogate: give the raw bytes of the request's body",
            )
        })?;
        return Ok(text.as_bytes().into());
    }
    if let Ok(bytes) = given.cast::<PyByteArray>() {
        return Ok(bytes.to_vec().into());
    }
    if let Ok(view) = given.cast::<PyMemoryView>()
        && let Ok(bytes) = view.call_method0("tobytes")
        && let Ok(bytes) = bytes.extract::<Vec<u8>>()
    {
        return Ok(bytes.into());
    }
    Err(refused(
        "`payload` must be the raw bytes of the request's body",
    ))
}

/// The value of a header: text, or bytes as ASGI has them. What is not text is told as such.
fn header_value(value: &Bound<'_, PyAny>) -> Result<Option<String>, Failure> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str().ok().map(str::to_owned));
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(std::str::from_utf8(bytes.as_bytes())
            .ok()
            .map(str::to_owned));
    }
    Err(refused("`headers` must have values that are strings"))
}

/// The headers that say anything here. All others are passed over, whatever they are.
const NAMES: [&str; 4] = [
    "x-approute-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// Its name in lower case, if it is one of those.
fn known(name: &Bound<'_, PyAny>) -> Option<&'static str> {
    let is = |text: &[u8]| {
        let mut names = NAMES.iter();
        names.find(|name| name.as_bytes().eq_ignore_ascii_case(text))
    };
    if let Ok(text) = name.cast::<PyString>() {
        return is(text.to_str().ok()?.as_bytes()).copied();
    }
    is(name.cast::<PyBytes>().ok()?.as_bytes()).copied()
}

fn add(
    list: &mut Vec<(String, Option<String>)>,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> Result<(), Failure> {
    let Some(name) = known(name) else {
        return Ok(());
    };
    let is_one = value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>();
    if is_one {
        list.push((name.to_owned(), header_value(value)?));
        return Ok(());
    }
    let wrong = || refused("`headers` must have values that are strings");
    for value in value.try_iter().map_err(|_| wrong())? {
        list.push((name.to_owned(), header_value(&value.map_err(|_| wrong())?)?));
    }
    Ok(())
}

/// Headers as any framework has them: a mapping to texts or lists of texts, or pairs.
fn signed(headers: &Bound<'_, PyAny>) -> Result<Signed, Failure> {
    if let Ok(text) = headers.cast::<PyString>() {
        return Ok(Signed::Signature(text.to_string_lossy().into_owned()));
    }
    let mut list = Vec::with_capacity(NAMES.len());
    if let Ok(dict) = headers.cast_exact::<PyDict>() {
        for (name, value) in dict {
            add(&mut list, &name, &value)?;
        }
        return Ok(Signed::Headers(list));
    }
    let unreadable = || refused("`headers` must be a mapping, pairs, or one signature");
    // `multi_items` of Starlette and httpx keeps what is repeated; in werkzeug, `items` does.
    let pairs = headers
        .call_method0("multi_items")
        .or_else(|_| headers.call_method0("items"))
        .unwrap_or_else(|_| headers.clone());
    for pair in pairs.try_iter().map_err(|_| unreadable())? {
        let pair = pair.and_then(|pair| pair.try_iter()?.collect::<PyResult<Vec<_>>>());
        let [name, value] =
            <[_; 2]>::try_from(pair.map_err(|_| unreadable())?).map_err(|_| unreadable())?;
        add(&mut list, &name, &value)?;
    }
    Ok(Signed::Headers(list))
}

fn secrets(given: &Bound<'_, PyAny>) -> Result<Vec<String>, Failure> {
    let wrong = || refused("`secret` must be a string or a list of strings");
    if let Ok(text) = given.cast::<PyString>() {
        return Ok(vec![text.to_str().map_err(|_| wrong())?.to_owned()]);
    }
    if given.is_instance_of::<PyBytes>() || given.cast::<PyDict>().is_ok() {
        return Err(wrong());
    }
    given.extract().map_err(|_| wrong())
}

fn rules(
    tolerance: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
) -> Result<Rules, Failure> {
    Ok(Rules {
        tolerance: tolerance
            .map(|time| seconds("tolerance", time))
            .transpose()?,
        now: now.map(|time| seconds("now", time)).transpose()?,
    })
}

/// Seconds of a number, a `timedelta` or a `datetime`.
fn seconds(name: &str, given: &Bound<'_, PyAny>) -> Result<f64, Failure> {
    let wrong = || refused(&format!("`{name}` must be a number of seconds"));
    if let Ok(number) = given.extract::<f64>() {
        return Ok(number);
    }
    let method = if given.hasattr("timestamp").unwrap_or(false) {
        "timestamp"
    } else {
        "total_seconds"
    };
    let number = given.call_method0(method).and_then(|n| n.extract());
    number.map_err(|_| wrong())
}

/// Checks that a delivery is AppRoute's.
#[pyfunction]
#[pyo3(signature = (payload, headers, secret, *, tolerance = None, now = None))]
pub(crate) fn webhook_verify(
    py: Python<'_>,
    payload: &Bound<'_, PyAny>,
    headers: &Bound<'_, PyAny>,
    secret: &Bound<'_, PyAny>,
    tolerance: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let result = (|| {
        let payload = self::payload(payload)?;
        webhooks::verify(
            &payload,
            &signed(headers)?,
            &secrets(secret)?,
            rules(tolerance, now)?,
        )
    })();
    result.or_raise(py)
}

/// Checks a delivery and reads its event.
#[pyfunction]
#[pyo3(signature = (payload, headers, secret, *, tolerance = None, now = None))]
pub(crate) fn webhook_unwrap<'py>(
    py: Python<'py>,
    payload: &Bound<'py, PyAny>,
    headers: &Bound<'py, PyAny>,
    secret: &Bound<'py, PyAny>,
    tolerance: Option<&Bound<'py, PyAny>>,
    now: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let result = (|| {
        let payload = self::payload(payload)?;
        webhooks::unwrap(
            &payload,
            &signed(headers)?,
            &secrets(secret)?,
            rules(tolerance, now)?,
        )
    })();
    let event = result.or_raise(py)?;
    Event::read(Shared::new(event, None).part(), py)
}

/// Signs a payload as AppRoute does, for tests: all headers of a delivery.
#[pyfunction]
#[pyo3(signature = (payload, secret, *, id, timestamp = None))]
pub(crate) fn webhook_sign<'py>(
    py: Python<'py>,
    payload: &Bound<'py, PyAny>,
    secret: &str,
    id: &str,
    timestamp: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let result = (|| {
        let payload = self::payload(payload)?;
        let timestamp = timestamp
            .map(|time| seconds("timestamp", time))
            .transpose()?;
        webhooks::sign(&payload, secret, id, timestamp)
    })();
    let dict = PyDict::new(py);
    for (name, value) in result.or_raise(py)? {
        dict.set_item(name, value)?;
    }
    Ok(dict)
}
