//! Headers that every operation reads or answers with.

use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::config::API_VERSION;
use crate::problem::{Code, Problem};
use crate::validate::Place;
use crate::validate::contract::OperationRules;

/// Pins the version of the API.
pub static VERSION: HeaderName = HeaderName::from_static("approute-version");
/// Says that an answer was given before.
pub static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Checks the version that the client was made for.
pub fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(&VERSION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if value == API_VERSION => Ok(()),
        _ => Err(Problem::new(
            Code::UnsupportedVersion,
            format!(
                "This server does not know that Approute-Version. Send {API_VERSION}, or leave the header out."
            ),
        )),
    }
}

/// The value of `Approute-Version` in answers.
pub fn version() -> HeaderValue {
    HeaderValue::from_static(API_VERSION)
}

/// Reads the headers that the spec gives an operation: each once, and in the form that the spec asks for.
pub fn read(headers: &HeaderMap, rules: &OperationRules) -> Result<Map<String, Value>, Problem> {
    let mut found = Map::new();
    for parameter in rules
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Header)
    {
        let mut values = headers.get_all(parameter.name.as_str()).iter();
        let Some(value) = values.next() else { continue };
        let text = value.to_str().ok().filter(|_| values.next().is_none());
        let Some(text) = text else {
            let detail = format!(
                "{} must be given once, in visible ASCII characters.",
                parameter.name
            );
            return Err(Problem::new(Code::InvalidHeader, detail));
        };
        let value = Value::String(text.to_owned());
        let errors = parameter.check(&value);
        if let Some(first) = errors.first() {
            let detail = first.message.clone();
            return Err(Problem {
                errors,
                ..Problem::new(Code::InvalidHeader, detail)
            });
        }
        found.insert(parameter.name.clone(), value);
    }
    Ok(found)
}

/// Whether the answer's media types suit `Accept`.
pub fn check_accept(headers: &HeaderMap, produces: &[String]) -> Result<(), Problem> {
    // What there are several of is for the handler to choose.
    if produces.len() != 1 || !headers.contains_key(ACCEPT) {
        return Ok(());
    }
    let ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut accepted = false;
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|part| {
            part.strip_prefix("q=")
                .is_some_and(|q| q.parse() == Ok(0.0))
        });
        let suits = |own: &String| {
            media == "*/*"
                || media == *own
                || own
                    .split_once('/')
                    .is_some_and(|(kind, _)| media == format!("{kind}/*"))
        };
        accepted |= !refused && produces.iter().any(suits);
    }
    if accepted {
        return Ok(());
    }
    let detail = format!(
        "This operation answers with {}. Send that, or */*, in Accept.",
        produces.join(", ")
    );
    Err(Problem::new(Code::NotAcceptable, detail))
}

/// Whether the body says that it is plain JSON.
pub fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &'static str| Err(Problem::new(Code::UnsupportedMediaType, detail));
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|value| value != "identity")
    {
        return refuse("Send the body without Content-Encoding.");
    }
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let text = values
        .next()
        .and_then(|value| value.to_str().ok())
        .filter(|_| values.next().is_none());
    let mut parts = text
        .unwrap_or_default()
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    if parts.next().as_deref() != Some("application/json") {
        return refuse("Send the body as application/json.");
    }
    let utf8 = parts.all(|part| {
        part.strip_prefix("charset=")
            .is_none_or(|name| name.trim_matches('"') == "utf-8")
    });
    if utf8 {
        Ok(())
    } else {
        refuse("Send the body as application/json in UTF-8.")
    }
}

/// The raw `If-Match`, which belongs to the idempotency fingerprint.
pub fn if_match(headers: &HeaderMap) -> &[u8] {
    headers.get(IF_MATCH).map_or(&[], HeaderValue::as_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::try_from(value).unwrap())])
    }

    #[test]
    fn accept() {
        let json = ["application/json".to_owned()];
        for good in [
            "*/*",
            "application/json",
            "application/*",
            "text/html, */*;q=0.1",
            "APPLICATION/JSON; charset=utf-8",
        ] {
            assert!(
                check_accept(&headers(ACCEPT, good), &json).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "text/html",
            "application/json;q=0",
            "",
            "application/problem+json",
        ] {
            assert!(check_accept(&headers(ACCEPT, bad), &json).is_err(), "{bad}");
        }
        assert!(check_accept(&HeaderMap::new(), &json).is_ok());
        assert!(
            check_accept(&headers(ACCEPT, "text/html"), &[]).is_ok(),
            "nothing to represent"
        );
        let images = ["image/png".to_owned(), "image/svg+xml".to_owned()];
        assert!(check_accept(&headers(ACCEPT, "text/html"), &images).is_ok());
    }

    #[test]
    fn content_type() {
        for good in [
            "application/json",
            "application/json; charset=UTF-8",
            "Application/JSON;charset=\"utf-8\"",
        ] {
            assert!(
                check_content_type(&headers(CONTENT_TYPE, good)).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "text/plain",
            "",
            "application/json; charset=latin1",
            "application/merge-patch+json",
        ] {
            assert!(
                check_content_type(&headers(CONTENT_TYPE, bad)).is_err(),
                "{bad}"
            );
        }
        assert!(check_content_type(&HeaderMap::new()).is_err());
    }
}
