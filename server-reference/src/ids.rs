//! Ids: a prefix that says what it is, and a ULID, so that ids sort by the time they were made.

use std::fmt::Write as _;
use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{Rng, RngExt as _, SeedableRng};

use crate::clock::{Micros, SharedClock};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_BITS: u32 = 80;
const RANDOM_MASK: u128 = (1 << RANDOM_BITS) - 1;

/// What an id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A link.
    Link,
    /// A click.
    Click,
    /// An API key (not its secret).
    ApiKey,
    /// A workspace.
    Workspace,
    /// A request.
    Request,
    /// A webhook.
    Webhook,
    /// An event.
    Event,
}

impl Kind {
    /// The letters before the ULID.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Link => "lnk_",
            Self::Click => "clk_",
            Self::ApiKey => "key_",
            Self::Workspace => "wsp_",
            Self::Request => "req_",
            Self::Webhook => "whk_",
            Self::Event => "evt_",
        }
    }
}

struct State {
    rng: StdRng,
    last: u128,
}

/// Makes ids that never go backwards within one process, whatever the clock does.
pub struct Ids {
    clock: SharedClock,
    state: Mutex<State>,
}

impl Ids {
    /// Ids with unpredictable random parts.
    pub fn new(clock: SharedClock) -> Self {
        Self::with_rng(clock, StdRng::from_rng(&mut rand::rng()))
    }

    /// Repeatable ids, for tests.
    pub fn seeded(clock: SharedClock, seed: u64) -> Self {
        Self::with_rng(clock, StdRng::seed_from_u64(seed))
    }

    fn with_rng(clock: SharedClock, rng: StdRng) -> Self {
        Self {
            clock,
            state: Mutex::new(State { rng, last: 0 }),
        }
    }

    /// A new id of this kind.
    pub fn next(&self, kind: Kind) -> String {
        self.at(kind, self.clock.now())
    }

    /// A new id that carries the time `now`.
    pub fn at(&self, kind: Kind, now: Micros) -> String {
        let millis = u128::from(u64::try_from(now / 1_000).unwrap_or(0)) & ((1 << 48) - 1);
        let mut state = self.state.lock().expect("no panic while ids are made");
        let fresh = millis << RANDOM_BITS | (random_u128(&mut state.rng) & RANDOM_MASK);
        // Within one millisecond, and when the clock steps back, count on from the last id.
        state.last = if millis <= state.last >> RANDOM_BITS {
            state.last + 1
        } else {
            fresh
        };
        encode(kind.prefix(), state.last)
    }

    /// Random bytes for slugs, tokens and keys.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.state
            .lock()
            .expect("no panic while ids are made")
            .rng
            .fill_bytes(&mut bytes);
        bytes
    }

    /// A random number below `bound`.
    pub fn below(&self, bound: u32) -> u32 {
        self.state
            .lock()
            .expect("no panic while ids are made")
            .rng
            .random_range(0..bound)
    }
}

fn random_u128(rng: &mut StdRng) -> u128 {
    u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())
}

fn encode(prefix: &str, ulid: u128) -> String {
    let mut text = String::with_capacity(prefix.len() + 26);
    text.push_str(prefix);
    for place in (0..26).rev() {
        let digit = (ulid >> (place * 5)) & 31;
        text.push(char::from(ALPHABET[digit as usize]));
    }
    text
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn ids_grow_even_when_the_clock_does_not() {
        let clock = Arc::new(ManualClock::new(1_700_000_000_000_000));
        let ids = Ids::new(clock.clone());
        let mut all: Vec<String> = (0..1_000).map(|_| ids.next(Kind::Link)).collect();
        clock.advance(-60_000_000);
        all.extend((0..10).map(|_| ids.next(Kind::Link)));
        clock.advance(120_000_000);
        all.push(ids.next(Kind::Link));
        assert!(all.is_sorted_by(|a, b| a < b));
        assert!(
            all.iter()
                .all(|id| id.len() == 30 && id.starts_with("lnk_0"))
        );
    }

    #[test]
    fn the_time_is_in_the_first_ten_letters() {
        // The example of the ULID specification: 1469918176385 ms is 01ARYZ6S41.
        let ids = Ids::seeded(Arc::new(ManualClock::new(0)), 1);
        assert!(
            ids.at(Kind::Click, 1_469_918_176_385_000)
                .starts_with("clk_01ARYZ6S41")
        );
    }
}
