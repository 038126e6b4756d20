//! Clicks in the database: a row each, and the counts of their links.

use std::collections::{BTreeMap, HashMap};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::rows::{self, Value};
use super::visitors;
use super::{Columns, Dialect, Result};
use crate::clock::Micros;
use crate::ids::{Ids, Kind};
use crate::redirect::clicks::{Click, ClickBuffer};

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
const RETURNED: &str = "id, workspace_id, click_count, CAST(CASE WHEN document LIKE '%\"click_thresholds\":[%' THEN 1 ELSE 0 END AS BIGINT) \
                        AS has_thresholds";

fn counted(row: &AnyRow, at: Vec<Micros>) -> Result<Counted> {
    Ok(Counted {
        link_id: row.text("id")?,
        workspace_id: row.text("workspace_id")?,
        count: row.int("click_count")?,
        at,
        has_thresholds: row.flag("has_thresholds")?,
    })
}

/// What writing clicks takes beside them.
#[derive(Clone, Copy)]
pub struct Writing<'a> {
    /// The database's dialect.
    pub dialect: Dialect,
    /// Makes their ids.
    pub ids: &'a Ids,
    /// Knows visitors who are in the database.
    pub buffer: &'a ClickBuffer,
    /// The time.
    pub now: Micros,
}

const COLUMNS: &[&str] = &[
    "workspace_id",
    "is_bot",
    "seq",
    "id",
    "link_id",
    "occurred_at",
    "country",
    "region",
    "city",
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
    "is_unique",
];
/// So many rows are in memory at once.
const ROWS: usize = 1_000;

/// Writes clicks, and counts them on their links.
pub async fn insert(
    connection: &mut AnyConnection,
    writing: Writing<'_>,
    clicks: &[Click],
) -> Result<Vec<Counted>> {
    let dialect = writing.dialect;
    let sequence = sequence(connection, clicks, writing.now).await?;
    let unique = unique(connection, writing, clicks).await?;
    let places: Vec<(i64, bool)> = sequence.into_iter().zip(unique).collect();
    for (clicks, places) in clicks.chunks(ROWS).zip(places.chunks(ROWS)) {
        let rows = clicks.iter().zip(places);
        let rows = rows.map(|(click, place)| row(writing.ids, click, *place));
        rows::insert(connection, dialect, "clicks", COLUMNS, rows.collect()).await?;
    }
    count(connection, dialect, clicks).await
}

/// A click's row, in the order of [`COLUMNS`].
fn row(ids: &Ids, click: &Click, (seq, unique): (i64, bool)) -> Vec<Value> {
    let owned = |text: Option<&str>| Value::TextOpt(text.map(str::to_owned));
    let [source, medium, campaign, term, content] = click.utm();
    let country = click.place.country;
    vec![
        Value::Text(click.link.workspace_id.to_string()),
        Value::Int(click.is_bot.into()),
        Value::Int(seq),
        Value::Text(ids.at(Kind::Click, click.occurred_at)),
        Value::Text(click.link.id.to_string()),
        Value::Int(click.occurred_at),
        owned(country.as_ref().map(|country| country.as_str())),
        Value::TextOpt(click.place.region.clone()),
        Value::TextOpt(click.place.city.clone()),
        Value::Text(click.agent.os.as_str().to_owned()),
        Value::Text(click.agent.device.to_owned()),
        Value::Text(click.agent.browser.to_owned()),
        Value::TextOpt(click.referrer_domain.clone()),
        owned(source),
        owned(medium),
        owned(campaign),
        owned(term),
        owned(content),
        owned(click.sub_id()),
        Value::Text(click.trigger.to_owned()),
        Value::Text(click.destination_kind.to_owned()),
        Value::Int(unique.into()),
    ]
}

/// Whether each click is its visitor's first on its link and day.
async fn unique(
    connection: &mut AnyConnection,
    writing: Writing<'_>,
    clicks: &[Click],
) -> Result<Vec<bool>> {
    let mut first: BTreeMap<_, usize> = BTreeMap::new();
    for (index, click) in clicks.iter().enumerate() {
        if !writing.buffer.has_seen(click) {
            first.entry((click.day(), click.visitor)).or_insert(index);
        }
    }
    let fresh = visitors::insert(connection, writing.dialect, &first).await?;
    let mut unique = vec![false; clicks.len()];
    for (visitor, index) in first {
        unique[index] = fresh.contains(&visitor);
    }
    Ok(unique)
}

