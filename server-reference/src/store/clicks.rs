//! Clicks in the database: a row each, and the counts of their links.

use std::collections::BTreeMap;

use sqlx::AnyConnection;

use super::rows::{self, Value};
use super::{Dialect, Result};
use crate::clock::Micros;
use crate::redirect::clicks::Click;

/// Writes clicks, and counts them on their links.
pub async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    clicks: &[Click],
) -> Result<()> {
    const COLUMNS: &[&str] = &[
        "id",
        "workspace_id",
        "link_id",
        "occurred_at",
        "os",
        "device",
        "browser",
        "referrer_domain",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_term",
        "utm_content",
        "sub_id",
        "via",
        "destination_kind",
        "is_bot",
        "is_unique",
    ];
    let row = |click: &Click| {
        let [source, medium, campaign, term, content] = click.utm.clone();
        vec![
            Value::Text(click.id.clone()),
            Value::Text(click.workspace_id.clone()),
            Value::Text(click.link_id.clone()),
            Value::Int(click.occurred_at),
            Value::Text(click.os.to_owned()),
            Value::Text(click.device.to_owned()),
            Value::Text(click.browser.to_owned()),
            Value::TextOpt(click.referrer_domain.clone()),
            Value::TextOpt(source),
            Value::TextOpt(medium),
            Value::TextOpt(campaign),
            Value::TextOpt(term),
            Value::TextOpt(content),
            Value::TextOpt(click.sub_id.clone()),
            Value::Text(click.trigger.to_owned()),
            Value::Text(click.destination_kind.to_owned()),
            Value::Int(click.is_bot.into()),
            Value::Int(0),
        ]
    };
    rows::insert(
        connection,
        dialect,
        "clicks",
        COLUMNS,
        clicks.iter().map(row).collect(),
    )
    .await?;
    // In the order of their ids, so that two nodes cannot wait for each other.
    let mut counts: BTreeMap<&str, (i64, i64, Option<Micros>)> = BTreeMap::new();
    for click in clicks.iter().filter(|click| !click.counted) {
        let (people, bots, last) = counts.entry(&click.link_id).or_default();
        if click.is_bot {
            *bots += 1;
        } else {
            *people += 1;
            *last = (*last).max(Some(click.occurred_at));
        }
    }
    for (link_id, (people, bots, last)) in counts {
        sqlx::query(
            "UPDATE links SET click_count = click_count + $2, bot_click_count = bot_click_count + $3, \
             last_clicked_at = CASE WHEN last_clicked_at IS NULL OR last_clicked_at < $4 THEN COALESCE($5, last_clicked_at) \
             ELSE last_clicked_at END WHERE id = $1",
        )
        .bind(link_id)
        .bind(people)
        .bind(bots)
        .bind(last)
        .bind(last)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Counts one visit of a link with a click limit; false where the limit is reached.
pub async fn count_within_limit(
    connection: &mut AnyConnection,
    link_id: &str,
    now: Micros,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE links SET click_count = click_count + 1, last_clicked_at = $2 \
         WHERE id = $1 AND (click_limit IS NULL OR click_count < click_limit)",
    )
    .bind(link_id)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
