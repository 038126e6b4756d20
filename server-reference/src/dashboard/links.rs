//! Links: found, made, changed, deleted and restored.

use approute::models::{Link, LinkPage};
use askama::Template;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::act::Refusal;
use super::form::{Control, Form, Group, place};
use super::page::{self, Outcome, Page, Section, When, number};
use super::session::{Person, Posted};
use super::{link_fields, link_form};
use crate::generated::api::Operation;
use crate::ids::unseeded;
use crate::problem::Failure;
use crate::store::domains;

/// Links on a page.
const LINKS: &str = "50";

const STATUSES: [&str; 6] = [
    "active",
    "scheduled",
    "expired",
    "exhausted",
    "archived",
    "deleted",
];

/// A tag, with the query for links that have it.
pub struct Tag {
    pub name: String,
    pub query: String,
}

/// A link in a list.
pub struct Row {
    pub id: String,
    pub name: String,
    pub short: String,
    pub url: String,
    pub tags: Vec<Tag>,
    pub status: String,
    pub state: &'static str,
    pub clicks: String,
    pub created: When,
}

pub fn when(at: DateTime<Utc>) -> When {
    When(at.timestamp_micros())
}

/// A link's short address without its scheme.
fn short(link: &Link) -> String {
    let url = &link.short_url;
    url.split_once("://")
        .map_or(url.clone(), |(_, rest)| rest.to_owned())
}

fn state(status: &str) -> &'static str {
    match status {
        "active" => "on",
        "scheduled" => "wait",
        _ => "off",
    }
}

impl From<String> for Tag {
    fn from(name: String) -> Self {
        let query = Form::default().with("tag", &name);
        Self { name, query }
    }
}

impl From<Link> for Row {
    fn from(link: Link) -> Self {
        let short = short(&link);
        Self {
            name: link
                .title
                .filter(|title| !title.trim().is_empty())
                .unwrap_or_else(|| short.clone()),
            short,
            url: link.url,
            tags: link.tags.into_iter().map(Tag::from).collect(),
            status: link.status.as_str().to_owned(),
            state: state(link.status.as_str()),
            clicks: number(link.click_count),
            created: when(link.created_at),
            id: link.id,
        }
    }
}

#[derive(Template)]
#[template(path = "dashboard/links.html")]
struct Links {
    page: Page,
    rows: Vec<Row>,
    domains: Vec<String>,
    q: String,
    tag: String,
    domain: String,
    status: String,
    statuses: [&'static str; 6],
    filtered: bool,
    /// The query of the next page.
    older: Option<String>,
    /// The query without its place, for the first page and for the file.
    filters: String,
    on_later_page: bool,
}

impl Person {
    /// The workspace's domains.
    pub async fn domains(&self) -> Result<Vec<String>, Failure> {
        let mut connection = self.app.store.read().await?;
        Ok(domains::of_workspace(&mut connection, &self.workspace.id).await?)
    }

    /// A link of this workspace, deleted ones too.
    pub async fn link(&self, id: &str) -> Result<Link, Failure> {
        self.call(Operation::LinksGet, &[id]).read().await
    }

