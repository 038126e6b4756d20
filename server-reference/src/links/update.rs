//! Updating a link: a recursive merge.

use approute::models::{Link, LinkCreate, LinkUpdate};
use serde::Serialize;
use serde_json::{Map, Value};

use super::check;
use super::create::{changed, external_id_taken, external_ids};
use super::record::Record;
use super::view::view;
use crate::api::{Answer, Write, etag};
use crate::generated::api::LinksUpdateParams;
use crate::problem::{Code, Failure, Problem};
use crate::store::links as store;

/// `links.update`.
pub async fn update(
    cx: &mut Write<'_>,
    link_id: String,
    params: LinksUpdateParams,
    body: LinkUpdate,
) -> Result<Answer<Link>, Failure> {
    let found = store::get(cx.tx, &cx.caller.workspace_id, &link_id, cx.now).await?;
    let record = found.ok_or_else(|| Problem::not_found("link"))?;
    let record = apply(cx, record, params.if_match.as_deref(), &body).await??;
    Ok(Answer::versioned(
        view(&record, &cx.app.addresses, cx.now),
        record.version,
    ))
}

/// Merges `patch` (whose members are those of `LinkUpdate`) into a link and stores it.
pub async fn apply(
    cx: &mut Write<'_>,
    mut record: Record,
    if_match: Option<&str>,
    patch: &impl Serialize,
) -> Result<Result<Record, Problem>, Failure> {
    if let Err(problem) = check_state(&record, if_match) {
        return Ok(Err(problem));
    }
    let Value::Object(mut patch) = serde_json::to_value(patch)? else {
        return Err(Failure::Internal("an update is no object".to_owned()));
    };
    let password_hash = match patch.remove("password") {
        None => record.password_hash.clone(),
        Some(password) => password
            .as_str()
            .and_then(|password| cx.input.passwords.get(password).cloned()),
    };
    let mut merged = serde_json::to_value(&record.document)?;
    merge(&mut merged, patch);
    let errors = cx.app.contract.check_link(&merged);
    if !errors.is_empty() {
        return Ok(Err(Problem::validation(errors)));
    }
    let document: LinkCreate = serde_json::from_value(merged)?;
    let errors = check::check(&document, password_hash.is_some());
    if !errors.is_empty() {
        return Ok(Err(Problem::validation(errors)));
    }
    if let Some(external_id) = document
        .external_id
        .clone()
        .filter(|id| record.document.external_id.as_ref() != Some(id))
    {
        let held = external_ids(cx, std::slice::from_ref(&external_id)).await?;
        if let Some(holder) = held.get(&external_id) {
            return Ok(Err(external_id_taken(&external_id, holder)));
        }
    }
    let from = record.version;
    if document == record.document && password_hash == record.password_hash {
        return Ok(Ok(record));
    }
    record.document = document;
    record.password_hash = password_hash;
    record.updated_at = cx.now;
    record.version += 1;
    save(cx, &record, from).await?;
    Ok(Ok(record))
}

/// Stores a changed link, or has the whole transaction repeated where another one was faster.
pub async fn save(cx: &mut Write<'_>, record: &Record, from: i64) -> Result<(), Failure> {
    if !store::update(cx.tx, cx.app.store.dialect(), record, from).await? {
        return Err(Failure::Conflict);
    }
    cx.changes.push(changed(record));
    Ok(())
}

fn check_state(record: &Record, if_match: Option<&str>) -> Result<(), Problem> {
    if record.deleted_at.is_some() {
        let detail = format!("The link {} is deleted. Restore it first.", record.id);
        return Err(Problem::new(Code::LinkDeleted, detail));
    }
    let current = etag(record.version);
    // `If-Match` compares strongly, so that a weak tag never fits.
    if if_match.is_some_and(|wanted| wanted.as_bytes() != current.as_bytes()) {
        let detail = format!(
            "The link is at version {}. Get it, look at the change, and try again with its ETag.",
            record.version
        );
        return Err(
            Problem::new(Code::PreconditionFailed, detail).with_header(http::header::ETAG, current)
        );
    }
    Ok(())
}

/// Absent leaves, null removes, objects merge, everything else is replaced.
fn merge(target: &mut Value, patch: Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else {
        return;
    };
    for (name, value) in patch {
        match value {
            Value::Null => {
                members.remove(&name);
            }
            Value::Object(inner) => merge(members.entry(name).or_insert(Value::Null), inner),
            value => {
                members.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merges_as_the_contract_says() {
        for (before, patch, after) in [
            (
                json!({ "title": "a", "notes": "b" }),
                json!({ "title": null }),
                json!({ "notes": "b" }),
            ),
            (
                json!({ "geo": { "DE": "a", "AT": "b" } }),
                json!({ "geo": { "DE": null, "CH": "c" } }),
                json!({ "geo": { "AT": "b", "CH": "c" } }),
            ),
            (
                json!({ "tags": ["a", "b"] }),
                json!({ "tags": ["c"] }),
                json!({ "tags": ["c"] }),
            ),
            (
                json!({}),
                json!({ "targets": { "ios": { "bundle_id": "x", "app_store_id": null } } }),
                json!({ "targets": { "ios": { "bundle_id": "x" } } }),
            ),
            (
                json!({ "targets": { "ios": { "bundle_id": "x" } } }),
                json!({ "targets": { "ios": null } }),
                json!({ "targets": {} }),
            ),
            (
                json!({ "utm": { "source": "a" } }),
                json!({ "utm": null }),
                json!({}),
            ),
            (json!({ "url": "a" }), json!({}), json!({ "url": "a" })),
        ] {
            let mut target = before;
            let Value::Object(patch) = patch else {
                unreachable!()
            };
            merge(&mut target, patch);
            assert_eq!(target, after);
        }
    }
}
