//! The page on which a visitor types a link's password.
//!
//! Plain HTML that works without scripts, on a screen 320 pixels wide, in light and dark, and by ear: the field has a
//! label, and what went wrong is announced and tied to the field. `autocomplete` is off because the password is the link's
//! and not the visitor's: a password manager would offer it for every other link of the domain.
//!
//! A form is answered only with a [`token`] that this server made for this link, and only if the browser does not say
//! that another site sent it ([`from_here`]).

#[cfg(test)]
mod tests;
pub mod token;

use std::sync::LazyLock;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
    RETRY_AFTER,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

/// The longest password that the spec allows, in characters.
pub const LONGEST_PASSWORD: usize = 128;
/// More than a form of ours can be, every character escaped; for the handler's body limit.
pub const LONGEST_FORM: usize = 4 * 1024;

const STYLE: &str = include_str!("page.css");

/// Why the page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The visitor has just come.
    Arrived,
    /// The password was wrong.
    WrongPassword,
    /// Too many were wrong; further ones are not looked at for so many seconds.
    TooManyFailures {
        /// How long.
        seconds: u64,
    },
    /// The form was open for too long, or is none of ours.
    StaleForm,
}

impl Reason {
    /// The status that goes with the page.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Arrived => StatusCode::OK,
            Self::WrongPassword | Self::StaleForm => StatusCode::FORBIDDEN,
            Self::TooManyFailures { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    fn error(self) -> Option<String> {
        Some(match self {
            Self::Arrived => return None,
            Self::WrongPassword => "This password is wrong. Check it and try again.".to_owned(),
            Self::TooManyFailures { seconds } => {
                let minutes = seconds.div_ceil(60).max(1);
                let unit = if minutes == 1 { "minute" } else { "minutes" };
                format!("There were too many wrong passwords. Try again in {minutes} {unit}.")
            }
            Self::StaleForm => {
                "This page was open for too long. Type the password once more.".to_owned()
            }
        })
    }
}

/// The page, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// Every header that it needs.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The HTML.
    pub body: String,
}

#[derive(Template)]
#[template(path = "password.html")]
struct Form<'a> {
    title: String,
    style: &'static str,
    link: &'a str,
    token: &'a str,
    error: Option<String>,
}

/// Renders the page for a link, which is shown as `link` (its domain and slug), with a token of [`token::Tokens`].
pub fn page(link: &str, reason: Reason, token: &str) -> Result<Page, askama::Error> {
    let error = reason.error();
    // A screen reader says the title first.
    let title = if error.is_some() {
        "Error: password needed"
    } else {
        "Password needed"
    };
    let body = Form {
        title: format!("{title} – {link}"),
        style: STYLE,
        link,
        token,
        error,
    }
    .render()?;
    let mut headers = vec![
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (CONTENT_SECURITY_POLICY, POLICY.clone()),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // `no-referrer` would make browsers send `Origin: null`, which `from_here` could not tell from a stranger's.
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (
            http::header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    if let Reason::TooManyFailures { seconds } = reason {
        headers.push((RETRY_AFTER, HeaderValue::from(seconds)));
    }
    Ok(Page {
        status: reason.status(),
        headers,
        body,
    })
}

/// No script, no frame, and only our own style. There is no `form-action`: Chrome applies it to the redirect that follows
/// the right password too, and the destination can be anywhere.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("base64 and words are visible ASCII")
});

/// What a visitor sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Sent {
    /// The password as it was typed.
    pub password: String,
    /// The form's token.
    pub token: String,
}

impl Sent {
    /// Reads a body in `application/x-www-form-urlencoded`; `None` for what is no form of ours. A password that is longer
    /// than any can be is left out before anybody spends argon2 on it.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut password = None;
        let mut token = None;
        for (name, value) in url::form_urlencoded::parse(body) {
            let field = match &*name {
                "password" => &mut password,
                "token" => &mut token,
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        let (password, token) = (password?, token?);
        (password.chars().count() <= LONGEST_PASSWORD).then_some(Self { password, token })
    }
}

/// Whether a form may come from our own page, as far as the browser says. Browsers that say nothing are believed: there
/// is still the token.
pub fn from_here(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(ORIGIN) else {
        return true;
    };
    // A proxy may have taken TLS off, so that only the host can be compared.
    let host = origin.split_once("://").map(|(_, host)| host);
    host.zip(text(HOST))
        .is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host))
}
