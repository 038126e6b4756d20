//! Who is signed in, to which workspace, and whether a form is theirs.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CONTENT_TYPE, COOKIE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use super::form::Form;
use super::page::{self, Oops};
use crate::app::{App, SharedApp};
use crate::clock::{HOUR, MINUTE, Micros};
use crate::http::{host, read_body};
use crate::ids::{Kind, unseeded};
use crate::password_page::from_here;
use crate::problem::{Code, Failure, Problem};
use crate::store::audit::{self, Call};
use crate::store::keys::{Caller, Scope};
use crate::store::workspaces::{self, DeleteConfirmation, Workspace};
use crate::store::{confirmations, dashboard};

/// How long a link to sign in works.
pub const LINK_WORKS: Micros = 10 * MINUTE;
/// A session that is not used for so long is over.
const IDLE: Micros = HOUR;
/// A session is over after so long in any case.
const LONGEST: Micros = 12 * HOUR;
/// Its end is moved at most so often: that is a write.
const MOVED_EVERY: Micros = 5 * MINUTE;
/// The largest form: the settings of a link.
const FORM_LIMIT: usize = 256 << 10;

/// A secret of 32 random bytes: of a link to sign in, or of a session. No seed repeats it.
pub struct Token(String);

impl Token {
    pub fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(unseeded::<32>()))
    }

    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is stored.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(&self.0).to_vec()
    }

    /// What forms of this session carry. Whoever knows it knows the session's token no better.
    fn form_token(&self) -> String {
        let hash = Sha256::digest(format!("form of {}", self.0));
        URL_SAFE_NO_PAD.encode(hash)
    }
}

/// Makes a link by which somebody may sign in to a workspace, once.
pub async fn new_link(
    connection: &mut AnyConnection,
    base_url: &str,
    workspace_id: &str,
    now: Micros,
) -> crate::store::Result<String> {
    let token = Token::new();
    dashboard::insert_sign_in(connection, &token.hash(), workspace_id, now + LINK_WORKS).await?;
    let base_url = base_url.trim_end_matches('/');
    Ok(format!(
        "{base_url}/dashboard/sign-in?token={}",
        token.text()
    ))
}

/// The session's cookie. On this machine there is no TLS, and browsers other than Chrome take no `Secure` cookie there;
/// everywhere else the name makes browsers insist on it, and on this very host.
pub struct Cookie {
    pub name: &'static str,
    pub attributes: &'static str,
}

impl Cookie {
    pub fn for_host(host: Option<&str>) -> Self {
        let here = host.is_some_and(|host| {
            matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
        });
        if here {
            Self {
                name: "approute_dashboard",
                attributes: "Path=/dashboard; HttpOnly; SameSite=Strict",
            }
        } else {
            Self {
                name: "__Host-approute_dashboard",
                attributes: "Path=/; Secure; HttpOnly; SameSite=Strict",
            }
        }
    }
}

/// The session's token that the browser sent.
pub fn sent_token(parts: &Parts) -> Option<Token> {
    let name = Cookie::for_host(host(parts).as_deref()).name;
    let cookies = parts.headers.get_all(COOKIE).iter();
    let pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(found, _)| *found == name);
    found.next().map(|(_, value)| Token::from_text(value))
}

/// Begins a session.
pub async fn begin(
    app: &App,
    connection: &mut AnyConnection,
    workspace_id: &str,
) -> Result<Token, Failure> {
    let now = app.now();
    dashboard::actor(connection, &app.ids, workspace_id, now).await?;
    let token = Token::new();
    dashboard::insert_session(connection, &token.hash(), workspace_id, now, now + IDLE).await?;
    Ok(token)
}

/// Somebody who is signed in.
pub struct Person {
    pub app: SharedApp,
    /// As whom they act on the API.
    pub caller: Caller,
    pub workspace: Workspace,
    /// What their forms must carry.
    pub form_token: String,
    /// Deletes that wait for their approval.
    pub approvals: i64,
    pub now: Micros,
    pub query: Form,
    pub headers: HeaderMap,
    /// The host under which the dashboard is open.
    pub host: Option<String>,
    /// By which their session is known.
    pub session_hash: Vec<u8>,
}

