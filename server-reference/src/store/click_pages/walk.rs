//! Going through clicks by one index.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::super::rows::{self, AnyQuery, Value};
use super::super::{Columns, Dialect, Result};
use super::{Column, EXAMINED, PROBED, Query, Stored, from_row};

/// One way through an index: people or bots, led by one filter or by none.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    pub dialect: Dialect,
    pub query: &'a Query,
    /// The places, both included, between which it goes.
    pub range: (i64, i64),
    /// The filter that leads, among those of the query.
    pub lead: Option<usize>,
    pub is_bot: bool,
}

/// SQL with the values of its places.
pub(super) struct Statement {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Statement {
    fn new(sql: &str) -> Self {
        Self {
            sql: sql.to_owned(),
            values: Vec::new(),
        }
    }

    fn text(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    fn value(&mut self, sql: &str, value: Value) {
        self.values.push(value);
        self.sql.push_str(&format!("{sql} ${}", self.values.len()));
    }

    pub fn query(self) -> AnyQuery {
        self.values
            .into_iter()
            .fold(sqlx::query(AssertSqlSafe(self.sql)), rows::bind)
    }
}

impl Walk<'_> {
    fn direction(&self) -> &'static str {
        if self.query.ascending { "ASC" } else { "DESC" }
    }

    /// What the leading index answers by itself.
    fn led(&self, statement: &mut Statement) {
        statement.text(" FROM clicks");
        if let Some(lead) = self.lead {
            let column = self.query.filters[lead].0;
            statement.text(&self.dialect.by_index(column.index()));
        }
        match self.lead.map(|lead| &self.query.filters[lead]) {
            Some((Column::Link, link_id)) => {
                statement.value(" WHERE link_id =", Value::Text(link_id.clone()));
            }
            other => {
                let workspace_id = self.query.workspace_id.clone();
                statement.value(" WHERE workspace_id =", Value::Text(workspace_id));
                if let Some((column, value)) = other {
                    let condition = format!(" AND {} =", column.name());
                    statement.value(&condition, Value::Text(value.clone()));
                }
            }
        }
        statement.value(" AND is_bot =", Value::Int(self.is_bot.into()));
        statement.value(" AND seq >=", Value::Int(self.range.0));
        statement.value(" AND seq <=", Value::Int(self.range.1));
        statement.text(&format!(" ORDER BY seq {} LIMIT", self.direction()));
    }

    /// What is checked on the clicks that it gives.
    fn others(&self, statement: &mut Statement) {
        let mut before = " WHERE";
        for (index, (column, value)) in self.query.filters.iter().enumerate() {
            if Some(index) != self.lead {
                let condition = format!("{before} {} =", column.name());
                statement.value(&condition, Value::Text(value.clone()));
                before = " AND";
            }
        }
        for (condition, at) in [
            ("occurred_at >=", self.query.from),
            ("occurred_at <", self.query.to),
        ] {
            if let Some(at) = at {
                statement.value(&format!("{before} {condition}"), Value::Int(at));
                before = " AND";
            }
        }
    }

    fn checks_others(&self) -> bool {
        let led = usize::from(self.lead.is_some());
        self.query.filters.len() > led || self.query.from.is_some() || self.query.to.is_some()
    }

    /// The limit inside keeps both databases from mixing the two kinds of conditions, and from losing the order.
    pub fn page(&self) -> Statement {
        let mut statement = Statement::new("SELECT * FROM (SELECT *");
        self.led(&mut statement);
        statement.value("", Value::Int(EXAMINED));
        statement.text(") AS examined");
        self.others(&mut statement);
        // One more than the page holds tells whether there is another page.
        statement.value(" LIMIT", Value::Int(self.query.limit as i64 + 1));
        statement
    }

    /// The clicks of a page, and one more where there is one.
    pub async fn rows(&self, connection: &mut AnyConnection) -> Result<Vec<Stored>> {
        let rows = self.page().query().fetch_all(connection).await?;
        rows.iter().map(from_row).collect()
    }

    /// The place up to which a page examined, where that was not everything.
    pub async fn horizon(&self, connection: &mut AnyConnection) -> Result<Option<i64>> {
        if !self.checks_others() {
            return Ok(None);
        }
        let mut statement = Statement::new("SELECT seq");
        self.led(&mut statement);
        statement.value(" 1 OFFSET", Value::Int(EXAMINED - 1));
        let row = statement.query().fetch_optional(connection).await?;
        row.map(|row| row.int("seq")).transpose()
    }

    /// How many clicks the leading index has, as far as that is counted.
    pub async fn probe(&self, connection: &mut AnyConnection) -> Result<i64> {
        let mut statement =
            Statement::new("SELECT CAST(COUNT(*) AS BIGINT) AS clicks FROM (SELECT seq");
        self.led(&mut statement);
        statement.value("", Value::Int(PROBED));
        statement.text(") AS probed");
        let row = statement.query().fetch_one(connection).await?;
        row.int("clicks")
    }
}
