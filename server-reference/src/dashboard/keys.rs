//! Keys: issued, rotated and revoked one by one, with what each was used for.

use askama::Template;
use axum::extract::Path;
use http::StatusCode;

use super::form::Form;
use super::page::{self, Outcome, Page, Section, When};
use super::session::{Person, Posted};
use crate::auth::keys as issuing;
use crate::clock::{DAY, HOUR, Micros};
use crate::problem::{Failure, Problem};
use crate::store::audit::{self, Filter};
use crate::store::keys::{self, ApiKey, Listed, Scope, StoredSecret};

/// Calls on a page of a key's log.
const CALLS: i64 = 50;
/// What people do here that is no operation of the API.
const LOGGED: &[&str] = &[
    "dashboard.key_issue",
    "dashboard.key_rotate",
    "dashboard.key_revoke",
    "dashboard.approve",
    "dashboard.refuse",
    "dashboard.settings",
    "dashboard.domain_add",
    "dashboard.domain_apps",
    "dashboard.domain_remove",
    "dashboard.resend",
];
/// How long the old secret can go on, in words.
const OVERLAPS: [(&str, &str, Micros); 4] = [
    ("0", "not at all: it ends now", 0),
    ("1h", "for 1 hour", HOUR),
    ("24h", "for 24 hours", DAY),
    ("7d", "for 7 days", 7 * DAY),
];

struct Row {
    id: String,
    name: String,
    scope: &'static str,
    hint: String,
    created: When,
    used: Option<When>,
    revoked: Option<When>,
    /// It has no secret.
    is_dashboard: bool,
    /// What it waits for, where the plan has no such keys.
    needs: Option<&'static str>,
}

/// A scope that a key can have.
struct Choice {
    value: &'static str,
    label: &'static str,
    /// The plans that have it, where the workspace's has not.
    needs: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "dashboard/keys.html")]
struct Keys {
    page: Page,
    rows: Vec<Row>,
    scopes: Vec<Choice>,
    plan: &'static str,
    name: String,
    name_error: Option<String>,
    scope: String,
}

fn scope_label(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "Read",
        Scope::ReadWrite => "Read and write",
    }
}

impl Person {
    fn is_own_key(&self, key: &ApiKey) -> bool {
        key.id == self.caller.key_id
    }

    fn key_row(&self, listed: Listed) -> Row {
        let is_dashboard = self.is_own_key(&listed.key);
        let key = listed.key;
        Row {
            needs: issuing::plans_needed(self.workspace.plan, key.scope).filter(|_| !is_dashboard),
            id: key.id,
            name: key.name,
            scope: scope_label(key.scope),
            hint: listed.hint,
            created: When(key.created_at),
            used: listed.last_used_at.map(When),
            revoked: key.revoked_at.map(When),
            is_dashboard,
        }
    }

    /// A key of this workspace.
    async fn key(&self, id: &str) -> Result<ApiKey, Failure> {
        let mut connection = self.app.store.read().await?;
        let found = keys::get(&mut connection, id).await?;
        let own = found.filter(|key| key.workspace_id == self.workspace.id);
        own.ok_or_else(|| Problem::not_found("key").into())
    }

    async fn keys_page(&self) -> Result<Keys, Failure> {
        let mut connection = self.app.store.read().await?;
        let listed = keys::list(&mut connection, Some(&self.workspace.id)).await?;
        let plan = self.workspace.plan;
        let choice = |scope: Scope| Choice {
            value: scope.as_str(),
            label: scope_label(scope),
            needs: issuing::plans_needed(plan, scope),
        };
        Ok(Keys {
            page: self.page(Section::Keys, "Keys"),
            rows: listed
                .into_iter()
                .rev()
                .map(|listed| self.key_row(listed))
                .collect(),
            scopes: vec![choice(Scope::Read), choice(Scope::ReadWrite)],
            plan: plan.as_str(),
            name: String::new(),
            name_error: None,
            scope: String::new(),
        })
    }
}