    /// A page of the links that the filters of a query ask for.
    pub async fn found_links(
        &self,
        limit: &str,
        cursor: &str,
    ) -> Result<Result<LinkPage, Refusal>, Failure> {
        let query = &self.query;
        let mut call = self.call(Operation::LinksList, &[]);
        for name in ["q", "tag", "domain", "status"] {
            call = call.query(name, query.get(name));
        }
        call.query("limit", limit)
            .query("cursor", cursor)
            .told()
            .await
    }
}

/// `GET /dashboard/links`
pub async fn list(person: Person) -> Outcome {
    let query = &person.query;
    let mut page = person.page(Section::Links, "Links");
    let found = match person.found_links(LINKS, query.get("cursor")).await? {
        Ok(found) => Some(found),
        Err(refusal) => {
            page.errors = errors_of(&refusal);
            None
        }
    };
    let next = found.as_ref().and_then(|found| found.next_cursor.clone());
    let get = |name: &str| query.get(name).to_owned();
    let filters = Form::parse(query.with("cursor", "").as_bytes()).with("done", "");
    page::show(&Links {
        page,
        rows: found.map_or_else(Vec::new, |found| {
            found.items.into_iter().map(Row::from).collect()
        }),
        domains: person.domains().await?,
        q: get("q"),
        tag: get("tag"),
        domain: get("domain"),
        status: get("status"),
        statuses: STATUSES,
        filtered: ["q", "tag", "domain", "status"]
            .iter()
            .any(|name| query.filled(name).is_some()),
        older: next.map(|cursor| Form::parse(filters.as_bytes()).with("cursor", &cursor)),
        on_later_page: query.filled("cursor").is_some(),
        filters,
    })
}

/// Errors that belong to no field of the page.
pub fn errors_of(refusal: &Refusal) -> super::form::Errors {
    let errors = refusal.errors();
    errors
        .into_iter()
        .map(|error| (String::new(), error.message))
        .collect()
}

#[derive(Template)]
#[template(path = "dashboard/link_form.html")]
struct LinkForm {
    page: Page,
    groups: Vec<Group>,
    action: String,
    /// Sent with the form: what makes a second click on the button harmless, or the version that was shown.
    hidden: [(&'static str, String); 1],
    back: String,
    button: &'static str,
}

fn form_page(page: Page, groups: Vec<Group>, link: Option<&Link>, hidden: String) -> LinkForm {
    match link {
        None => LinkForm {
            page,
            groups,
            action: "/dashboard/links".to_owned(),
            hidden: [("once", hidden)],
            back: "/dashboard/links".to_owned(),
            button: "Create the link",
        },
        Some(link) => LinkForm {
            page,
            groups,
            action: format!("/dashboard/links/{}", link.id),
            hidden: [("version", hidden)],
            back: format!("/dashboard/links/{}", link.id),
            button: "Save",
        },
    }
}

/// `GET /dashboard/links/new`
pub async fn new(person: Person) -> Outcome {
    let groups = link_fields::groups(&Form::default(), &person.domains().await?, None);
    let once = URL_SAFE_NO_PAD.encode(unseeded::<18>());
    let page = person.page(Section::Links, "New link");
    page::show(&form_page(page, groups, None, once))
}

/// `POST /dashboard/links`
pub async fn create(posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let document = link_form::document(&form);
    let call = person
        .call(Operation::LinksCreate, &[])
        .header("idempotency-key", form.get("once"))
        .body(document.into());
    match call.told::<Link>().await? {
        Ok(link) => page::go(&format!("/dashboard/links/{}?done=created", link.id)),
        Err(refusal) => {
            let mut groups = link_fields::groups(&form, &person.domains().await?, None);
            let mut page = person.page(Section::Links, "New link");
            page.errors = place(&mut groups, &refusal.errors(), link_form::field_of);
            // The refusal is kept under the old one.
            let once = URL_SAFE_NO_PAD.encode(unseeded::<18>());
            let form = form_page(page, groups, None, once);
            page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &form)
        }
    }
}

struct Fact {
    label: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "dashboard/link.html")]
struct Shown {
    page: Page,
    row: Row,
    short_url: String,
    bots: String,
    last: Option<When>,
    purge: Option<When>,
    facts: Vec<Fact>,
    created_by: String,
}

/// `GET /dashboard/links/{id}`
pub async fn show(person: Person, Path(id): Path<String>) -> Outcome {
    let link = person.link(&id).await?;
    page::show(&shown(&person, link))
}

fn shown(person: &Person, link: Link) -> Shown {
    // What is on the page already, or the default.
    let plain = |name: &str, value: &str| {
        matches!(name, "url" | "domain" | "slug" | "title" | "tags")
            || matches!(
                (name, value),
                ("redirect_status", "302")
                    | ("password_max_failures", "5")
                    | ("password_window_seconds", "600")
            )
    };
    let mut facts: Vec<Fact> = Vec::new();
    for (name, value) in link_form::values(&link) {
        if plain(name, &value) {
            continue;
        }
        let label = link_fields::label(name);
        let value = if value == "on" {
            "yes".to_owned()
        } else {
            value
        };
        facts.push(Fact { label, value });
    }
    if link.has_password {
        facts.push(Fact {
            label: "Password",
            value: "needed".to_owned(),
        });
    }
    Shown {
        page: person.page(Section::Links, format!("Link {}", short(&link))),
        short_url: link.short_url.clone(),
        bots: number(link.bot_click_count),
        last: link.last_clicked_at.map(when),
        purge: link.purge_at.map(when),
        facts,
        created_by: link.created_by_key_id.clone(),
        row: link.into(),
    }
}

/// `GET /dashboard/links/{id}/edit`
pub async fn edit(person: Person, Path(id): Path<String>) -> Outcome {
    let link = person.link(&id).await?;
    let groups = link_fields::groups(&link_form::shown(&link), &[], Some(&link));
    let page = person.page(Section::Links, format!("Edit {}", short(&link)));
    page::show(&form_page(
        page,
        groups,
        Some(&link),
        link.version.to_string(),
    ))
}

/// `POST /dashboard/links/{id}`
pub async fn update(Path(id): Path<String>, posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let link = person.link(&id).await?;
    let call = person
        .call(Operation::LinksUpdate, &[&id])
        .header("if-match", &format!("\"{}\"", form.get("version")))
        .body(link_form::patch(&form, &link));
    match call.told::<Link>().await? {
        Ok(link) => page::go(&format!("/dashboard/links/{}?done=saved", link.id)),
        Err(mut refusal) => {
            if refusal.code == "precondition_failed" {
                refusal.detail =
                    "Somebody changed the link meanwhile. Look at it, and make your change again."
                        .to_owned();
            }
            let mut groups = link_fields::groups(&form, &[], Some(&link));
            let mut page = person.page(Section::Links, format!("Edit {}", short(&link)));
            page.errors = place(&mut groups, &refusal.errors(), link_form::field_of);
            let form = form_page(page, groups, Some(&link), form.get("version").to_owned());
            page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &form)
        }
    }
}

