//! Removing a link's clicks, when it goes for good.

use std::collections::BTreeSet;

use sqlx::AnyConnection;

use super::super::{Columns, Result};
use super::block::{BLOCK, Block};
use super::terms::{self, Term};
use crate::ids::{Id, Kind};

/// Rows of the index that are looked through at once.
const LOOKED_AT: i64 = 500;

/// Removes a link's clicks from some segments; true where there may be more. Their places stay empty.
pub async fn remove_link(
    connection: &mut AnyConnection,
    link_id: &str,
    segments: usize,
) -> Result<bool> {
    let workspace_id: Option<String> =
        sqlx::query_scalar("SELECT workspace_id FROM links WHERE id = $1")
            .bind(link_id.to_owned())
            .fetch_optional(&mut *connection)
            .await?;
    let Some(workspace_id) = workspace_id else {
        return Ok(false);
    };
    let mut removal = Removal {
        connection,
        workspace_id: &workspace_id,
        link_id: Id::new(Kind::Link, link_id),
        left: segments,
    };
    for is_bot in [false, true] {
        let term = Term::of_link(removal.link_id, is_bot);
        for row in [term.number(), term.shared()] {
            removal.run(term, row).await?;
        }
    }
    Ok(removal.left == 0)
}

struct Removal<'a> {
    connection: &'a mut AnyConnection,
    workspace_id: &'a str,
    link_id: Id<'a>,
    /// So many segments may still be changed.
    left: usize,
}

impl Removal<'_> {
    /// Goes through the rows of this number.
    async fn run(&mut self, term: Term, number: i64) -> Result<()> {
        let mut after = i64::MIN;
        loop {
            let rows = sqlx::query(
                "SELECT first_seq, places FROM click_terms WHERE workspace_id = $1 AND term = $2 AND first_seq > $3 \
                 ORDER BY first_seq LIMIT $4",
            )
            .bind(self.workspace_id.to_owned())
            .bind(number)
            .bind(after)
            .bind(LOOKED_AT)
            .fetch_all(&mut *self.connection)
            .await?;
            for row in &rows {
                if self.left == 0 {
                    return Ok(());
                }
                after = row.int("first_seq")?;
                let bytes = row.bytes("places")?;
                let (mine, rest) = if number == term.number() {
                    (Some(&bytes[..]), None)
                } else {
                    (
                        terms::of_shared(&bytes, term)?,
                        terms::without(&bytes, term)?,
                    )
                };
                if let Some(mine) = mine {
                    self.left -= 1;
                    self.blocks(after, terms::places(mine)?).await?;
                    self.replace_term(number, after, rest).await?;
                }
            }
            if (rows.len() as i64) < LOOKED_AT {
                return Ok(());
            }
        }
    }

    async fn blocks(&mut self, first_seq: i64, places: Vec<u32>) -> Result<()> {
        let blocks: BTreeSet<i64> = places
            .into_iter()
            .map(|place| first_seq + i64::from(place) / BLOCK as i64 * BLOCK as i64)
            .collect();
        for first_seq in blocks {
            let block: Option<Vec<u8>> = sqlx::query_scalar(
                "SELECT clicks FROM click_blocks WHERE workspace_id = $1 AND first_seq = $2",
            )
            .bind(self.workspace_id.to_owned())
            .bind(first_seq)
            .fetch_optional(&mut *self.connection)
            .await?;
            let Some(block) = block else {
                continue;
            };
            let left = Block::read(&block, first_seq)?.without(|row| row.link_id == self.link_id);
            let query = match left {
                Some(left) => sqlx::query(
                    "UPDATE click_blocks SET clicks = $3 WHERE workspace_id = $1 AND first_seq = $2",
                )
                .bind(self.workspace_id.to_owned())
                .bind(first_seq)
                .bind(left),
                None => sqlx::query(
                    "DELETE FROM click_blocks WHERE workspace_id = $1 AND first_seq = $2",
                )
                .bind(self.workspace_id.to_owned())
                .bind(first_seq),
            };
            query.execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    async fn replace_term(
        &mut self,
        number: i64,
        first_seq: i64,
        left: Option<Vec<u8>>,
    ) -> Result<()> {
        let query = match left {
            Some(left) => sqlx::query(
                "UPDATE click_terms SET places = $4 WHERE workspace_id = $1 AND term = $2 AND first_seq = $3",
            )
            .bind(self.workspace_id.to_owned())
            .bind(number)
            .bind(first_seq)
            .bind(left),
            None => sqlx::query(
                "DELETE FROM click_terms WHERE workspace_id = $1 AND term = $2 AND first_seq = $3",
            )
            .bind(self.workspace_id.to_owned())
            .bind(number)
            .bind(first_seq),
        };
        query.execute(&mut *self.connection).await?;
        Ok(())
    }
}
