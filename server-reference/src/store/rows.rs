//! Statements over many rows: inserts of several rows at once, and lists of values.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use super::{Dialect, Result};

/// A value of a column.
#[derive(Debug, Clone)]
pub enum Value {
    /// TEXT.
    Text(String),
    /// TEXT that may be NULL.
    TextOpt(Option<String>),
    /// BIGINT.
    Int(i64),
    /// BIGINT that may be NULL.
    IntOpt(Option<i64>),
}

/// A query over [`Any`].
pub type AnyQuery = Query<'static, Any, AnyArguments>;

/// Binds one value.
pub fn bind(query: AnyQuery, value: Value) -> AnyQuery {
    match value {
        Value::Text(value) => query.bind(value),
        Value::TextOpt(value) => query.bind(value),
        Value::Int(value) => query.bind(value),
        Value::IntOpt(value) => query.bind(value),
    }
}

/// Cuts a list into portions of `full` members and, for what is left, of one: few sizes of statements occur, so that each
/// is prepared once.
pub fn portions<T>(list: &[T], full: usize) -> impl Iterator<Item = &[T]> {
    let (whole, rest) = list.split_at(list.len() - list.len() % full);
    whole.chunks(full).chain(rest.chunks(1))
}

/// Inserts rows, several with each statement. Few sizes of statements occur, so that each is prepared once.
pub async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    table: &'static str,
    columns: &[&'static str],
    rows: Vec<Vec<Value>>,
) -> Result<()> {
    let full = dialect.rows_per_insert();
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let size = if rows.len() >= full { full } else { 1 };
        let mut query = sqlx::query(AssertSqlSafe(insert_sql(dialect, table, columns, size)));
        for value in rows.by_ref().take(size).flatten() {
            query = bind(query, value);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

fn insert_sql(dialect: Dialect, table: &str, columns: &[&str], rows: usize) -> String {
    let mut sql = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    for row in 0..rows {
        let first = row * columns.len() + 1;
        let places: Vec<String> = (first..first + columns.len())
            .map(|place| dialect.place(place))
            .collect();
        sql.push_str(if row == 0 { "(" } else { ", (" });
        sql.push_str(&places.join(", "));
        sql.push(')');
    }
    sql
}

/// How many values a list of [`list_sql`] has.
pub const LIST: usize = 100;

/// `$first, …` for a list of [`LIST`] values.
pub fn list_sql(first: usize) -> String {
    let places: Vec<String> = (first..first + LIST)
        .map(|place| format!("${place}"))
        .collect();
    places.join(", ")
}

/// Binds a list of at most [`LIST`] values; the last fills the rest, so that the statement is always the same.
pub fn bind_list(mut query: AnyQuery, values: &[String]) -> AnyQuery {
    for place in 0..LIST {
        query = query.bind(
            values
                .get(place)
                .or(values.last())
                .cloned()
                .unwrap_or_default(),
        );
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_places_row_by_row() {
        let sql = |dialect| insert_sql(dialect, "t", &["a", "b"], 2);
        assert_eq!(
            sql(Dialect::Postgres),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)"
        );
        assert_eq!(
            sql(Dialect::Sqlite),
            "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)"
        );
    }
}
