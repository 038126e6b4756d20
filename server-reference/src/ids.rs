//! Ids: a prefix that says what it is, and a ULID, so that ids sort by the time they were made.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard};

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

/// What random numbers are for, where each has a stream of its own.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// Slugs.
    Slug,
    /// Secrets of webhooks, and tokens.
    Secret,
    /// API keys.
    ApiKey,
}

#[expect(clippy::large_enum_variant, reason = "there is one of it")]
enum State {
    /// Unpredictable, and growing with the time.
    Live { rng: StdRng, last: u128 },
    /// Repeatable.
    Seeded { seed: u64, streams: Box<[Stream]> },
}

/// Repeatable numbers for one kind of id or one purpose, so that the ids of links do not depend on how many requests
/// it took to make them.
struct Stream {
    rng: StdRng,
    count: u64,
}

/// The streams of ids come first, then those of [`Purpose`].
const STREAMS: usize = Purpose::ApiKey.stream() + 1;
/// Streams that a reset leaves as they are, since it leaves workspaces and keys.
const KEPT: [usize; 3] = [
    Kind::Workspace as usize,
    Kind::ApiKey as usize,
    Purpose::ApiKey.stream(),
];
/// The time in seeded ids, in milliseconds, counts up from 2026-01-01.
const SEEDED_FROM: u64 = 1_767_225_600_000;

impl Purpose {
    const fn stream(self) -> usize {
        Kind::Event as usize + 1 + self as usize
    }
}

impl Stream {
    fn new(seed: u64, number: usize) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8] = number as u8;
        Self {
            rng: StdRng::from_seed(bytes),
            count: 0,
        }
    }
}

/// Makes ids that never go backwards within one process, whatever the clock does.
pub struct Ids {
    clock: SharedClock,
    state: Mutex<State>,
}

impl Ids {
    /// Ids with unpredictable random parts.
    pub fn new(clock: SharedClock) -> Self {
        let rng = StdRng::from_rng(&mut rand::rng());
        Self {
            clock,
            state: Mutex::new(State::Live { rng, last: 0 }),
        }
    }

    /// Repeatable ids, slugs, keys and secrets, for tests: the n-th of a kind is always the same. They say nothing
    /// about the time, and nothing that they protect is safe.
    pub fn seeded(clock: SharedClock, seed: u64) -> Self {
        let streams = (0..STREAMS).map(|number| Stream::new(seed, number));
        let state = State::Seeded {
            seed,
            streams: streams.collect(),
        };
        Self {
            clock,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while ids are made")
    }

    /// A new id of this kind.
    pub fn next(&self, kind: Kind) -> String {
        self.at(kind, self.clock.now())
    }

    /// A new id that carries the time `now`.
    pub fn at(&self, kind: Kind, now: Micros) -> String {
        encode(kind.prefix(), self.state().number(kind, now))
    }

    /// The ULIDs of several ids, each with a time of its own.
    pub fn numbers_at(&self, kind: Kind, times: impl IntoIterator<Item = Micros>) -> Vec<u128> {
        let mut state = self.state();
        let number = |now| state.number(kind, now);
        times.into_iter().map(number).collect()
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self, purpose: Purpose) -> [u8; N] {
        let mut bytes = [0; N];
        self.state().rng(purpose).fill_bytes(&mut bytes);
        bytes
    }

    /// A random number below `bound`.
    pub fn below(&self, purpose: Purpose, bound: u32) -> u32 {
        self.state().rng(purpose).random_range(0..bound)
    }

    /// Begins again with what a seed gives, those things excepted that a reset leaves: workspaces and keys.
    pub fn restart(&self) {
        if let State::Seeded { seed, streams } = &mut *self.state() {
            for (number, stream) in streams.iter_mut().enumerate() {
                if !KEPT.contains(&number) {
                    *stream = Stream::new(*seed, number);
                }
            }
        }
    }
}

impl State {
    fn number(&mut self, kind: Kind, now: Micros) -> u128 {
        match self {
            Self::Live { rng, last } => {
                let millis = u128::from(u64::try_from(now / 1_000).unwrap_or(0)) & ((1 << 48) - 1);
                // Within one millisecond, and when the clock steps back, count on from the last id.
                *last = if millis <= *last >> RANDOM_BITS {
                    *last + 1
                } else {
                    millis << RANDOM_BITS | (random_u128(rng) & RANDOM_MASK)
                };
                *last
            }
            Self::Seeded { streams, .. } => {
                let stream = &mut streams[kind as usize];
                stream.count += 1;
                u128::from(SEEDED_FROM + stream.count) << RANDOM_BITS
                    | (random_u128(&mut stream.rng) & RANDOM_MASK)
            }
        }
    }

