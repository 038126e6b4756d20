//! Reading clicks page by page, in the order in which they were ingested.
//!
//! Every filter has an index in which its clicks stand in that order, and one of them leads: those of the filter that
//! has the fewest. What leads is chosen here and not by the database, whose statistics can be old or missing. Other
//! filters are checked on what the leading index gives, on [`EXAMINED`] clicks at most, so that a page costs the same
//! however many clicks there are; where that is not enough to fill a page, it is short and has a next one.

#[cfg(test)]
mod tests;
mod walk;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _};

use self::walk::Walk;
use super::{Columns, Dialect, Result};
use crate::clock::Micros;

/// How many clicks one page looks at.
pub const EXAMINED: i64 = 3_000;
/// How far is counted to find the filter with the fewest clicks.
const PROBED: i64 = 1_000;

/// What can be filtered by with an index. Of filters that are equally broad, the first here leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Column {
    Link,
    SubId,
    UtmContent,
    UtmTerm,
    UtmCampaign,
    UtmMedium,
    UtmSource,
    Country,
    Os,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Link => "link_id",
            Self::SubId => "sub_id",
            Self::UtmContent => "utm_content",
            Self::UtmTerm => "utm_term",
            Self::UtmCampaign => "utm_campaign",
            Self::UtmMedium => "utm_medium",
            Self::UtmSource => "utm_source",
            Self::Country => "country",
            Self::Os => "os",
        }
    }

    fn index(self) -> &'static str {
        match self {
            Self::Link => "clicks_by_link",
            Self::SubId => "clicks_by_sub_id",
            Self::UtmContent => "clicks_by_utm_content",
            Self::UtmTerm => "clicks_by_utm_term",
            Self::UtmCampaign => "clicks_by_utm_campaign",
            Self::UtmMedium => "clicks_by_utm_medium",
            Self::UtmSource => "clicks_by_utm_source",
            Self::Country => "clicks_by_country",
            Self::Os => "clicks_by_os",
        }
    }
}

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
    /// Bots too.
    pub include_bots: bool,
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

fn from_row(row: &AnyRow) -> Result<Stored> {
    Ok(Stored {
        seq: row.int("seq")?,
        id: row.text("id")?,
        link_id: row.text("link_id")?,
        occurred_at: row.int("occurred_at")?,
        country: row.text_opt("country")?,
        region: row.text_opt("region")?,
        city: row.text_opt("city")?,
        os: row.text("os")?,
        device: row.text("device")?,
        browser: row.text("browser")?,
        referrer_domain: row.text_opt("referrer_domain")?,
        utm: [
            row.text_opt("utm_source")?,
            row.text_opt("utm_medium")?,
            row.text_opt("utm_campaign")?,
            row.text_opt("utm_term")?,
            row.text_opt("utm_content")?,
        ],
        sub_id: row.text_opt("sub_id")?,
        trigger: row.text("via")?,
        destination_kind: row.text("destination_kind")?,
        is_bot: row.flag("is_bot")?,
        is_unique: row.flag("is_unique")?,
    })
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
    if !owns_link(connection, query).await? {
        return Ok(Page::default());
    }
    let lead = lead(connection, dialect, query, range).await?;
    let mut page = Page::default();
    let mut horizon: Option<i64> = None;
    for is_bot in if query.include_bots {
        &[false, true][..]
    } else {
        &[false]
    } {
        let walk = Walk {
            dialect,
            query,
            range,
            lead,
            is_bot: *is_bot,
        };
        let found = walk.rows(connection).await?;
        if found.len() <= query.limit {
            let end = walk.horizon(connection).await?;
            horizon = match (horizon, end) {
                (Some(one), Some(other)) if query.ascending => Some(one.min(other)),
                (Some(one), Some(other)) => Some(one.max(other)),
                (one, other) => one.or(other),
            };
        }
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

/// The index of links does not begin with the workspace, so another workspace's links end here.
async fn owns_link(connection: &mut AnyConnection, query: &Query) -> Result<bool> {
    let Some((_, link_id)) = query
        .filters
        .iter()
        .find(|(column, _)| *column == Column::Link)
    else {
        return Ok(true);
    };
    let found: Option<String> =
        sqlx::query_scalar("SELECT id FROM links WHERE id = $1 AND workspace_id = $2")
            .bind(link_id.clone())
            .bind(query.workspace_id.clone())
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

/// The filter that leads: the one with the fewest clicks, as far as that is counted.
async fn lead(
    connection: &mut AnyConnection,
    dialect: Dialect,
    query: &Query,
    range: (i64, i64),
) -> Result<Option<usize>> {
    if query.filters.len() < 2 {
        return Ok((!query.filters.is_empty()).then_some(0));
    }
    let mut best = None;
    for lead in 0..query.filters.len() {
        let mut clicks = 0;
        for is_bot in if query.include_bots {
            &[false, true][..]
        } else {
            &[false]
        } {
            let walk = Walk {
                dialect,
                query,
                range,
                lead: Some(lead),
                is_bot: *is_bot,
            };
            clicks += walk.probe(connection).await?;
        }
        let rank = (clicks, query.filters[lead].0 as u8);
        if best.is_none_or(|(fewest, _)| rank < fewest) {
            best = Some((rank, lead));
        }
    }
    Ok(best.map(|(_, lead)| lead))
}
