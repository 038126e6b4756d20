//! Clicks in memory, on their way to the database.

use std::sync::{Arc, Mutex};

use quick_cache::sync::Cache;

use super::destination::Destination;
use super::target::{UTM, Visit};
use crate::agent::Agent;
use crate::clock::{DAY, Micros};
use crate::geoip::{Country, Place};
use crate::visitor::DailyHash;

/// More than this many clicks are not held while the database takes none; the oldest go first.
const MOST: usize = 500_000;
/// What strangers send is cut here.
const LONGEST: usize = 255;
/// How much of a referrer is looked at; its host is at the beginning.
const LONGEST_REFERRER: usize = 2_048;
/// How many visitors are remembered as seen, so that the database is not asked.
const SEEN: usize = 50_000;

/// A click. No IP address and no user agent is in it. Many wait in memory, so that it is small.
#[derive(Debug, Clone)]
pub struct Click {
    /// On what.
    pub link: Arc<Destination>,
    /// When.
    pub occurred_at: Micros,
    /// Who it was, for this link and this day.
    pub visitor: DailyHash,
    /// What the user agent says.
    pub agent: Arc<Agent>,
    /// From which country.
    pub country: Option<Country>,
    /// Which rule decided where it went.
    pub destination_kind: &'static str,
    /// By the link's QR code, and not by the link itself.
    pub is_qr: bool,
    /// Whether nobody was there.
    pub is_bot: bool,
    /// Whether the link's count has it already (links with a click limit).
    pub counted: bool,
    /// What most clicks do not have.
    pub more: Option<Box<More>>,
}

/// What most clicks do not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct More {
    /// From which region.
    pub region: Option<String>,
    /// From which city.
    pub city: Option<String>,
    /// From which site.
    pub referrer_domain: Option<String>,
    /// The visit's own source, medium, campaign, term, content.
    pub utm: [Option<String>; 5],
    /// The visit's own sub-ID.
    pub sub_id: Option<String>,
}

impl More {
    /// What a visit says about itself by its query and its `Referer`, and where it came from.
    pub fn new(visit: &Visit<'_>, referrer: Option<&[u8]>, place: Place) -> Option<Box<Self>> {
        let nothing = visit.is_empty()
            && referrer.is_none()
            && place.region.is_none()
            && place.city.is_none();
        if nothing {
            return None;
        }
        let more = Self {
            region: place.region,
            city: place.city,
            referrer_domain: referrer.and_then(self::referrer),
            utm: UTM.map(|name| visit.get(name).and_then(cut)),
            sub_id: visit.get("sub_id").and_then(cut),
        };
        (more != Self::default()).then(|| Box::new(more))
    }
}

impl Click {
    /// By the link or by its QR code, as the spec's `ClickTrigger` has it.
    pub fn trigger(&self) -> &'static str {
        if self.is_qr { "qr" } else { "link" }
    }

    /// The link's UTM parameters, else those of the visit.
    pub fn utm(&self) -> [Option<&str>; 5] {
        let own = self.link.utm();
        std::array::from_fn(|index| {
            own[index].or_else(|| self.more.as_ref()?.utm[index].as_deref())
        })
    }

    /// The link's sub-ID, else that of the visit.
    pub fn sub_id(&self) -> Option<&str> {
        self.link
            .sub_id()
            .or_else(|| self.more.as_ref()?.sub_id.as_deref())
    }

    /// The day (since 1970, UTC) that the visitor's hash is for.
    pub fn day(&self) -> i64 {
        self.occurred_at.div_euclid(DAY)
    }
}

fn cut(text: &str) -> Option<String> {
    let text: String = text
        .chars()
        .filter(|letter| *letter != '\0')
        .take(LONGEST)
        .collect();
    (!text.is_empty()).then_some(text)
}

fn referrer(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    if !text.is_ascii() {
        return None;
    }
    let text = text.get(..LONGEST_REFERRER).unwrap_or(text);
    let url = url::Url::parse(text).ok()?;
    let host = url.host_str()?;
    cut(host.strip_prefix("www.").unwrap_or(host))
}

/// Clicks that are not written yet.
pub struct ClickBuffer {
    waiting: Mutex<Vec<Click>>,
    /// Visitors who are in the database.
    seen: Cache<DailyHash, ()>,
}

impl Default for ClickBuffer {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            seen: Cache::new(SEEN),
        }
    }
}

impl ClickBuffer {
    /// Adds a click.
    pub fn push(&self, click: Click) {
        self.waiting
            .lock()
            .expect("no panic while counting")
            .push(click);
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.lock().expect("no panic while counting").len()
    }

    /// The oldest of those that wait.
    pub fn take(&self, most: usize) -> Vec<Click> {
        let mut waiting = self.waiting.lock().expect("no panic while counting");
        if waiting.len() <= most {
            // As many will come again: room that grows step by step is copied at each.
            let room = Vec::with_capacity(waiting.len());
            return std::mem::replace(&mut *waiting, room);
        }
        let rest = waiting.split_off(most);
        std::mem::replace(&mut *waiting, rest)
    }

    /// Keeps the newest, where the database takes none for long.
    pub fn limit(&self) {
        let mut waiting = self.waiting.lock().expect("no panic while counting");
        if waiting.len() > MOST {
            let lost = waiting.len() - MOST;
            tracing::error!(
                lost,
                "the database takes no clicks and memory is full; the oldest are lost"
            );
            waiting.drain(..lost);
        }
    }

    /// Whether a click's visitor is known to be in the database.
    pub fn has_seen(&self, click: &Click) -> bool {
        self.seen.get(&click.visitor).is_some()
    }

    /// Remembers the visitors of clicks that were written.
    pub fn remember(&self, clicks: &[Click]) {
        for click in clicks {
            if !self.has_seen(click) {
                self.seen.insert(click.visitor, ());
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.take(usize::MAX);
        self.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_say_is_cut_to_what_the_spec_allows() {
        assert_eq!(cut("nora").as_deref(), Some("nora"));
        assert_eq!(cut("\0\0"), None);
        assert_eq!(cut("a\0b").as_deref(), Some("ab"));
        let long = "ü".repeat(300);
        assert_eq!(cut(&long).map(|text| text.chars().count()), Some(255));
        let said = |query| More::new(&Visit::new(query), None, Place::default());
        assert_eq!(said("sub_id=&utm_source=%00&src=QR"), None);
        assert_eq!(
            said("src=qr&sub_id=n").unwrap().sub_id.as_deref(),
            Some("n")
        );
        let by_qr = ["src=QR", "src=qr"].map(|query| Visit::new(query).is_qr());
        assert_eq!(by_qr, [false, true]);
    }

    #[test]
    fn referrers_are_hosts() {
        for (value, expected) in [
            (
                &b"https://www.Instagram.com/p/secret?x"[..],
                Some("instagram.com"),
            ),
            (b"http://127.0.0.1:8080/", Some("127.0.0.1")),
            (
                b"android-app://com.google.android.gm/",
                Some("com.google.android.gm"),
            ),
            (b"https://b\xc3\xbccher.example/", None),
            (b"/relative", None),
            (b"about:blank", None),
            (b"https://", None),
            (b"\xff\xfe", None),
        ] {
            assert_eq!(referrer(value).as_deref(), expected, "{value:?}");
        }
        let long = format!("https://example.com/{}", "x".repeat(100_000));
        assert_eq!(referrer(long.as_bytes()).as_deref(), Some("example.com"));
    }
}
