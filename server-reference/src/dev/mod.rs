//! Controls for tests: with `--dev` only, under `/_test/`, and no part of the API.
//!
//! They let a test suite start afresh, move the time, make calls fail, and see what was sent to webhooks.

pub mod clock;
mod deliveries;
pub mod faults;
mod link;
mod reset;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::faults::Fault;
use crate::api::Raw;
use crate::app::{App, SharedApp};
use crate::clock::{Micros, to_datetime};
use crate::ids::Kind;
use crate::problem::{Code, Failure, Problem};

/// The routes under `/_test`.
pub fn routes(app: SharedApp) -> Router<SharedApp> {
    Router::new()
        .route("/clock", get(show_clock).post(advance))
        .route(
            "/faults",
            get(list_faults).post(add_fault).delete(clear_faults),
        )
        .route("/deliveries", get(list_deliveries))
        .route("/dashboard_link", post(dashboard_link))
        .route("/reset", post(start_afresh))
        .layer(from_fn_with_state(app, no_browsers))
}

/// A page in the developer's browser must not get to press these buttons: browsers name the page in `Origin` with
/// everything that could change something.
async fn no_browsers(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    if request.headers().contains_key(ORIGIN) {
        let problem = Problem::new(
            Code::NotFound,
            "The controls for tests are not for web pages. Call them without Origin.",
        );
        let request_id = app.ids.next(Kind::Request);
        return crate::http::send(Raw::problem(&problem, &request_id), &request_id);
    }
    next.run(request).await
}

async fn show_clock(State(app): State<SharedApp>) -> Response {
    answer(&app, Ok(clock::Shown::new(&app, true)))
}

async fn advance(State(app): State<SharedApp>, body: Bytes) -> Response {
    let outcome = async { clock::advance(&app, read(&body)?).await };
    answer(&app, outcome.await)
}

async fn list_faults(State(app): State<SharedApp>) -> Response {
    answer(&app, Ok(app.faults.list()))
}

async fn add_fault(State(app): State<SharedApp>, body: Bytes) -> Response {
    let outcome = read::<Fault>(&body).and_then(|fault| Ok(app.faults.add(fault)?));
    answer(&app, outcome)
}

async fn clear_faults(State(app): State<SharedApp>) -> Response {
    app.faults.clear();
    answer(&app, Ok(app.faults.list()))
}

async fn list_deliveries(State(app): State<SharedApp>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let outcome = async { deliveries::list(&app, deliveries::Filter::read(&query)?).await };
    answer(&app, outcome.await)
}

async fn dashboard_link(State(app): State<SharedApp>) -> Response {
    answer(&app, link::new(&app).await)
}

async fn start_afresh(State(app): State<SharedApp>) -> Response {
    let outcome = reset::reset(&app).await;
    answer(&app, outcome.map(|()| clock::Shown::new(&app, true)))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let detail =
            format!("The body is not what this control takes: {error}. See docs/server.md.");
        Problem::new(Code::ValidationFailed, detail).into()
    })
}

fn answer<T: Serialize>(app: &App, outcome: Result<T, Failure>) -> Response {
    let request_id = app.ids.next(Kind::Request);
    let body = outcome.and_then(|body| Ok(serde_json::to_vec(&body)?));
    let raw = match body {
        Ok(body) => Raw {
            status: StatusCode::OK,
            headers: vec![
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ],
            body: body.into(),
            code: None,
        },
        Err(Failure::Problem(problem)) => Raw::problem(&problem, &request_id),
        Err(failure) => {
            let detail = format!("The control does not work: {failure:?}.");
            Raw::problem(&Problem::new(Code::InternalError, detail), &request_id)
        }
    };
    crate::http::send(raw, &request_id)
}

fn time(at: Micros) -> String {
    to_datetime(at).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
