//! Clicks in the database: a row each, and the counts of their links.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::rows::{self, Value};
use super::{Columns, Dialect, Result};
use crate::clock::Micros;
use crate::redirect::clicks::Click;

/// A step of a link's count, bots excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The link.
    pub link_id: String,
    /// Its workspace.
    pub workspace_id: String,
    /// The count after the step.
    pub count: i64,
    /// When each of the step's clicks came.
    pub at: Vec<Micros>,
    /// Whether the link has click thresholds.
    pub has_thresholds: bool,
}

/// What an UPDATE of a link's count returns. The document tells without being parsed.
const RETURNED: &str = "workspace_id, click_count, CAST(CASE WHEN document LIKE '%\"click_thresholds\":[%' THEN 1 ELSE 0 END AS BIGINT) \
                        AS has_thresholds";

fn counted(row: &AnyRow, link_id: &str, at: Vec<Micros>) -> Result<Counted> {
    Ok(Counted {
        link_id: link_id.to_owned(),
        workspace_id: row.text("workspace_id")?,
        count: row.int("click_count")?,
        at,
        has_thresholds: row.flag("has_thresholds")?,
    })
}

/// Writes clicks, and counts them on their links.
pub async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    clicks: &[Click],
) -> Result<Vec<Counted>> {
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
    let mut counts: BTreeMap<&str, (Vec<Micros>, i64)> = BTreeMap::new();
    for click in clicks.iter().filter(|click| !click.counted) {
        let (people, bots) = counts.entry(&click.link_id).or_default();
        if click.is_bot {
            *bots += 1;
        } else {
            people.push(click.occurred_at);
        }
    }
    let sql = format!(
        "UPDATE links SET click_count = click_count + $2, bot_click_count = bot_click_count + $3, \
         last_clicked_at = CASE WHEN last_clicked_at IS NULL OR last_clicked_at < $4 THEN COALESCE($5, last_clicked_at) \
         ELSE last_clicked_at END WHERE id = $1 RETURNING {RETURNED}"
    );
    let mut steps = Vec::new();
    for (link_id, (mut people, bots)) in counts {
        people.sort_unstable();
        let last = people.last().copied();
        let row = sqlx::query(AssertSqlSafe(sql.clone()))
            .bind(link_id.to_owned())
            .bind(people.len() as i64)
            .bind(bots)
            .bind(last)
            .bind(last)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = row {
            steps.push(counted(&row, link_id, people)?);
        }
    }
    Ok(steps)
}

/// Counts one visit of a link with a click limit; none where the limit is reached.
pub async fn count_within_limit(
    connection: &mut AnyConnection,
    link_id: &str,
    now: Micros,
) -> Result<Option<Counted>> {
    let sql = format!(
        "UPDATE links SET click_count = click_count + 1, last_clicked_at = $2 \
         WHERE id = $1 AND (click_limit IS NULL OR click_count < click_limit) RETURNING {RETURNED}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(link_id.to_owned())
        .bind(now)
        .fetch_optional(connection)
        .await?;
    row.map(|row| counted(&row, link_id, vec![now])).transpose()
}
