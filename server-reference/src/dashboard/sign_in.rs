//! Signing in by a link that works once, and signing out.
//!
//! The link shows a page with a button, and only the button signs in: what looks at links before people do, such as a
//! chat's preview, uses none up.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::SET_COOKIE;
use http::{HeaderValue, StatusCode};

use super::assets::{ADDRESSES, Addresses};
use super::form::Form;
use super::page::{self, Oops, Outcome};
use super::session::{self, Cookie, Posted, Token, check_type};
use crate::app::SharedApp;
use crate::http::{host, read_body};
use crate::password_page::from_here;
use crate::store::dashboard;

const FORM_LIMIT: usize = 4 << 10;

#[derive(Template)]
#[template(path = "dashboard/sign_in.html")]
struct SignIn<'a> {
    assets: &'static Addresses,
    token: &'a str,
}

/// `GET /dashboard/sign-in?token=…`
pub async fn show(State(app): State<SharedApp>, request: Request<Body>) -> Outcome {
    let query = Form::parse(request.uri().query().unwrap_or_default().as_bytes());
    let token = Token::from_text(query.get("token"));
    let mut connection = app.store.read().await?;
    if !dashboard::has_sign_in(&mut connection, &token.hash(), app.now()).await? {
        return Ok(page::used_link());
    }
    page::show(&SignIn {
        assets: &ADDRESSES,
        token: token.text(),
    })
}

/// `POST /dashboard/sign-in`
pub async fn sign_in(State(app): State<SharedApp>, request: Request<Body>) -> Outcome {
    let (parts, body) = request.into_parts();
    check_type(&parts.headers, "application/x-www-form-urlencoded")?;
    // Otherwise another site could sign somebody in to a workspace of its own, and watch what they put there.
    if !from_here(&parts.headers) {
        return Err(Oops::Refused(
            StatusCode::FORBIDDEN,
            "This form is not from here",
            "Open the link itself to sign in.",
        ));
    }
    let timeout = app.config.body_timeout;
    let form = Form::parse(&read_body(&parts.headers, body, FORM_LIMIT, timeout).await?);
    let link = Token::from_text(form.get("token"));
    let mut tx = app.store.write().await?;
    let Some(workspace_id) = dashboard::take_sign_in(&mut tx, &link.hash(), app.now()).await?
    else {
        return Ok(page::used_link());
    };
    // Who signs in again leaves no older session behind.
    if let Some(old) = session::sent_token(&parts) {
        dashboard::end_session(&mut tx, &old.hash()).await?;
    }
    let token = session::begin(&app, &mut tx, &workspace_id).await?;
    tx.commit().await?;
    let cookie = Cookie::for_host(host(&parts).as_deref());
    let value = format!("{}={}; {}", cookie.name, token.text(), cookie.attributes);
    let mut response = page::go("/dashboard")?;
    set_cookie(&mut response, &value);
    Ok(response)
}

/// `POST /dashboard/sign-out`
pub async fn sign_out(posted: Posted) -> Outcome {
    let person = posted.person;
    let mut tx = person.app.store.write().await?;
    dashboard::end_session(&mut tx, &person.session_hash).await?;
    tx.commit().await?;
    let cookie = Cookie::for_host(person.host.as_deref());
    let value = format!("{}=; {}; Max-Age=0", cookie.name, cookie.attributes);
    let mut response = page::signed_out(false).into_response();
    *response.status_mut() = StatusCode::OK;
    set_cookie(&mut response, &value);
    Ok(response)
}

fn set_cookie(response: &mut Response, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