    fn rng(&mut self, purpose: Purpose) -> &mut StdRng {
        match self {
            Self::Live { rng, .. } => rng,
            Self::Seeded { streams, .. } => &mut streams[purpose.stream()].rng,
        }
    }
}

/// Random bytes that no seed repeats: for nonces, which must never come twice under one key, and for jitter.
pub fn unseeded<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
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

/// An id as it is kept where there are many: 16 bytes instead of 30. ULIDs have the order of their texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id<'a> {
    /// The prefix of its kind, and this ULID.
    Ulid(u128),
    /// Anything else.
    Other(&'a str),
}

impl<'a> Id<'a> {
    /// An id of this kind.
    pub fn new(kind: Kind, text: &'a str) -> Self {
        let ulid = text.strip_prefix(kind.prefix()).and_then(decode);
        ulid.map_or(Self::Other(text), Self::Ulid)
    }

    /// Its text.
    pub fn text(self, kind: Kind) -> String {
        match self {
            Self::Ulid(number) => encode(kind.prefix(), number),
            Self::Other(text) => text.to_owned(),
        }
    }
}

/// The number of a ULID; none where this is not how it is written.
fn decode(text: &str) -> Option<u128> {
    const LETTERS: usize = 26;
    /// Two bits of the letters are too many.
    const FIRST_AT_MOST: u8 = b'7';
    let letters: &[u8; LETTERS] = text.as_bytes().try_into().ok()?;
    if letters[0] > FIRST_AT_MOST {
        return None;
    }
    letters.iter().try_fold(0, |number, letter| {
        let digit = DIGITS[usize::from(*letter)];
        (digit < 32).then_some(number << 5 | u128::from(digit))
    })
}

/// What each letter of [`ALPHABET`] stands for; 32 is for all others.
const DIGITS: [u8; 256] = {
    let mut digits = [32; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

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
        let ids = Ids::new(Arc::new(ManualClock::new(0)));
        assert!(
            ids.at(Kind::Click, 1_469_918_176_385_000)
                .starts_with("clk_01ARYZ6S41")
        );
    }

    #[test]
    fn an_id_as_a_number_is_the_same_id() {
        let ids = Ids::new(Arc::new(ManualClock::new(1_700_000_000_000_000)));
        let made = ids.next(Kind::Click);
        let largest = "clk_7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
        for id in [made.as_str(), largest, "clk_00000000000000000000000000"] {
            let short = Id::new(Kind::Click, id);
            assert!(matches!(short, Id::Ulid(_)), "{id}");
            assert_eq!(short.text(Kind::Click), id);
        }
        assert_eq!(Id::new(Kind::Click, largest), Id::Ulid(u128::MAX));
        // Whatever would be written otherwise stays as it is.
        let lower = made.to_lowercase();
        for other in [
            "",
            "clk_",
            "lnk_00000000000000000000000000",
            "clk_80000000000000000000000000",
            "clk_0000000000000000000000000U",
            "clk_000000000000000000000000000",
            "clk_0000000000000000000000000é",
            &lower,
        ] {
            assert_eq!(Id::new(Kind::Click, other), Id::Other(other));
            assert_eq!(Id::new(Kind::Click, other).text(Kind::Click), other);
        }
    }

    #[test]
    fn a_seed_repeats_everything_whatever_happens_between() {
        let (one, two) = (
            Ids::seeded(Arc::new(ManualClock::new(0)), 7),
            Ids::seeded(Arc::new(ManualClock::new(1_700_000_000_000_000)), 7),
        );
        for _ in 0..3 {
            two.next(Kind::Request);
        }
        let things = |ids: &Ids| {
            (
                [ids.next(Kind::Link), ids.next(Kind::Link)],
                ids.random::<32>(Purpose::Secret),
                ids.below(Purpose::Slug, 1 << 30),
            )
        };
        let first = things(&one);
        assert_eq!(first, things(&two));
        assert!(first.0[0] < first.0[1]);
        assert_ne!(first, things(&one), "the next ones are others");
        let key = one.next(Kind::ApiKey);
        one.restart();
        assert_eq!(first, things(&one));
        assert_ne!(key, one.next(Kind::ApiKey), "keys outlive a reset");
        let other = Ids::seeded(Arc::new(ManualClock::new(0)), 8);
        assert_ne!(first.0, things(&other).0);
    }
}
