//! Statements over many rows: inserts of several rows at once, and lists of values.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Arguments as _, AssertSqlSafe};

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

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
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

/// The rows of a query with these values, each made into something.
pub async fn fetch<T>(
    connection: &mut AnyConnection,
    sql: String,
    values: impl IntoIterator<Item = Value>,
    read: impl Fn(&AnyRow) -> Result<T>,
) -> Result<Vec<T>> {
    let query = values
        .into_iter()
        .fold(sqlx::query(AssertSqlSafe(sql)), bind);
    query
        .fetch_all(connection)
        .await?
        .iter()
        .map(read)
        .collect()
}

fn add(values: &mut AnyArguments, value: Value) -> Result<()> {
    let added = match value {
        Value::Text(value) => values.add(value),
        Value::TextOpt(value) => values.add(value),
        Value::Int(value) => values.add(value),
        Value::IntOpt(value) => values.add(value),
        Value::Bytes(value) => values.add(value),
    };
    added.map_err(sqlx::Error::Encode)
}

/// How many rows or values a statement may have. Few sizes occur, so that each statement is prepared once. SQLite keeps a
/// copy of every page that a statement changes until it ends, and a prepared statement stays in memory with all that was
/// bound to it, so that larger ones cost more than they save; PostgreSQL pays a round trip for each.
fn sizes(dialect: Dialect) -> [usize; 4] {
    match dialect {
        Dialect::Sqlite => [100, 25, 5, 1],
        Dialect::Postgres => [250, 50, 10, 1],
    }
}

/// Cuts a list into portions of those sizes.
pub fn portions<T>(dialect: Dialect, list: &[T]) -> impl Iterator<Item = &[T]> {
    let mut left = list;
    std::iter::from_fn(move || {
        let (first, rest) = left.split_at(portion(dialect, left.len()).min(left.len()));
        left = rest;
        (!first.is_empty()).then_some(first)
    })
}

/// The largest of [`sizes`] that `left` fills.
fn portion(dialect: Dialect, left: usize) -> usize {
    sizes(dialect)
        .into_iter()
        .find(|size| *size <= left)
        .unwrap_or(1)
}

/// Inserts rows, many with each statement.
pub async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    table: &'static str,
    columns: &[&'static str],
    rows: Vec<Vec<Value>>,
) -> Result<()> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let size = portion(dialect, rows.len());
        // SQLite's limit; PostgreSQL's is twice that.
        debug_assert!(size * columns.len() <= 32_766);
        let mut values = AnyArguments::default();
        values.reserve(size * columns.len(), 0);
        for value in rows.by_ref().take(size).flatten() {
            add(&mut values, value)?;
        }
        let sql = AssertSqlSafe(insert_sql(dialect, table, columns, size));
        sqlx::query_with(sql, values)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// An INSERT of so many rows.
pub fn insert_sql(dialect: Dialect, table: &str, columns: &[&str], rows: usize) -> String {
    let mut sql = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        places(&mut sql, dialect, row * columns.len() + 1, columns.len());
        sql.push(')');
    }
    sql
}

/// Writes the places of `count` values, from number `first` on.
fn places(sql: &mut String, dialect: Dialect, first: usize, count: usize) {
    for number in first..first + count {
        if number > first {
            sql.push_str(", ");
        }
        sql.push_str(&dialect.place(number));
    }
}

/// Values that one statement looks for.
pub struct List<'a, V> {
    dialect: Dialect,
    values: &'a [V],
    size: usize,
}

/// Cuts a list into portions for `IN (…)`.
pub fn lists<V>(dialect: Dialect, list: &[V]) -> impl Iterator<Item = List<'_, V>> {
    let most = sizes(dialect)[0];
    list.chunks(most).map(move |values| {
        // The smallest size that holds them all.
        let mut sizes = sizes(dialect).into_iter().rev();
        let size = sizes.find(|size| *size >= values.len());
        List {
            dialect,
            values,
            size: size.unwrap_or(most),
        }
    })
}

impl<V: Clone + Into<Value>> List<'_, V> {
    /// The places of its values, where the statement has `before` others in front of them.
    pub fn sql(&self, before: usize) -> String {
        let mut sql = String::new();
        places(&mut sql, self.dialect, before + 1, self.size);
        sql
    }

    /// Binds its values; the last fills the rest, so that few statements occur.
    pub fn bind(&self, mut query: AnyQuery) -> AnyQuery {
        let last = self.values.last().into_iter().cycle();
        for value in self.values.iter().chain(last).take(self.size) {
            query = bind(query, value.clone().into());
        }
        query
    }
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

    #[test]
    fn portions_hold_every_member_once_and_in_order() {
        for count in [0, 1, 9, 10, 999, 1_000, 2_345] {
            let all: Vec<usize> = (0..count).collect();
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                let portions: Vec<&[usize]> = portions(dialect, &all).collect();
                assert_eq!(portions.concat(), all);
                let mut lengths = portions.iter().map(|portion| portion.len());
                assert!(lengths.all(|length| sizes(dialect).contains(&length)));
            }
        }
        let all = vec![0; 561];
        let sizes: Vec<usize> = portions(Dialect::Postgres, &all).map(<[_]>::len).collect();
        assert_eq!(sizes, [250, 250, 50, 10, 1]);
    }

    #[test]
    fn lists_are_filled_up_to_the_next_size() {
        let all: Vec<String> = (0..252).map(|number| number.to_string()).collect();
        let sizes = |count: usize| -> Vec<usize> {
            let lists = lists(Dialect::Postgres, &all[..count]);
            lists.map(|list| list.sql(2).split(", ").count()).collect()
        };
        assert_eq!(sizes(0), [0; 0]);
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(11), [50]);
        assert_eq!(sizes(252), [250, 10]);
        let list = lists(Dialect::Postgres, &all[..3]).next().unwrap();
        assert!(list.sql(2).starts_with("$3, $4, "));
    }
}
