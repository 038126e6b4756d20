//! Visits of short links.

pub mod agent;
pub mod cache;
pub mod clicks;
mod decide;
mod page;
mod target;

use std::sync::Arc;

use axum::response::Response;
use http::header::{CACHE_CONTROL, LOCATION, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use self::agent::Agent;
use self::clicks::Click;
use self::decide::{Decision, decide};
use crate::api::Raw;
use crate::app::App;
use crate::ids::Kind;
use crate::links::record::{Record, slug_key};
use crate::store::{clicks as store, domains, links};
use crate::webhooks::announce;

/// The domain that `--dev` uses for links.
pub const DEV_DOMAIN: &str = "localhost";

/// The slug that a path names.
pub fn slug_of(path: &str) -> Option<&str> {
    let slug = path.strip_prefix('/')?;
    let fits = !slug.is_empty()
        && slug.len() <= 64
        && slug
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    fits.then_some(slug)
}

/// Whether the request's host is a domain for short links.
pub async fn is_short_domain(app: &App, headers: &HeaderMap) -> bool {
    let Some(host) = crate::http::host(headers) else {
        return false;
    };
    match app.destinations.domain(&host, app.now()) {
        Some(known) => known,
        None => {
            let Ok(mut connection) = app.store.read().await else {
                return false;
            };
            let known = domains::exists(&mut connection, &host)
                .await
                .unwrap_or(false);
            app.destinations.remember_domain(&host, known, app.now());
            known
        }
    }
}

/// Answers a visit.
pub async fn visit(app: &App, parts: &Parts, slug: &str) -> Response {
    let request_id = app.ids.next(Kind::Request);
    let outcome = match find(app, &parts.headers, slug).await {
        Ok(Some(record)) => follow(app, parts, &record).await,
        Ok(None) => Ok(page::nothing_here(&parts.headers, &request_id)),
        Err(error) => Err(error),
    };
    let raw = outcome.unwrap_or_else(|error| {
        tracing::error!(request_id, %error, "a visit failed");
        page::failed(&parts.headers, &request_id)
    });
    let mut response = crate::http::send(raw, &request_id);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The link at this host and slug: from memory, else from the database.
async fn find(app: &App, headers: &HeaderMap, slug: &str) -> sqlx::Result<Option<Arc<Record>>> {
    let key = slug_key(slug);
    let host = crate::http::host(headers).unwrap_or_default();
    // In development every host leads to the same links, unless it is a domain of its own.
    let domain = if app.config.dev && !is_short_domain(app, headers).await {
        DEV_DOMAIN
    } else {
        &host
    };
    let now = app.now();
    if let Some(record) = app.destinations.get(domain, &key, now) {
        return Ok(Some(record));
    }
    let filling = app.destinations.begin();
    let mut connection = app.store.read().await?;
    let found = links::find(&mut connection, domain, &key)
        .await?
        .map(Arc::new);
    // The click limit of a link is kept by the database, so its count must be fresh at every visit.
    if let Some(record) = found
        .as_ref()
        .filter(|record| record.document.click_limit.is_none())
    {
        app.destinations
            .fill(filling, domain, &key, record.clone(), now);
    }
    Ok(found)
}

async fn follow(app: &App, parts: &Parts, record: &Record) -> sqlx::Result<Raw> {
    let now = app.now();
    let headers = &parts.headers;
    let agent = Agent::of(
        headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default(),
    );
    let is_bot = agent.is_bot || agent::is_prefetch(headers);
    let counts = parts.method == Method::GET;
    let mut decision = decide(record, now, &agent, visitor(parts));
    let mut counted = false;
    if let (Decision::Go { .. }, Some(_), true, false) =
        (&decision, record.document.click_limit, counts, is_bot)
    {
        // One visit more than the limit must not pass, on no node and at no moment.
        let mut tx = app.store.write().await?;
        let step = store::count_within_limit(&mut tx, &record.id, now).await?;
        counted = step.is_some();
        let announced = announce::clicks_counted(app, &mut tx, step.as_slice()).await?;
        tx.commit().await?;
        if announced {
            app.hooks.wake();
        }
        if !counted {
            decision = decide::over(record);
        }
    }
    let (location, kind, status) = match decision {
        Decision::Go { url, kind, status } => (url, kind, status),
        Decision::Stop(reason) => return Ok(page::stopped(headers, reason)),
    };
    let query = parts.uri.query().unwrap_or_default();
    let visit = target::Visit::new(query);
    let location = target::compose(record, kind, location, &visit);
    if counts {
        let click = Click::new(
            app.ids.at(Kind::Click, now),
            record,
            &agent,
            &visit,
            headers,
        );
        app.clicks.push(Click {
            occurred_at: now,
            destination_kind: kind,
            is_bot,
            counted,
            ..click
        });
    }
    let headers = match HeaderValue::try_from(location) {
        Ok(location) => vec![(LOCATION, location)],
        Err(_) => Vec::new(),
    };
    Ok(Raw {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND),
        headers,
        body: bytes::Bytes::new(),
        code: None,
    })
}

/// What tells visitors apart for as long as it takes to choose a variant; it is not kept.
fn visitor(parts: &Parts) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    if let Some(peer) = parts.extensions.get::<crate::http::serve::Peer>() {
        hash.update(peer.0.ip().to_string().as_bytes());
    }
    if let Some(agent) = parts.headers.get(USER_AGENT) {
        hash.update(agent.as_bytes());
    }
    hash.finalize()
}
