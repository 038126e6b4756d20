//! Many links in one transaction: create, then update, then delete.

use std::collections::HashSet;

use approute::models::{BatchItem, BatchLinkUpdate, BatchResult, LinkBatch, LinkCreate};
use approute::parts;

use super::record::Record;
use super::view::into_view;
use super::{create, delete, update};
use crate::api::{Answer, Write};
use crate::problem::{Code, Failure, FieldCode, FieldError, Problem};
use crate::store::links as store;

/// Items in one batch.
const MOST: usize = 1_000;
/// Errors that a refused atomic batch lists.
const ERRORS: usize = 100;

type Outcome = Result<Record, Problem>;

/// `links.batch`.
pub async fn batch(cx: &mut Write<'_>, body: LinkBatch) -> Result<Answer<BatchResult>, Failure> {
    let atomic = body.atomic.unwrap_or_default();
    let creates = Items::new(cx, "create", body.create.unwrap_or_default());
    let updates = Items::new(cx, "update", body.update.unwrap_or_default());
    let deletes = Items::new(cx, "delete", body.delete.unwrap_or_default());
    check_size(creates.total + updates.total + deletes.total)?;
    check_once(&updates, &deletes)?;

    // Before anything else, since a batch that needs a confirmation does nothing at all.
    let ids: Vec<String> = deletes.valid.iter().map(|(_, id)| id.clone()).collect();
    let mut doomed = store::get_many(
        cx.tx,
        cx.app.store.dialect(),
        &cx.caller.workspace_id,
        &ids,
        cx.now,
    )
    .await?;
    delete::allow(cx, &ids, &doomed).await?;

    let creates = create_items(cx, creates).await?;
    let updates = update_items(cx, updates).await?;
    delete::delete_all(cx, &mut doomed).await?;
    let deletes = deletes.settle(|id| doomed.remove(&id).ok_or_else(|| Problem::not_found("link")));

    let lists = [
        ("create", 201, creates),
        ("update", 200, updates),
        ("delete", 200, deletes),
    ];
    if atomic
        && lists
            .iter()
            .any(|(_, _, outcomes)| outcomes.iter().any(Result::is_err))
    {
        return Err(rejected(&lists).into());
    }
    let total = lists
        .iter()
        .map(|(_, _, outcomes)| outcomes.len())
        .sum::<usize>();
    let succeeded = lists
        .iter()
        .flat_map(|(_, _, outcomes)| outcomes)
        .filter(|outcome| outcome.is_ok())
        .count();
    let [create, update, delete] = lists.map(|(_, status, outcomes)| entries(cx, status, outcomes));
    let summary = parts::BatchSummary {
        total: total as i64,
        succeeded: succeeded as i64,
        failed: (total - succeeded) as i64,
    };
    let result = parts::BatchResult {
        summary: summary.into(),
        create: create?,
        update: update?,
        delete: delete?,
    };
    Ok(Answer::new(result.into()))
}

/// One of the three lists: the items that keep the schema with their places, and what became of the others.
struct Items<T> {
    total: usize,
    valid: Vec<(usize, T)>,
    refused: Vec<(usize, Problem)>,
}

impl<T> Items<T> {
    fn new(cx: &Write<'_>, list: &str, items: Vec<T>) -> Self {
        let refused: Vec<(usize, Problem)> = cx
            .input
            .rejected
            .iter()
            .filter(|((of, _), _)| of == list)
            .map(|((_, index), errors)| (*index, Problem::validation(errors.clone())))
            .collect();
        let total = items.len() + refused.len();
        let places: HashSet<usize> = refused.iter().map(|(index, _)| *index).collect();
        let valid = (0..total)
            .filter(|index| !places.contains(index))
            .zip(items)
            .collect();
        Self {
            total,
            valid,
            refused,
        }
    }

