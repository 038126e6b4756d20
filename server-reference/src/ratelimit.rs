//! Token buckets, as a state machine of one number.
//!
//! A bucket holds as many tokens as its quota and refills evenly over its window. Its whole state is the moment at which
//! it will be full again (the "theoretical arrival time" of GCRA): that fits a column, and one statement takes a
//! token for all nodes at once ([`crate::store::limits`]). Arithmetic is in whole microseconds, so nothing drifts.

use http::{HeaderName, HeaderValue};

use crate::clock::{Micros, SECOND};

/// `"default";r=<remaining>;t=<seconds until the bucket is full>`.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// `"default";q=<quota>;w=<seconds>`.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    quota: u32,
    window: u32,
}

impl Policy {
    /// So many per window of so many seconds, and at once; `None` where either is 0.
    pub fn new(quota: u32, window: u32) -> Option<Self> {
        (quota > 0 && window > 0).then_some(Self { quota, window })
    }

    /// Requests within the window.
    pub fn requests(self) -> i64 {
        self.quota.into()
    }

    /// The window's length in seconds.
    pub fn seconds(self) -> i64 {
        self.window.into()
    }

    /// How long one token takes to come back, rounded up, so that rounding never grants more than the quota.
    pub fn interval(self) -> Micros {
        let window = Micros::from(self.window) * SECOND;
        let quota = Micros::from(self.quota);
        (window + quota - 1) / quota
    }

    /// How long an empty bucket takes to fill.
    pub fn capacity(self) -> Micros {
        self.interval() * Micros::from(self.quota)
    }

    /// The value of `RateLimit-Policy`.
    pub fn header(self) -> HeaderValue {
        value(format!("\"default\";q={};w={}", self.quota, self.window))
    }
}

impl std::str::FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(quota, window)| Self::new(quota.parse().ok()?, window.parse().ok()?));
        numbers.ok_or_else(|| "expected REQUESTS/SECONDS, such as 600/60".to_owned())
    }
}

/// One caller's tokens. The default is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    /// When it is full again; any moment that has passed means that it is full.
    pub full_at: Micros,
}

/// What a caller has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether there was a token.
    pub allowed: bool,
    /// Whole tokens left.
    pub remaining: u32,
    /// Seconds until the bucket is full, rounded up.
    pub reset: i64,
    /// Seconds until the next token, rounded up; for `Retry-After`. 0 where there is one.
    pub retry_after: i64,
}

impl Standing {
    /// The value of `RateLimit`.
    pub fn header(self) -> HeaderValue {
        value(format!("\"default\";r={};t={}", self.remaining, self.reset))
    }
}

impl Bucket {
    /// Takes a token, if there is one; a refusal costs nothing.
    pub fn take(&mut self, policy: Policy, now: Micros) -> Standing {
        let full_at = if self.full_at > now + 2 * policy.capacity() {
            // The clock went back by more than nodes differ, or the policy has changed: nothing is known of it.
            now
        } else {
            self.full_at.clamp(now, now + policy.capacity())
        };
        let after = full_at + policy.interval();
        let allowed = after <= now + policy.capacity();
        self.full_at = if allowed { after } else { full_at };
        self.standing(policy, now, allowed)
    }

    /// What is left in a bucket that has given a token, or refused one.
    pub fn standing(self, policy: Policy, now: Micros, allowed: bool) -> Standing {
        let missing = self.full_at - now;
        let left = (policy.capacity() - missing) / policy.interval();
        let wait = (missing + policy.interval() - policy.capacity()).max(0);
        Standing {
            allowed,
            remaining: u32::try_from(left).unwrap_or(0),
            reset: seconds(missing),
            retry_after: seconds(wait),
        }
    }

    /// Whether nothing is lost by forgetting the bucket.
    pub fn is_full(self, now: Micros) -> bool {
        self.full_at <= now
    }
}

