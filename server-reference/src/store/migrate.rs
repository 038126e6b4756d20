//! The schema, embedded: each file of `migrations/` runs once, in its own transaction.

use sqlx::AnyConnection;

use super::{Dialect, Result, click_log};
use crate::clock::Micros;

const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../../migrations/0001_initial.sql")),
    (2, include_str!("../../migrations/0002_webhooks.sql")),
    (3, include_str!("../../migrations/0003_visits.sql")),
    (4, include_str!("../../migrations/0004_limits.sql")),
    (5, include_str!("../../migrations/0005_click_log.sql")),
    (6, include_str!("../../migrations/0006_dashboard.sql")),
];

/// The one whose data SQL alone cannot carry over.
const CLICK_LOG: i64 = 5;

/// What came of it.
pub enum Outcome {
    /// The schema is the newest.
    Current,
    /// The database was written by a newer server, at this version.
    Newer(i64),
}

/// Brings the schema up to date within the open transaction of `connection`.
pub async fn run(connection: &mut AnyConnection, dialect: Dialect, now: Micros) -> Result<Outcome> {
    dialect.lock_migrations(connection).await?;
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)")
        .execute(&mut *connection)
        .await?;
    let done: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM migrations")
        .fetch_one(&mut *connection)
        .await?;
    if MIGRATIONS.last().is_some_and(|(newest, _)| done > *newest) {
        return Ok(Outcome::Newer(done));
    }
    for (version, template) in MIGRATIONS.iter().filter(|(version, _)| *version > done) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(dialect.schema(template)))
            .execute(&mut *connection)
            .await?;
        if *version == CLICK_LOG {
            click_log::migrate::run(connection, dialect).await?;
        }
        sqlx::query("INSERT INTO migrations (version, applied_at) VALUES ($1, $2)")
            .bind(*version)
            .bind(now)
            .execute(&mut *connection)
            .await?;
    }
    Ok(Outcome::Current)
}
