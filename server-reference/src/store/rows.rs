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
    /// Bytes.
    Bytes(Vec<u8>),
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
        Value::Bytes(value) => query.bind(value),
    }
}

/// Cuts a list into portions of `full` members, then of a fifth of that, then of one: few sizes of statements occur, so
/// that each is prepared once.
pub fn portions<T>(list: &[T], full: usize) -> impl Iterator<Item = &[T]> {
    let (whole, rest) = list.split_at(list.len() - list.len() % full);
    let part = (full / 5).max(1);
    let (parts, rest) = rest.split_at(rest.len() - rest.len() % part);
    whole
        .chunks(full)
        .chain(parts.chunks(part))
        .chain(rest.chunks(1))
}

/// Inserts rows, several with each statement.
pub async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    table: &'static str,
    columns: &[&'static str],
    rows: Vec<Vec<Value>>,
) -> Result<()> {
    let sizes: Vec<usize> = portions(&rows, dialect.rows_per_insert())
        .map(<[_]>::len)
        .collect();
    let mut rows = rows.into_iter();
    for size in sizes {
        let mut query = sqlx::query(AssertSqlSafe(insert_sql(dialect, table, columns, size)));
        for value in rows.by_ref().take(size).flatten() {
            query = bind(query, value);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// An INSERT of so many rows.
pub fn insert_sql(dialect: Dialect, table: &str, columns: &[&str], rows: usize) -> String {
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
    fn portions_have_few_sizes_and_keep_everything() {
        for length in 0..70 {
            let list: Vec<usize> = (0..length).collect();
            let cut: Vec<&[usize]> = portions(&list, 25).collect();
            assert_eq!(cut.concat(), list);
            assert!(
                cut.iter()
                    .all(|portion| [25, 5, 1].contains(&portion.len()))
            );
            assert!(cut.len() <= length / 25 + 4 + 4);
        }
    }

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
