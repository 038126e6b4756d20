//! Pages: what all have, and what is shown where there is none.

use std::fmt;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::SecondsFormat;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};

use super::assets::{ADDRESSES, Addresses};
use super::form::Errors;
use super::session::Person;
use crate::clock::{Micros, to_datetime};
use crate::http::explain::explain;
use crate::problem::{Code, Failure};

/// What a page answers with.
pub type Outcome = Result<Response, Oops>;

/// Which part of the dashboard a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Home,
    Links,
    Clicks,
    Keys,
    Webhooks,
    Approvals,
    Workspace,
}

impl Section {
    const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Home, "Overview", "/dashboard"),
        (Self::Links, "Links", "/dashboard/links"),
        (Self::Clicks, "Clicks", "/dashboard/clicks"),
        (Self::Keys, "Keys", "/dashboard/keys"),
        (Self::Webhooks, "Webhooks", "/dashboard/webhooks"),
        (Self::Approvals, "Approvals", "/dashboard/approvals"),
        (Self::Workspace, "Workspace", "/dashboard/workspace"),
    ];
}

/// An entry of the navigation.
pub struct Entry {
    pub label: &'static str,
    pub href: &'static str,
    pub current: bool,
    /// How many things wait there.
    pub waiting: i64,
}

/// What every page of somebody who is signed in has.
pub struct Page {
    pub title: String,
    pub entries: Vec<Entry>,
    pub workspace: String,
    pub form_token: String,
    pub assets: &'static Addresses,
    /// What was done.
    pub notice: &'static str,
    /// What is wrong with the form that was sent.
    pub errors: Errors,
}

impl Person {
    /// A page of this section.
    pub fn page(&self, section: Section, title: impl Into<String>) -> Page {
        let entry = |(own, label, href): (Section, &'static str, &'static str)| Entry {
            label,
            href,
            current: own == section,
            waiting: self.waiting(own),
        };
        Page {
            title: title.into(),
            entries: Section::ALL.into_iter().map(entry).collect(),
            workspace: self.workspace.name.clone(),
            form_token: self.form_token.clone(),
            assets: &ADDRESSES,
            notice: notice(self.query.get("done")),
            errors: Errors::new(),
        }
    }

    fn waiting(&self, section: Section) -> i64 {
        if section == Section::Approvals {
            self.approvals
        } else {
            0
        }
    }
}

/// What a page says after something was done. The address names it by a word, so that nobody can make a page say what
/// they want by a link.
fn notice(done: &str) -> &'static str {
    match done {
        "revoked" => "The key is revoked. Calls with it are refused from now on.",
        "created" => "The link is made.",
        "saved" => "Saved.",
        "deleted" => "Deleted. For 30 days it can be restored.",
        "restored" => "The link is restored.",
        "none" => "No link was chosen.",
        "some" => "Some links were not deleted: they are gone already.",
        "filters" => "Nothing is found with these filters, so that there is nothing to export.",
        "approved" => "Approved. The program can repeat its call now.",
        "refused" => "Refused. The program's token does not work any more.",
        "late" => "That does not wait any more: it is too old, or was decided already.",
        "domain" => "The domain is added.",
        "apps" => "The apps are saved.",
        "removed" => "The domain is removed.",
        "enabled" => "The webhook is enabled.",
        "gone" => "The webhook is deleted.",
        "resent" => "It is sent again.",
        "most" => {
            "The first 10,000 events are sent again. Do it once more for the rest when they are through."
        }
        "nothing" => "There is nothing to send again.",
        _ => "",
    }
}

/// A page with nothing but what is wrong.
#[derive(Template)]
#[template(path = "dashboard/bare.html")]
pub struct Bare {
    pub page: Page,
}

/// Shows a page.
pub fn show(page: &impl Template) -> Outcome {
    show_as(StatusCode::OK, page)
}

/// Shows a page with this status.
pub fn show_as(status: StatusCode, page: &impl Template) -> Outcome {
    let html = page
        .render()
        .map_err(|error| Failure::Internal(format!("a page cannot be made: {error}")))?;
    let mut response = Response::new(html.into());
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    Ok(response)
}

/// Leads on after a form was carried out.
pub fn go(to: &str) -> Outcome {
    Ok(Redirect::to(to).into_response())
}

/// `/dashboard/`.
pub async fn home() -> Redirect {
    Redirect::to("/dashboard")
}

/// Why there is no page.
pub enum Oops {
    /// Something failed, or the API refused it.
    Failed(Failure),
    /// The dashboard itself refused it: status, title, and what to do.
    Refused(StatusCode, &'static str, &'static str),
}

