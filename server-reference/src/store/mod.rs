//! The database: SQLite (a file, or memory) and PostgreSQL behind one set of queries.
//!
//! Every query is written once, with `$1` placeholders, over columns of BIGINT, TEXT and bytes only; what differs
//! between the two databases is in [`dialect`]. Reads take a connection of the read pool. Writes go through
//! [`Store::write`]: on SQLite that is the one connection that writes, so that writers queue here in order and never
//! meet as "database is locked".

pub mod audit;
pub mod click_log;
pub mod click_pages;
pub mod click_stats;
pub mod clicks;
pub mod confirmations;
pub mod dashboard;
pub mod deliveries;
pub mod dev;
pub mod dialect;
pub mod domains;
pub mod events;
pub mod flushes;
pub mod idempotency;
pub mod keys;
pub mod limits;
pub mod links;
mod migrate;
mod open;
pub mod password_failures;
pub mod rows;
pub mod sweep;
pub mod visitors;
pub mod webhooks;
pub mod workspaces;

use sqlx::any::AnyRow;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool, Row, Transaction};

pub use self::dialect::Dialect;
pub use self::open::{OpenError, Target};

/// A transaction that may write.
pub type Tx = Transaction<'static, Any>;
/// A connection for reading.
pub type Conn = PoolConnection<Any>;
/// What queries return.
pub type Result<T> = std::result::Result<T, sqlx::Error>;

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    read: AnyPool,
    write: AnyPool,
    dialect: Dialect,
    /// Whether commits go to a log that has to be moved into the database's file.
    logged: bool,
}

impl Store {
    /// Starts a transaction that may write.
    pub async fn write(&self) -> Result<Tx> {
        self.write.begin_with(self.dialect.begin_write()).await
    }

    /// A connection for reads. Never ask for it while a transaction is held: in memory there is but one connection.
    pub async fn read(&self) -> Result<Conn> {
        self.read.acquire().await
    }

    /// Moves the log of commits into the database's file, where there is one, and gives back the memory that large writes
    /// have left. Commits do not do it themselves, so that no caller waits for it.
    pub async fn checkpoint(&self) -> Result<()> {
        if self.logged {
            let mut connection = self.read().await?;
            self.dialect.checkpoint(&mut connection).await?;
        }
        self.release_pages().await
    }

    /// Gives back the memory that large writes have left. A file's pages stay with the system.
    pub async fn release_pages(&self) -> Result<()> {
        if self.logged {
            let mut writer = self.write.acquire().await?;
            self.dialect.release_pages(&mut writer).await?;
        }
        Ok(())
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Closes all connections, so that a file database is left tidy.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// Whether repeating the whole transaction may help: another one was faster, and ours was refused for it.
pub fn is_conflict(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    if error.is_unique_violation() {
        return true;
    }
    // PostgreSQL: serialization failure and deadlock. SQLite: busy, in all its kinds.
    matches!(
        error.code().as_deref(),
        Some("40001" | "40P01" | "5" | "517" | "261")
    )
}

/// Whether the database cannot take writes at the moment (disk full, read-only, out of connections).
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| match code.len() {
            // PostgreSQL's five letters: class 53 is "insufficient resources", 57P0x "shutting down".
            5 => code.starts_with("53") || code.starts_with("57P"),
            // SQLite's numbers: busy, read-only, i/o error, full, cannot open.
            _ => code
                .parse::<i32>()
                .is_ok_and(|code| matches!(code & 0xff, 5 | 8 | 10 | 13 | 14)),
        }),
        _ => false,
    }
}

/// Reads columns by name, with the types that the schema gives them.
pub(crate) trait Columns {
    fn text(&self, column: &str) -> Result<String>;
    fn text_opt(&self, column: &str) -> Result<Option<String>>;
    fn int(&self, column: &str) -> Result<i64>;
    fn int_opt(&self, column: &str) -> Result<Option<i64>>;
    fn flag(&self, column: &str) -> Result<bool>;
    fn bytes(&self, column: &str) -> Result<Vec<u8>>;
    fn bytes_opt(&self, column: &str) -> Result<Option<Vec<u8>>>;
}

impl Columns for AnyRow {
    fn text(&self, column: &str) -> Result<String> {
        self.try_get(column)
    }

    fn text_opt(&self, column: &str) -> Result<Option<String>> {
        self.try_get(column)
    }

    fn int(&self, column: &str) -> Result<i64> {
        self.try_get(column)
    }

    fn int_opt(&self, column: &str) -> Result<Option<i64>> {
        self.try_get(column)
    }

    fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        self.try_get(column)
    }

    fn bytes_opt(&self, column: &str) -> Result<Option<Vec<u8>>> {
        self.try_get(column)
    }
}
