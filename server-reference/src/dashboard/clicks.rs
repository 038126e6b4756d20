//! Clicks: over time, by what they have in common, and one by one.

use askama::Template;

use super::chart;
use super::form::Form;
use super::links::Row;
use super::page::{self, Outcome, Page, Section, When, number};
use super::session::Person;
use crate::clock::{DAY, HOUR, Micros, to_datetime};
use crate::problem::Failure;
use crate::store::click_pages::{self, BOTS, Column, PEOPLE, Stored};
use crate::store::click_stats::{self, Counts, Slot, Span};

/// Clicks on a page.
const CLICKS: usize = 25;
/// Values of each kind.
const MOST: usize = 10;

/// Spans that can be chosen: name, label, length, and of how long a piece is.
const SPANS: [(&str, &str, usize, Micros); 4] = [
    ("24h", "24 hours", 24, HOUR),
    ("7d", "7 days", 7, DAY),
    ("30d", "30 days", 30, DAY),
    ("90d", "90 days", 90, DAY),
];

/// What clicks are counted by: the parameter, its label, and the column.
const KINDS: [(&str, &str, Column); 8] = [
    ("country", "Country", Column::Country),
    ("os", "Operating system", Column::Os),
    ("utm_source", "UTM source", Column::UtmSource),
    ("utm_medium", "UTM medium", Column::UtmMedium),
    ("utm_campaign", "UTM campaign", Column::UtmCampaign),
    ("utm_term", "UTM term", Column::UtmTerm),
    ("utm_content", "UTM content", Column::UtmContent),
    ("sub_id", "Sub-ID", Column::SubId),
];

/// A piece of the time, for the table behind the chart.
pub struct Piece {
    pub label: String,
    pub clicks: String,
    pub unique: String,
}

/// Clicks over time.
pub struct Timeline {
    pub svg: String,
    pub pieces: Vec<Piece>,
    pub clicks: i64,
    pub total: String,
    pub unique: String,
    pub by_hour: bool,
}

struct Value {
    label: String,
    clicks: String,
    /// Of all clicks of the span, in percent.
    share: i64,
    /// The query that looks at these clicks only; a link's page where it is one.
    href: String,
}

struct Kind {
    name: &'static str,
    label: &'static str,
    values: Vec<Value>,
}

/// A filter that is set.
struct Set {
    label: &'static str,
    value: String,
    /// The query without it.
    without: String,
}

struct One {
    at: When,
    link_id: String,
    link: String,
    place: String,
    device: String,
    referrer: String,
    by: String,
    to: String,
}

