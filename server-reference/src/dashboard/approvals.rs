//! Many deletes that wait for a person: who asks, and for which links.

use askama::Template;

use super::links::Row;
use super::page::{self, Outcome, Page, Section, When};
use super::session::{Person, Posted};
use crate::ids::hex;
use crate::problem::Failure;
use crate::store::confirmations::{self, Waiting};
use crate::store::workspaces::DeleteConfirmation;

struct Asked {
    hash: String,
    key_id: String,
    key_name: String,
    count: i64,
    asked: When,
    ends: When,
    rows: Vec<Row>,
    /// Links that are not named.
    more: i64,
}

#[derive(Template)]
#[template(path = "dashboard/approvals.html")]
struct Approvals {
    page: Page,
    asked: Vec<Asked>,
    /// Whether the workspace wants a person to approve at all.
    wanted: bool,
    threshold: i64,
}

impl Person {
    async fn waiting_confirmations(&self) -> Result<Vec<Waiting>, Failure> {
        let mut connection = self.app.store.read().await?;
        Ok(confirmations::waiting(&mut connection, &self.workspace.id, self.now).await?)
    }

    fn wants_approval(&self) -> bool {
        self.workspace.delete_confirmation == DeleteConfirmation::Dashboard
    }
}

/// `GET /dashboard/approvals`
pub async fn list(person: Person) -> Outcome {
    let mut asked = Vec::new();
    if person.wants_approval() {
        for waiting in person.waiting_confirmations().await? {
            // What a person asks for here, they confirm where they ask.
            if waiting.key_id == person.caller.key_id {
                continue;
            }
            let rows = person.named(&waiting.ids).await?;
            asked.push(Asked {
                hash: hex(&waiting.hash),
                key_id: waiting.key_id,
                key_name: waiting.key_name,
                count: waiting.delete_count,
                asked: When(waiting.created_at),
                ends: When(waiting.expires_at),
                more: waiting.delete_count - rows.len() as i64,
                rows,
            });
        }
    }
    page::show(&Approvals {
        page: person.page(Section::Approvals, "Approvals"),
        asked,
        wanted: person.wants_approval(),
        threshold: person.workspace.delete_threshold,
    })
}

/// `POST /dashboard/approvals`
pub async fn decide(posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let waiting = person.waiting_confirmations().await?;
    // Those of this workspace only, whatever hash is sent.
    let Some(found) = waiting
        .iter()
        .find(|waiting| hex(&waiting.hash) == form.get("hash"))
    else {
        return page::go("/dashboard/approvals?done=late");
    };
    let mut tx = person.app.store.write().await?;
    let (done, word, logged) = if form.get("decision") == "approve" {
        let done = confirmations::approve(&mut tx, &found.hash, person.now).await?;
        (done, "approved", "dashboard.approve")
    } else {
        let done = confirmations::consume(&mut tx, &found.hash).await?;
        (done, "refused", "dashboard.refuse")
    };
    if done {
        person.log(&mut tx, logged, &found.key_id).await?;
    }
    tx.commit().await?;
    let word = if done { word } else { "late" };
    page::go(&format!("/dashboard/approvals?done={word}"))
}
