//! Reading clicks page by page, in the order in which they were ingested.
//!
//! Every filter has a term in the index ([`click_log`](super::click_log)) that gives its clicks in that order, and one of
//! them leads: that of the filter that has the fewest. Other filters are checked on the clicks to which the leading term
//! leads, on [`EXAMINED`] at most, so that a page costs the same however many clicks there are; where that is not
//! enough to fill a page, it is short and has a next one.

mod blocks;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{BTreeSet, HashMap};

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

pub(in crate::store) use self::blocks::Blocks;
pub use super::click_log::terms::Column;

use self::walk::{Place, Step, Walk};
use super::click_log::block::{Block, Row};
use super::click_log::terms::Term;
use super::{Columns, Dialect, Result, rows};
use crate::clock::Micros;
use crate::ids::{Id, Kind};

/// How many clicks one page looks at.
pub const EXAMINED: usize = 3_000;
/// From how many blocks they come at most, where a page has room for fewer clicks.
const BLOCKS: usize = 600;
/// How many rows of the index one page looks at, of 2 kB each; a larger one counts as several.
const ROWS: i64 = 2_000;
/// How far is counted to find the filter with the fewest clicks.
const PROBED: usize = 300;
/// Clicks that are looked at together, where not every one fits.
const TOGETHER: usize = 200;

/// Clicks of people.
pub const PEOPLE: &[bool] = &[false];
/// Clicks of bots.
pub const BOTS: &[bool] = &[true];
/// All of them.
pub const EVERYBODY: &[bool] = &[false, true];

/// What a page is asked for with.
#[derive(Debug, Clone)]
pub struct Query {
    /// Whose clicks.
    pub workspace_id: String,
    /// Values that a click must have.
    pub filters: Vec<(Column, String)>,
    /// Only clicks at or after this time.
    pub from: Option<Micros>,
    /// Only clicks before this time.
    pub to: Option<Micros>,
    /// Whether those of people, of bots, or of both.
    pub kinds: &'static [bool],
    /// The oldest first.
    pub ascending: bool,
    /// Only clicks behind this place, in the order of the list.
    pub after: Option<i64>,
    /// How many at most.
    pub limit: usize,
}

/// A click as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Stored {
    pub seq: i64,
    pub id: String,
    pub link_id: String,
    pub occurred_at: Micros,
    pub country: Option<String>,
    pub region: Option<String>,
    pub city: Option<String>,
    pub os: String,
    pub device: String,
    pub browser: String,
    pub referrer_domain: Option<String>,
    /// Source, medium, campaign, term, content.
    pub utm: [Option<String>; 5],
    pub sub_id: Option<String>,
    pub trigger: String,
    pub destination_kind: String,
    pub is_bot: bool,
    pub is_unique: bool,
}

impl Stored {
    fn new(seq: i64, row: &Row<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            seq,
            id: row.id.text(Kind::Click),
            link_id: row.link_id.text(Kind::Link),
            occurred_at: row.occurred_at,
            country: owned(row.country),
            region: owned(row.region),
            city: owned(row.city),
            os: row.os.to_owned(),
            device: row.device.to_owned(),
            browser: row.browser.to_owned(),
            referrer_domain: owned(row.referrer_domain),
            utm: row.utm.map(owned),
            sub_id: owned(row.sub_id),
            trigger: row.trigger.to_owned(),
            destination_kind: row.destination_kind.to_owned(),
            is_bot: row.is_bot,
            is_unique: row.is_unique,
        }
    }
}

