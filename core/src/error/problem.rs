//! From an answer that is not a success to an [`Error`].
//!
//! Read field by field, not into the generated model: a proxy's problem document lacks half the fields, and what it
//! does have must still reach the user.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::{Error, ErrorKind};
use crate::models::{Confirmation, FieldError};

impl Error {
    /// The error for an answer with this status. `hide` is taken out of every text (the API key).
    pub(crate) fn from_answer(
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        hide: &str,
    ) -> Self {
        // Bodies that are not a JSON object (a proxy's HTML, nothing at all) leave only the status to speak.
        let mut problem = match serde_json::from_slice(&body) {
            Ok(problem @ Value::Object(_)) => problem,
            _ => Value::Null,
        };
        hide_in(&mut problem, hide);
        let text = |name: &str| {
            let text = problem.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let code = text("code");
        let message = text("detail")
            .or_else(|| text("title"))
            .unwrap_or_else(|| describe(status));
        let mut error = Self::new(kind(status, code.as_deref()), message);
        let inner = error.inner_mut();
        inner.errors = problem
            .get("errors")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|entry| FieldError::deserialize(entry).ok())
            .collect();
        inner.confirmation = problem
            .get("confirmation")
            .and_then(|entry| Confirmation::deserialize(entry).ok());
        inner.code = code;
        inner.status = Some(status);
        inner.headers = headers;
        inner.body = body;
        error
    }
}

/// Takes the API key out of a text, should a server or a proxy have repeated it.
pub(crate) fn hidden(text: &str, hide: &str) -> String {
    if hide.is_empty() {
        text.to_owned()
    } else {
        text.replace(hide, "[redacted]")
    }
}

/// Takes the API key out of every text of a document.
fn hide_in(value: &mut Value, hide: &str) {
    match value {
        Value::String(text) if !hide.is_empty() && text.contains(hide) => {
            *text = hidden(text, hide);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_in(item, hide)),
        Value::Object(members) => members.values_mut().for_each(|item| hide_in(item, hide)),
        _ => {}
    }
}

fn kind(status: StatusCode, code: Option<&str>) -> ErrorKind {
    match status.as_u16() {
        400 => ErrorKind::BadRequest,
        401 => ErrorKind::Authentication,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        409 if code == Some("confirmation_required") => ErrorKind::ConfirmationRequired,
        409 => ErrorKind::Conflict,
        412 => ErrorKind::PreconditionFailed,
        422 => ErrorKind::UnprocessableEntity,
        429 => ErrorKind::RateLimit,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Api,
    }
}

fn describe(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("unknown status");
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        format!("{reason}: redirects are not followed, check `base_url`")
    } else {
        reason.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn error(status: u16, body: impl Into<Bytes>) -> Error {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "req_9".parse().unwrap());
        Error::from_answer(
            StatusCode::from_u16(status).unwrap(),
            headers,
            body.into(),
            "ak_secret",
        )
    }

    #[test]
    fn each_status_has_its_kind() {
        use ErrorKind::*;
        for (status, expected) in [
            (302, Api),
            (304, Api),
            (400, BadRequest),
            (401, Authentication),
            (402, Api),
            (403, PermissionDenied),
            (404, NotFound),
            (405, Api),
            (408, Api),
            (409, Conflict),
            (412, PreconditionFailed),
            (415, Api),
            (422, UnprocessableEntity),
            (429, RateLimit),
            (500, Server),
            (503, Server),
            (599, Server),
        ] {
            let error = error(status, "");
            assert_eq!(error.kind(), expected, "{status}");
            assert!(error.is_api() && !error.is_connection());
            assert_eq!(error.status().unwrap().as_u16(), status);
        }
    }

    #[test]
    fn a_whole_problem_is_read() {
        let body = json!({
            "type": "about:blank", "title": "Conflict", "status": 409, "code": "confirmation_required",
            "detail": "26 deletes\nneed a confirmation.",
            "errors": [{"pointer": "/url", "code": "format", "message": "not ak_secret"}, 7],
            "confirmation": {"token": "cnf_1", "delete_count": 26, "expires_at": "2026-11-01T10:00:00Z"},
        });
        let error = error(409, body.to_string());
        assert_eq!(error.kind(), ErrorKind::ConfirmationRequired);
        assert_eq!(
            error.to_string(),
            "409 confirmation_required: 26 deletes need a confirmation. (request id req_9)"
        );
        let asked = error.confirmation().unwrap();
        assert_eq!((asked.token.as_str(), asked.delete_count), ("cnf_1", 26));
        assert_eq!(asked.expires_at.to_rfc3339(), "2026-11-01T10:00:00+00:00");
        assert_eq!(error.errors()[0].message, "not [redacted]");
        assert_eq!(
            error.errors().len(),
            1,
            "what is no field error is left out"
        );
        let debug = format!("{error:?}");
        assert!(
            !debug.contains("cnf_1") && !debug.contains("ak_secret"),
            "{debug}"
        );
    }

    #[test]
    fn other_bodies_leave_the_status_to_speak() {
        for body in [
            "",
            "<html>Bad gateway</html>",
            "[1]",
            "{\"code\":7,\"detail\":\"\"}",
            "{",
        ] {
            let error = error(502, body);
            assert_eq!(error.to_string(), "502: Bad Gateway (request id req_9)");
            assert_eq!((error.code(), error.body()), (None, body.as_bytes()));
        }
        assert!(
            error(302, "")
                .to_string()
                .contains("redirects are not followed")
        );
    }
}
