//! Links with a password: the page that asks for it, and what comes back from it.
//!
//! Wrong passwords are counted in the database, so that all nodes count together: by a client, and by all together.
//! A try is written down before it is looked at. However many come at once, no more than the link's policy allows are
//! looked at, and a node that dies over one does not forget it.

use std::sync::Arc;

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode};

use super::destination::{Destination, PasswordRule};
use super::{Visitor, go};
use crate::api::Raw;
use crate::app::App;
use crate::clock::{Micros, SECOND};
use crate::links::password;
use crate::password_page::{self, LONGEST_FORM, Reason, Sent};
use crate::problem::{Code, Problem};
use crate::store::links;
use crate::store::password_failures::{self as store, Refused, Tally, Window};
use crate::visitor::DailyHash;
use crate::webhooks::announce::{self, Guesses};

/// All clients together may be wrong so many times as often as one: a few who guess must not lock everybody out, and many
/// who guess together must not get through.
const CLIENTS: i64 = 10;
/// What stands for all clients together.
const ALL: &[u8] = &[];

/// The page that asks for the password.
pub fn ask(app: &App, link: &Destination, now: Micros) -> Raw {
    page(app, link, Reason::Arrived, now)
}

fn page(app: &App, link: &Destination, reason: Reason, now: Micros) -> Raw {
    let url = app.addresses.short_url(link.domain(), link.slug());
    let shown = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let token = app.forms.issue(link.id(), now);
    match password_page::page(shown, reason, &token) {
        Ok(page) => Raw {
            status: page.status,
            headers: page.headers,
            body: page.body.into(),
            code: None,
        },
        Err(error) => {
            tracing::error!(%error, "the password page cannot be made");
            Raw {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                headers: Vec::new(),
                body: bytes::Bytes::new(),
                code: None,
            }
        }
    }
}

/// Takes a form: goes on where the password is right, and asks again where it is not.
pub async fn unlock(
    app: &App,
    parts: &Parts,
    body: Body,
    link: &Arc<Destination>,
    request_id: &str,
) -> sqlx::Result<Raw> {
    let Some(password) = link.password() else {
        return super::follow(app, parts, link, request_id).await;
    };
    let timeout = app.config.body_timeout;
    let body = match crate::http::read_body(&parts.headers, body, LONGEST_FORM, timeout).await {
        Ok(body) => body,
        Err(problem) => return Ok(Raw::problem(&problem, request_id)),
    };
    if !is_form(&parts.headers) {
        let detail = "Send the password as the page's form does.";
        return Ok(Raw::problem(
            &Problem::new(Code::UnsupportedMediaType, detail),
            request_id,
        ));
    }
    let visitor = Visitor {
        unlocked: true,
        ..Visitor::of(app, parts)
    };
    let now = visitor.now;
    let stale = || Ok(page(app, link, Reason::StaleForm, now));
    let Some(sent) = Sent::parse(&body) else {
        return stale();
    };
    if !password_page::from_here(&parts.headers) || !app.forms.check(&sent.token, link.id(), now) {
        return stale();
    }
    let guess = Guess {
        app,
        link,
        password,
        // An address and a day are who guesses; a browser is changed more easily.
        client: app
            .visitors
            .daily_hash(now, link.id(), visitor.client.address, b""),
        now,
    };
    if let Some(Refused { until }) = guess.admit().await? {
        let seconds = ((until - now).max(1) as u64).div_ceil(SECOND as u64);
        return Ok(page(app, link, Reason::TooManyFailures { seconds }, now));
    }
    let right = password::verify(sent.password, password.hash.to_string()).await;
    let right = right.map_err(|failure| sqlx::Error::Protocol(format!("{failure:?}")));
    guess.settle(!matches!(right, Ok(false))).await?;
    if right? {
        return go(app, parts, visitor, link, request_id).await;
    }
    Ok(page(app, link, Reason::WrongPassword, now))
}

fn is_form(headers: &HeaderMap) -> bool {
    let media = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    media(CONTENT_TYPE).is_some_and(|text| {
        let media = text.split(';').next().unwrap_or_default().trim();
        media.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// A password that is being looked at.
struct Guess<'a> {
    app: &'a App,
    link: &'a Destination,
    password: PasswordRule<'a>,
    client: DailyHash,
    now: Micros,
}

impl Guess<'_> {
    fn window(&self) -> Window {
        Window {
            now: self.now,
            length: self.password.window_seconds.saturating_mul(SECOND),
        }
    }

    /// Writes the try down, unless there were too many.
    async fn admit(&self) -> sqlx::Result<Option<Refused>> {
        let (app, window) = (self.app, self.window());
        let most = self.password.max_failures;
        let mut tx = app.store.write().await?;
        for (client, most) in [
            (ALL, most.saturating_mul(CLIENTS)),
            (&self.client[..], most),
        ] {
            let refused = store::admit(&mut tx, self.link.id(), client, most, window).await?;
            if refused.is_some() {
                tx.rollback().await?;
                return Ok(refused);
            }
        }
        tx.commit().await?;
        Ok(None)
    }

    /// Writes down how the try ended, and announces that the link's policy was reached.
    async fn settle(&self, right: bool) -> sqlx::Result<()> {
        let (app, link, window) = (self.app, self.link, self.window());
        let mut tx = app.store.write().await?;
        let all = store::settle(&mut tx, link.id(), ALL, right, window).await?;
        store::settle(&mut tx, link.id(), &self.client, right, window).await?;
        let mut announced = false;
        if let Some(tally) = all.filter(|all| !right && all.failures >= self.password.max_failures)
        {
            let record = links::get(&mut tx, link.workspace_id(), link.id(), self.now).await?;
            if let Some(record) = record {
                let guesses = self.guesses(tally);
                announced = announce::password_failed(app, &mut tx, &record, guesses).await?;
            }
        }
        tx.commit().await?;
        if announced {
            app.hooks.wake();
        }
        Ok(())
    }

    fn guesses(&self, tally: Tally) -> Guesses {
        Guesses {
            failures: tally.failures,
            window_seconds: self.password.window_seconds,
            first_at: tally.first_at,
            last_at: tally.last_at,
        }
    }
}
