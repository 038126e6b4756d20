//! Clicks in memory, on their way to the database.

use std::sync::Mutex;

use http::HeaderMap;
use http::header::REFERER;

use super::agent::Agent;
use super::target::{Visit, utm_pairs};
use crate::clock::Micros;
use crate::links::record::Record;

/// More than this many clicks are not held while the database takes none; the oldest go first.
const MOST: usize = 500_000;
/// What strangers send is cut here.
const LONGEST: usize = 255;

/// A click. No IP address and no user agent is in it.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Click {
    pub id: String,
    pub workspace_id: String,
    pub link_id: String,
    pub occurred_at: Micros,
    pub os: &'static str,
    pub device: &'static str,
    pub browser: &'static str,
    pub referrer_domain: Option<String>,
    /// Source, medium, campaign, term, content.
    pub utm: [Option<String>; 5],
    pub sub_id: Option<String>,
    pub trigger: &'static str,
    pub destination_kind: &'static str,
    pub is_bot: bool,
    /// Whether the link's count has it already (links with a click limit).
    pub counted: bool,
}

impl Click {
    /// A click on a link. The link's UTM parameters and sub-ID come before those of the visit.
    pub fn new(
        id: String,
        record: &Record,
        agent: &Agent,
        visit: &Visit<'_>,
        headers: &HeaderMap,
    ) -> Self {
        let document = &record.document;
        let utm = utm_pairs(document.utm.as_ref())
            .map(|(name, value)| value.or_else(|| visit.get(name)).map(cut));
        Self {
            id,
            workspace_id: record.workspace_id.clone(),
            link_id: record.id.clone(),
            occurred_at: 0,
            os: agent.os.as_str(),
            device: agent.device,
            browser: agent.browser,
            referrer_domain: referrer(headers),
            utm,
            sub_id: document
                .sub_id
                .as_deref()
                .or_else(|| visit.get("sub_id"))
                .map(cut),
            trigger: if visit.is_qr() { "qr" } else { "link" },
            destination_kind: "url",
            is_bot: false,
            counted: false,
        }
    }
}

fn cut(text: &str) -> String {
    text.chars()
        .filter(|letter| *letter != '\0')
        .take(LONGEST)
        .collect()
}

fn referrer(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REFERER)?.to_str().ok()?;
    let host = url::Url::parse(text).ok()?.host_str()?.to_owned();
    Some(cut(host.strip_prefix("www.").unwrap_or(&host)))
}

/// Clicks that are not written yet.
#[derive(Default)]
pub struct ClickBuffer {
    waiting: Mutex<Vec<Click>>,
}

impl ClickBuffer {
    /// Adds a click.
    pub fn push(&self, click: Click) {
        self.waiting
            .lock()
            .expect("no panic while counting")
            .push(click);
    }

    /// All that wait.
    pub fn take(&self) -> Vec<Click> {
        std::mem::take(&mut *self.waiting.lock().expect("no panic while counting"))
    }

    /// Puts clicks back that could not be written.
    pub fn put_back(&self, mut clicks: Vec<Click>) {
        let mut waiting = self.waiting.lock().expect("no panic while counting");
        clicks.append(&mut waiting);
        if clicks.len() > MOST {
            let lost = clicks.len() - MOST;
            tracing::error!(
                lost,
                "the database takes no clicks and memory is full; the oldest are lost"
            );
            clicks.drain(..lost);
        }
        *waiting = clicks;
    }
}
