//! Clicks on their way into the database: to the log of clicks, and to the counts of their links.

use std::collections::{BTreeMap, HashMap};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::click_log::block::Row;
use super::click_log::{SEGMENT, Segment};
use super::rows;
use super::visitors;
use super::{Columns, Dialect, Result};
use crate::clock::Micros;
use crate::ids::{Id, Ids, Kind};
use crate::redirect::clicks::{Click, ClickBuffer};

/// A step of the count of a link that has thresholds, bots excluded.
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

/// Ids that are made together: visits need ids too, and do not wait for more.
const IDS: usize = 500;

/// Writes clicks, and counts them on their links. Gives the steps of links with thresholds.
pub async fn insert(
    connection: &mut AnyConnection,
    writing: Writing<'_>,
    clicks: &[Click],
) -> Result<Vec<Counted>> {
    let sequence = sequence(connection, clicks, writing.now).await?;
    let unique = unique(connection, writing, clicks).await?;
    let mut segments: BTreeMap<&str, Segment<'_>> = BTreeMap::new();
    let ids = clicks.chunks(IDS).flat_map(|clicks| {
        let times = clicks.iter().map(|click| click.occurred_at);
        writing.ids.numbers_at(Kind::Click, times)
    });
    for (((click, id), seq), is_unique) in clicks.iter().zip(ids).zip(sequence).zip(unique) {
        let workspace_id = click.link.workspace_id();
        let segment = segments
            .entry(workspace_id)
            .or_insert_with(|| Segment::new(workspace_id, seq));
        segment.push(&row(click, Id::Ulid(id), is_unique));
        segment.write_ahead(connection, writing.dialect).await?;
        if segment.len() == SEGMENT
            && let Some(full) = segments.remove(workspace_id)
        {
            full.write(connection, writing.dialect).await?;
        }
    }
    for segment in segments.into_values() {
        segment.write(connection, writing.dialect).await?;
    }
    count(connection, writing.dialect, clicks).await
}

fn row<'a>(click: &'a Click, id: Id<'a>, is_unique: bool) -> Row<'a> {
    let more = click.more.as_deref();
    Row {
        id,
        link_id: link_id(click),
        occurred_at: click.occurred_at,
        country: click.country.as_ref().map(|country| country.as_str()),
        region: more.and_then(|more| more.region.as_deref()),
        city: more.and_then(|more| more.city.as_deref()),
        os: click.agent.os.as_str(),
        device: click.agent.device,
        browser: click.agent.browser,
        referrer_domain: more.and_then(|more| more.referrer_domain.as_deref()),
        utm: click.utm(),
        sub_id: click.sub_id(),
        trigger: click.trigger(),
        destination_kind: click.destination_kind,
        is_bot: click.is_bot,
        is_unique,
    }
}

fn link_id(click: &Click) -> Id<'_> {
    Id::new(Kind::Link, click.link.id())
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
            .entry(click.link.workspace_id())
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

/// What a link's clicks add to its counts.
#[derive(Default)]
struct Step {
    people: i64,
    bots: i64,
    last: Option<Micros>,
}