    /// All outcomes in request order.
    fn settle(self, mut outcome: impl FnMut(T) -> Outcome) -> Vec<Outcome> {
        let mut outcomes: Vec<(usize, Outcome)> = self
            .valid
            .into_iter()
            .map(|(index, item)| (index, outcome(item)))
            .collect();
        outcomes.extend(
            self.refused
                .into_iter()
                .map(|(index, problem)| (index, Err(problem))),
        );
        outcomes.sort_by_key(|(index, _)| *index);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

fn check_size(total: usize) -> Result<(), Problem> {
    match total {
        0 => Err(Problem::field(
            "",
            FieldCode::TooFew,
            "The batch is empty; give 1 to 1,000 items.",
        )),
        1..=MOST => Ok(()),
        _ => {
            let message =
                format!("The batch has {total} items; the most is 1,000 in all. Split it.");
            Err(Problem::field("", FieldCode::TooMany, message))
        }
    }
}

/// An id may appear once, in `update` and `delete` together.
fn check_once(updates: &Items<BatchLinkUpdate>, deletes: &Items<String>) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    let updates = updates
        .valid
        .iter()
        .map(|(index, item)| (format!("/update/{index}/id"), item.id.as_str()));
    let deletes = deletes
        .valid
        .iter()
        .map(|(index, id)| (format!("/delete/{index}"), id.as_str()));
    let twice: Vec<FieldError> = updates
        .chain(deletes)
        .filter(|(_, id)| !seen.insert(id.to_owned()))
        .take(ERRORS)
        .map(|(pointer, id)| {
            FieldError::new(
                pointer,
                FieldCode::Duplicate,
                format!("{id} is in the batch twice; name it once."),
            )
        })
        .collect();
    if twice.is_empty() {
        Ok(())
    } else {
        Err(Problem::validation(twice))
    }
}

async fn create_items(
    cx: &mut Write<'_>,
    mut items: Items<LinkCreate>,
) -> Result<Vec<Outcome>, Failure> {
    let (places, links): (Vec<usize>, Vec<LinkCreate>) =
        std::mem::take(&mut items.valid).into_iter().unzip();
    let outcomes = create::create_all(cx, links).await?;
    let items = Items {
        total: items.total,
        valid: places.into_iter().zip(outcomes).collect(),
        refused: items.refused,
    };
    Ok(items.settle(|outcome| outcome))
}

async fn update_items(
    cx: &mut Write<'_>,
    mut items: Items<BatchLinkUpdate>,
) -> Result<Vec<Outcome>, Failure> {
    let ids: Vec<String> = items
        .valid
        .iter()
        .map(|(_, item)| item.id.clone())
        .collect();
    let mut found = store::get_many(
        cx.tx,
        cx.app.store.dialect(),
        &cx.caller.workspace_id,
        &ids,
        cx.now,
    )
    .await?;
    let mut outcomes = Vec::with_capacity(items.valid.len());
    for (index, item) in std::mem::take(&mut items.valid) {
        let outcome = match found.remove(&item.id) {
            None => Err(Problem::not_found("link")),
            Some(record) => {
                let if_match = item.if_match.clone();
                let mut patch = serde_json::to_value(&item)?;
                if let Some(members) = patch.as_object_mut() {
                    members.remove("id");
                    members.remove("if_match");
                }
                update::apply(cx, record, if_match.as_deref(), &patch).await?
            }
        };
        outcomes.push((index, outcome));
    }
    let items = Items {
        total: items.total,
        valid: outcomes,
        refused: items.refused,
    };
    Ok(items.settle(|outcome| outcome))
}

fn entries(cx: &Write<'_>, status: i64, outcomes: Vec<Outcome>) -> Result<Vec<BatchItem>, Failure> {
    let entry = |(index, outcome): (usize, Outcome)| {
        let index = index as i64;
        let parts = match outcome {
            Ok(record) => parts::BatchItem {
                index,
                status,
                link: Some(into_view(record, &cx.app.addresses, cx.now)),
                error: None,
            },
            Err(problem) => {
                let error =
                    serde_json::from_value(serde_json::to_value(problem.body(cx.request_id))?)?;
                parts::BatchItem {
                    index,
                    status: problem.code.status().as_u16().into(),
                    link: None,
                    error: Some(error),
                }
            }
        };
        Ok(parts.into())
    };
    outcomes.into_iter().enumerate().map(entry).collect()
}

/// The answer to an atomic batch of which an item failed: every error, with the item's place.
fn rejected(lists: &[(&str, i64, Vec<Outcome>)]) -> Problem {
    let mut errors = Vec::new();
    let mut failed = 0;
    for (list, _, outcomes) in lists {
        for (index, outcome) in outcomes.iter().enumerate() {
            let Err(problem) = outcome else { continue };
            failed += 1;
            let at = format!("/{list}/{index}");
            if problem.errors.is_empty() {
                errors.push(FieldError::new(
                    at,
                    field_code(problem.code),
                    problem.detail.clone(),
                ));
            } else {
                errors.extend(problem.errors.iter().cloned().map(|error| error.below(&at)));
            }
        }
    }
    let detail = format!(
        "{failed} items failed, so that none was carried out. Correct them and send the batch again."
    );
    Problem {
        errors,
        ..Problem::new(Code::BatchRejected, detail)
    }
}

fn field_code(code: Code) -> FieldCode {
    match code {
        Code::NotFound => FieldCode::NotFound,
        Code::LinkDeleted => FieldCode::LinkDeleted,
        Code::PreconditionFailed => FieldCode::PreconditionFailed,
        Code::SlugTaken => FieldCode::SlugTaken,
        Code::ExternalIdTaken => FieldCode::ExternalIdTaken,
        Code::SlugReserved => FieldCode::SlugReserved,
        _ => FieldCode::InvalidValue,
    }
}
