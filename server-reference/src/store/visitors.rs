//! Who was seen on which day, as hashes that say nothing else.

use std::collections::{BTreeMap, HashSet};

use sqlx::{AnyConnection, AssertSqlSafe};

use super::rows::{self, Value};
use super::{Columns, Dialect, Result};
use crate::visitor::DailyHash;

/// How long a day's hashes are kept: clicks of yesterday can still be on their way.
pub const DAYS_KEPT: i64 = 2;

/// Writes visitors down, and gives those that were not there. In the order of their hashes, so that two nodes cannot
/// wait for each other.
pub async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    visitors: &BTreeMap<(i64, DailyHash), usize>,
) -> Result<HashSet<(i64, DailyHash)>> {
    let all: Vec<&(i64, DailyHash)> = visitors.keys().collect();
    let mut fresh = HashSet::new();
    for portion in rows::portions(dialect, &all) {
        let sql = rows::insert_sql(dialect, "visitors", &["day", "visitor"], portion.len());
        let sql = format!("{sql} ON CONFLICT (day, visitor) DO NOTHING RETURNING day, visitor");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (day, visitor) in portion {
            query = rows::bind(query, Value::Int(*day));
            query = rows::bind(query, Value::Bytes(visitor.to_vec()));
        }
        for row in query.fetch_all(&mut *connection).await? {
            let visitor = row.bytes("visitor")?;
            if let Ok(visitor) = DailyHash::try_from(visitor) {
                fresh.insert((row.int("day")?, visitor));
            }
        }
    }
    Ok(fresh)
}

/// Forgets some of the days before `day`.
pub async fn sweep(connection: &mut AnyConnection, day: i64, limit: i64) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM visitors WHERE (day, visitor) IN \
         (SELECT day, visitor FROM visitors WHERE day < $1 ORDER BY day, visitor LIMIT $2)",
    )
    .bind(day)
    .bind(limit)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
