//! The dashboard: what the API leaves to people, and what people would rather do by hand.
//!
//! Pages are HTML from the server, and work without scripts; `assets` has one small script of others (htmx) and one of
//! ours. A request goes through `around`, is tied to a workspace by `session`, and ends in a page of this module's
//! children. Whatever the API can do goes through the API's own pipeline (`act`), by the same rules and into the same
//! log; the children add what the API has not: keys, approvals, settings, statistics, imports.

mod act;
mod approvals;
mod assets;
mod chart;
mod clicks;
mod deletes;
mod deliveries;
mod export;
mod file;
mod form;
mod home;
mod import;
mod keys;
mod link_fields;
mod link_form;
mod links;
mod page;
mod session;
mod sign_in;
mod webhooks;
mod workspace;

pub use self::session::new_link;

use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue};

use crate::app::SharedApp;
use crate::http::REQUEST_ID;
use crate::ids::Kind;

/// Everything comes from here, forms go here, nobody may frame it, and no script stands in a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The routes below `/dashboard`.
pub fn routes(app: SharedApp) -> Router<SharedApp> {
    Router::new()
        .route("/dashboard", get(home::show))
        .route("/dashboard/", any(page::home))
        .route(
            "/dashboard/sign-in",
            get(sign_in::show).post(sign_in::sign_in),
        )
        .route("/dashboard/sign-out", post(sign_in::sign_out))
        .route("/dashboard/assets/{name}", get(assets::serve))
        .route("/dashboard/keys", get(keys::list).post(keys::issue))
        .route("/dashboard/keys/{id}", get(keys::show))
        .route("/dashboard/keys/{id}/rotate", post(keys::rotate))
        .route("/dashboard/keys/{id}/revoke", post(keys::revoke))
        .route("/dashboard/links", get(links::list).post(links::create))
        .route("/dashboard/links.csv", get(export::links))
        .route("/dashboard/links/new", get(links::new))
        .route("/dashboard/links/delete", post(deletes::delete_many))
        .route(
            "/dashboard/links/{id}",
            get(links::show).post(links::update),
        )
        .route("/dashboard/links/{id}/edit", get(links::edit))
        .route("/dashboard/links/{id}/delete", post(deletes::delete))
        .route("/dashboard/links/{id}/restore", post(links::restore))
        .route("/dashboard/links/{id}/qr", get(links::qr))
        .route("/dashboard/imports", post(import::check))
        .route("/dashboard/imports/new", get(import::new))
        .route(
            "/dashboard/imports/{id}",
            get(import::show).post(import::start),
        )
        .route("/dashboard/clicks", get(clicks::show))
        .route(
            "/dashboard/webhooks",
            get(webhooks::list).post(webhooks::create),
        )
        .route(
            "/dashboard/webhooks/{id}",
            get(webhooks::show).post(webhooks::update),
        )
        .route("/dashboard/webhooks/{id}/enable", post(webhooks::enable))
        .route("/dashboard/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/dashboard/webhooks/{id}/delete", post(webhooks::delete))
        .route("/dashboard/webhooks/{id}/resend", post(deliveries::resend))
        .route(
            "/dashboard/webhooks/{id}/attempts/{seq}",
            get(deliveries::show),
        )
        .route(
            "/dashboard/approvals",
            get(approvals::list).post(approvals::decide),
        )
        .route(
            "/dashboard/workspace",
            get(workspace::show).post(workspace::save),
        )
        .route("/dashboard/domains", post(workspace::add))
        .route("/dashboard/domains/{name}/apps", post(workspace::set_apps))
        .route("/dashboard/domains/{name}/remove", post(workspace::remove))
        .route("/dashboard/{*rest}", any(page::nothing_here))
        .layer(from_fn_with_state(app, around))
}

/// What every answer has, and the log.
async fn around(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = app.ids.next(Kind::Request);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Ids are in paths, and a sign-in's token in a query: neither leaves for another site.
        (REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::try_from(&request_id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    tracing::info!(
        request_id,
        %method,
        path,
        status = response.status().as_u16(),
        ms = started.elapsed().as_millis() as u64,
        "dashboard"
    );
    response
}
