//! Going through the places of a term's clicks, in order.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::super::click_log::SEGMENT;
use super::super::click_log::block::BLOCK;
use super::super::click_log::terms::{self, Term};
use super::super::{Columns, Result};
use super::Query;

/// Rows of the index that are read first; more each time, unless they have many places.
const FIRST: i64 = 2;
const MOST: i64 = 512;
/// Places that are many: a row of a busy segment can have thousands.
const MANY: usize = 50_000;
/// Bytes that are many, for one step: a row that rare terms share can have thousands.
const LARGE: usize = 1 << 20;
/// So many bytes count as another row.
const ROW: usize = 2_048;

/// Where a click stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub seq: i64,
    /// The first place of its block.
    pub block: i64,
}

/// The way through a term's places, from one end of a range to the other.
pub(super) struct Walk<'a> {
    workspace_id: &'a str,
    term: Term,
    ascending: bool,
    /// The places, both included, between which it goes.
    range: (i64, i64),
    /// The first places of the segments that are left, both included.
    segments: (i64, i64),
    /// Up to where everything was read.
    reached: i64,
    over: bool,
    /// Rows of the index that are read next.
    portion: i64,
    /// Places that were read, the next one last.
    ready: Vec<Place>,
    /// Rows of the index that were read, large ones counted several times.
    rows: i64,
}

/// What the next step of a [`Walk`] gives.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Some places.
    Places(Vec<Place>),
    /// There are no more.
    Over,
    /// So many rows were read that it ends here, though not everything behind this place was read.
    Tired(i64),
}

impl<'a> Walk<'a> {
    pub fn new(query: &'a Query, term: Term, range: (i64, i64)) -> Self {
        let (from, to) = range;
        Self {
            workspace_id: &query.workspace_id,
            term,
            ascending: query.ascending,
            range,
            // A segment that begins before the range can reach into it.
            segments: (from.saturating_sub(SEGMENT as i64 - 1), to),
            reached: if query.ascending { from } else { to },
            over: false,
            portion: FIRST,
            ready: Vec::new(),
            rows: 0,
        }
    }

    /// The next places, at most so many, as long as no more than so many rows of the index are needed.
    pub async fn next(
        &mut self,
        connection: &mut AnyConnection,
        number: usize,
        rows: i64,
    ) -> Result<Step> {
        while self.ready.is_empty() {
            if self.over {
                return Ok(Step::Over);
            }
            if self.rows >= rows {
                return Ok(Step::Tired(self.reached));
            }
            self.read(connection).await?;
        }
        let left = self.ready.len().saturating_sub(number);
        let mut places = self.ready.split_off(left);
        places.reverse();
        Ok(Step::Places(places))
    }

    /// Reads some rows of the index: those of the term, and those that it shares with others.
    async fn read(&mut self, connection: &mut AnyConnection) -> Result<()> {
        let own = self.rows(connection, self.term.number()).await?;
        let shared = self.rows(connection, self.term.shared()).await?;
        let bytes: usize = [&own, &shared]
            .into_iter()
            .flatten()
            .map(|(_, bytes)| bytes.len())
            .sum();
        self.rows += (bytes / ROW) as i64;
        // Of what was not read whole, nothing is known behind its last row.
        let mut limit = None;
        for rows in [&own, &shared] {
            self.rows += rows.len() as i64;
            if let (true, Some((last, _))) = (rows.len() as i64 == self.portion, rows.last()) {
                limit = Some(match limit {
                    None => *last,
                    Some(limit) if self.ascending => *last.min(&limit),
                    Some(limit) => *last.max(&limit),
                });
            }
        }
        let ascending = self.ascending;
        let is_within = |first: i64| match limit {
            None => true,
            Some(limit) if ascending => first <= limit,
            Some(limit) => first >= limit,
        };
        for (first, bytes) in own.iter().filter(|(first, _)| is_within(*first)) {
            self.add(*first, bytes)?;
        }
        for (first, bytes) in shared.iter().filter(|(first, _)| is_within(*first)) {
            if let Some(bytes) = terms::of_shared(bytes, self.term)? {
                self.add(*first, bytes)?;
            }
        }
        self.ready.sort_unstable();
        // Segments do not overlap.
        match limit {
            None => self.over = true,
            Some(limit) if self.ascending => {
                self.segments.0 = limit + 1;
                let last = self.ready.last().map_or(limit, |place| place.seq);
                self.reached = last.max(limit);
            }
            Some(limit) => {
                self.segments.1 = limit - 1;
                self.reached = limit;
            }
        }
        if self.ascending {
            self.ready.reverse();
        }
        self.portion = if self.ready.len() > MANY || bytes > LARGE {
            (self.portion / 4).max(FIRST)
        } else {
            (self.portion * 4).min(MOST)
        };
        Ok(())
    }

    fn add(&mut self, first: i64, places: &[u8]) -> Result<()> {
        let (from, to) = self.range;
        for place in terms::places(places)? {
            let place = i64::from(place);
            let seq = first + place;
            if (from..=to).contains(&seq) {
                let block = first + place / BLOCK as i64 * BLOCK as i64;
                self.ready.push(Place { seq, block });
            }
        }
        Ok(())
    }

    async fn rows(
        &self,
        connection: &mut AnyConnection,
        number: i64,
    ) -> Result<Vec<(i64, Vec<u8>)>> {
        let rows = sqlx::query(AssertSqlSafe(rows_sql(self.ascending)))
            .bind(self.workspace_id.to_owned())
            .bind(number)
            .bind(self.segments.0)
            .bind(self.segments.1)
            .bind(self.portion)
            .fetch_all(connection)
            .await?;
        let row = |row: &sqlx::any::AnyRow| Ok((row.int("first_seq")?, row.bytes("places")?));
        rows.iter().map(row).collect()
    }
}

pub(super) fn rows_sql(ascending: bool) -> String {
    let direction = if ascending { "ASC" } else { "DESC" };
    format!(
        "SELECT first_seq, places FROM click_terms WHERE workspace_id = $1 AND term = $2 AND first_seq >= $3 \
         AND first_seq <= $4 ORDER BY first_seq {direction} LIMIT $5"
    )
}
