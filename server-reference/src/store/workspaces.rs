//! Workspaces, their plans and their settings.

use sqlx::{AnyConnection, Row};

use super::{Columns, Result};
use crate::clock::Micros;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
        #[clap(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The word that is stored.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads a stored word.
            pub fn parse(word: &str) -> Result<Self> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    other => Err(sqlx::Error::Decode(format!("{} {other:?}", stringify!($name)).into())),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a workspace pays for.
    Plan {
        /// No API.
        Free = "free",
        /// Read keys.
        Pro = "pro",
        /// Read and read-write keys.
        Team = "team",
    }
}

words! {
    /// How many deletes are confirmed.
    DeleteConfirmation {
        /// The token of the 409 answer is enough.
        Token = "token",
        /// A person approves the token in the dashboard first.
        Dashboard = "dashboard",
    }
}

/// A workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its plan.
    pub plan: Plan,
    /// Deletes per key and rolling hour that need no confirmation.
    pub delete_threshold: i64,
    /// How more are confirmed.
    pub delete_confirmation: DeleteConfirmation,
    /// Whether `--dev` made it.
    pub is_dev: bool,
    /// When it was made.
    pub created_at: Micros,
}

const COLUMNS: &str = "id, name, plan, delete_threshold, delete_confirmation, is_dev, created_at";

fn from_row(row: &sqlx::any::AnyRow) -> Result<Workspace> {
    Ok(Workspace {
        id: row.text("id")?,
        name: row.text("name")?,
        plan: Plan::parse(&row.text("plan")?)?,
        delete_threshold: row.int("delete_threshold")?,
        delete_confirmation: DeleteConfirmation::parse(&row.text("delete_confirmation")?)?,
        is_dev: row.flag("is_dev")?,
        created_at: row.int("created_at")?,
    })
}

/// Adds a workspace.
pub async fn insert(connection: &mut AnyConnection, workspace: &Workspace) -> Result<()> {
    sqlx::query(
        "INSERT INTO workspaces (id, name, plan, delete_threshold, delete_confirmation, is_dev, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&workspace.id)
    .bind(&workspace.name)
    .bind(workspace.plan.as_str())
    .bind(workspace.delete_threshold)
    .bind(workspace.delete_confirmation.as_str())
    .bind(i64::from(workspace.is_dev))
    .bind(workspace.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores a workspace's plan and settings.
pub async fn update(connection: &mut AnyConnection, workspace: &Workspace) -> Result<()> {
    sqlx::query(
        "UPDATE workspaces SET name = $2, plan = $3, delete_threshold = $4, delete_confirmation = $5 WHERE id = $1",
    )
    .bind(&workspace.id)
    .bind(&workspace.name)
    .bind(workspace.plan.as_str())
    .bind(workspace.delete_threshold)
    .bind(workspace.delete_confirmation.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// The workspace with this id.
pub async fn get(connection: &mut AnyConnection, id: &str) -> Result<Option<Workspace>> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM workspaces WHERE id = $1"));
    sqlx::query(sql)
        .bind(id)
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// All workspaces, oldest first.
pub async fn list(connection: &mut AnyConnection) -> Result<Vec<Workspace>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM workspaces ORDER BY created_at, id"
    ));
    sqlx::query(sql)
        .fetch_all(connection)
        .await?
        .iter()
        .map(from_row)
        .collect()
}

/// The workspace that `--dev` made here earlier, and whether there is any workspace at all.
pub async fn find_dev(connection: &mut AnyConnection) -> Result<Option<Workspace>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM workspaces WHERE is_dev = 1 ORDER BY created_at LIMIT 1"
    ));
    sqlx::query(sql)
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// How many workspaces there are.
pub async fn count(connection: &mut AnyConnection) -> Result<i64> {
    sqlx::query("SELECT COUNT(*) AS n FROM workspaces")
        .fetch_one(connection)
        .await?
        .try_get("n")
}
