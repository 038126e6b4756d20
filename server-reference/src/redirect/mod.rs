//! Visits of short links.

pub mod cache;
pub mod clicks;
mod decide;
pub mod destination;
mod page;
mod target;
mod unlock;

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use self::cache::{Known, Place};
use self::clicks::{Click, More};
use self::decide::{Decision, Facts, Way, decide};
use self::destination::Destination;
use crate::agent::{self, Agent};
use crate::api::Raw;
use crate::app::App;
use crate::associations::{APPLE_PATH, GOOGLE_PATH, MEDIA_TYPE};
use crate::clock::Micros;
use crate::geoip::{self, Client};
use crate::http::fields::Fields;
use crate::ids::Kind;
use crate::links::record::slug_key;
use crate::store::domains::{self, Domain};
use crate::store::{clicks as store, links};
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

/// The domain for short links that a request is for. In development every host that is no domain itself leads to the
/// links of one.
pub async fn domain(app: &App, parts: &Parts) -> Option<Arc<Domain>> {
    let own = match crate::http::host(parts) {
        Some(host) => find_domain(app, &host).await,
        None => None,
    };
    if own.is_none() && app.config.dev {
        return find_domain(app, DEV_DOMAIN).await;
    }
    own
}

/// The same, where it is in memory and new enough; else none, whether there is a domain or not.
pub fn domain_from_memory(app: &App, host: &str) -> Option<Arc<Domain>> {
    let now = app.now();
    match app.destinations.domain(host, now) {
        Known::Fresh(None) if app.config.dev => match app.destinations.domain(DEV_DOMAIN, now) {
            Known::Fresh(domain) => domain,
            _ => None,
        },
        Known::Fresh(domain) => domain,
        _ => None,
    }
}

async fn find_domain(app: &App, host: &str) -> Option<Arc<Domain>> {
    let now = app.now();
    let known = app.destinations.domain(host, now);
    if let Known::Fresh(domain) = known {
        return domain;
    }
    let read = async {
        let mut connection = app.store.read().await?;
        domains::find(&mut connection, host).await
    };
    match read.await {
        Ok(found) => {
            let found = found.map(Arc::new);
            app.destinations.remember_domain(host, found.clone(), now);
            found
        }
        Err(error) => {
            tracing::error!(%error, "cannot look up a domain");
            match known {
                Known::Old(domain) => domain,
                _ => None,
            }
        }
    }
}

/// Answers a request to a domain for short links.
pub async fn serve(app: &App, domain: &Domain, parts: &Parts, body: Body) -> Response {
    let path = parts.uri.path();
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if reads && matches!(path, APPLE_PATH | GOOGLE_PATH) {
        return association(app, domain, path);
    }
    let Some(slug) = slug_of(path) else {
        return crate::http::nothing_here(app);
    };
    if !reads && parts.method != Method::POST {
        return crate::http::refuse_method(app, "GET, HEAD");
    }
    let request_id = app.ids.next(Kind::Request);
    let outcome = match find(app, domain, slug).await {
        Ok(Some(link)) if reads => follow(app, parts, &link, &request_id).await,
        Ok(Some(link)) if link.password().is_some() => {
            unlock::unlock(app, parts, body, &link, &request_id).await
        }
        // Only a password is ever sent to a link.
        Ok(_) if !reads => return crate::http::refuse_method(app, "GET, HEAD"),
        Ok(_) => Ok(page::nothing_here(&parts.headers, &request_id)),
        Err(error) => Err(error),
    };
    let raw = outcome.unwrap_or_else(|error| {
        tracing::error!(request_id, %error, "a visit failed");
        page::failed(&parts.headers, &request_id)
    });
    app.metrics.visit(raw.status.as_u16());
    let mut response = crate::http::send(raw, &request_id);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// One of the files that tell phones which apps open a domain's links.
fn association(app: &App, domain: &Domain, path: &str) -> Response {
    let request_id = app.ids.next(Kind::Request);
    let raw = match domain.apps.file(path) {
        Some(file) => Raw {
            status: StatusCode::OK,
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))],
            body: file.into(),
            code: None,
        },
        None => page::nothing_here(&HeaderMap::new(), &request_id),
    };
    crate::http::send(raw, &request_id)
}

/// The link at this domain and slug: from memory, else from the database.
async fn find(app: &App, domain: &Domain, slug: &str) -> sqlx::Result<Option<Arc<Destination>>> {
    let place = Place {
        domain: &domain.name,
        slug,
    };
    let now = app.now();
    let known = app.destinations.get(place, now);
    if let Known::Fresh(link) = known {
        return Ok(Some(link));
    }
    let filling = app.destinations.begin();
    let read = async {
        let mut connection = app.store.read().await?;
        links::find(&mut connection, &domain.name, &slug_key(slug)).await
    };
    let record = match (read.await, known) {
        (Ok(record), _) => record,
        (Err(error), Known::Old(link)) => {
            tracing::warn!(%error, "the database does not answer; a visit goes where the link led before");
            return Ok(Some(link));
        }
        (Err(error), _) => return Err(error),
    };
    let Some(link) = record.as_ref().and_then(Destination::new).map(Arc::new) else {
        app.destinations.remove(place);
        return Ok(None);
    };
    // The click limit of a link is kept by the database, so its count must be fresh at every visit.
    if link.click_limit.is_none() {
        app.destinations.fill(filling, link.clone(), now);
    }
    Ok(Some(link))
}

