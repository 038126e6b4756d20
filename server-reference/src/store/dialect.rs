//! What differs between SQLite and PostgreSQL, all of it.

use std::borrow::Cow;

/// Which database the queries run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, in a file or in memory.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Whether other nodes may serve the same database, so that what is kept in memory can be out of date.
    pub fn is_shared(self) -> bool {
        self == Self::Postgres
    }

    /// The statement that begins a writing transaction. SQLite takes the write lock at once, since a transaction
    /// that reads first and writes later can be refused in the middle.
    pub fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// The statement that begins a transaction whose reads all see the same moment.
    pub fn begin_snapshot(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        }
    }

    /// Names the index by which a table is read. SQLite keeps no statistics unless it is told to, and prefers a table's
    /// own order to an index that is far better; PostgreSQL takes no such advice.
    pub fn by_index(self, name: &str) -> String {
        match self {
            Self::Sqlite => format!(" INDEXED BY {name}"),
            Self::Postgres => String::new(),
        }
    }

    /// The schema's placeholders for types that the two spell differently.
    pub fn schema(self, template: &str) -> String {
        let (bytes, sequence, clustered) = match self {
            // Rows are kept in the primary key itself.
            Self::Sqlite => ("BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT", "WITHOUT ROWID"),
            Self::Postgres => (
                "BYTEA",
                "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                "",
            ),
        };
        // Without a log of its changes: for what may be lost.
        let unlogged = if self.is_shared() { "UNLOGGED" } else { "" };
        template
            .replace("{unlogged}", unlogged)
            .replace("{bytes}", bytes)
            .replace("{sequence}", sequence)
            .replace("{clustered}", clustered)
    }

    /// The place of a value in a long statement. SQLite finds a `$n` by walking a list of all of them, at every
    /// binding, which was the hottest function of a large insert; a bare `?` has nothing to look up.
    pub fn place(self, number: usize) -> Cow<'static, str> {
        match self {
            Self::Sqlite => "?".into(),
            Self::Postgres => format!("${number}").into(),
        }
    }

    /// Prepares a fresh connection, with so much memory for pages of a SQLite file.
    pub async fn prepare(
        self,
        connection: &mut sqlx::AnyConnection,
        cache_kib: u32,
    ) -> sqlx::Result<()> {
        match self {
            // FULL: the log is synced at every commit, so that what was acknowledged survives a power loss too
            // (as far as the disk keeps its promises), not only the death of the process.
            // The log is moved into the file beside the writes, by [`Self::checkpoint`]; a commit does it only where
            // that falls behind, from 64 MiB on.
            // Pages that a large write has changed stay in memory until it commits, beyond the cache's size: written to
            // the log early and changed again, they would be written twice, and the log's checksums made anew.
            Self::Sqlite => {
                let sql = format!(
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; \
                     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache_kib}; PRAGMA cache_spill = OFF; \
                     PRAGMA wal_autocheckpoint = 16384; PRAGMA journal_size_limit = 67108864;"
                );
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                    .execute(connection)
                    .await?;
            }
            Self::Postgres => {
                sqlx::raw_sql("SET statement_timeout = '30s'")
                    .execute(connection)
                    .await?;
            }
        }
        Ok(())
    }

    /// Keeps two nodes from migrating at once. SQLite's write lock does it already.
    pub async fn lock_migrations(self, connection: &mut sqlx::AnyConnection) -> sqlx::Result<()> {
        if self == Self::Postgres {
            sqlx::query("SELECT pg_advisory_xact_lock(4716012)")
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    /// What a query that takes rows of a queue ends with, so that it passes by rows that another node is taking.
    /// SQLite has one writer at a time.
    pub fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// Claims an idempotency key until the transaction ends; false where another node is at it. On SQLite one
    /// process serves, and it keeps its own list of what is running.
    pub async fn try_claim(
        self,
        connection: &mut sqlx::AnyConnection,
        claim: i64,
    ) -> sqlx::Result<bool> {
        match self {
            Self::Sqlite => Ok(true),
            Self::Postgres => {
                let claimed: i64 =
                    sqlx::query_scalar("SELECT CASE WHEN pg_try_advisory_xact_lock($1) THEN 1::BIGINT ELSE 0::BIGINT END")
                        .bind(claim)
                        .fetch_one(connection)
                        .await?;
                Ok(claimed == 1)
            }
        }
    }

    /// Moves what SQLite's log holds into the file, without waiting for anybody and without anybody waiting for it.
    pub async fn checkpoint(self, connection: &mut sqlx::AnyConnection) -> sqlx::Result<()> {
        if self == Self::Sqlite {
            sqlx::raw_sql("PRAGMA wal_checkpoint(PASSIVE)")
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    /// Forgets the pages that SQLite keeps of its file, beside those that are in use.
    pub async fn release_pages(self, connection: &mut sqlx::AnyConnection) -> sqlx::Result<()> {
        if self == Self::Sqlite {
            sqlx::raw_sql("PRAGMA shrink_memory")
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    /// Checks that what was opened is a sound database, without reading much of it: a small one is checked in whole, of
    /// a large one the tables that everything else stands on. Damage elsewhere is an error where it is met.
    pub async fn check(self, connection: &mut sqlx::AnyConnection) -> sqlx::Result<Option<String>> {
        /// In bytes.
        const SMALL: i64 = 32 << 20;
        const FIRST: [&str; 6] = [
            "migrations",
            "settings",
            "workspaces",
            "domains",
            "api_keys",
            "api_key_secrets",
        ];
        if self == Self::Postgres {
            return Ok(None);
        }
        let size: i64 = sqlx::query_scalar(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        )
        .fetch_one(&mut *connection)
        .await?;
        let checks: Vec<String> = if size <= SMALL {
            vec!["PRAGMA quick_check(1)".to_owned()]
        } else {
            // Whatever is no database of ours, however large, has none of these.
            let has = "SELECT name FROM sqlite_schema WHERE type = 'table'";
            let tables: Vec<String> = sqlx::query_scalar(has).fetch_all(&mut *connection).await?;
            let ours = FIRST
                .iter()
                .filter(|name| tables.iter().any(|table| table == *name));
            ours.map(|name| format!("PRAGMA quick_check({name})"))
                .collect()
        };
        for check in checks {
            let verdict: String = sqlx::query_scalar(sqlx::AssertSqlSafe(check))
                .fetch_one(&mut *connection)
                .await?;
            if verdict != "ok" {
                return Ok(Some(verdict));
            }
        }
        Ok(None)
    }
}