impl Query {
    /// Whether a click is what is asked for. A term leads to clicks that only look like it, too, and to places that are
    /// empty by now.
    pub(in crate::store) fn fits(&self, row: &Row<'_>, is_bot: bool) -> bool {
        let [source, medium, campaign, term, content] = row.utm;
        row.is_bot == is_bot
            && self.from.is_none_or(|from| row.occurred_at >= from)
            && self.to.is_none_or(|to| row.occurred_at < to)
            && self.filters.iter().all(|(column, value)| {
                let own = match column {
                    Column::Link => return row.link_id == Id::new(Kind::Link, value),
                    Column::SubId => row.sub_id,
                    Column::UtmContent => content,
                    Column::UtmTerm => term,
                    Column::UtmCampaign => campaign,
                    Column::UtmMedium => medium,
                    Column::UtmSource => source,
                    Column::Country => row.country,
                    Column::Os => Some(row.os),
                };
                own == Some(value)
            })
    }

    fn term(&self, lead: Option<usize>, is_bot: bool) -> Term {
        match lead.map(|lead| &self.filters[lead]) {
            Some((Column::Link, value)) => Term::of_link(Id::new(Kind::Link, value), is_bot),
            Some((column, value)) => Term::new(*column, value, is_bot),
            None => Term::of_all(is_bot),
        }
    }
}

/// A page.
#[derive(Debug, Default)]
pub struct Page {
    /// The clicks, in the order that was asked for.
    pub clicks: Vec<Stored>,
    /// The place behind which the next page begins, where there may be one.
    pub next: Option<i64>,
}

/// Reads a page, all of it from one snapshot.
pub async fn read(connection: &mut AnyConnection, dialect: Dialect, query: &Query) -> Result<Page> {
    let mut snapshot = connection.begin_with(dialect.begin_snapshot()).await?;
    let page = read_snapshot(&mut snapshot, dialect, query).await?;
    snapshot.commit().await?;
    Ok(page)
}