/// `GET /dashboard/keys`
pub async fn list(person: Person) -> Outcome {
    page::show(&person.keys_page().await?)
}

#[derive(Template)]
#[template(path = "dashboard/secret.html")]
pub struct Shown {
    pub page: Page,
    /// What it is the secret of, with where that is.
    pub what: String,
    pub back: String,
    pub secret: String,
    /// What became of the one before.
    pub previous: Option<String>,
    pub hint: &'static str,
}

/// `POST /dashboard/keys`
pub async fn issue(posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let scope = Scope::parse(form.get("scope")).ok();
    let refused = scope.and_then(|scope| {
        let needed = issuing::plans_needed(person.workspace.plan, scope)?;
        Some(format!(
            "The plan {} has no such keys; they need {needed}.",
            person.workspace.plan
        ))
    });
    let (name, scope) = match (issuing::name(form.get("name")), scope, refused) {
        (Ok(name), Some(scope), None) => (name, scope),
        (name, scope, refused) => {
            let mut keys = person.keys_page().await?;
            form.get("name").clone_into(&mut keys.name);
            form.get("scope").clone_into(&mut keys.scope);
            if let Err(error) = name {
                keys.page.errors.push(("name".to_owned(), error.clone()));
                keys.name_error = Some(error);
            }
            if scope.is_none() {
                let error = "Say what the key may do.".to_owned();
                keys.page.errors.push(("scope".to_owned(), error));
            }
            keys.page
                .errors
                .extend(refused.map(|error| ("scope".to_owned(), error)));
            return page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &keys);
        }
    };
    let (app, now) = (&person.app, person.now);
    let mut tx = app.store.write().await?;
    let (key, secret) =
        issuing::issue(&mut tx, &app.ids, &person.workspace, &name, scope, now).await?;
    person.log(&mut tx, "dashboard.key_issue", &key.id).await?;
    tx.commit().await?;
    page::show(&Shown {
        page: person.page(Section::Keys, format!("The key {name}")),
        what: name,
        back: format!("/dashboard/keys/{}", key.id),
        secret: secret.reveal().to_owned(),
        previous: None,
        hint: "Programs read it from APPROUTE_API_KEY.",
    })
}

struct Secret {
    hint: String,
    created: When,
    expires: Option<When>,
}

struct LoggedCall {
    at: When,
    operation: String,
    path: String,
    status: i64,
    code: String,
    request_id: String,
}

#[derive(Template)]
#[template(path = "dashboard/key.html")]
struct Key {
    page: Page,
    row: Row,
    secrets: Vec<Secret>,
    overlaps: Vec<(&'static str, &'static str)>,
    operations: Vec<&'static str>,
    operation: String,
    result: String,
    calls: Vec<LoggedCall>,
    /// The query of the next page of the log.
    older: Option<String>,
}

/// `GET /dashboard/keys/{id}`
pub async fn show(person: Person, Path(id): Path<String>) -> Outcome {
    let key = person.key(&id).await?;
    page::show(&key_page(&person, key).await?)
}

