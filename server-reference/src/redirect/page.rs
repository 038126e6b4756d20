//! What a visitor sees where there is no redirect.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::decide::Reason;
use crate::api::Raw;
use crate::problem::{Code, Problem};

/// No link has this slug.
pub fn nothing_here(headers: &HeaderMap, request_id: &str) -> Raw {
    let detail = "There is no link at this address. Check it for typing errors.";
    page(
        headers,
        StatusCode::NOT_FOUND,
        "Not found",
        detail,
        Problem::new(Code::NotFound, detail),
        request_id,
    )
}

/// The database did not answer.
pub fn failed(headers: &HeaderMap, request_id: &str) -> Raw {
    let detail = "The link cannot be looked up at the moment. Try again shortly.";
    let problem = Problem::new(Code::ServiceUnavailable, detail);
    page(
        headers,
        StatusCode::SERVICE_UNAVAILABLE,
        "Try again shortly",
        detail,
        problem,
        request_id,
    )
}

/// The link leads nowhere now.
pub fn stopped(headers: &HeaderMap, reason: Reason, request_id: &str) -> Raw {
    let (status, title, detail, code) = match reason {
        Reason::NotYet => (
            StatusCode::NOT_FOUND,
            "Not yet",
            "This link does not work yet. Come back later.",
            Code::NotFound,
        ),
        Reason::Gone => (
            StatusCode::GONE,
            "Gone",
            "This link does not work any more.",
            Code::NotFound,
        ),
    };
    page(
        headers,
        status,
        title,
        detail,
        Problem::new(code, detail),
        request_id,
    )
}

fn page(
    headers: &HeaderMap,
    status: StatusCode,
    title: &str,
    detail: &str,
    problem: Problem,
    request_id: &str,
) -> Raw {
    let wants_html = headers.get_all(ACCEPT).iter().any(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.contains("text/html"))
    });
    if !wants_html {
        let mut raw = Raw::problem(&problem, request_id);
        if raw.status != status {
            // The API has no code of its own for what is gone.
            let mut body = serde_json::to_value(problem.body(request_id)).unwrap_or_default();
            body["status"] = status.as_u16().into();
            raw.status = status;
            raw.body = body.to_string().into();
        }
        return raw;
    }
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><body style=\"font:1.1rem/1.5 system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem\">\
         <h1>{title}</h1><p>{detail}</p></body></html>"
    );
    let headers = vec![
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
        ),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Raw {
        status,
        headers,
        body: Bytes::from(html),
        code: None,
    }
}