async fn read_snapshot(
    connection: &mut AnyConnection,
    dialect: Dialect,
    query: &Query,
) -> Result<Page> {
    let Some(range) = range(connection, query).await? else {
        return Ok(Page::default());
    };
    let lead = lead(connection, query, range).await?;
    let mut page = Page::default();
    let mut horizon: Option<i64> = None;
    for is_bot in query.kinds {
        let walk = Walk::new(query, query.term(lead, *is_bot), range);
        let (found, end) = follow(connection, dialect, query, walk, *is_bot).await?;
        horizon = match (horizon, end) {
            (Some(one), Some(other)) if query.ascending => Some(one.min(other)),
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
        page.clicks.extend(found);
    }
    if query.ascending {
        page.clicks.sort_by_key(|click| click.seq);
    } else {
        page.clicks
            .sort_by_key(|click| std::cmp::Reverse(click.seq));
    }
    // Behind the place up to which one of the two was examined, the other one's clicks have to wait.
    if let Some(end) = horizon {
        page.clicks.retain(|click| {
            if query.ascending {
                click.seq <= end
            } else {
                click.seq >= end
            }
        });
    }
    if page.clicks.len() > query.limit {
        page.clicks.truncate(query.limit);
        horizon = page.clicks.last().map(|last| last.seq);
    }
    page.next = horizon;
    Ok(page)
}

/// The places, both included, between which all that is asked for stands; none where nothing can. A click's place is
/// never below its time, and by the stream's lateness at most above it.
async fn range(connection: &mut AnyConnection, query: &Query) -> Result<Option<(i64, i64)>> {
    let late: Option<i64> =
        sqlx::query_scalar("SELECT most_late FROM click_streams WHERE workspace_id = $1")
            .bind(query.workspace_id.clone())
            .fetch_optional(connection)
            .await?;
    let Some(late) = late else {
        return Ok(None);
    };
    let mut first = query.from.unwrap_or(i64::MIN);
    let mut last = query
        .to
        .map_or(i64::MAX, |to| to.saturating_sub(1).saturating_add(late));
    match query.after {
        Some(after) if query.ascending => first = first.max(after.saturating_add(1)),
        Some(after) => last = last.min(after.saturating_sub(1)),
        None => {}
    }
    Ok((first <= last).then_some((first, last)))
}

/// The clicks to which a walk leads and that fit, one more than the page holds; and the place up to which was looked,
/// where that was not the end.
async fn follow(
    connection: &mut AnyConnection,
    dialect: Dialect,
    query: &Query,
    mut walk: Walk<'_>,
    is_bot: bool,
) -> Result<(Vec<Stored>, Option<i64>)> {
    // One more tells whether there is another page.
    let wanted = query.limit + 1;
    let mut found = Vec::new();
    let (mut examined, mut blocks) = (0, 0);
    // Those of the last step: the next one begins where it ended.
    let mut known = HashMap::new();
    loop {
        let number = (wanted - found.len()).max(TOGETHER.min(wanted * 4));
        let places = match walk.next(connection, number, ROWS).await? {
            Step::Places(places) => places,
            Step::Over => return Ok((found, None)),
            Step::Tired(end) => return Ok((found, Some(end))),
        };
        known = read_blocks(connection, dialect, query, &places, known).await?;
        blocks += known.len();
        examined += places.len();
        // Places of one block follow each other, so that each block is taken apart once.
        for places in places.chunk_by(|one, other| one.block == other.block) {
            let first = places[0].block;
            let Some(bytes) = known.get(&first) else {
                continue;
            };
            let block = Block::read(bytes, first)?;
            for place in places {
                let Some(row) = block.at(place.seq) else {
                    continue;
                };
                if query.fits(&row, is_bot) {
                    found.push(Stored::new(place.seq, &row));
                    if found.len() == wanted {
                        return Ok((found, None));
                    }
                }
            }
        }
        if examined >= EXAMINED || blocks >= BLOCKS.max(wanted) {
            return Ok((found, places.last().map(|place| place.seq)));
        }
    }
}

/// The blocks in which places are.
async fn read_blocks(
    connection: &mut AnyConnection,
    dialect: Dialect,
    query: &Query,
    places: &[Place],
    mut known: HashMap<i64, Vec<u8>>,
) -> Result<HashMap<i64, Vec<u8>>> {
    let needed: BTreeSet<i64> = places.iter().map(|place| place.block).collect();
    known.retain(|first, _| needed.contains(first));
    let needed: Vec<i64> = needed
        .into_iter()
        .filter(|first| !known.contains_key(first))
        .collect();
    for list in rows::lists(dialect, &needed) {
        let sql = blocks_sql(dialect, &list.sql(1));
        let statement = sqlx::query(AssertSqlSafe(sql)).bind(query.workspace_id.clone());
        for row in list.bind(statement).fetch_all(&mut *connection).await? {
            known.insert(row.int("first_seq")?, row.bytes("clicks")?);
        }
    }
    Ok(known)
}

fn blocks_sql(dialect: Dialect, places: &str) -> String {
    let workspace_id = dialect.place(1);
    format!(
        "SELECT first_seq, clicks FROM click_blocks WHERE workspace_id = {workspace_id} AND first_seq IN ({places})"
    )
}

/// The filter that leads: the one with the fewest clicks, as far as that is counted.
async fn lead(
    connection: &mut AnyConnection,
    query: &Query,
    range: (i64, i64),
) -> Result<Option<usize>> {
    if query.filters.len() < 2 {
        return Ok((!query.filters.is_empty()).then_some(0));
    }
    let mut best = None;
    for lead in 0..query.filters.len() {
        let mut clicks = 0;
        for is_bot in query.kinds {
            let mut walk = Walk::new(query, query.term(Some(lead), *is_bot), range);
            let mut found = 0;
            while found < PROBED {
                match walk.next(connection, PROBED - found, PROBED as i64).await? {
                    Step::Places(places) => found += places.len(),
                    Step::Over => break,
                    // So many rows for so few clicks: others are better, unless they are like this too.
                    Step::Tired(_) => found = PROBED,
                }
            }
            clicks += found;
        }
        let rank = (clicks, query.filters[lead].0 as u8);
        if best.is_none_or(|(fewest, _)| rank < fewest) {
            best = Some((rank, lead));
        }
    }
    Ok(best.map(|(_, lead)| lead))
}
