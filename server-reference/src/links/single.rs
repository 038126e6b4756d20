//! Getting and restoring one link.

use approute::models::Link;

use super::update::save;
use super::view::view;
use crate::api::{Answer, Read, Write};
use crate::problem::{Failure, Problem};
use crate::store::links as store;

/// `links.get`.
pub async fn get(cx: &mut Read<'_>, link_id: String) -> Result<Answer<Link>, Failure> {
    let found = store::get(cx.connection, &cx.caller.workspace_id, &link_id, cx.now).await?;
    let record = found.ok_or_else(|| Problem::not_found("link"))?;
    Ok(Answer::versioned(
        view(&record, &cx.app.addresses, cx.now),
        record.version,
    ))
}

/// `links.restore`.
pub async fn restore(cx: &mut Write<'_>, link_id: String) -> Result<Answer<Link>, Failure> {
    let found = store::get(cx.tx, &cx.caller.workspace_id, &link_id, cx.now).await?;
    let mut record = found.ok_or_else(|| Problem::not_found("link"))?;
    if record.deleted_at.is_some() {
        let from = record.version;
        record.deleted_at = None;
        record.purge_at = None;
        record.updated_at = cx.now;
        record.version += 1;
        save(cx, &record, from).await?;
    }
    Ok(Answer::versioned(
        view(&record, &cx.app.addresses, cx.now),
        record.version,
    ))
}
