//! Requests per key: a token bucket that refills evenly.

use std::collections::HashMap;
use std::sync::Mutex;

use http::HeaderValue;

use crate::clock::{Micros, SECOND};

/// How many requests a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Requests per window, and at once.
    pub quota: u32,
    /// The window in seconds.
    pub window: u32,
}

impl std::str::FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(quota, window)| Some((quota.parse().ok()?, window.parse().ok()?)));
        match numbers {
            Some((quota, window)) if quota > 0 && window > 0 => Ok(Self { quota, window }),
            _ => Err("expected REQUESTS/SECONDS, such as 600/60".to_owned()),
        }
    }
}

/// What a key has left after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the request may go on.
    pub allowed: bool,
    remaining: u32,
    /// Seconds until the bucket is full.
    reset: u64,
    /// Seconds until the next request may go on.
    pub retry_after: u64,
    policy: Policy,
}

impl Standing {
    /// The value of `RateLimit`.
    pub fn header(&self) -> HeaderValue {
        text(format!("\"default\";r={};t={}", self.remaining, self.reset))
    }

    /// The value of `RateLimit-Policy`.
    pub fn policy_header(&self) -> HeaderValue {
        text(format!(
            "\"default\";q={};w={}",
            self.policy.quota, self.policy.window
        ))
    }
}

fn text(value: String) -> HeaderValue {
    HeaderValue::try_from(value).expect("digits and quotes are a valid header")
}

struct Bucket {
    tokens: f64,
    at: Micros,
}

/// The buckets of all keys that called lately.
pub struct Limiter {
    policy: Policy,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Limiter {
    /// All keys get this policy.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one request from the key's bucket.
    pub fn take(&self, key_id: &str, now: Micros) -> Standing {
        let Policy { quota, window } = self.policy;
        let per_second = f64::from(quota) / f64::from(window);
        let mut buckets = self
            .buckets
            .lock()
            .expect("no panic while counting requests");
        if !buckets.contains_key(key_id) {
            buckets.insert(
                key_id.to_owned(),
                Bucket {
                    tokens: f64::from(quota),
                    at: now,
                },
            );
        }
        let bucket = buckets.get_mut(key_id).expect("inserted above");
        let elapsed = (now - bucket.at).max(0) as f64 / SECOND as f64;
        bucket.tokens = (bucket.tokens + elapsed * per_second).min(f64::from(quota));
        bucket.at = now;
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        let missing = f64::from(quota) - bucket.tokens;
        Standing {
            allowed,
            remaining: bucket.tokens as u32,
            reset: (missing / per_second).ceil() as u64,
            retry_after: ((1.0 - bucket.tokens).max(0.0) / per_second)
                .ceil()
                .max(1.0) as u64,
            policy: self.policy,
        }
    }

    /// Forgets all requests.
    pub fn clear(&self) {
        self.buckets
            .lock()
            .expect("no panic while counting requests")
            .clear();
    }

    /// Forgets buckets that are full again.
    pub fn sweep(&self, now: Micros) {
        let window = i64::from(self.policy.window) * SECOND;
        self.buckets
            .lock()
            .expect("no panic while counting requests")
            .retain(|_, bucket| now - bucket.at < window);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refills_evenly_and_says_when() {
        let limiter = Limiter::new("2/10".parse().unwrap());
        assert!(limiter.take("a", 0).allowed);
        let second = limiter.take("a", 0);
        assert!(second.allowed);
        assert_eq!(second.header(), "\"default\";r=0;t=10");
        assert_eq!(second.policy_header(), "\"default\";q=2;w=10");
        let third = limiter.take("a", 0);
        assert!(!third.allowed);
        assert_eq!(third.retry_after, 5);
        assert!(limiter.take("b", 0).allowed, "keys do not share");
        assert!(!limiter.take("a", 4 * SECOND).allowed);
        assert!(limiter.take("a", 5 * SECOND).allowed);
        limiter.sweep(100 * SECOND);
        assert!(limiter.buckets.lock().unwrap().is_empty());
    }

    #[test]
    fn reads_policies() {
        assert_eq!(
            "600/60".parse(),
            Ok(Policy {
                quota: 600,
                window: 60
            })
        );
        for wrong in ["", "600", "0/1", "1/0", "a/b", "-1/1"] {
            assert!(wrong.parse::<Policy>().is_err(), "{wrong}");
        }
    }
}
