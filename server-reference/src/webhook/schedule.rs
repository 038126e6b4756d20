//! When a failed delivery is tried again.
//!
//! Ten retries after 5 s, 1 m, 5 m, 15 m, 30 m, 1 h, 2 h, 4 h, 6 h and 10 h, each up to a fifth earlier, so that endpoints
//! which failed together do not come back together. They sum up to 23 h 51 min: even if every attempt waits for its
//! timeout, all of them are over within the 24 hours that are promised.
//!
//! `Retry-After` lengthens a wait, never shortens it, and counts only where it fits the 24 hours. Waits that it has
//! lengthened can push a later retry past the end; that one moves to the very end instead of being lost.
//!
//! Pure functions: the caller brings the clock and the randomness.

use std::time::UNIX_EPOCH;

use crate::clock::{HOUR, MINUTE, Micros, SECOND};

/// The wait before each retry, before jitter.
pub const DELAYS: [Micros; 10] = [
    5 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    6 * HOUR,
    10 * HOUR,
];

/// How long after the first attempt the last one may start.
pub const WINDOW: Micros = 24 * HOUR;

/// When to try again after a failure at `now`; `None` gives up.
///
/// `attempts` counts those made, the failed one included; `first_at` is when the first began; `retry_after` is what the
/// answer asked for (see [`retry_after`]); `random` is any 64 random bits.
pub fn next_attempt(
    first_at: Micros,
    attempts: u32,
    now: Micros,
    retry_after: Option<Micros>,
    random: u64,
) -> Option<Micros> {
    let made = usize::try_from(attempts).ok()?;
    let delay = *DELAYS.get(made.checked_sub(1)?)?;
    let deadline = first_at.saturating_add(WINDOW);
    if now >= deadline {
        return None;
    }
    let planned = now.saturating_add(jittered(delay, random));
    let asked = retry_after
        .map(|wait| now.saturating_add(wait))
        .filter(|at| *at <= deadline);
    Some(
        asked
            .map_or(planned, |asked| asked.max(planned))
            .min(deadline),
    )
}

/// Up to a fifth earlier, evenly.
fn jittered(delay: Micros, random: u64) -> Micros {
    let most = u128::from(delay.unsigned_abs()) / 5;
    // The upper half of a product with all 64 bits is a fraction of `most`, without modulo's bias.
    let earlier = ((most + 1) * u128::from(random)) >> 64;
    delay - Micros::try_from(earlier).expect("at most a fifth of the delay")
}

