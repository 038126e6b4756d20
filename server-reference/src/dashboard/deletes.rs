//! Deleting links: one, several, and with a second look where they are many.

use approute::models::BatchResult;
use askama::Template;
use axum::extract::Path;
use http::StatusCode;
use serde_json::json;

use super::act::{Confirmation, Refusal};
use super::links::{Row, refused};
use super::page::{self, Outcome, Page, Section};
use super::session::{Person, Posted};
use crate::generated::api::Operation;
use crate::links::delete::token_hash;
use crate::problem::Failure;
use crate::store::{confirmations, links as store};

/// Links that are named where a person confirms that they go.
const NAMED: usize = 100;

#[derive(Template)]
#[template(path = "dashboard/confirm.html")]
struct Confirm {
    page: Page,
    rows: Vec<Row>,
    /// How many are not named.
    more: i64,
    threshold: i64,
    action: String,
    ids: Vec<String>,
    token: String,
    count: i64,
}

/// `POST /dashboard/links/{id}/delete`
pub async fn delete(Path(id): Path<String>, posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    person
        .approve_own(form.get("confirmation"), Operation::LinksDelete)
        .await?;
    let call = person
        .call(Operation::LinksDelete, &[&id])
        .header("approute-confirmation", form.get("confirmation"));
    match call.outcome().await? {
        Ok(_) => page::go(&format!("/dashboard/links/{id}?done=deleted")),
        Err(Refusal {
            confirmation: Some(confirmation),
            ..
        }) => {
            let action = format!("/dashboard/links/{id}/delete");
            confirm(&person, action, vec![id], confirmation).await
        }
        Err(refusal) => refused(&person, &refusal),
    }
}

/// `POST /dashboard/links/delete`
pub async fn delete_many(posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let ids: Vec<String> = form.all("id").map(str::to_owned).collect();
    if ids.is_empty() {
        return page::go("/dashboard/links?done=none");
    }
    person
        .approve_own(form.get("confirmation"), Operation::LinksBatch)
        .await?;
    let call = person
        .call(Operation::LinksBatch, &[])
        .header("approute-confirmation", form.get("confirmation"))
        .body(json!({ "delete": ids }));
    match call.told::<BatchResult>().await? {
        Ok(result) if result.summary.failed == 0 => page::go("/dashboard/links?done=deleted"),
        Ok(_) => page::go("/dashboard/links?done=some"),
        Err(Refusal {
            confirmation: Some(confirmation),
            ..
        }) => {
            confirm(
                &person,
                "/dashboard/links/delete".to_owned(),
                ids,
                confirmation,
            )
            .await
        }
        Err(refusal) => refused(&person, &refusal),
    }
}

impl Person {
    /// Who confirms their own deletes here is the person that `delete_confirmation: dashboard` asks for.
    async fn approve_own(&self, token: &str, operation: Operation) -> Result<(), Failure> {
        if token.is_empty() {
            return Ok(());
        }
        let (hash, key_id) = (token_hash(token), &self.caller.key_id);
        let mut tx = self.app.store.write().await?;
        if confirmations::find(&mut tx, &hash, key_id, operation.id(), self.now)
            .await?
            .is_some()
        {
            confirmations::approve(&mut tx, &hash, self.now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Some of these links, as they are listed, those that are deleted already left out.
    pub async fn named(&self, ids: &[String]) -> Result<Vec<Row>, Failure> {
        let shown = &ids[..ids.len().min(NAMED)];
        let mut connection = self.app.store.read().await?;
        let dialect = self.app.store.dialect();
        let found = store::get_many(
            &mut connection,
            dialect,
            &self.workspace.id,
            shown,
            self.now,
        );
        let mut found = found.await?;
        let records = shown.iter().filter_map(|id| found.remove(id));
        let alive = records.filter(|record| record.deleted_at.is_none());
        let view = |record| crate::links::view::into_view(record, &self.app.addresses, self.now);
        Ok(alive.map(view).map(Row::from).collect())
    }
}

async fn confirm(
    person: &Person,
    action: String,
    ids: Vec<String>,
    asked: Confirmation,
) -> Outcome {
    let rows = person.named(&ids).await?;
    page::show_as(
        StatusCode::CONFLICT,
        &Confirm {
            page: person.page(Section::Links, "Confirm many deletes"),
            more: asked.delete_count - rows.len() as i64,
            rows,
            threshold: person.workspace.delete_threshold,
            action,
            ids,
            token: asked.token,
            count: asked.delete_count,
        },
    )
}
