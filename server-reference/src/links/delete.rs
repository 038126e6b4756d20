//! Deleting links, and the confirmation that many deletes need.

use std::collections::HashMap;

use approute::models::Link;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::create::changed;
use super::record::{KEPT_AFTER_DELETE, Record};
use super::view::view;
use crate::api::{Answer, PendingConfirmation, Write};
use crate::clock::{MINUTE, to_datetime};
use crate::ids::Purpose;
use crate::problem::{Code, Confirmation, Failure, Problem};
use crate::store::workspaces::DeleteConfirmation;
use crate::store::{confirmations, links as store};

/// How long a token works.
const TOKEN_WORKS: i64 = 10 * MINUTE;

/// `links.delete`.
pub async fn delete(cx: &mut Write<'_>, link_id: String) -> Result<Answer<Link>, Failure> {
    let ids = [link_id];
    let mut found = store::get_many(
        cx.tx,
        cx.app.store.dialect(),
        &cx.caller.workspace_id,
        &ids,
        cx.now,
    )
    .await?;
    allow(cx, &ids, &found).await?;
    delete_all(cx, &mut found).await?;
    let record = found
        .remove(&ids[0])
        .ok_or_else(|| Problem::not_found("link"))?;
    Ok(Answer::versioned(
        view(&record, &cx.app.addresses, cx.now),
        record.version,
    ))
}

/// Lets the deletes of a call pass, or asks for a confirmation. `found` are the links among `ids` that exist; those
/// that are deleted already do not count.
pub async fn allow(
    cx: &mut Write<'_>,
    ids: &[String],
    found: &HashMap<String, Record>,
) -> Result<(), Failure> {
    let count = alive(found);
    if count == 0 {
        return Ok(());
    }
    let lately = confirmations::deleted_lately(cx.tx, &cx.caller.key_id, cx.now).await?;
    if lately + count <= cx.caller.delete_threshold {
        return Ok(());
    }
    let targets = digest_of(ids);
    if let Some(token) = cx.input.confirmation.clone() {
        let hash = token_hash(&token);
        let known =
            confirmations::find(cx.tx, &hash, &cx.caller.key_id, cx.operation, cx.now).await?;
        if let Some(known) = known.filter(|known| known.targets == targets) {
            let waits = cx.caller.delete_confirmation == DeleteConfirmation::Dashboard
                && known.approved_at.is_none();
            if waits {
                return Err(required(cx, token, count, known.expires_at).into());
            }
            if confirmations::consume(cx.tx, &hash).await? {
                return Ok(());
            }
        }
    }
    let token = format!(
        "cnf_{}",
        URL_SAFE_NO_PAD.encode(cx.app.ids.random::<24>(Purpose::Secret))
    );
    let expires_at = cx.now + TOKEN_WORKS;
    cx.confirmation = Some(PendingConfirmation {
        hash: token_hash(&token),
        targets,
        ids: ids.to_vec(),
        delete_count: count,
        expires_at,
    });
    Err(required(cx, token, count, expires_at).into())
}

/// Deletes those of the links that are not deleted yet, and counts them.
pub async fn delete_all(
    cx: &mut Write<'_>,
    found: &mut HashMap<String, Record>,
) -> Result<(), Failure> {
    let ids: Vec<String> = found
        .values()
        .filter(|record| record.deleted_at.is_none())
        .map(|record| record.id.clone())
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let deleted = store::delete(cx.tx, cx.app.store.dialect(), &ids, cx.now).await?;
    if deleted != ids.len() as u64 {
        return Err(Failure::Conflict);
    }
    confirmations::count_deleted(cx.tx, &cx.caller.key_id, ids.len() as i64, cx.now).await?;
    for id in &ids {
        let Some(record) = found.get_mut(id) else {
            continue;
        };
        record.deleted_at = Some(cx.now);
        record.purge_at = Some(cx.now + KEPT_AFTER_DELETE);
        record.updated_at = cx.now;
        record.version += 1;
        cx.changes.push(changed(record));
    }
    Ok(())
}

/// SHA-256 of a token; the token itself is not stored.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

fn alive(found: &HashMap<String, Record>) -> i64 {
    found
        .values()
        .filter(|record| record.deleted_at.is_none())
        .count() as i64
}

/// The exact ids, whatever their order.
fn digest_of(ids: &[String]) -> Vec<u8> {
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    Sha256::digest(ids.join("\n").as_bytes()).to_vec()
}

fn required(cx: &Write<'_>, token: String, count: i64, expires_at: i64) -> Problem {
    let how = match cx.caller.delete_confirmation {
        DeleteConfirmation::Token => "Repeat the call with the token in Approute-Confirmation",
        DeleteConfirmation::Dashboard => {
            "Have a person approve it in the dashboard, then repeat the call with the token in Approute-Confirmation"
        }
    };
    let threshold = cx.caller.delete_threshold;
    let detail = format!(
        "This would be more than {threshold} deletes within an hour. {how}. Nothing was done."
    );
    let delete_count = usize::try_from(count).unwrap_or_default();
    let confirmation = Confirmation {
        token,
        delete_count,
        expires_at: to_datetime(expires_at),
    };
    Problem {
        confirmation: Some(Box::new(confirmation)),
        ..Problem::new(Code::ConfirmationRequired, detail)
    }
}