/// A visit, as far as it is known before the link is.
pub struct Visitor<'a> {
    client: Client,
    now: Micros,
    agent: Arc<Agent>,
    /// Whether it is a person's and no program's.
    is_bot: bool,
    /// Whether it can count: a request for the headers alone cannot.
    counts: bool,
    unlocked: bool,
    query: &'a str,
    user_agent: &'a [u8],
    referrer: Option<&'a [u8]>,
}

impl<'a> Visitor<'a> {
    /// Whoever asks for a link over a connection with `peer`.
    pub fn new<F: Fields + ?Sized>(
        app: &App,
        peer: IpAddr,
        is_head: bool,
        query: &'a str,
        fields: &'a F,
    ) -> Self {
        let user_agent = fields.first("user-agent").unwrap_or_default();
        let agent = app.agents.of(user_agent);
        Self {
            client: app.config.proxies.client(peer, fields),
            now: app.now(),
            is_bot: agent::is_automated(fields, &agent),
            agent,
            counts: !is_head,
            unlocked: false,
            query,
            user_agent,
            referrer: fields.first("referer"),
        }
    }

    /// When it came.
    pub fn now(&self) -> Micros {
        self.now
    }

    fn of(app: &App, parts: &'a Parts) -> Self {
        let peer = parts.extensions.get::<crate::http::serve::Peer>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        let query = parts.uri.query().unwrap_or_default();
        Self::new(
            app,
            peer,
            parts.method == Method::HEAD,
            query,
            &parts.headers,
        )
    }
}

/// Redirects a visit of a link that is in memory; false, and nothing is done, where anything has to be looked up, or
/// where it is no redirect that comes of it.
pub fn from_memory(
    app: &App,
    domain: &Domain,
    slug: &str,
    visitor: &Visitor<'_>,
    answer: impl FnOnce(u16, &str),
) -> bool {
    let place = Place {
        domain: &domain.name,
        slug,
    };
    let Known::Fresh(link) = app.destinations.get(place, visitor.now) else {
        return false;
    };
    let (place, Decision::Go(way)) = arrive(app, visitor, &link) else {
        return false;
    };
    if link.click_limit.is_some() {
        return false;
    }
    let location = leave(app, visitor, &link, place, way, false);
    answer(way.status, &location);
    true
}

async fn follow(
    app: &App,
    parts: &Parts,
    link: &Arc<Destination>,
    request_id: &str,
) -> sqlx::Result<Raw> {
    go(app, parts, Visitor::of(app, parts), link, request_id).await
}

async fn go(
    app: &App,
    parts: &Parts,
    visitor: Visitor<'_>,
    link: &Arc<Destination>,
    request_id: &str,
) -> sqlx::Result<Raw> {
    let (place, mut decision) = arrive(app, &visitor, link);
    let counts_towards_limit = visitor.counts && !visitor.is_bot;
    let mut counted = false;
    if let (Decision::Go(Way { kind, .. }), Some(_), true) =
        (&decision, link.click_limit, counts_towards_limit)
        && *kind != "expired_url"
    {
        counted = count_within_limit(app, link, visitor.now).await?;
        if !counted {
            decision = decide::over(link);
        }
    }
    let way = match decision {
        Decision::Go(way) => way,
        Decision::Ask => return Ok(unlock::ask(app, link, visitor.now)),
        Decision::Stop(reason) => return Ok(page::stopped(&parts.headers, reason, request_id)),
    };
    let location = leave(app, &visitor, link, place, way, counted);
    let location = HeaderValue::try_from(&*location)
        .or_else(|_| HeaderValue::try_from(way.url))
        .map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(Raw {
        status: StatusCode::from_u16(way.status).unwrap_or(StatusCode::FOUND),
        headers: vec![(LOCATION, location)],
        body: bytes::Bytes::new(),
        code: None,
    })
}

/// Where a visit comes from, and what becomes of it.
fn arrive<'l>(
    app: &App,
    visitor: &Visitor<'_>,
    link: &'l Destination,
) -> (geoip::Place, Decision<'l>) {
    let place = geoip::locate(&visitor.client, app.geoip.as_ref());
    let facts = Facts {
        now: visitor.now,
        os: visitor.agent.os,
        country: place.country,
        unlocked: visitor.unlocked,
        visitor: || app.visitors.key(visitor.client.address, visitor.user_agent),
    };
    let decision = decide(link, facts);
    (place, decision)
}

/// Counts a visit that goes its way; gives its `Location`.
fn leave<'l>(
    app: &App,
    visitor: &Visitor<'_>,
    link: &'l Arc<Destination>,
    place: geoip::Place,
    way: Way<'l>,
    counted: bool,
) -> Cow<'l, str> {
    let visit = target::Visit::new(visitor.query);
    if visitor.counts {
        let (address, agent) = (visitor.client.address, visitor.user_agent);
        app.clicks.push(Click {
            link: link.clone(),
            occurred_at: visitor.now,
            visitor: app
                .visitors
                .daily_hash(visitor.now, link.id(), address, agent),
            agent: visitor.agent.clone(),
            country: place.country,
            destination_kind: way.kind,
            is_qr: visit.is_qr(),
            is_bot: visitor.is_bot,
            counted,
            more: More::new(&visit, visitor.referrer, place),
        });
    }
    target::compose(link, way, &visit)
}

/// Counts a visit of a link with a click limit: one more than the limit must not pass, on no node and at no moment.
async fn count_within_limit(app: &App, link: &Destination, now: Micros) -> sqlx::Result<bool> {
    let mut tx = app.store.write().await?;
    let (counted, step) = store::count_within_limit(&mut tx, link.id(), now).await?;
    let announced = announce::clicks_counted(app, &mut tx, step.as_slice()).await?;
    tx.commit().await?;
    if announced {
        app.hooks.wake();
    }
    Ok(counted)
}
