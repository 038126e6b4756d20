//! The retry budget: how a client keeps from making an outage worse.
//!
//! A bucket of 500, shared by a client and its copies. A retry takes 5 out of it, 10 after a timeout, nothing after a
//! 429 that names its wait; a retry that succeeds gives back what it took, any other success gives 1. When the bucket
//! has too little, there is no retry.

use std::sync::atomic::{AtomicU32, Ordering};

/// What a full bucket holds.
pub(crate) const CAPACITY: u32 = 500;
/// What a retry takes.
pub(crate) const RETRY_COST: u32 = 5;
/// What a retry after a timeout takes.
pub(crate) const TIMEOUT_COST: u32 = 10;
/// What a call that needed no retry gives.
pub(crate) const SUCCESS_GIFT: u32 = 1;

/// The bucket. All its methods are lock-free.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    left: AtomicU32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            left: AtomicU32::new(CAPACITY),
        }
    }
}

impl RetryBudget {
    /// Takes `cost` out of the bucket, or nothing and says `false` when it holds less.
    pub(crate) fn take(&self, cost: u32) -> bool {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(cost)
            })
            .is_ok()
    }

    /// Puts `gift` back, up to the capacity.
    pub(crate) fn give(&self, gift: u32) {
        // The common case, a full bucket and a success, must not write to a shared cache line.
        if gift == 0 || self.left.load(Ordering::Relaxed) >= CAPACITY {
            return;
        }
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_add(gift).min(CAPACITY))
            });
    }

    /// What the bucket holds now.
    #[cfg(test)]
    pub(crate) fn left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_a_hundred_retries_and_no_more() {
        let budget = RetryBudget::default();
        for _ in 0..100 {
            assert!(budget.take(RETRY_COST));
        }
        assert_eq!(budget.left(), 0);
        assert!(!budget.take(RETRY_COST));
        assert!(budget.take(0), "what costs nothing is always allowed");
    }

    #[test]
    fn never_goes_above_its_capacity() {
        let budget = RetryBudget::default();
        budget.give(1);
        assert_eq!(budget.left(), CAPACITY);
        assert!(budget.take(TIMEOUT_COST));
        budget.give(SUCCESS_GIFT);
        assert_eq!(budget.left(), CAPACITY - 9);
        budget.give(u32::MAX);
        assert_eq!(budget.left(), CAPACITY);
    }

    #[test]
    fn too_little_is_left_alone() {
        let budget = RetryBudget::default();
        for _ in 0..99 {
            assert!(budget.take(RETRY_COST));
        }
        assert!(!budget.take(TIMEOUT_COST));
        assert_eq!(budget.left(), 5);
        assert!(budget.take(RETRY_COST));
    }
}