impl<E: Into<Failure>> From<E> for Oops {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

#[derive(Template)]
#[template(path = "dashboard/alone.html")]
struct Alone<'a> {
    assets: &'static Addresses,
    title: &'a str,
    detail: &'a str,
    /// The command that makes a link to sign in, where that helps.
    command: &'static str,
    /// Whether to offer the way back to the dashboard.
    back: bool,
}

fn alone(status: StatusCode, title: &str, detail: &str) -> Response {
    let page = Alone {
        assets: &ADDRESSES,
        title,
        detail,
        command: "",
        back: true,
    };
    show_as(status, &page).unwrap_or_else(|_| status.into_response())
}

impl IntoResponse for Oops {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(status, title, detail) => alone(status, title, detail),
            Self::Failed(failure) => {
                let problem = explain(failure, "");
                let title = match problem.code {
                    Code::NotFound => "Not found",
                    Code::InternalError | Code::ServiceUnavailable => "That did not work",
                    _ => "That is not possible",
                };
                let detail = match problem.code {
                    Code::NotFound => "There is nothing here, or it belongs to another workspace.",
                    _ => &problem.detail,
                };
                alone(problem.code.status(), title, detail)
            }
        }
    }
}

/// No page is here.
pub async fn nothing_here() -> Response {
    let detail = "There is no page at this address.";
    alone(StatusCode::NOT_FOUND, "Not found", detail)
}

/// What makes a link to sign in.
pub const LINK_COMMAND: &str = "approute-server dashboard-link";

/// Nobody is signed in. A script that asked for a piece of a page is led to the whole one.
pub fn signed_out(fragment: bool) -> Response {
    let page = Alone {
        assets: &ADDRESSES,
        title: "You are signed out",
        detail: "A link signs you in, once. Whoever runs the server makes one with this command. Sessions end after an \
                 hour without use, and after twelve hours in any case; they are kept in a cookie, which browsers take by \
                 https only, except on this machine.",
        command: LINK_COMMAND,
        back: false,
    };
    let status = StatusCode::UNAUTHORIZED;
    let mut response = show_as(status, &page).unwrap_or_else(|_| status.into_response());
    if fragment {
        response.headers_mut().insert(
            HeaderName::from_static("hx-redirect"),
            HeaderValue::from_static("/dashboard"),
        );
    }
    response
}

/// The link to sign in does not work.
pub fn used_link() -> Response {
    let page = Alone {
        assets: &ADDRESSES,
        title: "This link does not work",
        detail: "It was used before, or is older than ten minutes. Make a new one with this command.",
        command: LINK_COMMAND,
        back: false,
    };
    let status = StatusCode::FORBIDDEN;
    show_as(status, &page).unwrap_or_else(|_| status.into_response())
}

/// A moment, shown to the minute in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When(pub Micros);

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = to_datetime(self.0);
        let exact = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let shown = at.format("%Y-%m-%d %H:%M");
        write!(
            f,
            "<time datetime=\"{exact}\" title=\"{exact}\">{shown} UTC</time>"
        )
    }
}

/// It is made of digits and its own words only.
impl askama::filters::HtmlSafe for When {}

/// A span in its largest unit, such as `23 h`.
pub fn span(micros: Micros) -> String {
    use crate::clock::{DAY, HOUR, MINUTE, SECOND};
    let (number, unit) = match micros.max(0) {
        micros if micros >= 2 * DAY => (micros / DAY, "days"),
        micros if micros >= HOUR => (micros / HOUR, "h"),
        micros if micros >= MINUTE => (micros / MINUTE, "min"),
        micros => (micros / SECOND, "s"),
    };
    format!("{number} {unit}")
}

/// A whole number with its thousands apart.
pub fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{DAY, HOUR, MINUTE, SECOND};

    #[test]
    fn numbers_and_spans_for_people() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-1_234_567, "-1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
        for (value, text) in [
            (-SECOND, "0 s"),
            (59 * SECOND, "59 s"),
            (61 * SECOND, "1 min"),
            (47 * HOUR + 59 * MINUTE, "47 h"),
            (30 * DAY, "30 days"),
        ] {
            assert_eq!(span(value), text);
        }
        assert_eq!(
            When(1_795_435_200_000_000).to_string(),
            "<time datetime=\"2026-11-23T12:00:00.000Z\" title=\"2026-11-23T12:00:00.000Z\">2026-11-23 12:00 UTC</time>"
        );
    }
}