/// Counts clicks on their links, many links with each statement, in the order of their ids so that two nodes cannot wait
/// for each other.
async fn count(
    connection: &mut AnyConnection,
    dialect: Dialect,
    clicks: &[Click],
) -> Result<Vec<Counted>> {
    let mut steps: HashMap<Id<'_>, Step> = HashMap::new();
    for click in clicks.iter().filter(|click| !click.counted) {
        let step = steps.entry(link_id(click)).or_default();
        if click.is_bot {
            step.bots += 1;
        } else {
            step.people += 1;
            step.last = step.last.max(Some(click.occurred_at));
        }
    }
    let mut steps: Vec<(Id<'_>, Step)> = steps.into_iter().collect();
    steps.sort_unstable_by_key(|(link_id, _)| *link_id);
    for steps in rows::portions(dialect, &steps) {
        let columns = [
            "link_id",
            "click_count",
            "bot_click_count",
            "last_clicked_at",
        ];
        let insert = rows::insert_sql(dialect, "link_counts", &columns, steps.len());
        let sql = format!(
            "{insert} ON CONFLICT (link_id) DO UPDATE SET click_count = link_counts.click_count + excluded.click_count, \
             bot_click_count = link_counts.bot_click_count + excluded.bot_click_count, \
             last_clicked_at = CASE WHEN link_counts.last_clicked_at >= excluded.last_clicked_at \
             THEN link_counts.last_clicked_at ELSE COALESCE(excluded.last_clicked_at, link_counts.last_clicked_at) END"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (link_id, step) in steps {
            query = query
                .bind(link_id.text(Kind::Link))
                .bind(step.people)
                .bind(step.bots)
                .bind(step.last);
        }
        query.execute(&mut *connection).await?;
    }
    let link_ids: Vec<Id<'_>> = steps.into_iter().map(|(link_id, _)| link_id).collect();
    let mut counted = watched(connection, dialect, &link_ids).await?;
    let places: HashMap<String, usize> = (0..)
        .zip(&counted)
        .map(|(at, step)| (step.link_id.clone(), at))
        .collect();
    let people = |click: &&Click| !click.counted && !click.is_bot;
    for click in clicks.iter().filter(people) {
        if let Some(at) = places.get(click.link.id()) {
            counted[*at].at.push(click.occurred_at);
        }
    }
    for step in &mut counted {
        step.at.sort_unstable();
    }
    Ok(counted)
}

const WATCHED: &str = "SELECT links.id AS id, links.workspace_id AS workspace_id, link_counts.click_count AS click_count FROM links";
const THEIR_COUNTS: &str =
    "JOIN link_counts ON link_counts.link_id = links.id WHERE links.has_thresholds = 1";

fn step(row: &AnyRow) -> Result<Counted> {
    Ok(Counted {
        link_id: row.text("id")?,
        workspace_id: row.text("workspace_id")?,
        count: row.int("click_count")?,
        at: Vec::new(),
    })
}

/// Those of links, in the order of their ids, that have thresholds. Their counts are locked by this transaction already.
async fn watched(
    connection: &mut AnyConnection,
    dialect: Dialect,
    link_ids: &[Id<'_>],
) -> Result<Vec<Counted>> {
    /// Few links have thresholds: most often, fewer than so many between the first and the last.
    const FEW: i64 = 1_000;
    let (Some(first), Some(last)) = (link_ids.first(), link_ids.last()) else {
        return Ok(Vec::new());
    };
    let index = dialect.by_index("links_with_thresholds");
    let sql = format!(
        "{WATCHED}{index} {THEIR_COUNTS} AND links.id >= $1 AND links.id <= $2 ORDER BY links.id LIMIT $3"
    );
    let between = sqlx::query(AssertSqlSafe(sql))
        .bind(first.text(Kind::Link))
        .bind(last.text(Kind::Link))
        .bind(FEW)
        .fetch_all(&mut *connection)
        .await?;
    let mut found = between.iter().map(step).collect::<Result<Vec<_>>>()?;
    if (between.len() as i64) < FEW {
        found.retain(|step| {
            let link_id = Id::new(Kind::Link, &step.link_id);
            link_ids.binary_search(&link_id).is_ok()
        });
        return Ok(found);
    }
    found.clear();
    let link_ids: Vec<String> = link_ids.iter().map(|id| id.text(Kind::Link)).collect();
    for list in rows::lists(dialect, &link_ids) {
        let ids = list.sql(0);
        let sql = format!("{WATCHED}{index} {THEIR_COUNTS} AND links.id IN ({ids})");
        let query = list.bind(sqlx::query(AssertSqlSafe(sql)));
        for row in query.fetch_all(&mut *connection).await? {
            found.push(step(&row)?);
        }
    }
    Ok(found)
}

/// Locks a link's count until the transaction ends, so that a threshold that is set is seen by whoever counts next.
pub async fn lock_count(connection: &mut AnyConnection, link_id: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO link_counts (link_id, click_count, bot_click_count) VALUES ($1, 0, 0) \
         ON CONFLICT (link_id) DO UPDATE SET click_count = link_counts.click_count",
    )
    .bind(link_id.to_owned())
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts one visit of a link with a click limit; false where the limit is reached. Where the link has thresholds, gives
/// the step too.
pub async fn count_within_limit(
    connection: &mut AnyConnection,
    link_id: &str,
    now: Micros,
) -> Result<(bool, Option<Counted>)> {
    let done = sqlx::query(
        "INSERT INTO link_counts (link_id, click_count, bot_click_count, last_clicked_at) \
         SELECT id, 1, 0, CAST($2 AS BIGINT) FROM links WHERE id = $1 AND (click_limit IS NULL OR click_limit > 0) \
         ON CONFLICT (link_id) DO UPDATE SET click_count = link_counts.click_count + 1, \
         last_clicked_at = excluded.last_clicked_at WHERE link_counts.click_count < COALESCE(\
         (SELECT click_limit FROM links WHERE links.id = link_counts.link_id), 9223372036854775807)",
    )
    .bind(link_id.to_owned())
    .bind(now)
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok((false, None));
    }
    let row = sqlx::query(AssertSqlSafe(format!(
        "{WATCHED} {THEIR_COUNTS} AND links.id = $1"
    )))
    .bind(link_id.to_owned())
    .fetch_optional(connection)
    .await?;
    let mut found = row.as_ref().map(step).transpose()?;
    if let Some(step) = &mut found {
        step.at = vec![now];
    }
    Ok((true, found))
}
