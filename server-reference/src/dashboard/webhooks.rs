//! Webhooks: where events are sent, with which secret.

use approute::models::{Webhook, WebhookPage};
use askama::Template;
use axum::extract::Path;
use http::StatusCode;
use serde_json::{Value, json};

use super::act::Refusal;
use super::deliveries::{self, Log};
use super::form::{Errors, Form};
use super::keys::Shown;
use super::links::{errors_of, when};
use super::page::{self, Outcome, Page, Section, When, span};
use super::session::{Person, Posted};
use crate::generated::api::Operation;
use crate::problem::Failure;

/// The types of events, with what they are in words.
pub const EVENTS: [(&str, &str); 3] = [
    ("link.created", "A link was created"),
    (
        "link.click_threshold",
        "A link's clicks reached one of its thresholds",
    ),
    (
        "link.password_failed",
        "A link's password was guessed wrong too often",
    ),
];
/// How long the old secret can sign too, in seconds and in words.
const OVERLAPS: [(&str, &str); 4] = [
    ("0", "not at all: it ends now"),
    ("3600", "for 1 hour"),
    ("86400", "for 24 hours"),
    ("604800", "for 7 days"),
];

pub struct Row {
    pub id: String,
    pub url: String,
    pub description: String,
    pub events: Vec<String>,
    pub active: bool,
    pub reason: String,
    pub failures: i64,
    pub last: Option<When>,
    pub last_status: String,
    pub hint: String,
    /// When the secret before ends, and how long that is from now.
    pub previous: Option<(When, String)>,
    pub created: When,
    pub api_version: String,
}

impl Row {
    fn new(webhook: Webhook, person: &Person) -> Self {
        let last = webhook.last_delivery.as_ref();
        Self {
            description: webhook.description.unwrap_or_default(),
            events: webhook
                .events
                .iter()
                .map(|event| event.as_str().to_owned())
                .collect(),
            active: webhook.status.as_str() == "active",
            reason: webhook
                .disabled_reason
                .map_or_else(String::new, |reason| reason.as_str().replace('_', " ")),
            failures: webhook.consecutive_failures,
            last: last.map(|last| when(last.at)),
            last_status: last.map_or_else(String::new, |last| {
                last.status
                    .map_or("no answer".to_owned(), |status| status.to_string())
            }),
            hint: webhook.secret_hint,
            previous: webhook
                .previous_secret_expires_at
                .map(|at| (when(at), span(at.timestamp_micros() - person.now))),
            created: when(webhook.created_at),
            api_version: webhook.api_version,
            id: webhook.id,
            url: webhook.url,
        }
    }
}

/// The fields of a webhook, as they were sent or as they are.
pub struct Fields {
    url: String,
    description: String,
    /// Type, words, and whether it is chosen.
    events: Vec<(&'static str, &'static str, bool)>,
    url_error: Option<String>,
    events_error: Option<String>,
}

fn fields(url: &str, description: &str, chosen: &[String]) -> Fields {
    let event = |(name, label): (&'static str, &'static str)| {
        (name, label, chosen.iter().any(|chosen| chosen == name))
    };
    Fields {
        url: url.to_owned(),
        description: description.to_owned(),
        events: EVENTS.map(event).to_vec(),
        url_error: None,
        events_error: None,
    }
}

fn sent(form: &Form) -> Vec<String> {
    form.all("events").map(str::to_owned).collect()
}

/// Ties what the API refuses to the fields.
fn tell(fields: &mut Fields, refusal: &Refusal) -> Errors {
    let mut errors = Errors::new();
    for error in refusal.errors() {
        let name = match error.pointer.split('/').nth(1) {
            Some("url") => {
                fields.url_error.get_or_insert(error.message.clone());
                "url"
            }
            Some("events") => {
                fields.events_error.get_or_insert(error.message.clone());
                "events"
            }
            Some("description") => "description",
            _ => "",
        };
        errors.push((name.to_owned(), error.message));
    }
    errors
}

#[derive(Template)]
#[template(path = "dashboard/webhooks.html")]
struct Webhooks {
    page: Page,
    rows: Vec<Row>,
    fields: Fields,
}

impl Person {
    async fn webhooks_page(&self, fields: Fields) -> Result<Webhooks, Failure> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let call = self
                .call(Operation::WebhooksList, &[])
                .query("limit", "100");
            let found: WebhookPage = call.query("cursor", &cursor).read().await?;
            rows.extend(
                found
                    .items
                    .into_iter()
                    .map(|webhook| Row::new(webhook, self)),
            );
            match found.next_cursor {
                Some(next) => cursor = next,
                None => break,
            }
        }
        Ok(Webhooks {
            page: self.page(Section::Webhooks, "Webhooks"),
            rows,
            fields,
        })
    }

    /// A webhook of this workspace.
    pub async fn webhook(&self, id: &str) -> Result<Webhook, Failure> {
        self.call(Operation::WebhooksGet, &[id]).read().await
    }
}

/// `GET /dashboard/webhooks`
pub async fn list(person: Person) -> Outcome {
    let all: Vec<String> = EVENTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    page::show(&person.webhooks_page(fields("", "", &all)).await?)
}

