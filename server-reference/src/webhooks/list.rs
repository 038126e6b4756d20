//! Listing webhooks.

use approute::models::WebhookPage;
use approute::parts;

use crate::api::{Answer, Read};
use crate::generated::api::WebhooksListParams;
use crate::links::cursor::{Binding, Place};
use crate::problem::Failure;
use crate::store::webhooks as store;

const DEFAULT_LIMIT: i64 = 50;

/// `webhooks.list`.
pub async fn list(
    cx: &mut Read<'_>,
    params: WebhooksListParams,
) -> Result<Answer<WebhookPage>, Failure> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
    let binding = Binding::new("webhooks.list", &cx.caller.workspace_id, &());
    let after = match params.cursor {
        Some(cursor) => {
            let place = cx.app.cursors.open(&binding, &cursor)?;
            Some((place.at, place.id))
        }
        None => None,
    };
    // One more than the page holds tells whether there is another page.
    let mut records = store::list(cx.connection, &cx.caller.workspace_id, after, limit + 1).await?;
    let has_more = records.len() as i64 > limit;
    records.truncate(usize::try_from(limit).unwrap_or_default());
    let next_cursor = records.last().filter(|_| has_more).map(|last| {
        cx.app.cursors.seal(
            &binding,
            &Place {
                at: last.created_at,
                id: last.id.clone(),
            },
        )
    });
    let items = records.iter().map(|record| record.view(cx.now)).collect();
    Ok(Answer::new(
        parts::WebhookPage {
            items,
            next_cursor,
            has_more,
        }
        .into(),
    ))
}
