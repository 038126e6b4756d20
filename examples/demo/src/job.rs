//! The main job: creators become links, links are visited, clicks are counted.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use approute::models::{Link, LinkBatch};
use approute::{Client, Error};
use futures_util::TryStreamExt as _;

use crate::creators::Creator;
use crate::failure::{Failure, Result};
use crate::links;

/// All links of the demo belong to this program; it is how a second run finds those of the first.
pub const PROGRAM: &str = "creator-demo";

/// How long counting may take. The server counts in batches, so it is not instant.
const COUNTING: Duration = Duration::from_secs(20);
/// How long to wait before asking again; doubled each time, up to a second.
const POLL: Duration = Duration::from_millis(50);

/// What had to be done so that every creator has their link.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
}

/// The demo's links by external id.
pub async fn existing(client: &Client) -> Result<HashMap<String, Link>> {
    let links: Vec<Link> = client
        .links()
        .list()
        .program_id(PROGRAM)
        .limit(100)
        .stream()
        .try_collect()
        .await
        .map_err(explain)?;
    Ok(links
        .into_iter()
        .filter_map(|link| Some((link.external_id.clone()?, link)))
        .collect())
}

/// Gives every creator the link that the file asks for, with one batch, all or nothing.
pub async fn provide(client: &Client, creators: &[Creator], csv: &Path) -> Result<Done> {
    let existing = existing(client).await?;
    let (mut create, mut update) = (Vec::new(), Vec::new());
    let (mut create_rows, mut update_rows) = (Vec::new(), Vec::new());
    for creator in creators {
        match existing.get(&creator.external_id) {
            None => {
                create.push(links::wanted(creator, PROGRAM));
                create_rows.push(creator.line);
            }
            Some(link) => {
                if let Some(change) = links::change(creator, link) {
                    update.push(change);
                    update_rows.push(creator.line);
                }
            }
        }
    }
    let done = Done {
        created: create.len(),
        updated: update.len(),
        unchanged: creators.len() - create.len() - update.len(),
    };
    if done.created + done.updated > 0 {
        let batch = LinkBatch::new().create(create).update(update).atomic(true);
        client
            .links()
            .batch(batch)
            .await
            .map_err(|error| refused(&error, csv, &create_rows, &update_rows))?;
    }
    Ok(done)
}

/// Says in terms of the file which rows the server refused.
fn refused(error: &Error, csv: &Path, create_rows: &[u64], update_rows: &[u64]) -> Failure {
    // `/create/16/slug` is about the 17th link to create.
    let row = |pointer: &str| {
        let mut parts = pointer.split('/').skip(1);
        let rows = match parts.next()? {
            "create" => create_rows,
            "update" => update_rows,
            _ => return None,
        };
        rows.get(parts.next()?.parse::<usize>().ok()?).copied()
    };
    let lines: Vec<String> = error
        .errors()
        .iter()
        .filter_map(|field| {
            Some(format!(
                "{}:{}: {}",
                csv.display(),
                row(&field.pointer)?,
                field.message
            ))
        })
        .collect();
    if lines.is_empty() {
        Failure::new(error.to_string())
    } else {
        Failure::new(lines.join("\n"))
    }
}

/// Waits until the server has counted `visits` more clicks than `before`, and returns the links, most clicks first.
pub async fn counted(
    client: &Client,
    creators: &[Creator],
    before: i64,
    visits: usize,
) -> Result<Vec<Link>> {
    let expected = before + i64::try_from(visits).unwrap_or(i64::MAX);
    let start = Instant::now();
    let mut pause = POLL;
    loop {
        let mut existing = existing(client).await?;
        let mut links: Vec<Link> = creators
            .iter()
            .filter_map(|creator| existing.remove(&creator.external_id))
            .collect();
        let count = clicks(&links);
        if count >= expected {
            links.sort_by_key(|link| -link.click_count);
            return Ok(links);
        }
        if start.elapsed() > COUNTING {
            return Err(Failure::new(format!(
                "{visits} visits were made, but only {} clicks were counted within {} s; see the server's log",
                count - before,
                COUNTING.as_secs()
            )));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// The clicks of all these links.
pub fn clicks<'a>(links: impl IntoIterator<Item = &'a Link>) -> i64 {
    links.into_iter().map(|link| link.click_count).sum()
}

/// What the SDK says, and what to do where the demo knows it.
pub fn explain(error: Error) -> Failure {
    use approute::ErrorKind::{Authentication, Connection, PermissionDenied, Timeout};
    let advice = match error.kind() {
        Connection | Timeout => "; is the server running, and is --base-url right?",
        Authentication | PermissionDenied => {
            "; set APPROUTE_API_KEY to a read-write key of this server"
        }
        _ => "",
    };
    Failure::new(format!("{error}{advice}"))
}
