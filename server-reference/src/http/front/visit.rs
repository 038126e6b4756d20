//! Which requests are visits, and requests as the rest of the server takes them.

use axum::body::Body;
use http::{HeaderValue, Request};

use crate::http::has_route;
use crate::http::serve::Peer;
use crate::redirect;

/// A request that is plainly a visit.
pub(super) struct Visit<'a> {
    pub(super) is_head: bool,
    pub(super) host: &'a str,
    pub(super) slug: &'a str,
    pub(super) query: &'a str,
    pub(super) fields: &'a [httparse::Header<'a>],
}

impl<'a> Visit<'a> {
    pub(super) fn of(head: &'a httparse::Request<'_, 'a>) -> Option<Self> {
        let is_head = match head.method? {
            "GET" => false,
            "HEAD" => true,
            _ => return None,
        };
        let target = head.path?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let slug = redirect::slug_of(path)?;
        // `/_test` is `--dev`'s.
        if head.version != Some(1) || has_route(path) || slug.starts_with('_') {
            return None;
        }
        // hyper refuses what is no URI.
        if !query.is_empty() && http::uri::PathAndQuery::try_from(target).is_err() {
            return None;
        }
        let mut host = None;
        for field in head.headers.iter() {
            let is = |name| field.name.eq_ignore_ascii_case(name);
            let plain = match field.name.len() {
                4 if is("host") => {
                    let is_second = host.is_some();
                    host = std::str::from_utf8(field.value).ok();
                    host.is_some() && !is_second
                }
                6 => !is("expect"),
                7 => !is("upgrade") && !is("trailer"),
                10 => !is("connection") || field.value.eq_ignore_ascii_case(b"keep-alive"),
                14 => !is("content-length"),
                17 => !is("transfer-encoding"),
                _ => true,
            };
            if !plain {
                return None;
            }
        }
        Some(Self {
            is_head,
            host: host?,
            slug,
            query,
            fields: head.headers,
        })
    }
}

/// A request as the rest of the server takes it.
pub(super) fn request(head: &httparse::Request<'_, '_>, peer: Peer) -> Option<Request<Body>> {
    let mut request = Request::builder().method(head.method?).uri(head.path?);
    for field in head.headers.iter() {
        request = request.header(field.name, HeaderValue::from_bytes(field.value).ok()?);
    }
    request.extension(peer).body(Body::empty()).ok()
}