fn seconds(time: Micros) -> i64 {
    (time + SECOND - 1) / SECOND
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("digits and quotes are a valid header")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(quota: u32, window: u32) -> Policy {
        Policy::new(quota, window).expect("neither is 0")
    }

    #[test]
    fn a_bucket_empties_at_once_and_refills_evenly() {
        let policy = policy(2, 10);
        let mut bucket = Bucket::default();
        let now = 1_000 * SECOND;
        let standing = |allowed, remaining, reset, retry_after| Standing {
            allowed,
            remaining,
            reset,
            retry_after,
        };
        assert_eq!(bucket.take(policy, now), standing(true, 1, 5, 0));
        assert_eq!(bucket.take(policy, now), standing(true, 0, 10, 5));
        assert_eq!(bucket.take(policy, now), standing(false, 0, 10, 5));
        assert_eq!(
            bucket.take(policy, now + 5 * SECOND - 1),
            standing(false, 0, 6, 1)
        );
        assert_eq!(
            bucket.take(policy, now + 5 * SECOND),
            standing(true, 0, 10, 5)
        );
        assert!(!bucket.is_full(now + 15 * SECOND - 1));
        assert!(bucket.is_full(now + 15 * SECOND));
        assert_eq!(
            bucket.take(policy, now + crate::clock::DAY),
            standing(true, 1, 5, 0),
            "more than full it never is"
        );
    }

    #[test]
    fn headers_are_those_of_the_spec() {
        let policy = policy(600, 60);
        assert_eq!(policy.header(), "\"default\";q=600;w=60");
        let mut bucket = Bucket::default();
        for _ in 0..2 {
            bucket.take(policy, SECOND);
        }
        assert_eq!(
            bucket.take(policy, SECOND).header(),
            "\"default\";r=597;t=1"
        );
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let policy = policy(10, 60);
        let mut bucket = Bucket {
            full_at: 1_000_000 * SECOND,
        };
        let standing = bucket.take(policy, 10 * SECOND);
        assert_eq!((standing.allowed, standing.remaining), (true, 9));
        // A little is what the clocks of two nodes differ by, and gives nobody more.
        let mut bucket = Bucket {
            full_at: 75 * SECOND,
        };
        let standing = bucket.take(policy, 10 * SECOND);
        assert_eq!(
            (standing.allowed, standing.reset, standing.retry_after),
            (false, 60, 6)
        );
        assert!(bucket.take(policy, 16 * SECOND).allowed);
    }

    #[test]
    fn a_policy_needs_both_numbers() {
        assert_eq!(Policy::new(0, 1), None);
        assert_eq!(Policy::new(1, 0), None);
        assert_eq!("600/60".parse(), Ok(policy(600, 60)));
        for wrong in ["", "600", "0/1", "1/0", "a/b", "-1/1", "1/2/3"] {
            assert!(wrong.parse::<Policy>().is_err(), "{wrong}");
        }
        assert_eq!(policy(3, 1).interval(), 333_334);
    }

    proptest! {
        /// In any stretch of time as long as a window there pass at most the quota at once and the quota again, and a
        /// refused caller that waits as long as it was told gets through.
        #[test]
        fn no_stretch_gets_more_than_its_due(
            quota in 1..50_u32,
            window in 1..100_u32,
            steps in proptest::collection::vec(0..3 * SECOND, 1..200),
        ) {
            let policy = policy(quota, window);
            let mut bucket = Bucket::default();
            let mut now = SECOND;
            let mut passed: Vec<Micros> = Vec::new();
            for step in steps {
                now += step;
                let standing = bucket.take(policy, now);
                prop_assert!(standing.remaining <= quota);
                prop_assert!(standing.reset <= i64::from(window) + 1);
                if standing.allowed {
                    passed.push(now);
                } else {
                    prop_assert!(standing.retry_after >= 1);
                    let later = now + standing.retry_after * SECOND;
                    let mut patient = bucket;
                    prop_assert!(patient.take(policy, later).allowed);
                }
            }
            for (index, start) in passed.iter().enumerate() {
                for (count, end) in (1..).zip(&passed[index..]) {
                    let due = Micros::from(quota) + (end - start) / policy.interval();
                    prop_assert!(count <= due, "{} in {} µs", count, end - start);
                }
            }
        }
    }
}
