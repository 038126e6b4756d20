//! The documentation: pages that the generator has made of the spec. They need no network and no scripts.

use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};

use crate::api::Raw;
use crate::app::SharedApp;
use crate::ids::Kind;

/// `/docs/api`.
pub const API: &str = include_str!("../generated/docs.html");
/// `/docs/api/errors`, where every problem's `doc_url` leads.
pub const ERRORS: &str = include_str!("../generated/errors.html");
/// `/docs/api/style.css`.
pub const STYLE: &str = include_str!("docs.css");

/// A page.
pub async fn html(State(app): State<SharedApp>, text: &'static str) -> Response {
    send(&app, "text/html; charset=utf-8", text)
}

/// The style of the pages.
pub async fn style(State(app): State<SharedApp>) -> Response {
    send(&app, "text/css; charset=utf-8", STYLE)
}

fn send(app: &SharedApp, media: &'static str, text: &'static str) -> Response {
    // Nothing is loaded but the style, from here.
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static(media)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    let raw = Raw {
        status: StatusCode::OK,
        headers,
        body: text.into(),
        code: None,
    };
    super::send(raw, &app.ids.next(Kind::Request))
}
