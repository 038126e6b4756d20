//! Listing links.

use approute::models::{LinkPage, LinkStatus};
use approute::parts;

use super::cursor::{Binding, Place};
use super::record::micros;
use super::view::view;
use crate::api::{Answer, Read};
use crate::clock::Micros;
use crate::generated::api::LinksListParams;
use crate::problem::Failure;
use crate::store::links::{self as store, Selection};
use crate::store::rows::Value;

const DEFAULT_LIMIT: i64 = 50;

/// `links.list`.
pub async fn list(
    cx: &mut Read<'_>,
    mut params: LinksListParams,
) -> Result<Answer<LinkPage>, Failure> {
    let limit = params.limit.take().unwrap_or(DEFAULT_LIMIT);
    let cursor = params.cursor.take();
    let binding = Binding::new("links.list", &cx.caller.workspace_id, &params);
    let mut selection = select(&cx.caller.workspace_id, params, cx.now);
    if let Some(cursor) = cursor {
        let place = cx.app.cursors.open(&binding, &cursor)?;
        selection.conditions.push("(created_at, id) < ({}, {})");
        selection
            .values
            .extend([Value::Int(place.at), Value::Text(place.id)]);
    }
    // One more than the page holds tells whether there is another page.
    let mut records = store::select(cx.connection, selection, limit + 1).await?;
    let has_more = records.len() as i64 > limit;
    records.truncate(usize::try_from(limit).unwrap_or_default());
    let place = |last: &super::record::Record| Place {
        at: last.created_at,
        id: last.id.clone(),
    };
    let next_cursor = records
        .last()
        .filter(|_| has_more)
        .map(|last| cx.app.cursors.seal(&binding, &place(last)));
    let items = records
        .iter()
        .map(|record| view(record, &cx.app.addresses, cx.now))
        .collect();
    Ok(Answer::new(
        parts::LinkPage {
            items,
            next_cursor,
            has_more,
        }
        .into(),
    ))
}

fn select(workspace_id: &str, params: LinksListParams, now: Micros) -> Selection {
    let mut conditions = vec!["workspace_id = {}", "(purge_at IS NULL OR purge_at > {})"];
    let mut values = vec![Value::Text(workspace_id.to_owned()), Value::Int(now)];
    let mut add = |condition, value| {
        conditions.push(condition);
        values.push(value);
    };
    let texts = [
        ("domain = {}", params.domain),
        ("external_id = {}", params.external_id),
        ("program_id = {}", params.program_id),
        ("sub_id = {}", params.sub_id),
        ("search LIKE {} ESCAPE '!'", params.q.map(|q| like(&q))),
    ];
    for (condition, value) in texts {
        if let Some(value) = value {
            add(condition, Value::Text(value));
        }
    }
    for tag in params.tag {
        add(
            "EXISTS (SELECT 1 FROM link_tags t WHERE t.workspace_id = links.workspace_id AND t.tag = {} AND t.link_id = links.id)",
            Value::Text(tag),
        );
    }
    if let Some(after) = micros(params.created_after) {
        add("created_at >= {}", Value::Int(after));
    }
    if let Some(before) = micros(params.created_before) {
        add("created_at < {}", Value::Int(before));
    }
    let (condition, times) = status(params.status.as_ref());
    conditions.push(condition);
    values.extend(std::iter::repeat_n(Value::Int(now), times));
    Selection { conditions, values }
}

/// The condition of a status, and how often it needs the time. The order of precedence is that of
/// [`Record::status`](super::record::Record::status).
fn status(status: Option<&LinkStatus>) -> (&'static str, usize) {
    match status {
        None => ("deleted_at IS NULL", 0),
        Some(LinkStatus::Deleted) => ("deleted_at IS NOT NULL", 0),
        Some(LinkStatus::Archived) => ("deleted_at IS NULL AND archived = 1", 0),
        Some(LinkStatus::Scheduled) => {
            ("deleted_at IS NULL AND archived = 0 AND starts_at > {}", 1)
        }
        Some(LinkStatus::Expired) => (
            "deleted_at IS NULL AND archived = 0 AND (starts_at IS NULL OR starts_at <= {}) AND expires_at <= {}",
            2,
        ),
        Some(LinkStatus::Exhausted) => (
            "deleted_at IS NULL AND archived = 0 AND (starts_at IS NULL OR starts_at <= {}) \
             AND (expires_at IS NULL OR expires_at > {}) AND link_counts.click_count >= click_limit",
            2,
        ),
        Some(LinkStatus::Active) => (
            "deleted_at IS NULL AND archived = 0 AND (starts_at IS NULL OR starts_at <= {}) \
             AND (expires_at IS NULL OR expires_at > {}) AND (click_limit IS NULL OR COALESCE(link_counts.click_count, 0) < click_limit)",
            2,
        ),
        // The schema lets no other through.
        Some(_) => ("1 = 0", 0),
    }
}

/// Text to find anywhere, with LIKE's own signs taken literally.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