async fn key_page(person: &Person, key: ApiKey) -> Result<Key, Failure> {
    let query = &person.query;
    let filter = Filter {
        key_id: key.id.clone(),
        operation: query.filled("operation").map(str::to_owned),
        result: query.filled("result").map(str::to_owned),
        before: place(query),
        limit: CALLS + 1,
    };
    let mut connection = person.app.store.read().await?;
    let secrets = keys::secrets(&mut connection, &key.id, person.now).await?;
    let mut calls = audit::select(&mut connection, &filter).await?;
    let newest = Filter {
        operation: None,
        result: None,
        before: None,
        limit: 1,
        ..filter
    };
    let last = audit::select(&mut connection, &newest).await?.pop();
    let last_used_at = last.map(|call| call.occurred_at);
    drop(connection);
    let more = calls.len() as i64 > CALLS;
    calls.truncate(CALLS as usize);
    let last = calls.last().filter(|_| more);
    let older =
        last.map(|last| query.with("before", &format!("{}.{}", last.occurred_at, last.seq)));
    let call = |call: audit::Entry| LoggedCall {
        at: When(call.occurred_at),
        operation: call.operation,
        path: call.path,
        status: call.status,
        code: call.code.unwrap_or_default(),
        request_id: call.request_id,
    };
    let hint = secrets
        .first()
        .map_or(String::new(), |secret| secret.hint.clone());
    let secret = |secret: StoredSecret| Secret {
        hint: secret.hint,
        created: When(secret.created_at),
        expires: secret.expires_at.map(When),
    };
    let is_dashboard = person.is_own_key(&key);
    Ok(Key {
        page: person.page(Section::Keys, format!("Key {}", key.name)),
        row: person.key_row(Listed {
            key,
            hint,
            last_used_at,
        }),
        secrets: secrets.into_iter().map(secret).collect(),
        overlaps: OVERLAPS.map(|(value, label, _)| (value, label)).to_vec(),
        operations: operations(is_dashboard),
        operation: query.get("operation").to_owned(),
        result: query.get("result").to_owned(),
        calls: calls.into_iter().map(call).collect(),
        older,
    })
}

/// What a key's log can hold.
fn operations(is_dashboard: bool) -> Vec<&'static str> {
    let own = if is_dashboard { LOGGED } else { &[] };
    let all = crate::generated::api::Operation::ALL.iter();
    all.map(|operation| operation.id())
        .chain(own.iter().copied())
        .collect()
}

/// Where a page of the log begins.
fn place(query: &Form) -> Option<(Micros, i64)> {
    let (at, seq) = query.get("before").split_once('.')?;
    Some((at.parse().ok()?, seq.parse().ok()?))
}

/// `POST /dashboard/keys/{id}/rotate`
pub async fn rotate(Path(id): Path<String>, posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let key = person.key(&id).await?;
    let overlap = OVERLAPS
        .iter()
        .find(|(value, ..)| *value == form.get("overlap"));
    let ended = key.revoked_at.is_some() || person.is_own_key(&key);
    let Some((_, words, overlap)) = overlap.filter(|_| !ended) else {
        let mut shown = key_page(&person, key).await?;
        let error = "This key has no secret that could be replaced, or the form is not complete.";
        shown.page.errors.push((String::new(), error.to_owned()));
        return page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    };
    let (app, is_dev) = (&person.app, person.workspace.is_dev);
    let mut tx = app.store.write().await?;
    let secret = issuing::rotate(&mut tx, &app.ids, &key, is_dev, *overlap, person.now).await?;
    person.log(&mut tx, "dashboard.key_rotate", &key.id).await?;
    tx.commit().await?;
    page::show(&Shown {
        page: person.page(Section::Keys, format!("New secret of {}", key.name)),
        what: key.name,
        back: format!("/dashboard/keys/{}", key.id),
        secret: secret.reveal().to_owned(),
        previous: Some(format!("The secret before it goes on {words}.")),
        hint: "Programs read it from APPROUTE_API_KEY.",
    })
}

/// `POST /dashboard/keys/{id}/revoke`
pub async fn revoke(Path(id): Path<String>, posted: Posted) -> Outcome {
    let person = posted.person;
    let key = person.key(&id).await?;
    if person.is_own_key(&key) {
        let mut shown = key_page(&person, key).await?;
        let error = "People act under this key; it has no secret, and cannot be revoked.";
        shown.page.errors.push((String::new(), error.to_owned()));
        return page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    }
    let mut tx = person.app.store.write().await?;
    keys::revoke(&mut tx, &key.id, person.now).await?;
    person.log(&mut tx, "dashboard.key_revoke", &key.id).await?;
    tx.commit().await?;
    page::go(&format!("/dashboard/keys/{}?done=revoked", key.id))
}
