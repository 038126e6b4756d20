//! Telling visitors apart without keeping who they are.
//!
//! A visitor is what its address and its user agent say; an IPv6 address counts by its first 64 bits, since devices change
//! the rest by themselves, several times a day. Two things are made of that, both with a key that only the server has:
//!
//! - the *daily hash*, which is stored with a click to tell whether it is the link's first by this visitor on this day
//!   (UTC). Each day has a key of its own, and the link is part of it, so that neither two days nor two links can be
//!   joined by it;
//! - the *visitor key*, which lasts and is therefore never stored: it chooses a variant and is forgotten.
//!
//! Neither can be turned back. Whoever has the database and the server's key could try out addresses; without the key
//! there is nothing to try against.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{PoisonError, RwLock};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock::{DAY, Micros};

type Keyed = Hmac<Sha256>;

/// A visitor's hash for one link and one day, to be stored with a click.
pub type DailyHash = [u8; 16];

/// A visitor's lasting key. It has no way into a database: no `Debug`, no bytes outside of this crate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VisitorKey(pub(crate) [u8; 16]);

/// Makes hashes and keys of visitors; one per server, the same on all nodes.
pub struct Visitors {
    secret: Keyed,
    lasting: Keyed,
    /// The key of the day that was asked for last.
    day: RwLock<(i64, Keyed)>,
}

impl Visitors {
    /// With a secret that all nodes share.
    pub fn new(secret: &[u8]) -> Self {
        let secret = keyed(secret);
        let lasting = derive(&secret, b"visitor key");
        let day = RwLock::new((0, day_key(&secret, 0)));
        Self {
            secret,
            lasting,
            day,
        }
    }

    /// The hash of a visit to a link at `now`.
    pub fn daily_hash(
        &self,
        now: Micros,
        link_id: &str,
        address: IpAddr,
        user_agent: &[u8],
    ) -> DailyHash {
        let hash = self.key_of(now.div_euclid(DAY));
        // The length keeps an id's end and an agent's beginning apart.
        let id = link_id.as_bytes();
        half(
            hash.chain_update((id.len() as u64).to_be_bytes())
                .chain_update(id),
            address,
            user_agent,
        )
    }

    /// What chooses a visitor's variants.
    pub fn key(&self, address: IpAddr, user_agent: &[u8]) -> VisitorKey {
        VisitorKey(half(self.lasting.clone(), address, user_agent))
    }

    fn key_of(&self, day: i64) -> Keyed {
        {
            let (cached_day, key) = &*self.day.read().unwrap_or_else(PoisonError::into_inner);
            if *cached_day == day {
                return key.clone();
            }
        }
        let key = day_key(&self.secret, day);
        *self.day.write().unwrap_or_else(PoisonError::into_inner) = (day, key.clone());
        key
    }
}

fn half(hash: Keyed, address: IpAddr, user_agent: &[u8]) -> [u8; 16] {
    let hash = hash
        .chain_update(network(address))
        .chain_update(user_agent)
        .finalize()
        .into_bytes();
    let (half, _) = hash.split_first_chunk().expect("32 bytes have 16");
    *half
}

/// An IPv4 address in whole, an IPv6 address by its network.
fn network(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).octets(),
    }
}

fn day_key(secret: &Keyed, day: i64) -> Keyed {
    derive(
        secret,
        &[b"visitors of day ".as_slice(), &day.to_be_bytes()].concat(),
    )
}

fn derive(secret: &Keyed, purpose: &[u8]) -> Keyed {
    keyed(&secret.clone().chain_update(purpose).finalize().into_bytes())
}

fn keyed(key: &[u8]) -> Keyed {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const AGENT: &[u8] = b"Mozilla/5.0";
    const NOON: Micros = 20_000 * DAY + DAY / 2;

    fn address(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn a_visitor_is_the_same_all_day_and_on_all_nodes() {
        let (one, two) = (Visitors::new(b"secret"), Visitors::new(b"secret"));
        let hash = |visitors: &Visitors, now| {
            visitors.daily_hash(now, "lnk_1", address("192.0.2.1"), AGENT)
        };
        let morning = NOON - DAY / 2;
        assert_eq!(hash(&one, NOON), hash(&two, morning));
        assert_eq!(hash(&one, NOON), hash(&one, morning + DAY - 1));
        assert_ne!(hash(&one, NOON), hash(&one, morning + DAY));
        assert_ne!(hash(&one, NOON), hash(&one, morning - 1));
        assert_eq!(
            hash(&one, NOON),
            hash(&two, NOON),
            "also after other days were asked for"
        );
        assert_eq!(hash(&one, -1), hash(&two, -DAY));
    }

    #[test]
    fn everything_that_tells_visitors_apart_counts() {
        let visitors = Visitors::new(b"secret");
        let all = [
            visitors.daily_hash(NOON, "lnk_1", address("192.0.2.1"), AGENT),
            visitors.daily_hash(NOON, "lnk_2", address("192.0.2.1"), AGENT),
            visitors.daily_hash(NOON, "lnk_1", address("192.0.2.2"), AGENT),
            visitors.daily_hash(NOON, "lnk_1", address("2001:db8::1"), AGENT),
            visitors.daily_hash(NOON, "lnk_1", address("192.0.2.1"), b"Mozilla/5.1"),
            visitors.daily_hash(NOON + DAY, "lnk_1", address("192.0.2.1"), AGENT),
            Visitors::new(b"other").daily_hash(NOON, "lnk_1", address("192.0.2.1"), AGENT),
            visitors.key(address("192.0.2.1"), AGENT).0,
            visitors.key(address("192.0.2.2"), AGENT).0,
        ];
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn an_address_counts_by_what_stays() {
        let visitors = Visitors::new(b"secret");
        let key = |text| visitors.key(address(text), AGENT).0;
        assert_eq!(
            key("2001:db8:1:2::1"),
            key("2001:db8:1:2:ffff:ffff:ffff:ffff")
        );
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }

    /// Computed with Python's hmac module, so that no node of another build disagrees.
    #[test]
    fn the_hash_is_pinned() {
        let visitors = Visitors::new(b"secret");
        let hash = visitors.daily_hash(NOON, "lnk_1", address("192.0.2.1"), AGENT);
        assert_eq!(
            u128::from_be_bytes(hash),
            0x23f56b44_45aed302_7b2c64e2_0042a216
        );
        assert_eq!(
            u128::from_be_bytes(visitors.key(address("192.0.2.1"), AGENT).0),
            0xa98005b5_208bf7c8_c09f6042_f6b11788
        );
    }
}
