//! Repeatable chance: which fault a connection meets.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it passes.
    None,
    /// The connection is reset before anything of the request is read.
    ResetAtOnce,
    /// The connection is reset in the middle of the request, which the server never sees.
    ResetInRequest,
    /// The server carries it out, and the connection is reset before a byte of the answer.
    ResetBeforeAnswer,
    /// The connection is reset in the middle of the answer.
    ResetInAnswer,
    /// The answer ends too early, with an orderly close.
    Truncate,
    /// Half of the answer comes, then the sending half is closed and the receiving half stays open.
    HalfClose,
    /// The server carries it out, and the answer does not come for longer than a try may take.
    Stall,
    /// The answer comes in pieces of a few bytes.
    SlowBytes,
    /// A 503 of the proxy's own; the server sees nothing.
    Unavailable,
    /// The server carries it out, and a 503 comes all the same.
    UnavailableAfterwards,
    /// The request reaches the server twice, and the answer to the first is passed on.
    Duplicate,
    /// The request reaches the server twice at the same time, and the answer to either is passed on.
    DuplicateAtOnce,
}

/// All that hurt. [`Fault::None`] is as likely as all of them together.
pub const FAULTS: [Fault; 12] = [
    Fault::ResetAtOnce,
    Fault::ResetInRequest,
    Fault::ResetBeforeAnswer,
    Fault::ResetInAnswer,
    Fault::Truncate,
    Fault::HalfClose,
    Fault::Stall,
    Fault::SlowBytes,
    Fault::Unavailable,
    Fault::UnavailableAfterwards,
    Fault::Duplicate,
    Fault::DuplicateAtOnce,
];

/// A row of draws that a seed repeats.
#[derive(Debug)]
pub struct Chance {
    seed: u64,
    drawn: AtomicU64,
}

impl Chance {
    /// Starts the row of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: AtomicU64::new(0),
        }
    }

    /// The next 64 bits: the splitmix64 sequence.
    pub fn next(&self) -> u64 {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut bits = self
            .seed
            .wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&self, limit: usize) -> usize {
        // The bias is far below what a test could see.
        usize::try_from(self.next() % limit as u64).unwrap_or_default()
    }

    /// What happens next.
    pub fn fault(&self) -> Fault {
        let drawn = self.below(FAULTS.len() * 2);
        FAULTS.get(drawn).copied().unwrap_or(Fault::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_every_fault_comes() {
        let (one, two) = (Chance::new(7), Chance::new(7));
        let row: Vec<_> = (0..1000).map(|_| one.fault()).collect();
        let again: Vec<_> = (0..1000).map(|_| two.fault()).collect();
        assert_eq!(row, again);
        for fault in FAULTS {
            assert!(row.contains(&fault), "{fault:?} never comes");
        }
        let passing = row.iter().filter(|fault| **fault == Fault::None).count();
        assert!((400..600).contains(&passing), "{passing} pass");
    }
}
