//! Events: what happened is written down in the transaction in which it happens, together with a delivery to each webhook
//! that wants to hear of it. Whoever calls these functions wakes the queue after the commit, with
//! [`Hooks::wake`](super::queue::Hooks::wake).

use approute::models::{
    LinkClickThresholdEventData, LinkCreatedEventData, LinkPasswordFailedEventData,
};
use approute::parts;
use serde::Serialize;
use sqlx::AnyConnection;

use crate::api::{Change, Write};
use crate::app::App;
use crate::clock::{Micros, to_datetime};
use crate::ids::Kind;
use crate::links::record::Record;
use crate::links::view::view;
use crate::store::clicks::Counted;
use crate::store::events::{self, Event};
use crate::store::{Result, links, webhooks};

const LINK_CREATED: &str = "link.created";
const CLICK_THRESHOLD: &str = "link.click_threshold";
const PASSWORD_FAILED: &str = "link.password_failed";

/// Links were created.
pub async fn links_created(cx: &mut Write<'_>, records: &[&Record]) -> Result<()> {
    let Some(first) = records.first() else {
        return Ok(());
    };
    let listening = webhooks::subscribers(cx.tx, &first.workspace_id, LINK_CREATED).await?;
    if listening.is_empty() {
        return Ok(());
    }
    let event = |record: &&Record| {
        let link = view(record, &cx.app.addresses, cx.now);
        let data = LinkCreatedEventData::from(parts::LinkCreatedEventData { link });
        event(
            cx.app,
            LINK_CREATED,
            &record.workspace_id,
            None,
            &data,
            cx.now,
        )
    };
    let announced = records.iter().map(event).collect::<Result<_>>()?;
    events::insert(cx.tx, cx.app.store.dialect(), announced, &listening, cx.now).await?;
    cx.changes.push(Change::Deliveries);
    Ok(())
}

/// Clicks were counted, in this very transaction: the rows of their links are still locked, so that each step of a count
/// is seen by one transaction only. A threshold fires where the step passes it, and so never for a count that was
/// already there when the threshold was set. True where something was announced.
pub async fn clicks_counted(
    app: &App,
    tx: &mut AnyConnection,
    counted: &[Counted],
) -> Result<bool> {
    let mut announced = 0;
    for step in counted {
        let listening = webhooks::subscribers(tx, &step.workspace_id, CLICK_THRESHOLD).await?;
        if listening.is_empty() {
            continue;
        }
        let now = app.now();
        let Some(record) = links::get(tx, &step.workspace_id, &step.link_id, now).await? else {
            continue;
        };
        let passed = passed(&record, step);
        let event = |(threshold, at): (i64, Micros)| {
            let data = LinkClickThresholdEventData::from(parts::LinkClickThresholdEventData {
                link: view(&record, &app.addresses, now),
                threshold,
                click_count: step.count,
                crossed_at: to_datetime(at),
            });
            let once = format!("{CLICK_THRESHOLD} {} {threshold}", record.id);
            event(
                app,
                CLICK_THRESHOLD,
                &record.workspace_id,
                Some(once),
                &data,
                now,
            )
        };
        let events = passed.into_iter().map(event).collect::<Result<_>>()?;
        announced += events::insert(tx, app.store.dialect(), events, &listening, now).await?;
    }
    Ok(announced > 0)
}

/// The thresholds within a step, in order, and when each was reached.
fn passed(record: &Record, step: &Counted) -> Vec<(i64, Micros)> {
    let before = step.count - step.at.len() as i64;
    let mut thresholds = record.document.click_thresholds.clone().unwrap_or_default();
    thresholds.sort_unstable();
    thresholds.dedup();
    thresholds
        .into_iter()
        .filter_map(|threshold| {
            let index = usize::try_from(threshold - before - 1).ok()?;
            Some((threshold, *step.at.get(index)?))
        })
        .collect()
}

/// How often a password was guessed wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guesses {
    /// Wrong passwords within the window.
    pub failures: i64,
    /// The window's length.
    pub window_seconds: i64,
    /// The first of them, by which the window is known.
    pub first_at: Micros,
    /// The last of them.
    pub last_at: Micros,
}

/// A link's wrong passwords have reached its policy's limit. Announced once per window, however often and on however
/// many nodes it is called for it. True where something was announced.
pub async fn password_failed(
    app: &App,
    tx: &mut AnyConnection,
    record: &Record,
    guesses: Guesses,
) -> Result<bool> {
    let listening = webhooks::subscribers(tx, &record.workspace_id, PASSWORD_FAILED).await?;
    if listening.is_empty() {
        return Ok(false);
    }
    let now = app.now();
    let data = LinkPasswordFailedEventData::from(parts::LinkPasswordFailedEventData {
        link: view(record, &app.addresses, now),
        failures: guesses.failures,
        window_seconds: guesses.window_seconds,
        first_at: to_datetime(guesses.first_at),
        last_at: to_datetime(guesses.last_at),
    });
    let once = format!("{PASSWORD_FAILED} {} {}", record.id, guesses.first_at);
    let event = event(
        app,
        PASSWORD_FAILED,
        &record.workspace_id,
        Some(once),
        &data,
        now,
    )?;
    Ok(events::insert(tx, app.store.dialect(), vec![event], &listening, now).await? > 0)
}

fn event(
    app: &App,
    kind: &'static str,
    workspace_id: &str,
    once: Option<String>,
    data: &impl Serialize,
    now: Micros,
) -> Result<Event> {
    Ok(Event {
        id: app.ids.at(Kind::Event, now),
        workspace_id: workspace_id.to_owned(),
        kind,
        once,
        data: serde_json::to_string(data).map_err(|error| sqlx::Error::Encode(error.into()))?,
        created_at: now,
    })
}