impl Person {
    async fn find(parts: &Parts, app: &SharedApp) -> Result<Option<Self>, Failure> {
        let Some(token) = sent_token(parts) else {
            return Ok(None);
        };
        let (hash, now) = (token.hash(), app.now());
        let mut connection = app.store.read().await?;
        let Some(session) = dashboard::session(&mut connection, &hash, now).await? else {
            return Ok(None);
        };
        let Some(workspace) = workspaces::get(&mut connection, &session.workspace_id).await? else {
            return Ok(None);
        };
        let approvals = match workspace.delete_confirmation {
            DeleteConfirmation::Dashboard => {
                let waiting = confirmations::waiting(&mut connection, &workspace.id, now).await?;
                let others = waiting
                    .iter()
                    .filter(|waiting| waiting.key_id != session.key_id);
                others.count() as i64
            }
            DeleteConfirmation::Token => 0,
        };
        drop(connection);
        let end = (now + IDLE).min(session.created_at + LONGEST);
        if end - session.expires_at >= MOVED_EVERY {
            let mut tx = app.store.write().await?;
            dashboard::extend_session(&mut tx, &hash, end).await?;
            tx.commit().await?;
        }
        let caller = Caller {
            key_id: session.key_id,
            workspace_id: workspace.id.clone(),
            scope: Scope::ReadWrite,
            plan: workspace.plan,
            delete_threshold: workspace.delete_threshold,
            delete_confirmation: workspace.delete_confirmation,
            ended_at: None,
        };
        Ok(Some(Self {
            app: app.clone(),
            caller,
            workspace,
            form_token: token.form_token(),
            approvals,
            now,
            query: Form::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            headers: parts.headers.clone(),
            host: host(parts),
            session_hash: hash,
        }))
    }

    /// Writes down what somebody does that is no operation of the API, in the very transaction in which it is done.
    pub async fn log(
        &self,
        connection: &mut AnyConnection,
        operation: &'static str,
        path: &str,
    ) -> crate::store::Result<()> {
        let call = Call {
            workspace_id: self.workspace.id.clone(),
            key_id: self.caller.key_id.clone(),
            request_id: self.app.ids.next(Kind::Request),
            operation,
            path: path.to_owned(),
            status: 200,
            code: None,
            occurred_at: self.now,
        };
        audit::insert(connection, self.app.store.dialect(), &[call]).await
    }

    /// Whether a form is one that this session was shown, as far as that can be told: by its token, and by what the
    /// browser says of where it comes from.
    pub fn check_form(&self, token: &str) -> Result<(), Oops> {
        // The hashes are compared, so that the time it takes says nothing about the token.
        let same = Sha256::digest(token) == Sha256::digest(&self.form_token);
        if same && from_here(&self.headers) {
            return Ok(());
        }
        Err(Oops::Refused(
            StatusCode::FORBIDDEN,
            "This form is not from here",
            "It was not sent from a page of this session, so that nothing was done. Go back, load the page anew, and try again.",
        ))
    }
}

impl FromRequestParts<SharedApp> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Response> {
        match Self::find(parts, app).await {
            Ok(Some(person)) => Ok(person),
            Ok(None) => Err(page::signed_out(parts.headers.contains_key("hx-request"))),
            Err(failure) => Err(Oops::Failed(failure).into_response()),
        }
    }
}

/// A form that somebody who is signed in sent from a page of ours.
pub struct Posted {
    pub person: Person,
    pub form: Form,
}

impl FromRequest<SharedApp> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let person = Person::from_request_parts(&mut parts, app).await?;
        let read = async {
            check_type(&parts.headers, "application/x-www-form-urlencoded")?;
            let timeout = app.config.body_timeout;
            let bytes = read_body(&parts.headers, body, FORM_LIMIT, timeout).await?;
            let form = Form::parse(&bytes);
            person.check_form(form.get("form_token"))?;
            Ok::<_, Oops>(form)
        };
        match read.await {
            Ok(form) => Ok(Self { person, form }),
            Err(oops) => Err(oops.into_response()),
        }
    }
}

/// Whether a form is encoded as it should be.
pub fn check_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let sent = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media = sent.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedMediaType,
        "This is no form of the dashboard.",
    ))
}