/// What a `Retry-After` header asks for, as a wait from `now`: seconds or an HTTP date; a date in the past is no wait.
pub fn retry_after(value: &str, now: Micros) -> Option<Micros> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit()) {
        // More digits than a number holds is longer than any window.
        let seconds: Micros = value.parse().unwrap_or(Micros::MAX);
        return Some(seconds.saturating_mul(SECOND));
    }
    let date = httpdate::parse_http_date(value)
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    let date = Micros::try_from(date.as_micros()).ok()?;
    Some((date - now).max(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Micros = 1_800_000_000 * SECOND;
    /// The longest that one attempt can take.
    const TIMEOUT: Micros = 15 * SECOND;

    /// Plays a delivery that fails every time; `steps` are how long each attempt takes, what it asks for, and the dice.
    fn play(steps: &[(Micros, Option<Micros>, u64)]) -> Vec<(Micros, Micros)> {
        let mut waits = Vec::new();
        let mut at = START;
        for (attempts, (took, asked, random)) in (1..).zip(steps) {
            let failed_at = at + took;
            match next_attempt(START, attempts, failed_at, *asked, *random) {
                Some(next) => {
                    waits.push((failed_at, next));
                    at = next;
                }
                None => break,
            }
        }
        waits
    }

    #[test]
    fn the_table_is_the_documented_one() {
        let steps = [(0, None, 0); 12];
        let waits: Vec<i64> = play(&steps)
            .iter()
            .map(|(from, to)| (to - from) / SECOND)
            .collect();
        assert_eq!(
            waits,
            [5, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000]
        );
        let earliest: Vec<i64> = play(&[(0, None, u64::MAX); 12])
            .iter()
            .map(|(from, to)| (to - from) / SECOND)
            .collect();
        assert_eq!(
            earliest,
            [4, 48, 240, 720, 1_440, 2_880, 5_760, 11_520, 17_280, 28_800]
        );
    }

    #[test]
    fn retry_after_lengthens_where_it_fits() {
        let next = |attempts, asked| {
            next_attempt(START, attempts, START + HOUR, asked, 0).map(|at| at - START - HOUR)
        };
        assert_eq!(next(1, Some(MINUTE)), Some(MINUTE));
        assert_eq!(next(2, Some(SECOND)), Some(MINUTE), "never shorter");
        assert_eq!(next(1, Some(23 * HOUR)), Some(23 * HOUR), "up to the end");
        assert_eq!(
            next(1, Some(23 * HOUR + 1)),
            Some(5 * SECOND),
            "beyond it does not count"
        );
        assert_eq!(next(1, Some(Micros::MAX)), Some(5 * SECOND));
    }

    #[test]
    fn a_late_retry_moves_to_the_end_and_after_it_there_is_none() {
        let at = |now| next_attempt(START, 10, now, None, 0);
        assert_eq!(at(START + 20 * HOUR), Some(START + WINDOW));
        assert_eq!(at(START + WINDOW - 1), Some(START + WINDOW));
        assert_eq!(at(START + WINDOW), None);
        assert_eq!(
            next_attempt(START, 11, START + HOUR, None, 0),
            None,
            "eleven attempts are all"
        );
        assert_eq!(
            next_attempt(START, 0, START, None, 0),
            None,
            "nothing was tried yet"
        );
        assert_eq!(next_attempt(START, u32::MAX, START, None, 0), None);
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_a_date() {
        let now = 784_111_777 * SECOND; // Sun, 06 Nov 1994 08:49:37 GMT
        for (value, expected) in [
            ("120", Some(120 * SECOND)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(MINUTE)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(MINUTE)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("99999999999999999999999999", Some(Micros::MAX)),
            ("-5", None),
            ("1.5", None),
            ("+5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), expected, "{value:?}");
        }
    }

    proptest! {
        /// Left alone, an endpoint gets all ten retries, each in its fifth, and the last one starts within 24 hours.
        #[test]
        fn ten_retries_fit_the_window(steps in proptest::collection::vec((0..=TIMEOUT, any::<u64>()), 11)) {
            let steps: Vec<_> = steps.into_iter().map(|(took, random)| (took, None, random)).collect();
            let waits = play(&steps);
            prop_assert_eq!(waits.len(), 10);
            for ((from, to), delay) in waits.iter().zip(DELAYS) {
                prop_assert!(to - from <= delay && to - from >= delay - delay / 5);
            }
            prop_assert!(waits[9].1 + TIMEOUT <= START + WINDOW);
        }

        /// Whatever endpoints ask for, retries are ten at most, later than the failure, not before what was asked and
        /// fits, and within 24 hours.
        #[test]
        fn nothing_that_an_endpoint_asks_breaks_the_bounds(
            steps in proptest::collection::vec((0..=TIMEOUT, proptest::option::of(0..30 * HOUR), any::<u64>()), 12)
        ) {
            let waits = play(&steps);
            prop_assert!(waits.len() <= 10);
            for ((from, to), (_, asked, _)) in waits.iter().zip(&steps) {
                prop_assert!(to > from && *to <= START + WINDOW);
                if let Some(asked) = asked && from + asked <= START + WINDOW {
                    prop_assert!(*to >= from + asked);
                }
            }
            // It gives up early only when the 24 hours are over.
            if waits.len() < 10 {
                let (last, took) = (waits.last().expect("the first retry always fits").1, steps[waits.len()].0);
                prop_assert!(last + took >= START + WINDOW);
            }
        }

        /// Jitter reaches its whole range and does not cluster.
        #[test]
        fn jitter_is_even(random in any::<u64>()) {
            let delay = 10 * HOUR;
            let share = (delay - jittered(delay, random)) as f64 / (delay / 5) as f64;
            prop_assert!((share - random as f64 / u64::MAX as f64).abs() < 1e-6);
        }
    }
}