/// `POST /dashboard/links/{id}/restore`
pub async fn restore(Path(id): Path<String>, posted: Posted) -> Outcome {
    let person = posted.person;
    match person
        .call(Operation::LinksRestore, &[&id])
        .outcome()
        .await?
    {
        Ok(_) => page::go(&format!("/dashboard/links/{id}?done=restored")),
        Err(refusal) => refused(&person, &refusal),
    }
}

/// A page with nothing but why it was refused.
pub fn refused(person: &Person, refusal: &Refusal) -> Outcome {
    let mut page = person.page(Section::Links, "Links");
    page.errors = errors_of(refusal);
    page::show_as(
        StatusCode::UNPROCESSABLE_ENTITY,
        &super::page::Bare { page },
    )
}

/// `GET /dashboard/links/{id}/qr`
pub async fn qr(person: Person, Path(id): Path<String>) -> Outcome {
    let query = &person.query;
    let mut call = person.call(Operation::QrGet, &[&id]);
    for name in [
        "format",
        "size",
        "foreground",
        "background",
        "error_correction",
        "margin",
    ] {
        call = call.query(name, query.get(name));
    }
    let raw = call.raw().await?;
    let mut response = Response::new(Body::from(raw.body));
    *response.status_mut() = raw.status;
    let media = raw
        .headers
        .into_iter()
        .find(|(name, _)| *name == CONTENT_TYPE);
    response.headers_mut().extend(media);
    if query.is_on("download") {
        let format = match query.get("format") {
            format @ ("svg" | "pdf") => format,
            _ => "png",
        };
        let name = format!("attachment; filename=\"{id}.{format}\"");
        if let Ok(name) = HeaderValue::try_from(name) {
            response.headers_mut().insert(CONTENT_DISPOSITION, name);
        }
    }
    Ok(response)
}