fn secret_page(person: &Person, webhook: Webhook, previous: Option<String>) -> Outcome {
    page::show(&Shown {
        page: person.page(Section::Webhooks, "Signing secret"),
        what: webhook.url,
        back: format!("/dashboard/webhooks/{}", webhook.id),
        secret: webhook.secret.unwrap_or_default(),
        previous,
        hint: "Receivers check the signature of each delivery with it.",
    })
}

/// `POST /dashboard/webhooks`
pub async fn create(posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let mut body = json!({ "url": form.get("url"), "events": sent(&form) });
    if let Some(description) = form.filled("description") {
        body["description"] = description.into();
    }
    match person
        .call(Operation::WebhooksCreate, &[])
        .body(body)
        .told::<Webhook>()
        .await?
    {
        Ok(webhook) => secret_page(&person, webhook, None),
        Err(refusal) => {
            let mut fields = fields(form.get("url"), form.get("description"), &sent(&form));
            let errors = tell(&mut fields, &refusal);
            let mut page = person.webhooks_page(fields).await?;
            page.page.errors = errors;
            page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

#[derive(Template)]
#[template(path = "dashboard/webhook.html")]
struct Detail {
    page: Page,
    row: Row,
    fields: Fields,
    overlaps: Vec<(&'static str, &'static str)>,
    log: Log,
    event_types: Vec<&'static str>,
}

async fn detail(person: &Person, webhook: Webhook) -> Result<Detail, Failure> {
    let row = Row::new(webhook, person);
    Ok(Detail {
        page: person.page(Section::Webhooks, format!("Webhook {}", row.url)),
        fields: fields(&row.url, &row.description, &row.events),
        overlaps: OVERLAPS.to_vec(),
        log: deliveries::log(person, &row.id).await?,
        event_types: EVENTS.map(|(name, _)| name).to_vec(),
        row,
    })
}

/// `GET /dashboard/webhooks/{id}`
pub async fn show(person: Person, Path(id): Path<String>) -> Outcome {
    let webhook = person.webhook(&id).await?;
    page::show(&detail(&person, webhook).await?)
}

async fn refused(person: &Person, id: &str, refusal: &Refusal) -> Outcome {
    let mut page = detail(person, person.webhook(id).await?).await?;
    page.page.errors = errors_of(refusal);
    page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `POST /dashboard/webhooks/{id}`
pub async fn update(Path(id): Path<String>, posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let description = form.filled("description").map_or(Value::Null, Value::from);
    let body = json!({ "url": form.get("url"), "events": sent(&form), "description": description });
    match person
        .call(Operation::WebhooksUpdate, &[&id])
        .body(body)
        .outcome()
        .await?
    {
        Ok(_) => page::go(&format!("/dashboard/webhooks/{id}?done=saved")),
        Err(refusal) => {
            let mut page = detail(&person, person.webhook(&id).await?).await?;
            page.fields = fields(form.get("url"), form.get("description"), &sent(&form));
            page.page.errors = tell(&mut page.fields, &refusal);
            page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// `POST /dashboard/webhooks/{id}/enable`
pub async fn enable(Path(id): Path<String>, posted: Posted) -> Outcome {
    let person = posted.person;
    let body = json!({ "status": "active" });
    match person
        .call(Operation::WebhooksUpdate, &[&id])
        .body(body)
        .outcome()
        .await?
    {
        Ok(_) => page::go(&format!("/dashboard/webhooks/{id}?done=enabled")),
        Err(refusal) => refused(&person, &id, &refusal).await,
    }
}

/// `POST /dashboard/webhooks/{id}/rotate`
pub async fn rotate(Path(id): Path<String>, posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let seconds = form.get("overlap");
    let words = OVERLAPS.iter().find(|(value, _)| *value == seconds);
    let words = words.map_or("", |(_, words)| *words);
    let overlap = seconds
        .parse::<i64>()
        .map_or(Value::from(seconds), Value::from);
    let body = json!({ "expire_previous_in": overlap });
    let call = person
        .call(Operation::WebhooksRotateSecret, &[&id])
        .body(body);
    match call.told::<Webhook>().await? {
        Ok(webhook) => {
            let previous = format!("The secret before it signs too {words}.");
            secret_page(&person, webhook, Some(previous))
        }
        Err(mut refusal) => {
            if refusal.code == "rotation_in_progress" {
                refusal.detail = "The secret before this one still signs. Wait until it ends, or rotate without an overlap, which ends all older ones now.".to_owned();
            }
            refused(&person, &id, &refusal).await
        }
    }
}

/// `POST /dashboard/webhooks/{id}/delete`
pub async fn delete(Path(id): Path<String>, posted: Posted) -> Outcome {
    let person = posted.person;
    match person
        .call(Operation::WebhooksDelete, &[&id])
        .outcome()
        .await?
    {
        Ok(_) => page::go("/dashboard/webhooks?done=gone"),
        Err(refusal) => refused(&person, &id, &refusal).await,
    }
}
