//! HTTP: from a connection to an operation, and from an answer to bytes.

mod answers;
mod body;
pub mod cut;
mod docs;
pub(crate) mod explain;
pub mod fields;
mod front;
pub mod headers;
mod patient;
pub(crate) mod pipeline;
mod replay;
pub mod running;
pub mod serve;
mod write;

use std::borrow::Cow;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use crate::api::Raw;
use crate::app::{App, SharedApp};
use crate::dashboard;
use crate::dev;
use crate::generated::api::Operation;
use crate::ids::Kind;
use crate::problem::{Code, Problem};
use crate::redirect;
use crate::store::domains::Domain;
use crate::validate::contract::{OPENAPI, OPENAPI_3_0};

pub use self::body::read as read_body;

/// Names this request in logs, answers and support.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// All routes.
pub fn router(app: SharedApp) -> Router {
    let mut router = Router::new();
    if app.config.dev {
        router = router.nest("/_test", dev::routes(app.clone()));
    }
    router
        .route("/healthz", get(healthz))
        .route("/api/openapi.json", get(|state| document(state, OPENAPI)))
        .route(
            "/api/openapi-3.0.json",
            get(|state| document(state, OPENAPI_3_0)),
        )
        .route("/docs/api", get(|state| docs::html(state, docs::API)))
        .route(
            "/docs/api/errors",
            get(|state| docs::html(state, docs::ERRORS)),
        )
        .route("/docs/api/style.css", get(docs::style))
        .merge(dashboard::routes(app.clone()))
        .method_not_allowed_fallback(reads_only)
        .fallback(route)
        .with_state(app)
}

/// Whether a path belongs to the server itself, whatever the host.
fn has_route(path: &str) -> bool {
    path == "/healthz" || path.starts_with("/api/") || path.starts_with("/docs/api")
}

/// Whether the server is up and its database answers.
async fn healthz(State(app): State<SharedApp>) -> Response {
    let alive = async {
        let mut connection = app.store.read().await?;
        sqlx::query("SELECT 1").execute(&mut *connection).await
    };
    let (status, body) = match alive.await {
        Ok(_) => (StatusCode::OK, r#"{"status":"ok"}"#),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"status":"unavailable"}"#,
            )
        }
    };
    let request_id = app.ids.next(Kind::Request);
    let headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    send(
        Raw {
            status,
            headers,
            body: body.into(),
            code: None,
        },
        &request_id,
    )
}

async fn document(State(app): State<SharedApp>, text: &'static str) -> Response {
    let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    send(
        Raw {
            status: StatusCode::OK,
            headers,
            body: text.into(),
            code: None,
        },
        &app.ids.next(Kind::Request),
    )
}

async fn reads_only(State(app): State<SharedApp>) -> Response {
    refuse_method(&app, "GET, HEAD")
}

/// The path takes other methods.
pub fn refuse_method(app: &App, allowed: &str) -> Response {
    let request_id = app.ids.next(Kind::Request);
    let allow = HeaderValue::try_from(allowed).unwrap_or_else(|_| HeaderValue::from_static("GET"));
    let problem = Problem::new(
        Code::MethodNotAllowed,
        format!("This path takes {allowed}."),
    )
    .with_header(ALLOW, allow);
    send(Raw::problem(&problem, &request_id), &request_id)
}

/// API or short link: by the path in development, where both share an address; by host otherwise.
async fn route(State(app): State<SharedApp>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let domain = redirect::domain(&app, &parts).await;
    if app.config.dev || domain.is_none() {
        match find(&parts.method, path) {
            Found::Operation(operation, values) => {
                let Some(fault) = app.faults.take(operation) else {
                    return pipeline::run(app, operation, values, parts, body).await;
                };
                let breaker = parts.extensions.get().cloned();
                let run = pipeline::run(app.clone(), operation, values, parts, body);
                return fault.apply(&app, breaker, run).await;
            }
            Found::Path(allowed) => return refuse_method(&app, &allowed.join(", ")),
            Found::Nothing => {}
        }
    }
    match domain {
        Some(domain) => visit(&app, &domain, &parts, body).await,
        None => nothing_here(&app),
    }
}

/// Answers a request to a domain for short links.
pub async fn visit(app: &App, domain: &Domain, parts: &Parts, body: Body) -> Response {
    let Some(traces) = &app.traces else {
        return redirect::serve(app, domain, parts, body).await;
    };
    let mut span = traces.visit(parts);
    let response = redirect::serve(app, domain, parts, body).await;
    if let Some(id) = response.headers().get(&REQUEST_ID)
        && let Ok(id) = id.to_str()
    {
        span.set("approute.request_id", id.to_owned());
    }
    span.end(Some(response.status()), response.status().is_server_error());
    response
}

