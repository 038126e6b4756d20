//! Takes the clicks over that earlier versions kept in a row each.

use sqlx::{AnyConnection, Row as _};

use super::super::{Columns, Dialect, Result};
use super::block::Row;
use super::{SEGMENT, Segment};
use crate::ids::{Id, Kind};

/// Rows that are in memory at once.
const AT_ONCE: i64 = 5_000;

/// Moves all of them, and drops their table. Clicks whose places follow each other were written together, and become a
/// segment, as far as they are in memory together; every click keeps its place, so that cursors go on.
pub async fn run(connection: &mut AnyConnection, dialect: Dialect) -> Result<()> {
    let mut after = (String::new(), i64::MIN);
    loop {
        let rows = sqlx::query(
            "SELECT * FROM clicks WHERE workspace_id > $1 OR (workspace_id = $1 AND seq > $2) \
             ORDER BY workspace_id, seq LIMIT $3",
        )
        .bind(after.0.clone())
        .bind(after.1)
        .bind(AT_ONCE)
        .fetch_all(&mut *connection)
        .await?;
        let mut segment: Option<Segment<'_>> = None;
        for row in &rows {
            let (workspace_id, seq) = (row.text("workspace_id")?, row.int("seq")?);
            let goes_on = segment.as_ref().is_some_and(|segment| {
                workspace_id == after.0 && seq == segment.next_seq() && segment.len() < SEGMENT
            });
            if !goes_on && let Some(full) = segment.replace(Segment::new(&workspace_id, seq)) {
                full.write(connection, dialect).await?;
            }
            after = (workspace_id, seq);
            let text = |column: &str| row.try_get::<Option<&str>, _>(column);
            let needed = |column: &str| Ok::<_, sqlx::Error>(text(column)?.unwrap_or_default());
            if let Some(segment) = &mut segment {
                segment.push(&Row {
                    id: Id::new(Kind::Click, needed("id")?),
                    link_id: Id::new(Kind::Link, needed("link_id")?),
                    occurred_at: row.int("occurred_at")?,
                    country: text("country")?,
                    region: text("region")?,
                    city: text("city")?,
                    os: needed("os")?,
                    device: needed("device")?,
                    browser: needed("browser")?,
                    referrer_domain: text("referrer_domain")?,
                    utm: [
                        text("utm_source")?,
                        text("utm_medium")?,
                        text("utm_campaign")?,
                        text("utm_term")?,
                        text("utm_content")?,
                    ],
                    sub_id: text("sub_id")?,
                    trigger: needed("via")?,
                    destination_kind: needed("destination_kind")?,
                    is_bot: row.flag("is_bot")?,
                    is_unique: row.flag("is_unique")?,
                });
            }
        }
        if let Some(last) = segment {
            last.write(connection, dialect).await?;
        }
        if (rows.len() as i64) < AT_ONCE {
            break;
        }
    }
    sqlx::raw_sql("DROP TABLE clicks")
        .execute(connection)
        .await?;
    Ok(())
}
