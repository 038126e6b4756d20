//! Links and domains in use, kept in memory for redirects.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};

use super::destination::Destination;
use crate::api::Change;
use crate::clock::{Micros, SECOND};
use crate::store::domains::Domain;

/// How much memory links may take, in bytes: some 40,000 that have everything, twice as many plain ones.
const LINKS: u64 = 32 << 20;
/// A first guess, for how many places there are; more are made when they are needed.
const LIKELY: usize = 32_000;
const DOMAINS: usize = 1_000;
/// How long a domain is remembered; the command line may add, change or remove one at any time.
const DOMAIN_AGE: Micros = SECOND;
/// What an entry takes beside its link.
const OVERHEAD: usize = 64;

#[derive(Clone)]
struct Entry<T> {
    value: T,
    at: Micros,
}

/// A link by its own domain and slug.
struct Key(Arc<Destination>);

/// How a link is found: by its domain, and by its slug without regard to case.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The domain, lower case.
    pub domain: &'a str,
    /// The slug, in any case.
    pub slug: &'a str,
}

impl Place<'_> {
    fn hash_into<H: Hasher>(self, state: &mut H) {
        self.domain.hash(state);
        // Slugs are of 64 letters at most; in pieces, any would do.
        let mut piece = [0; 64];
        for part in self.slug.as_bytes().chunks(piece.len()) {
            let lower = &mut piece[..part.len()];
            lower.copy_from_slice(part);
            lower.make_ascii_lowercase();
            state.write(lower);
        }
    }

    fn is(self, other: Place<'_>) -> bool {
        self.slug.eq_ignore_ascii_case(other.slug) && self.domain == other.domain
    }
}

impl Key {
    fn place(&self) -> Place<'_> {
        Place {
            domain: self.0.domain(),
            slug: self.0.slug(),
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place().hash_into(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.place().is(other.place())
    }
}

impl Eq for Key {}

impl Hash for Place<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash_into(state);
    }
}

impl Equivalent<Key> for Place<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.is(key.place())
    }
}

/// Weighs links by the memory that they take.
#[derive(Clone)]
struct BySize;

impl Weighter<Key, Entry<Arc<Destination>>> for BySize {
    fn weight(&self, _: &Key, entry: &Entry<Arc<Destination>>) -> u64 {
        (entry.value.size() + OVERHEAD) as u64
    }
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
    links: Cache<Key, Entry<Arc<Destination>>, BySize>,
    domains: Cache<String, Entry<Option<Arc<Domain>>>>,
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
            links: Cache::with_weighter(LIKELY, LINKS, BySize),
            domains: Cache::new(DOMAINS),
            changes: AtomicU64::new(0),
            max_age: shared.then_some(SECOND),
        }
    }

    /// The link at this place.
    pub fn get(&self, place: Place<'_>, now: Micros) -> Known<Arc<Destination>> {
        match self.links.get(&place) {
            Some(entry) if self.max_age.is_none_or(|age| now - entry.at < age) => {
                Known::Fresh(entry.value)
            }
            Some(entry) => Known::Old(entry.value),
            None => Known::Nothing,
        }
    }

    /// Begins a fill; call it before the database is read.
    pub fn begin(&self) -> Filling {
        Filling(self.changes.load(Ordering::SeqCst))
    }

    /// Remembers a link, unless something changed since the fill began.
    pub fn fill(&self, filling: Filling, link: Arc<Destination>, now: Micros) {
        let unchanged = || self.changes.load(Ordering::SeqCst) == filling.0;
        if !unchanged() {
            return;
        }
        let entry = Entry {
            value: link.clone(),
            at: now,
        };
        self.links.insert(Key(link.clone()), entry);
        // A change between the check and the insert may have removed nothing yet.
        if !unchanged() {
            self.links.remove(&Key(link));
        }
    }

    /// Forgets a link that is not there any more.
    pub fn remove(&self, place: Place<'_>) {
        self.links.remove(&place);
    }

    /// Takes out what was changed. Call it when the change is committed, and before it is answered.
    pub fn forget(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        self.changes.fetch_add(1, Ordering::SeqCst);
        for change in changes {
            if let Change::Link { domain, slug_key } = change {
                self.remove(Place {
                    domain,
                    slug: slug_key,
                });
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
            Some(entry) if now - entry.at < DOMAIN_AGE => Known::Fresh(entry.value),
            Some(entry) => Known::Old(entry.value),
            None => Known::Nothing,
        }
    }

    /// Remembers a domain, or that there is none.
    pub fn remember_domain(&self, host: &str, domain: Option<Arc<Domain>>, now: Micros) {
        self.domains.insert(
            host.to_owned(),
            Entry {
                value: domain,
                at: now,
            },
        );
    }
}