/// The path leads nowhere.
pub fn nothing_here(app: &App) -> Response {
    let request_id = app.ids.next(Kind::Request);
    let problem = Problem::new(
        Code::NotFound,
        "There is nothing at this path. The API's operations are at /api/openapi.json.",
    );
    send(Raw::problem(&problem, &request_id), &request_id)
}

/// What the spec has at a path.
enum Found {
    Operation(Operation, Vec<String>),
    /// The path, with other methods.
    Path(Vec<&'static str>),
    Nothing,
}

fn find(method: &Method, path: &str) -> Found {
    let Some(rest) = path.strip_prefix('/') else {
        return Found::Nothing;
    };
    let parts: Vec<&str> = rest.split('/').collect();
    // Fixed paths before ones with parameters: `/v1/links/batch` is no link's id.
    let mut best: Vec<(Operation, Vec<String>)> = Vec::new();
    for operation in Operation::ALL {
        let Some(values) = matches(operation.segments(), &parts) else {
            continue;
        };
        let fewest = best.first().map_or(usize::MAX, |(_, values)| values.len());
        if values.len() < fewest {
            best.clear();
        }
        if values.len() <= fewest {
            best.push((*operation, values));
        }
    }
    if let Some(index) = best
        .iter()
        .position(|(operation, _)| operation.method() == method.as_str())
    {
        let (operation, values) = best.swap_remove(index);
        return Found::Operation(operation, values);
    }
    if best.is_empty() {
        Found::Nothing
    } else {
        Found::Path(
            best.iter()
                .map(|(operation, _)| operation.method())
                .collect(),
        )
    }
}

/// The values of the path's parameters, where it fits.
fn matches(segments: &[Option<&str>], parts: &[&str]) -> Option<Vec<String>> {
    if segments.len() != parts.len() {
        return None;
    }
    let mut values = Vec::new();
    for (segment, part) in segments.iter().zip(parts) {
        match segment {
            Some(fixed) if fixed == part => {}
            Some(_) => return None,
            None if part.is_empty() => return None,
            None => values.push(
                percent_encoding::percent_decode_str(part)
                    .decode_utf8_lossy()
                    .into_owned(),
            ),
        }
    }
    Some(values)
}

/// The host that a request is for, without its port, lower case. Where the request names it in its first line, as to a
/// proxy, the header does not count (RFC 9112, section 3.2.2).
pub fn host(parts: &Parts) -> Option<String> {
    let host = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => parts.headers.get(HOST)?.to_str().ok()?,
    };
    Some(host_name(host).into_owned())
}

/// A host without its port, lower case.
fn host_name(host: &str) -> Cow<'_, str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    // A name in full ends with a dot.
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return name.to_ascii_lowercase().into();
    }
    name.into()
}

/// An answer as it goes out.
pub fn send(raw: Raw, request_id: &str) -> Response {
    let mut response = Response::new(Body::from(raw.body));
    *response.status_mut() = raw.status;
    let headers = response.headers_mut();
    for (name, value) in raw.headers {
        headers.append(name, value);
    }
    if let Ok(value) = HeaderValue::try_from(request_id) {
        headers.insert(REQUEST_ID.clone(), value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_paths_come_before_parameters() {
        assert!(matches!(
            find(&Method::POST, "/v1/links/batch"),
            Found::Operation(Operation::LinksBatch, _)
        ));
        let Found::Path(allowed) = find(&Method::GET, "/v1/links/batch") else {
            panic!("a path with other methods")
        };
        assert_eq!(allowed, ["POST"]);
        let Found::Operation(Operation::LinksGet, values) = find(&Method::GET, "/v1/links/a%2Fb")
        else {
            panic!()
        };
        assert_eq!(values, ["a/b"]);
        for nothing in [
            "/v1/links/",
            "/v1/links/x/restore/y",
            "/v1",
            "/",
            "/v2/links",
            "//v1/links",
        ] {
            assert!(
                matches!(find(&Method::GET, nothing), Found::Nothing),
                "{nothing}"
            );
        }
    }

    #[test]
    fn every_operation_is_reached_by_its_own_path() {
        for operation in Operation::ALL {
            let path: String = operation
                .segments()
                .iter()
                .map(|part| format!("/{}", part.unwrap_or("x")))
                .collect();
            let method = Method::from_bytes(operation.method().as_bytes()).unwrap();
            let Found::Operation(found, _) = find(&method, &path) else {
                panic!("{path}")
            };
            assert_eq!(found, *operation);
        }
    }
}
