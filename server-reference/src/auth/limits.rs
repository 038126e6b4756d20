//! Requests per key.
//!
//! Where one process has the database, its buckets are in memory. Nodes that share one keep them there, at one small
//! statement for each call; a key that has used up its requests is refused from memory, so that a client that does not
//! stop asking costs the database nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use sqlx::AnyConnection;

use crate::clock::Micros;
use crate::ratelimit::{Bucket, Policy, Standing};
use crate::store;

/// The buckets of all keys that called lately.
pub struct Limiter {
    policy: Policy,
    shared: bool,
    /// Where buckets are shared, what was last seen of them.
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Limiter {
    /// All keys get this policy. `shared`: whether other nodes serve the same keys.
    pub fn new(policy: Policy, shared: bool) -> Self {
        Self {
            policy,
            shared,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// What all keys get.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<String, Bucket>> {
        self.buckets
            .lock()
            .expect("no panic while counting requests")
    }

    /// Takes one request from the key's bucket.
    pub async fn take(
        &self,
        connection: &mut AnyConnection,
        key_id: &str,
        now: Micros,
    ) -> store::Result<Standing> {
        let seen = self.take_here(key_id, now);
        // Other nodes can only have taken more.
        if !self.shared || !seen.allowed {
            return Ok(seen);
        }
        let (bucket, allowed) = store::limits::take(connection, key_id, self.policy, now).await?;
        self.buckets().insert(key_id.to_owned(), bucket);
        Ok(bucket.standing(self.policy, now, allowed))
    }

    fn take_here(&self, key_id: &str, now: Micros) -> Standing {
        let mut buckets = self.buckets();
        match buckets.get_mut(key_id) {
            Some(bucket) => bucket.take(self.policy, now),
            None => buckets
                .entry(key_id.to_owned())
                .or_default()
                .take(self.policy, now),
        }
    }

    /// Forgets all requests.
    pub fn clear(&self) {
        self.buckets().clear();
    }

    /// Forgets buckets that are full again.
    pub fn sweep(&self, now: Micros) {
        self.buckets().retain(|_, bucket| !bucket.is_full(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    #[test]
    fn keys_do_not_share_and_full_buckets_are_forgotten() {
        let limiter = Limiter::new("2/10".parse().unwrap(), false);
        assert!(limiter.take_here("a", 0).allowed);
        assert!(limiter.take_here("a", 0).allowed);
        assert!(!limiter.take_here("a", 0).allowed);
        assert!(limiter.take_here("b", 0).allowed);
        limiter.sweep(9 * SECOND);
        assert_eq!(limiter.buckets().len(), 1);
        limiter.sweep(10 * SECOND);
        assert!(limiter.buckets().is_empty());
    }
}
