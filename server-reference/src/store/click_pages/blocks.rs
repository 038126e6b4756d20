//! Reading all blocks in which clicks of a query can be, for who needs every click and not a page of them.

use sqlx::AnyConnection;

use super::super::click_log::SEGMENT;
use super::super::{Columns, Dialect, Result};
use super::walk::{Step, Walk};
use super::{Query, lead, range, read_blocks};

/// Blocks that are read at a time.
const AT_ONCE: usize = 1_000;

/// The way through the blocks, the oldest first: through all of the query's time, or, where it has filters, through those
/// to which the rarest of them leads.
pub(in crate::store) struct Blocks<'a> {
    query: &'a Query,
    dialect: Dialect,
    /// Of the index, where there are filters.
    walk: Option<Walk<'a>>,
    /// The first places of the blocks that are left, both included.
    left: (i64, i64),
}

impl<'a> Blocks<'a> {
    /// The blocks for a query, which is ascending and of one kind; none where there are no clicks.
    pub async fn new(
        connection: &mut AnyConnection,
        dialect: Dialect,
        query: &'a Query,
    ) -> Result<Option<Self>> {
        let Some(range) = range(connection, query).await? else {
            return Ok(None);
        };
        let walk = match lead(connection, query, range).await? {
            Some(lead) => {
                let term = query.term(Some(lead), query.kinds == super::BOTS);
                Some(Walk::new(query, term, range))
            }
            None => None,
        };
        // A block that begins before the range can reach into it.
        let left = (range.0.saturating_sub(SEGMENT as i64), range.1);
        Ok(Some(Self {
            query,
            dialect,
            walk,
            left,
        }))
    }

    /// The next ones, each with its first place; nothing where there are no more.
    pub async fn next(&mut self, connection: &mut AnyConnection) -> Result<Vec<(i64, Vec<u8>)>> {
        match &mut self.walk {
            None => self.next_of_all(connection).await,
            Some(_) => self.next_of_term(connection).await,
        }
    }

    async fn next_of_all(&mut self, connection: &mut AnyConnection) -> Result<Vec<(i64, Vec<u8>)>> {
        let rows = sqlx::query(
            "SELECT first_seq, clicks FROM click_blocks WHERE workspace_id = $1 AND first_seq >= $2 AND first_seq <= $3 \
             ORDER BY first_seq LIMIT $4",
        )
        .bind(self.query.workspace_id.clone())
        .bind(self.left.0)
        .bind(self.left.1)
        .bind(AT_ONCE as i64)
        .fetch_all(connection)
        .await?;
        let block = |row: &sqlx::any::AnyRow| Ok((row.int("first_seq")?, row.bytes("clicks")?));
        let blocks: Vec<(i64, Vec<u8>)> = rows.iter().map(block).collect::<Result<_>>()?;
        if let Some((last, _)) = blocks.last() {
            self.left.0 = last + 1;
        }
        Ok(blocks)
    }

    async fn next_of_term(
        &mut self,
        connection: &mut AnyConnection,
    ) -> Result<Vec<(i64, Vec<u8>)>> {
        let Some(walk) = &mut self.walk else {
            return Ok(Vec::new());
        };
        loop {
            let Step::Places(mut places) = walk.next(connection, AT_ONCE, i64::MAX).await? else {
                return Ok(Vec::new());
            };
            // The last block of the step before can have had more places than fitted into it.
            places.retain(|place| place.block >= self.left.0);
            let Some(last) = places.last() else { continue };
            self.left.0 = last.block + 1;
            let found =
                read_blocks(connection, self.dialect, self.query, &places, [].into()).await?;
            // Clicks that were removed leave places behind.
            if !found.is_empty() {
                return Ok(found.into_iter().collect());
            }
        }
    }
}
