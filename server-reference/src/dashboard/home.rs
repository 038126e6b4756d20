//! The first page: what to do next, and how the last week went.

use askama::Template;

use super::clicks::{Timeline, beginning};
use super::page::{self, Outcome, Page, Section};
use super::session::Person;
use crate::clock::DAY;
use crate::generated::api::Operation;
use crate::store::click_stats::Span;
use crate::store::keys;

#[derive(Template)]
#[template(path = "dashboard/home.html")]
struct Home {
    page: Page,
    has_key: bool,
    has_link: bool,
    has_click: bool,
    timeline: Timeline,
}

/// `GET /dashboard`
pub async fn show(person: Person) -> Outcome {
    let pieces = 7;
    let span = Span {
        workspace_id: person.workspace.id.clone(),
        filters: Vec::new(),
        from: beginning(person.now, pieces, DAY),
        to: person.now.saturating_add(1),
        bots: false,
    };
    let (timeline, _) = person.counted(&span, pieces, DAY, false).await?;
    let links: approute::models::LinkPage = person
        .call(Operation::LinksList, &[])
        .query("limit", "1")
        .read()
        .await?;
    let mut connection = person.app.store.read().await?;
    let listed = keys::list(&mut connection, Some(&person.workspace.id)).await?;
    let works = |key: &keys::ApiKey| key.revoked_at.is_none() && key.id != person.caller.key_id;
    page::show(&Home {
        page: person.page(Section::Home, "Overview"),
        has_key: listed.iter().any(|listed| works(&listed.key)),
        has_link: !links.items.is_empty(),
        has_click: timeline.clicks > 0,
        timeline,
    })
}
