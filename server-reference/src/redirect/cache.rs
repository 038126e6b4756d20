//! Links in use, kept in memory for redirects.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

use crate::api::Change;
use crate::clock::{Micros, SECOND};
use crate::links::record::Record;

const LINKS: usize = 20_000;
const DOMAINS: usize = 1_000;
/// How long a domain is remembered; the command line may add or remove one at any time.
const DOMAIN_AGE: Micros = SECOND;

type Key = (String, String);

struct Entry<T> {
    value: T,
    at: Micros,
}

/// The cache. Writes on this node take out what they changed; where other nodes write too, entries also age.
pub struct Destinations {
    links: Cache<Key, Arc<Entry<Arc<Record>>>>,
    domains: Cache<String, Arc<Entry<bool>>>,
    /// Counts changes, so that a link that was read before a change is not filled in after it.
    changes: AtomicU64,
    max_age: Option<Micros>,
}

/// A fill that has begun: what is read from now on is good unless something changes meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Filling(u64);

impl Destinations {
    /// An empty cache. `shared`: whether other nodes write to the same database.
    pub fn new(shared: bool) -> Self {
        Self {
            links: Cache::new(LINKS),
            domains: Cache::new(DOMAINS),
            changes: AtomicU64::new(0),
            max_age: shared.then_some(SECOND),
        }
    }

    /// The link at this place, if it is known.
    pub fn get(&self, domain: &str, slug_key: &str, now: Micros) -> Option<Arc<Record>> {
        let entry = self.links.get(&(domain.to_owned(), slug_key.to_owned()))?;
        let fresh = self.max_age.is_none_or(|age| now - entry.at < age);
        fresh.then(|| entry.value.clone())
    }

    /// Begins a fill; call it before the database is read.
    pub fn begin(&self) -> Filling {
        Filling(self.changes.load(Ordering::SeqCst))
    }

    /// Remembers a link, unless something changed since the fill began.
    pub fn fill(
        &self,
        filling: Filling,
        domain: &str,
        slug_key: &str,
        record: Arc<Record>,
        now: Micros,
    ) {
        let unchanged = || self.changes.load(Ordering::SeqCst) == filling.0;
        if !unchanged() {
            return;
        }
        let key = (domain.to_owned(), slug_key.to_owned());
        self.links.insert(
            key.clone(),
            Arc::new(Entry {
                value: record,
                at: now,
            }),
        );
        // A change between the check and the insert may have removed nothing yet.
        if !unchanged() {
            self.links.remove(&key);
        }
    }

    /// Takes out what was changed. Call it when the change is committed, and before it is answered.
    pub fn forget(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        self.changes.fetch_add(1, Ordering::SeqCst);
        for change in changes {
            if let Change::Link { domain, slug_key } = change {
                self.links.remove(&(domain.clone(), slug_key.clone()));
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.links.clear();
        self.domains.clear();
    }

    /// Whether this host is a domain for short links, if it was asked lately.
    pub fn domain(&self, host: &str, now: Micros) -> Option<bool> {
        self.domains
            .get(host)
            .filter(|entry| now - entry.at < DOMAIN_AGE)
            .map(|entry| entry.value)
    }

    /// Remembers whether a host is a domain for short links.
    pub fn remember_domain(&self, host: &str, known: bool, now: Micros) {
        self.domains.insert(
            host.to_owned(),
            Arc::new(Entry {
                value: known,
                at: now,
            }),
        );
    }
}
