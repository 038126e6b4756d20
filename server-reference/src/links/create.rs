//! Creating links, one or many.

use std::collections::HashMap;

use approute::models::{Link, LinkCreate};

use super::record::{Record, slug_key};
use super::view::view;
use super::{check, slug};
use crate::api::{Answer, Change, Write};
use crate::ids::Kind;
use crate::problem::{Code, Failure, FieldCode, FieldError, Problem};
use crate::store::links::{self as store, Holder};
use crate::store::{domains, sweep};
use crate::webhooks::announce;

/// How often random slugs are drawn again when they are taken.
const DRAWS: usize = 20;

/// `links.create`.
pub async fn create(cx: &mut Write<'_>, body: LinkCreate) -> Result<Answer<Link>, Failure> {
    let mut outcomes = create_all(cx, vec![body]).await?;
    let record = outcomes
        .pop()
        .ok_or_else(|| Failure::Internal("no outcome for a link".to_owned()))??;
    Ok(Answer::versioned(
        view(&record, &cx.app.addresses, cx.now),
        record.version,
    ))
}

/// Creates links in one go. Each has its own outcome, in the order of `items`.
pub async fn create_all(
    cx: &mut Write<'_>,
    items: Vec<LinkCreate>,
) -> Result<Vec<Result<Record, Problem>>, Failure> {
    let domains = domains::of_workspace(cx.tx, &cx.caller.workspace_id).await?;
    let mut drafts: Vec<Draft> = items
        .into_iter()
        .map(|item| draft(cx, &domains, item))
        .collect();
    settle(cx, &mut drafts).await?;
    let outcomes: Vec<Result<Record, Problem>> =
        drafts.into_iter().map(|draft| draft.outcome).collect();
    let records: Vec<&Record> = outcomes.iter().flatten().collect();
    store::insert(cx.tx, cx.app.store.dialect(), &records).await?;
    cx.changes
        .extend(records.iter().map(|record| changed(record)));
    announce::links_created(cx, &records).await?;
    Ok(outcomes)
}

/// What a change of this link means to others.
pub fn changed(record: &Record) -> Change {
    Change::Link {
        domain: record.domain.clone(),
        slug_key: record.slug_key(),
    }
}

struct Draft {
    outcome: Result<Record, Problem>,
    /// Whether its slug was drawn, and so may be drawn again.
    drawn: bool,
}

fn draft(cx: &Write<'_>, domains: &[String], mut document: LinkCreate) -> Draft {
    let password = document.password.take();
    let (domain, slug) = (document.domain.take(), document.slug.take());
    let drawn = slug.is_none();
    let mut errors = check::check(&document, password.is_some());
    let domain = choose_domain(domains, domain, &mut errors);
    if !errors.is_empty() {
        return Draft {
            outcome: Err(Problem::validation(errors)),
            drawn,
        };
    }
    let slug = slug.unwrap_or_else(|| slug::random(&cx.app.ids));
    if slug::is_reserved(&slug) {
        return Draft {
            outcome: Err(reserved(&slug)),
            drawn,
        };
    }
    let password_hash = password.and_then(|password| cx.input.passwords.get(&password).cloned());
    let record = Record {
        id: cx.app.ids.at(Kind::Link, cx.now),
        workspace_id: cx.caller.workspace_id.clone(),
        domain,
        slug,
        document,
        password_hash,
        click_count: 0,
        bot_click_count: 0,
        last_clicked_at: None,
        created_at: cx.now,
        updated_at: cx.now,
        deleted_at: None,
        purge_at: None,
        created_by_key_id: cx.caller.key_id.clone(),
        version: 1,
    };
    Draft {
        outcome: Ok(record),
        drawn,
    }
}

fn choose_domain(
    domains: &[String],
    wanted: Option<String>,
    errors: &mut Vec<FieldError>,
) -> String {
    let message = match (&wanted, domains.first()) {
        (None, Some(first)) => return first.clone(),
        (Some(wanted), _) if domains.contains(wanted) => return wanted.clone(),
        (None, None) => {
            "The workspace has no domain. Add one first: approute-server domains add.".to_owned()
        }
        (Some(_), _) => format!(
            "This is none of the workspace's domains, which are {}.",
            domains.join(", ")
        ),
    };
    errors.push(FieldError::new("/domain", FieldCode::InvalidValue, message));
    wanted.unwrap_or_default()
}

