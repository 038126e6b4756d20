//! Links in the database.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::rows::{self, Value};
use super::{Columns, Dialect, Result, clicks};
use crate::clock::Micros;
use crate::links::record::{KEPT_AFTER_DELETE, Record, micros};

const COLUMNS: &str = "id, workspace_id, domain, slug, document, password_hash, created_at, updated_at, deleted_at, \
                       purge_at, created_by_key_id, version, COALESCE(link_counts.click_count, 0) AS click_count, \
                       COALESCE(link_counts.bot_click_count, 0) AS bot_click_count, link_counts.last_clicked_at";
/// Links with their counts, which those that were never visited do not have.
const COUNTED_LINKS: &str = "links LEFT JOIN link_counts ON link_counts.link_id = links.id";

fn from_row(row: &AnyRow) -> Result<Record> {
    let document = row.text("document")?;
    Ok(Record {
        id: row.text("id")?,
        workspace_id: row.text("workspace_id")?,
        domain: row.text("domain")?,
        slug: row.text("slug")?,
        document: serde_json::from_str(&document)
            .map_err(|error| sqlx::Error::Decode(error.into()))?,
        password_hash: row.text_opt("password_hash")?,
        click_count: row.int("click_count")?,
        bot_click_count: row.int("bot_click_count")?,
        last_clicked_at: row.int_opt("last_clicked_at")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
        deleted_at: row.int_opt("deleted_at")?,
        purge_at: row.int_opt("purge_at")?,
        created_by_key_id: row.text("created_by_key_id")?,
        version: row.int("version")?,
    })
}

fn document(record: &Record) -> Result<String> {
    serde_json::to_string(&record.document).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn has_thresholds(record: &Record) -> i64 {
    let thresholds = record.document.click_thresholds.as_ref();
    thresholds
        .is_some_and(|thresholds| !thresholds.is_empty())
        .into()
}

/// Inserts links with their tags.
pub async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    records: &[&Record],
) -> Result<()> {
    const INSERTED: &[&str] = &[
        "id",
        "workspace_id",
        "domain",
        "slug",
        "slug_key",
        "document",
        "search",
        "external_id",
        "program_id",
        "sub_id",
        "archived",
        "starts_at",
        "expires_at",
        "click_limit",
        "password_hash",
        "has_thresholds",
        "created_at",
        "updated_at",
        "created_by_key_id",
        "version",
    ];
    let mut links = Vec::with_capacity(records.len());
    for &record in records {
        let set = &record.document;
        links.push(vec![
            Value::Text(record.id.clone()),
            Value::Text(record.workspace_id.clone()),
            Value::Text(record.domain.clone()),
            Value::Text(record.slug.clone()),
            Value::Text(record.slug_key()),
            Value::Text(document(record)?),
            Value::Text(record.search_text()),
            Value::TextOpt(set.external_id.clone()),
            Value::TextOpt(set.program_id.clone()),
            Value::TextOpt(set.sub_id.clone()),
            Value::Int((set.archived == Some(true)).into()),
            Value::IntOpt(micros(set.starts_at)),
            Value::IntOpt(micros(set.expires_at)),
            Value::IntOpt(set.click_limit),
            Value::TextOpt(record.password_hash.clone()),
            Value::Int(has_thresholds(record)),
            Value::Int(record.created_at),
            Value::Int(record.updated_at),
            Value::Text(record.created_by_key_id.clone()),
            Value::Int(record.version),
        ]);
    }
    rows::insert(connection, dialect, "links", INSERTED, links).await?;
    insert_tags(connection, dialect, records).await
}

async fn insert_tags(
    connection: &mut AnyConnection,
    dialect: Dialect,
    records: &[&Record],
) -> Result<()> {
    let tag = |record: &Record, tag: &String| {
        vec![
            Value::Text(record.workspace_id.clone()),
            Value::Text(tag.clone()),
            Value::Text(record.id.clone()),
        ]
    };
    let tags = records
        .iter()
        .flat_map(|record| record.tags().iter().map(move |name| tag(record, name)))
        .collect();
    rows::insert(
        connection,
        dialect,
        "link_tags",
        &["workspace_id", "tag", "link_id"],
        tags,
    )
    .await
}

/// Stores what an update changed; false where the link is no longer at version `from`.
pub async fn update(
    connection: &mut AnyConnection,
    dialect: Dialect,
    record: &Record,
    from: i64,
) -> Result<bool> {
    let set = &record.document;
    let done = sqlx::query(
        "UPDATE links SET document = $3, search = $4, external_id = $5, program_id = $6, sub_id = $7, archived = $8, \
         starts_at = $9, expires_at = $10, click_limit = $11, password_hash = $12, updated_at = $13, deleted_at = $14, \
         purge_at = $15, version = $16, has_thresholds = $17 WHERE id = $1 AND version = $2",
    )
    .bind(&record.id)
    .bind(from)
    .bind(document(record)?)
    .bind(record.search_text())
    .bind(set.external_id.clone())
    .bind(set.program_id.clone())
    .bind(set.sub_id.clone())
    .bind(i64::from(set.archived == Some(true)))
    .bind(micros(set.starts_at))
    .bind(micros(set.expires_at))
    .bind(set.click_limit)
    .bind(record.password_hash.clone())
    .bind(record.updated_at)
    .bind(record.deleted_at)
    .bind(record.purge_at)
    .bind(record.version)
    .bind(has_thresholds(record))
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    if has_thresholds(record) == 1 {
        clicks::lock_count(connection, &record.id).await?;
    }
    sqlx::query("DELETE FROM link_tags WHERE link_id = $1")
        .bind(&record.id)
        .execute(&mut *connection)
        .await?;
    insert_tags(connection, dialect, &[record]).await?;
    Ok(true)
}