/// Takes the workspaces' streams, in the order of their ids so that two nodes cannot wait for each other, and gives the
/// place of each click in its stream. The streams stay locked until the transaction ends: nobody sees a click while one
/// before it can still be committed.
async fn sequence(
    connection: &mut AnyConnection,
    clicks: &[Click],
    now: Micros,
) -> Result<Vec<i64>> {
    let mut streams: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, click) in clicks.iter().enumerate() {
        streams
            .entry(&*click.link.workspace_id)
            .or_default()
            .push(index);
    }
    let mut sequence = vec![0; clicks.len()];
    for (workspace_id, members) in streams {
        let stream = sqlx::query(
            "INSERT INTO click_streams (workspace_id, last_seq, most_late) VALUES ($1, 0, 0) \
             ON CONFLICT (workspace_id) DO UPDATE SET last_seq = click_streams.last_seq RETURNING last_seq, most_late",
        )
        .bind(workspace_id.to_owned())
        .fetch_one(&mut *connection)
        .await?;
        let mut last = stream.int("last_seq")?;
        let mut most_late = stream.int("most_late")?;
        // Clocks differ and go back; a click is never ahead of its place all the same.
        let newest = members.iter().map(|index| clicks[*index].occurred_at).max();
        last = last.max(now.max(newest.unwrap_or(now)) - 1);
        for index in members {
            last += 1;
            most_late = most_late.max(last.saturating_sub(clicks[index].occurred_at));
            sequence[index] = last;
        }
        sqlx::query(
            "UPDATE click_streams SET last_seq = $2, most_late = $3 WHERE workspace_id = $1",
        )
        .bind(workspace_id.to_owned())
        .bind(last)
        .bind(most_late)
        .execute(&mut *connection)
        .await?;
    }
    Ok(sequence)
}

/// Counts clicks on their links, many links with each statement.
async fn count(
    connection: &mut AnyConnection,
    dialect: Dialect,
    clicks: &[Click],
) -> Result<Vec<Counted>> {
    let mut counts: BTreeMap<&str, (Vec<Micros>, i64)> = BTreeMap::new();
    for click in clicks.iter().filter(|click| !click.counted) {
        let (people, bots) = counts.entry(&*click.link.id).or_default();
        if click.is_bot {
            *bots += 1;
        } else {
            people.push(click.occurred_at);
        }
    }
    let links: Vec<(&str, &(Vec<Micros>, i64))> =
        counts.iter().map(|(link, count)| (*link, count)).collect();
    let mut steps = Vec::new();
    for links in rows::portions(&links) {
        let mut query = sqlx::query(AssertSqlSafe(count_sql(dialect, links.len())));
        for (link_id, (people, bots)) in links {
            query = query
                .bind((*link_id).to_owned())
                .bind(people.len() as i64)
                .bind(*bots)
                .bind(people.iter().max().copied());
        }
        for row in query.fetch_all(&mut *connection).await? {
            steps.push(counted(&row, Vec::new())?);
        }
    }
    let mut times: HashMap<String, Vec<Micros>> = HashMap::new();
    for (link_id, (mut people, _)) in counts {
        people.sort_unstable();
        times.insert(link_id.to_owned(), people);
    }
    for step in &mut steps {
        step.at = times.remove(&step.link_id).unwrap_or_default();
    }
    Ok(steps)
}

/// SQLite would rather read all links than look up 250 of them; for a value that is computed it has to look them up.
fn count_sql(dialect: Dialect, links: usize) -> String {
    let rows: Vec<String> = (0..links)
        .map(|row| {
            let place = |column| dialect.place(row * 4 + column);
            format!(
                "(CAST({} AS TEXT), CAST({} AS BIGINT), CAST({} AS BIGINT), CAST({} AS BIGINT))",
                place(1),
                place(2),
                place(3),
                place(4)
            )
        })
        .collect();
    format!(
        "UPDATE links SET click_count = click_count + step.column2, bot_click_count = bot_click_count + step.column3, \
         last_clicked_at = CASE WHEN last_clicked_at IS NULL OR last_clicked_at < step.column4 \
         THEN COALESCE(step.column4, last_clicked_at) ELSE last_clicked_at END \
         FROM (VALUES {}) AS step WHERE links.id = step.column1 || '' RETURNING {RETURNED}",
        rows.join(", ")
    )
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
    row.map(|row| counted(&row, vec![now])).transpose()
}
