//! Opening a database, and saying in one line what is wrong with it when that fails.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rand::Rng as _;
use sqlx::Connection as _;
use sqlx::any::AnyPoolOptions;

use super::migrate::{self, Outcome};
use super::{Dialect, Store};
use crate::clock::Clock;

const READERS: u32 = 4;
/// Pages of a file that a connection keeps, in KiB; the system keeps the file itself.
const READ_CACHE: u32 = 300;
/// What a write changes stays in memory until the commit. Beside it there is to be room for the pages that lead to it: where
/// there was none, a batch of a thousand links read each of them again for every link. [`Store::checkpoint`] gives the
/// room back.
const WRITE_CACHE: u32 = 16_384;
const IN_PATHS: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

/// Where the data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// In memory; gone when the server stops.
    Memory,
    /// In this SQLite file, made where it is missing.
    File(PathBuf),
    /// In PostgreSQL, by this URL.
    Postgres(String),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Err(format!(
                "{text:?} is no database; use sqlite:PATH, sqlite::memory: or postgres://…"
            ));
        };
        match path.strip_prefix("//").unwrap_or(path) {
            "" => Err("sqlite: needs a path, such as sqlite:approute.db".to_owned()),
            ":memory:" => Ok(Self::Memory),
            path => Ok(Self::File(path.into())),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("sqlite::memory:"),
            Self::File(path) => write!(f, "sqlite:{}", path.display()),
            // The URL may hold a password.
            Self::Postgres(_) => f.write_str("the PostgreSQL database"),
        }
    }
}

/// Why a database cannot be used, in one line that says what to do.
#[derive(Debug)]
pub struct OpenError(pub String);

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenError {}

impl Store {
    /// Opens `target` and brings its schema up to date.
    pub async fn open(target: &Target, clock: &dyn Clock) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let explain = |error: sqlx::Error| OpenError(explain(target, &error));
        let (url, dialect) = match target {
            Target::Memory => ("sqlite::memory:".to_owned(), Dialect::Sqlite),
            Target::File(path) => {
                check_path(path)?;
                let path = utf8_percent_encode(&path.to_string_lossy(), IN_PATHS).to_string();
                (format!("sqlite:{path}?mode=rwc"), Dialect::Sqlite)
            }
            Target::Postgres(url) => (url.clone(), Dialect::Postgres),
        };
        // One connection first: a pool would try again and again where one answer is enough.
        let mut first = sqlx::AnyConnection::connect(&url).await.map_err(explain)?;
        if *target != Target::Memory {
            dialect
                .prepare(&mut first, READ_CACHE)
                .await
                .map_err(explain)?;
            migrate(&mut first, dialect, target, clock).await?;
        }
        first.close().await.map_err(explain)?;
        let pool = |connections, cache_kib| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .min_connections(1)
                .acquire_timeout(Duration::from_secs(30))
                .idle_timeout(None)
                .max_lifetime(None)
                .after_connect(move |connection, _| {
                    Box::pin(dialect.prepare(connection, cache_kib))
                })
                .connect(&url)
        };
        // In memory, a second connection would be a second, empty database.
        let writers = if dialect == Dialect::Sqlite {
            1
        } else {
            2 * READERS
        };
        let write = pool(writers, WRITE_CACHE).await.map_err(explain)?;
        let read = match target {
            Target::File(_) => pool(READERS, READ_CACHE).await.map_err(explain)?,
            Target::Memory | Target::Postgres(_) => write.clone(),
        };
        if *target == Target::Memory {
            let mut connection = write.acquire().await.map_err(explain)?;
            migrate(&mut connection, dialect, target, clock).await?;
        }
        Ok(Self {
            read,
            write,
            dialect,
            logged: matches!(target, Target::File(_)),
        })
    }

    /// A secret that all nodes on this database share, made at its first use.
    pub async fn shared_secret(&self, name: &str) -> super::Result<Vec<u8>> {
        let mut fresh = [0u8; 32];
        rand::rng().fill_bytes(&mut fresh);
        self.remembered(name, fresh.to_vec()).await
    }

    /// What was remembered under `name` first; `fresh` where nothing was.
    pub async fn remembered(&self, name: &str, fresh: Vec<u8>) -> super::Result<Vec<u8>> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        )
        .bind(name)
        .bind(fresh)
        .execute(&mut *tx)
        .await?;
        let value = sqlx::query_scalar("SELECT value FROM settings WHERE name = $1")
            .bind(name)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(value)
    }
}

/// Checks that the database is sound, and brings its schema up to date.
async fn migrate(
    connection: &mut sqlx::AnyConnection,
    dialect: Dialect,
    target: &Target,
    clock: &dyn Clock,
) -> Result<(), OpenError> {
    let explain = |error: sqlx::Error| OpenError(explain(target, &error));
    if let Some(damage) = dialect.check(connection).await.map_err(explain)? {
        return Err(OpenError(damaged(target, &damage)));
    }
    let mut tx = connection
        .begin_with(dialect.begin_write())
        .await
        .map_err(explain)?;
    match migrate::run(&mut tx, dialect, clock.now())
        .await
        .map_err(explain)?
    {
        Outcome::Current => tx.commit().await.map_err(explain),
        Outcome::Newer(version) => Err(OpenError(format!(
            "{target} was written by a newer approute-server (schema {version}); use that version or a newer one"
        ))),
    }
}

/// Catches what SQLite would only call "unable to open database file".
fn check_path(path: &Path) -> Result<(), OpenError> {
    if path.is_dir() {
        return Err(OpenError(format!(
            "{} is a directory; name a file, such as {0}/approute.db",
            path.display()
        )));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(OpenError(format!(
            "cannot open {}: the folder {} does not exist; create it first",
            path.display(),
            folder.display()
        )));
    }
    Ok(())
}

fn damaged(target: &Target, reason: &str) -> String {
    let reason: Vec<&str> = reason.split_whitespace().collect();
    let reason = reason.join(" ");
    format!(
        "{target} is damaged or no AppRoute database ({reason}); restore it from a backup or name another file"
    )
}

fn explain(target: &Target, error: &sqlx::Error) -> String {
    let reason = match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    };
    if matches!(target, Target::Postgres(_)) {
        return format!(
            "cannot use {target}: {reason}; check that it runs and that the URL is right"
        );
    }
    let code = match error {
        sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<i32>().ok()),
        _ => None,
    };
    match code.map(|code| code & 0xff) {
        Some(5) => format!("{target} is locked by another program; stop it or name another file"),
        Some(8) => format!(
            "{target} cannot be written; give this user write access to the file and its folder"
        ),
        Some(10 | 13) => format!(
            "{target} cannot be written ({reason}): the disk is full or failing; make room and try again"
        ),
        Some(14 | 23 | 3) => format!(
            "cannot open {target} ({reason}); check that this user may write the file and its folder"
        ),
        Some(11 | 26) => damaged(target, &reason),
        _ => format!("cannot use {target}: {reason}"),
    }
}
