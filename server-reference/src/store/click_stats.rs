//! Clicks, counted: over time, and by what they have in common. All of it comes from one walk through the blocks of the
//! span, since each block has everything of its clicks.

use std::collections::HashMap;

use sqlx::AnyConnection;

use super::click_log::SEGMENT;
use super::click_log::block;
use super::click_pages::{Column, Query};
use super::{Columns, Result};
use crate::clock::Micros;

/// Blocks that are read at a time.
const AT_ONCE: i64 = 1_000;

/// Which clicks are counted.
#[derive(Debug, Clone)]
pub struct Span {
    /// Whose.
    pub workspace_id: String,
    /// Values that a click must have.
    pub filters: Vec<(Column, String)>,
    /// From this time on.
    pub from: Micros,
    /// Before this time.
    pub to: Micros,
    /// Bots instead of people.
    pub bots: bool,
}

/// Clicks within a piece of the span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slot {
    /// Clicks.
    pub clicks: i64,
    /// Those that were their visitor's first on the link that day.
    pub unique: i64,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Counts {
    /// The pieces of the span.
    pub slots: Vec<Slot>,
    /// How often each value of a column occurs.
    values: HashMap<u8, HashMap<String, i64>>,
}

impl Counts {
    fn value(&mut self, column: Column, value: Option<&str>) {
        let Some(value) = value else { return };
        let values = self.values.entry(column as u8).or_default();
        match values.get_mut(value) {
            Some(clicks) => *clicks += 1,
            None => {
                values.insert(value.to_owned(), 1);
            }
        }
    }

    /// The most frequent values of a column, the most frequent first.
    pub fn most(&self, column: Column, limit: usize) -> Vec<(String, i64)> {
        let values = self.values.get(&(column as u8)).into_iter().flatten();
        let mut values: Vec<(String, i64)> = values
            .map(|(value, clicks)| (value.clone(), *clicks))
            .collect();
        values.sort_unstable_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        values.truncate(limit);
        values
    }
}

/// Counts the clicks of a span, in so many pieces of this length.
pub async fn count(
    connection: &mut AnyConnection,
    span: &Span,
    pieces: usize,
    piece: Micros,
) -> Result<Counts> {
    let mut counts = Counts {
        slots: vec![Slot::default(); pieces],
        ..Counts::default()
    };
    let late: Option<i64> =
        sqlx::query_scalar("SELECT most_late FROM click_streams WHERE workspace_id = $1")
            .bind(span.workspace_id.clone())
            .fetch_optional(&mut *connection)
            .await?;
    let Some(late) = late else {
        return Ok(counts);
    };
    let query = Query {
        workspace_id: span.workspace_id.clone(),
        filters: span.filters.clone(),
        from: Some(span.from),
        to: Some(span.to),
        include_bots: span.bots,
        ascending: true,
        after: None,
        limit: 0,
    };
    // A block that begins before the span can reach into it; a place is never below its click's time.
    let mut first = span.from.saturating_sub(SEGMENT as i64);
    let last = span.to.saturating_add(late);
    loop {
        let rows = sqlx::query(
            "SELECT first_seq, clicks FROM click_blocks WHERE workspace_id = $1 AND first_seq >= $2 AND first_seq <= $3 \
             ORDER BY first_seq LIMIT $4",
        )
        .bind(span.workspace_id.clone())
        .bind(first)
        .bind(last)
        .bind(AT_ONCE)
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let (at, bytes) = (row.int("first_seq")?, row.bytes("clicks")?);
            first = at + 1;
            for (seq, bytes) in block::read(&bytes, at)? {
                let click = block::click(seq, bytes)?;
                if query.fits(&click, span.bots) {
                    add(&mut counts, span, piece, &click);
                }
            }
        }
        if (rows.len() as i64) < AT_ONCE {
            return Ok(counts);
        }
    }
}

fn add(counts: &mut Counts, span: &Span, piece: Micros, click: &block::Row<'_>) {
    let index = usize::try_from((click.occurred_at - span.from) / piece).unwrap_or(usize::MAX);
    if let Some(slot) = counts.slots.get_mut(index) {
        slot.clicks += 1;
        slot.unique += i64::from(click.is_unique);
    }
    let [source, medium, campaign, term, content] = click.utm;
    for (column, value) in [
        (Column::Link, Some(click.link_id)),
        (Column::Country, click.country),
        (Column::Os, Some(click.os)),
        (Column::UtmSource, source),
        (Column::UtmMedium, medium),
        (Column::UtmCampaign, campaign),
        (Column::UtmTerm, term),
        (Column::UtmContent, content),
        (Column::SubId, click.sub_id),
    ] {
        counts.value(column, value);
    }
}