/// A link of the workspace, deleted ones too until they are purged.
pub async fn get(
    connection: &mut AnyConnection,
    workspace_id: &str,
    id: &str,
    now: Micros,
) -> Result<Option<Record>> {
    sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM {COUNTED_LINKS} WHERE id = $1 AND workspace_id = $2 AND (purge_at IS NULL OR purge_at > $3)"
    )))
    .bind(id)
    .bind(workspace_id)
    .bind(now)
    .fetch_optional(connection)
    .await?
    .as_ref()
    .map(from_row)
    .transpose()
}

/// Several links of the workspace, by id. SQLite would rather read the whole workspace than look up ten ids; a value
/// that is computed gives it no choice.
pub async fn get_many(
    connection: &mut AnyConnection,
    dialect: Dialect,
    workspace_id: &str,
    ids: &[String],
    now: Micros,
) -> Result<HashMap<String, Record>> {
    let mut found = HashMap::new();
    for list in rows::lists(dialect, ids) {
        let sql = format!(
            "SELECT {COLUMNS} FROM {COUNTED_LINKS} WHERE workspace_id || '' = {} AND (purge_at IS NULL OR purge_at > {}) AND id IN ({})",
            dialect.place(1),
            dialect.place(2),
            list.sql(2)
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(workspace_id.to_owned())
            .bind(now);
        for row in list.bind(query).fetch_all(&mut *connection).await? {
            let record = from_row(&row)?;
            found.insert(record.id.clone(), record);
        }
    }
    Ok(found)
}

/// The link that a visit is for, deleted ones too: their slugs stay reserved.
pub async fn find(
    connection: &mut AnyConnection,
    domain: &str,
    slug_key: &str,
) -> Result<Option<Record>> {
    sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM {COUNTED_LINKS} WHERE domain = $1 AND slug_key = $2"
    )))
    .bind(domain)
    .bind(slug_key)
    .fetch_optional(connection)
    .await?
    .as_ref()
    .map(from_row)
    .transpose()
}

/// A link that holds a slug or an external id.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Its id.
    pub id: String,
    /// Its workspace.
    pub workspace_id: String,
    /// Its domain.
    pub domain: String,
    /// Its slug, or its external id.
    pub name: String,
    /// When it goes for good.
    pub purge_at: Option<Micros>,
}

/// Who holds these slugs (lower case), on any domain.
pub async fn slug_holders(
    connection: &mut AnyConnection,
    dialect: Dialect,
    domain: &str,
    slug_keys: &[String],
) -> Result<Vec<Holder>> {
    holders(
        connection,
        dialect,
        ("domain", domain),
        "slug_key",
        slug_keys,
    )
    .await
}

/// Who holds these external ids in the workspace.
pub async fn external_id_holders(
    connection: &mut AnyConnection,
    dialect: Dialect,
    workspace_id: &str,
    external_ids: &[String],
) -> Result<Vec<Holder>> {
    let scope = ("workspace_id", workspace_id);
    holders(connection, dialect, scope, "external_id", external_ids).await
}

async fn holders(
    connection: &mut AnyConnection,
    dialect: Dialect,
    (scope, within): (&str, &str),
    column: &str,
    names: &[String],
) -> Result<Vec<Holder>> {
    let mut found = Vec::new();
    for list in rows::lists(dialect, names) {
        let sql = format!(
            "SELECT id, workspace_id, domain, {column} AS name, purge_at FROM links WHERE {scope} = {} AND {column} IN ({})",
            dialect.place(1),
            list.sql(1)
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(within.to_owned());
        for row in list.bind(query).fetch_all(&mut *connection).await? {
            found.push(Holder {
                id: row.text("id")?,
                workspace_id: row.text("workspace_id")?,
                domain: row.text("domain")?,
                name: row.text("name")?,
                purge_at: row.int_opt("purge_at")?,
            });
        }
    }
    Ok(found)
}

/// Deletes links softly; each of them must not be deleted yet.
pub async fn delete(
    connection: &mut AnyConnection,
    dialect: Dialect,
    ids: &[String],
    now: Micros,
) -> Result<u64> {
    let mut deleted = 0;
    for list in rows::lists(dialect, ids) {
        let sql = format!(
            "UPDATE links SET deleted_at = {}, purge_at = {}, updated_at = {}, version = version + 1 \
             WHERE deleted_at IS NULL AND id IN ({})",
            dialect.place(1),
            dialect.place(2),
            dialect.place(3),
            list.sql(3)
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(now)
            .bind(now + KEPT_AFTER_DELETE)
            .bind(now);
        deleted += list
            .bind(query)
            .execute(&mut *connection)
            .await?
            .rows_affected();
    }
    Ok(deleted)
}

/// What a list asks for, as SQL.
pub struct Selection {
    /// Conditions, with `{}` for each value.
    pub conditions: Vec<&'static str>,
    /// The values.
    pub values: Vec<Value>,
}

/// Links by a selection, newest first.
pub async fn select(
    connection: &mut AnyConnection,
    selection: Selection,
    limit: i64,
) -> Result<Vec<Record>> {
    let mut place = 0;
    let mut conditions = String::new();
    for (index, condition) in selection.conditions.iter().enumerate() {
        conditions.push_str(if index == 0 { "" } else { " AND " });
        for (part, text) in condition.split("{}").enumerate() {
            if part > 0 {
                place += 1;
                conditions.push_str(&format!("${place}"));
            }
            conditions.push_str(text);
        }
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM {COUNTED_LINKS} WHERE {conditions} ORDER BY created_at DESC, id DESC LIMIT ${}",
        place + 1
    );
    let values = selection.values.into_iter().chain([Value::Int(limit)]);
    rows::fetch(connection, sql, values, from_row).await
}