/// Gives every draft a slug and an external id that nobody holds, or a problem.
async fn settle(cx: &mut Write<'_>, drafts: &mut [Draft]) -> Result<(), Failure> {
    let wanted: Vec<String> = drafts
        .iter()
        .filter_map(|draft| draft.outcome.as_ref().ok()?.document.external_id.clone())
        .collect();
    let mut external_ids = external_ids(cx, &wanted).await?;
    let mut slugs: HashMap<(String, String), Holder> = HashMap::new();
    let mut open: Vec<usize> = (0..drafts.len())
        .filter(|index| drafts[*index].outcome.is_ok())
        .collect();
    for _ in 0..DRAWS {
        // Nobody has a slug that was drawn, as good as ever. Where somebody has, the insert fails, and the next try looks.
        let asked: Vec<usize> = open
            .iter()
            .copied()
            .filter(|index| cx.careful || !drafts[*index].drawn)
            .collect();
        for (domain, keys) in by_domain(drafts, &asked) {
            for holder in store::slug_holders(cx.tx, cx.app.store.dialect(), &domain, &keys).await?
            {
                if holder.purge_at.is_some_and(|at| at <= cx.now) {
                    sweep::purge_link(cx.tx, &holder.id).await?;
                } else {
                    slugs.insert((domain.clone(), holder.name.clone()), holder);
                }
            }
        }
        // In order: whoever comes first in the call gets the name.
        open.retain(|index| !claim(cx, &mut drafts[*index], &mut slugs, &mut external_ids));
        if open.is_empty() {
            return Ok(());
        }
    }
    Err(Failure::Internal("random slugs are all taken".to_owned()))
}

/// Decides on one draft; false where its random slug was taken and a new one was drawn.
fn claim(
    cx: &Write<'_>,
    draft: &mut Draft,
    slugs: &mut HashMap<(String, String), Holder>,
    external_ids: &mut HashMap<String, String>,
) -> bool {
    let Ok(record) = &mut draft.outcome else {
        return true;
    };
    let name = (record.domain.clone(), record.slug_key());
    if let Some(holder) = slugs.get(&name) {
        if draft.drawn {
            record.slug = slug::random(&cx.app.ids);
            return false;
        }
        draft.outcome = Err(slug_taken(record, holder));
        return true;
    }
    let external_id = record.document.external_id.clone();
    if let Some((external_id, holder)) = external_id
        .as_ref()
        .and_then(|id| external_ids.get_key_value(id))
    {
        draft.outcome = Err(external_id_taken(external_id, holder));
        return true;
    }
    external_ids.extend(external_id.map(|external_id| (external_id, record.id.clone())));
    let holder = Holder {
        id: record.id.clone(),
        workspace_id: record.workspace_id.clone(),
        domain: name.0.clone(),
        name: name.1.clone(),
        purge_at: None,
    };
    slugs.insert(name, holder);
    true
}

fn by_domain(drafts: &[Draft], open: &[usize]) -> HashMap<String, Vec<String>> {
    let mut keys: HashMap<String, Vec<String>> = HashMap::new();
    for record in open
        .iter()
        .filter_map(|index| drafts[*index].outcome.as_ref().ok())
    {
        keys.entry(record.domain.clone())
            .or_default()
            .push(slug_key(&record.slug));
    }
    keys
}

/// Which of these external ids are taken, and by which link.
pub async fn external_ids(
    cx: &mut Write<'_>,
    wanted: &[String],
) -> Result<HashMap<String, String>, Failure> {
    let mut held = HashMap::new();
    for holder in store::external_id_holders(
        cx.tx,
        cx.app.store.dialect(),
        &cx.caller.workspace_id,
        wanted,
    )
    .await?
    {
        if holder.purge_at.is_some_and(|at| at <= cx.now) {
            sweep::purge_link(cx.tx, &holder.id).await?;
        } else {
            held.insert(holder.name, holder.id);
        }
    }
    Ok(held)
}

fn reserved(slug: &str) -> Problem {
    let message = format!("The slug {slug:?} is reserved for the service. Choose another one.");
    let errors = vec![FieldError::new(
        "/slug",
        FieldCode::SlugReserved,
        message.clone(),
    )];
    Problem {
        errors,
        ..Problem::new(Code::SlugReserved, message)
    }
}

fn slug_taken(record: &Record, holder: &Holder) -> Problem {
    let message = format!(
        "The slug {:?} is taken on {}. Choose another one, or leave it out for a random one.",
        record.slug, record.domain
    );
    let errors = vec![FieldError::new(
        "/slug",
        FieldCode::SlugTaken,
        message.clone(),
    )];
    // A link of another workspace is nobody else's business.
    let conflicting_link_id =
        (holder.workspace_id == record.workspace_id).then(|| holder.id.clone());
    Problem {
        errors,
        conflicting_link_id,
        ..Problem::new(Code::SlugTaken, message)
    }
}

/// The problem of an external id that another link has.
pub fn external_id_taken(external_id: &str, holder: &str) -> Problem {
    let shown: String = external_id.chars().take(64).collect();
    let message = format!("The external id {shown:?} belongs to another link, {holder}.");
    let errors = vec![FieldError::new(
        "/external_id",
        FieldCode::ExternalIdTaken,
        message.clone(),
    )];
    Problem {
        errors,
        conflicting_link_id: Some(holder.to_owned()),
        ..Problem::new(Code::ExternalIdTaken, message)
    }
}