#[derive(Template)]
#[template(path = "dashboard/clicks.html")]
struct Clicks {
    page: Page,
    link: Option<Row>,
    spans: Vec<(&'static str, &'static str, bool)>,
    span_label: &'static str,
    bots: bool,
    sets: Vec<Set>,
    hidden: Vec<(&'static str, String)>,
    timeline: Timeline,
    kinds: Vec<Kind>,
    clicks: Vec<One>,
    older: Option<String>,
}

/// Where a span of so many pieces begins: at a whole hour or day, in UTC.
pub fn beginning(now: Micros, pieces: usize, piece: Micros) -> Micros {
    now.div_euclid(piece) * piece - (pieces as i64 - 1) * piece
}

impl Person {
    /// Clicks of a span in pieces, and what they have in common, where that is asked for.
    pub async fn counted(
        &self,
        span: &Span,
        pieces: usize,
        piece: Micros,
        by_value: bool,
    ) -> Result<(Timeline, Counts), Failure> {
        let mut connection = self.app.store.read().await?;
        let dialect = self.app.store.dialect();
        let counts =
            click_stats::count(&mut connection, dialect, span, pieces, piece, by_value).await?;
        drop(connection);
        Ok((timeline(&counts.slots, span.from, piece)?, counts))
    }
}

fn timeline(slots: &[Slot], from: Micros, piece: Micros) -> Result<Timeline, Failure> {
    let by_hour = piece < DAY;
    let at = |index: usize| to_datetime(from + index as i64 * piece);
    let long = |index| {
        let format = if by_hour {
            "%Y-%m-%d %H:%M UTC"
        } else {
            "%Y-%m-%d"
        };
        at(index).format(format).to_string()
    };
    let short = |index| {
        let format = if by_hour { "%H:%M" } else { "%-d %b" };
        at(index).format(format).to_string()
    };
    let clicks: i64 = slots.iter().map(|slot| slot.clicks).sum();
    let unique: i64 = slots.iter().map(|slot| slot.unique).sum();
    let values: Vec<i64> = slots.iter().map(|slot| slot.clicks).collect();
    let alt = format!(
        "Bars: clicks by {}, {} in all. The table below has the numbers.",
        if by_hour { "hour" } else { "day" },
        number(clicks)
    );
    Ok(Timeline {
        svg: chart::bars(&values, short, &alt)?,
        pieces: slots
            .iter()
            .enumerate()
            .rev()
            .map(|(index, slot)| Piece {
                label: long(index),
                clicks: number(slot.clicks),
                unique: number(slot.unique),
            })
            .collect(),
        clicks,
        total: number(clicks),
        unique: number(unique),
        by_hour,
    })
}

/// `GET /dashboard/clicks`
pub async fn show(person: Person) -> Outcome {
    let query = &person.query;
    let chosen = SPANS.iter().find(|(name, ..)| *name == query.get("span"));
    let (span_name, span_label, pieces, piece) = *chosen.unwrap_or(&SPANS[1]);
    let bots = query.is_on("bots");
    let link = match query.filled("link") {
        Some(id) => Some(person.link(id).await?),
        None => None,
    };
    let mut filters: Vec<(Column, String)> = Vec::new();
    let mut sets = Vec::new();
    for (name, label, column) in KINDS {
        if let Some(value) = query.filled(name) {
            filters.push((column, value.to_owned()));
            sets.push(Set {
                label,
                value: value.to_owned(),
                without: plain(query).with(name, ""),
            });
        }
    }
    if let Some(link) = &link {
        filters.push((Column::Link, link.id.clone()));
    }
    let span = Span {
        workspace_id: person.workspace.id.clone(),
        filters,
        from: beginning(person.now, pieces, piece),
        to: person.now.saturating_add(1),
        bots,
    };
    let (timeline, counts) = person.counted(&span, pieces, piece, true).await?;
    let kinds = kinds(&person, &counts, timeline.clicks, link.is_some()).await?;
    let (clicks, older) = one_by_one(&person, &span).await?;
    let title = link.as_ref().map_or("Clicks".to_owned(), |link| {
        format!("Clicks of {}", link.slug)
    });
    let hidden = [
        "link",
        "country",
        "os",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_term",
        "utm_content",
        "sub_id",
    ];
    page::show(&Clicks {
        page: person.page(Section::Clicks, title),
        link: link.map(Row::from),
        spans: SPANS
            .map(|(name, label, ..)| (name, label, name == span_name))
            .to_vec(),
        span_label,
        bots,
        sets,
        hidden: hidden
            .into_iter()
            .filter_map(|name| Some((name, query.filled(name)?.to_owned())))
            .collect(),
        timeline,
        kinds,
        clicks,
        older,
    })
}

/// The query without a place in the list.
fn plain(query: &Form) -> Form {
    Form::parse(query.with("before", "").as_bytes())
}

async fn kinds(
    person: &Person,
    counts: &Counts,
    total: i64,
    of_link: bool,
) -> Result<Vec<Kind>, Failure> {
    let share = |clicks: i64| {
        if total == 0 {
            0
        } else {
            (clicks * 100 / total).min(100)
        }
    };
    let mut connection = person.app.store.read().await?;
    let mut kinds = Vec::new();
    if !of_link {
        let found = counts.most(Column::Link, MOST);
        let ids: Vec<String> = found.iter().map(|(id, _)| id.clone()).collect();
        let names = names(person, &mut connection, &ids).await?;
        let value = |(id, clicks): (String, i64)| Value {
            label: names.get(&id).cloned().unwrap_or_else(|| id.clone()),
            clicks: number(clicks),
            share: share(clicks),
            href: format!("?{}", plain(&person.query).with("link", &id)),
        };
        kinds.push(Kind {
            name: "link",
            label: "Link",
            values: found.into_iter().map(value).collect(),
        });
    }
    for (name, label, column) in KINDS {
        let found = counts.most(column, MOST);
        let value = |(value, clicks): (String, i64)| Value {
            href: format!("?{}", plain(&person.query).with(name, &value)),
            label: value,
            clicks: number(clicks),
            share: share(clicks),
        };
        kinds.push(Kind {
            name,
            label,
            values: found.into_iter().map(value).collect(),
        });
    }
    kinds.retain(|kind| !kind.values.is_empty());
    Ok(kinds)
}

/// What these links are called.
async fn names(
    person: &Person,
    connection: &mut sqlx::AnyConnection,
    ids: &[String],
) -> Result<std::collections::HashMap<String, String>, Failure> {
    let store = &person.app.store;
    let found = crate::store::links::get_many(
        connection,
        store.dialect(),
        &person.workspace.id,
        ids,
        person.now,
    );
    let view = |(id, record)| {
        let link = crate::links::view::into_view(record, &person.app.addresses, person.now);
        (id, Row::from(link).name)
    };
    Ok(found.await?.into_iter().map(view).collect())
}

/// The clicks themselves, the newest first: those that were counted, which the API does not list where they are of bots.
async fn one_by_one(person: &Person, span: &Span) -> Result<(Vec<One>, Option<String>), Failure> {
    let store = &person.app.store;
    let query = click_pages::Query {
        workspace_id: span.workspace_id.clone(),
        filters: span.filters.clone(),
        from: Some(span.from),
        to: Some(span.to),
        kinds: if span.bots { BOTS } else { PEOPLE },
        ascending: false,
        after: person.query.get("before").parse().ok(),
        limit: CLICKS,
    };
    let mut connection = store.read().await?;
    let page = click_pages::read(&mut connection, store.dialect(), &query).await?;
    let older = page
        .next
        .map(|place| plain(&person.query).with("before", &place.to_string()));
    let mut ids: Vec<String> = page
        .clicks
        .iter()
        .map(|click| click.link_id.clone())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let names = names(person, &mut connection, &ids).await?;
    let one = |click: Stored| One {
        at: When(click.occurred_at),
        link: names
            .get(&click.link_id)
            .cloned()
            .unwrap_or_else(|| click.link_id.clone()),
        link_id: click.link_id,
        place: [click.city, click.region, click.country]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", "),
        device: format!("{}, {}, {}", click.os, click.device, click.browser),
        referrer: click.referrer_domain.unwrap_or_default(),
        by: click.trigger,
        to: click.destination_kind.replace('_', " "),
    };
    Ok((page.clicks.into_iter().map(one).collect(), older))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_at_a_whole_day_and_has_all_its_pieces() {
        let now = 1_795_435_200_000_000;
        let from = beginning(now, 7, DAY);
        assert_eq!(from, 1_795_435_200_000_000 - 12 * HOUR - 6 * DAY);
        let mut slots = vec![Slot::default(); 7];
        slots[0] = Slot {
            clicks: 2,
            unique: 1,
        };
        slots[6] = Slot {
            clicks: 1_200,
            unique: 1,
        };
        let timeline = timeline(&slots, from, DAY).unwrap();
        assert_eq!(
            (timeline.total.as_str(), timeline.unique.as_str()),
            ("1,202", "2")
        );
        assert_eq!(timeline.pieces.len(), 7);
        let first = &timeline.pieces[0];
        assert_eq!(
            (first.label.as_str(), first.clicks.as_str()),
            ("2026-11-23", "1,200")
        );
    }
}
