//! Links and domains in use, kept in memory for redirects.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

use super::destination::Destination;
use crate::api::Change;
use crate::clock::{Micros, SECOND};
use crate::store::domains::Domain;

const LINKS: usize = 20_000;
const DOMAINS: usize = 1_000;
/// How long a domain is remembered; the command line may add, change or remove one at any time.
const DOMAIN_AGE: Micros = SECOND;

struct Entry<T> {
    value: T,
    at: Micros,
}

/// What is remembered.
#[derive(Debug, Clone)]
pub enum Known<T> {
    /// This, and it can be used.
    Fresh(T),
    /// This, but it may have changed: good where the database does not answer.
    Old(T),
    /// Nothing.
    Nothing,
}

/// The cache. Writes on this node take out what they changed; where other nodes write too, entries also age.
pub struct Destinations {
    links: Cache<String, Arc<Entry<Arc<Destination>>>>,
    domains: Cache<String, Arc<Entry<Option<Arc<Domain>>>>>,
    /// Counts changes, so that a link that was read before a change is not filled in after it.
    changes: AtomicU64,
    max_age: Option<Micros>,
}

/// A fill that has begun: what is read from now on is good unless something changes meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Filling(u64);

/// How a link is found: no domain has a slash in it.
pub fn key(domain: &str, slug: &str) -> String {
    let mut key = String::with_capacity(domain.len() + 1 + slug.len());
    key.push_str(domain);
    key.push('/');
    key.push_str(slug);
    key[domain.len()..].make_ascii_lowercase();
    key
}

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

    /// The link under this [`key`].
    pub fn get(&self, key: &str, now: Micros) -> Known<Arc<Destination>> {
        match self.links.get(key) {
            Some(entry) if self.max_age.is_none_or(|age| now - entry.at < age) => {
                Known::Fresh(entry.value.clone())
            }
            Some(entry) => Known::Old(entry.value.clone()),
            None => Known::Nothing,
        }
    }

    /// Begins a fill; call it before the database is read.
    pub fn begin(&self) -> Filling {
        Filling(self.changes.load(Ordering::SeqCst))
    }

    /// Remembers a link, unless something changed since the fill began.
    pub fn fill(&self, filling: Filling, key: &str, link: Arc<Destination>, now: Micros) {
        let unchanged = || self.changes.load(Ordering::SeqCst) == filling.0;
        if !unchanged() {
            return;
        }
        self.links.insert(
            key.to_owned(),
            Arc::new(Entry {
                value: link,
                at: now,
            }),
        );
        // A change between the check and the insert may have removed nothing yet.
        if !unchanged() {
            self.links.remove(key);
        }
    }

    /// Forgets a link that is not there any more.
    pub fn remove(&self, key: &str) {
        self.links.remove(key);
    }

    /// Takes out what was changed. Call it when the change is committed, and before it is answered.
    pub fn forget(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        self.changes.fetch_add(1, Ordering::SeqCst);
        for change in changes {
            if let Change::Link { domain, slug_key } = change {
                self.links.remove(&key(domain, slug_key));
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.links.clear();
        self.domains.clear();
    }

    /// The domain for short links of this name; none where it is known to be none.
    pub fn domain(&self, host: &str, now: Micros) -> Known<Option<Arc<Domain>>> {
        match self.domains.get(host) {
            Some(entry) if now - entry.at < DOMAIN_AGE => Known::Fresh(entry.value.clone()),
            Some(entry) => Known::Old(entry.value.clone()),
            None => Known::Nothing,
        }
    }

    /// Remembers a domain, or that there is none.
    pub fn remember_domain(&self, host: &str, domain: Option<Arc<Domain>>, now: Micros) {
        self.domains.insert(
            host.to_owned(),
            Arc::new(Entry {
                value: domain,
                at: now,
            }),
        );
    }
}
