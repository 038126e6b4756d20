//! Which way SQLite goes: by the keys of its tables, in their order.

use super::*;
use crate::clock::ManualClock;
use crate::store::{Store, Target};

async fn plan(connection: &mut AnyConnection, sql: &str) -> Vec<String> {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await
        .expect("a plan");
    rows.iter()
        .map(|row| row.text("detail").expect("text"))
        .collect()
}

#[tokio::test]
async fn nothing_is_sorted_and_nothing_read_in_whole() {
    let clock = ManualClock::new(0);
    let store = Store::open(&Target::Memory, &clock).await.expect("memory");
    let mut connection = store.read().await.expect("a connection");
    for (sql, expected) in [
        (
            walk::rows_sql(true),
            "SEARCH click_terms USING PRIMARY KEY (workspace_id=? AND term=? AND first_seq>? AND first_seq<?)",
        ),
        (
            walk::rows_sql(false),
            "SEARCH click_terms USING PRIMARY KEY (workspace_id=? AND term=? AND first_seq>? AND first_seq<?)",
        ),
        (
            blocks_sql(Dialect::Sqlite, "?, ?, ?"),
            "SEARCH click_blocks USING INDEX sqlite_autoindex_click_blocks_1 (workspace_id=? AND first_seq=?)",
        ),
    ] {
        assert_eq!(plan(&mut connection, &sql).await, [expected], "{sql}");
    }
}
