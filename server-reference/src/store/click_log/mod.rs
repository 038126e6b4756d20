//! How clicks are kept: in blocks, in the order in which they were ingested, with an index of what they have in common.
//!
//! A row and nine index entries for each click would cost more than everything else that a visit costs together: each
//! entry lands on another page of its index, and each page is written twice. So the clicks that a flush brings are written
//! as one *segment*: what they say in [`block`]s of a hundred or so, and for each *term*, which is a column with its value, one
//! row with the places of its clicks in the segment ([`terms`]). In a busy segment the rare terms share rows, so that
//! a flush writes some thousand rows at most, however many links were visited. Segments are never changed, except
//! when clicks are removed.

pub mod block;
mod bytes;
pub mod migrate;
mod remove;
pub mod terms;

use sqlx::AnyConnection;

pub use self::remove::remove_link;

use self::block::{BLOCK, Builder, Row};
use self::terms::{Column, Term, Terms};
use super::rows::{self, Value};
use super::{Dialect, Result};

/// Clicks of one segment at most.
pub const SEGMENT: usize = 65_536;

/// Blocks that wait to be written together.
const AHEAD: usize = 50;

/// A segment that is being made.
pub struct Segment<'a> {
    workspace_id: String,
    first_seq: i64,
    clicks: usize,
    /// Blocks that are in the database.
    written: usize,
    /// Those that are not.
    blocks: Vec<Vec<u8>>,
    /// The one that is not whole yet.
    block: Builder<'a>,
    terms: Terms,
}

impl<'a> Segment<'a> {
    /// A workspace's segment whose first click stands at `first_seq`.
    pub fn new(workspace_id: &str, first_seq: i64) -> Self {
        Self {
            workspace_id: workspace_id.to_owned(),
            first_seq,
            clicks: 0,
            written: 0,
            blocks: Vec::new(),
            block: Builder::default(),
            terms: Terms::default(),
        }
    }

    /// The place of the next click.
    pub fn next_seq(&self) -> i64 {
        self.first_seq + self.clicks as i64
    }

    /// How many clicks it has.
    pub fn len(&self) -> usize {
        self.clicks
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.clicks == 0
    }

    /// Adds a click, whose place is [`next_seq`](Self::next_seq).
    pub fn push(&mut self, row: &Row<'a>) {
        let (offset, seq) = (self.clicks % BLOCK, self.next_seq());
        self.block.push(offset, seq, row);
        if offset == BLOCK - 1 {
            self.blocks.push(self.block.finish());
        }
        let place = self.clicks as u32;
        self.terms.add(Term::of_all(row.is_bot), place);
        self.terms
            .add(Term::of_link(row.link_id, row.is_bot), place);
        for (column, value) in row.columns() {
            self.terms.add(Term::new(column, value, row.is_bot), place);
        }
        self.clicks += 1;
    }

    /// Writes what is whole by now, once that is much, so that it need not stay in memory.
    pub async fn write_ahead(
        &mut self,
        connection: &mut AnyConnection,
        dialect: Dialect,
    ) -> Result<()> {
        if self.blocks.len() >= AHEAD {
            self.write_blocks(connection, dialect).await?;
        }
        Ok(())
    }

    async fn write_blocks(
        &mut self,
        connection: &mut AnyConnection,
        dialect: Dialect,
    ) -> Result<()> {
        let first = self.first_seq + (self.written * BLOCK) as i64;
        let blocks = std::mem::take(&mut self.blocks);
        self.written += blocks.len();
        let rows = blocks.into_iter().enumerate().map(|(number, clicks)| {
            vec![
                Value::Text(self.workspace_id.clone()),
                Value::Int(first + (number * BLOCK) as i64),
                Value::Bytes(clicks),
            ]
        });
        let columns = &["workspace_id", "first_seq", "clicks"];
        rows::insert(connection, dialect, "click_blocks", columns, rows.collect()).await
    }

    /// Writes it.
    pub async fn write(mut self, connection: &mut AnyConnection, dialect: Dialect) -> Result<()> {
        if !self.clicks.is_multiple_of(BLOCK) {
            self.blocks.push(self.block.finish());
        }
        self.write_blocks(connection, dialect).await?;
        let Self {
            workspace_id,
            first_seq,
            ..
        } = self;
        let terms = self.terms.into_rows().into_iter().map(|(term, places)| {
            vec![
                Value::Text(workspace_id.clone()),
                Value::Int(term),
                Value::Int(first_seq),
                Value::Bytes(places),
            ]
        });
        let columns = &["workspace_id", "term", "first_seq", "places"];
        rows::insert(connection, dialect, "click_terms", columns, terms.collect()).await
    }
}

impl<'a> Row<'a> {
    /// What it can be found by, beside its link.
    pub(in crate::store) fn columns(&self) -> impl Iterator<Item = (Column, &'a str)> {
        let [source, medium, campaign, term, content] = self.utm;
        [
            (Column::SubId, self.sub_id),
            (Column::UtmContent, content),
            (Column::UtmTerm, term),
            (Column::UtmCampaign, campaign),
            (Column::UtmMedium, medium),
            (Column::UtmSource, source),
            (Column::Country, self.country),
            (Column::Os, Some(self.os)),
        ]
        .into_iter()
        .filter_map(|(column, value)| Some((column, value?)))
    }
}
