//! Clicks, counted: over time, and by what they have in common. All of it comes from one walk through the blocks of the
//! span, since each block has everything of its clicks; filters leave out the blocks that have none of theirs.

use std::collections::HashMap;

use sqlx::AnyConnection;

use super::click_log::block::{Block, Row};
use super::click_log::terms::COLUMNS;
use super::click_pages::{BOTS, Blocks, Column, PEOPLE, Query};
use super::{Dialect, Result};
use crate::clock::Micros;
use crate::ids::Kind;

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
    /// How often each value occurs, column by column.
    values: [HashMap<String, i64>; COLUMNS],
}

impl Counts {
    fn new(pieces: usize) -> Self {
        Self {
            slots: vec![Slot::default(); pieces],
            ..Self::default()
        }
    }

    fn value(&mut self, column: Column, value: &str) {
        let values = &mut self.values[column as usize];
        match values.get_mut(value) {
            Some(clicks) => *clicks += 1,
            None => {
                values.insert(value.to_owned(), 1);
            }
        }
    }

    /// The most frequent values of a column, the most frequent first.
    pub fn most(&self, column: Column, limit: usize) -> Vec<(String, i64)> {
        let mut values: Vec<(String, i64)> = self.values[column as usize]
            .iter()
            .map(|(value, clicks)| (value.clone(), *clicks))
            .collect();
        values.sort_unstable_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        values.truncate(limit);
        values
    }
}

/// Counts the clicks of a span, in so many pieces of this length; what they have in common only `by_value`.
///
/// A million clicks take a while to take apart. That is done by a thread that may be kept busy, while the next are read.
pub async fn count(
    connection: &mut AnyConnection,
    dialect: Dialect,
    span: &Span,
    pieces: usize,
    piece: Micros,
    by_value: bool,
) -> Result<Counts> {
    let query = Query {
        workspace_id: span.workspace_id.clone(),
        filters: span.filters.clone(),
        from: Some(span.from),
        to: Some(span.to),
        kinds: if span.bots { BOTS } else { PEOPLE },
        ascending: true,
        after: None,
        limit: 0,
    };
    let mut counter = Counter {
        query: query.clone(),
        from: span.from,
        piece,
        is_bot: span.bots,
        by_value,
        counts: Counts::new(pieces),
    };
    let Some(mut blocks) = Blocks::new(connection, dialect, &query).await? else {
        return Ok(counter.counts);
    };
    let mut ready = blocks.next(connection).await?;
    while !ready.is_empty() {
        let counting = tokio::task::spawn_blocking(move || counter.add(&ready));
        ready = blocks.next(connection).await?;
        counter = match counting.await {
            Ok(counter) => counter?,
            Err(error) => return Err(sqlx::Error::Io(error.into())),
        };
    }
    Ok(counter.counts)
}

/// What counts, with what it has counted so far.
struct Counter {
    query: Query,
    from: Micros,
    piece: Micros,
    is_bot: bool,
    by_value: bool,
    counts: Counts,
}

impl Counter {
    fn add(mut self, blocks: &[(i64, Vec<u8>)]) -> Result<Self> {
        for (first, bytes) in blocks {
            for (_, click) in Block::read(bytes, *first)?.clicks() {
                if self.query.fits(&click, self.is_bot) {
                    self.click(&click);
                }
            }
        }
        Ok(self)
    }

    fn click(&mut self, click: &Row<'_>) {
        let index = (click.occurred_at - self.from) / self.piece;
        let slot = usize::try_from(index).ok();
        if let Some(slot) = slot.and_then(|index| self.counts.slots.get_mut(index)) {
            slot.clicks += 1;
            slot.unique += i64::from(click.is_unique);
        }
        if self.by_value {
            self.counts
                .value(Column::Link, &click.link_id.text(Kind::Link));
            for (column, value) in click.columns() {
                self.counts.value(column, value);
            }
        }
    }
}
