//! Time and chance, both injected.
//!
//! Nothing in this crate asks the operating system for the time, sleeps or draws a random number by itself: it asks the
//! client's [`Timer`] and [`Random`]. That is why its tests never wait, and why a host language can bring its own.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

/// A future on the heap, as the traits of this crate return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A clock that can also wait.
pub trait Timer: Send + Sync + 'static {
    /// Time since a fixed but arbitrary moment; it never goes back. Timeouts are measured with it.
    fn now(&self) -> Duration;

    /// The time of day, needed only to read a `Retry-After` that is a date.
    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Completes after `time`. Dropping the future ends the wait.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// A source of randomness, used for jitter and for idempotency keys.
///
/// Any `Fn() -> u64` is one.
pub trait Random: Send + Sync + 'static {
    /// The next 64 uniformly distributed bits.
    fn next_u64(&self) -> u64;
}

impl<F> Random for F
where
    F: Fn() -> u64 + Send + Sync + 'static,
{
    fn next_u64(&self) -> u64 {
        self()
    }
}

/// The default [`Timer`]: the system's monotonic clock and tokio's timer.
#[derive(Debug)]
pub(crate) struct TokioTimer {
    start: Instant,
}

impl Default for TokioTimer {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Timer for TokioTimer {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The default [`Random`]: the operating system's.
///
/// A generator in this process would repeat itself in the two halves of a fork, and with it idempotency keys.
#[derive(Debug, Default)]
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn next_u64(&self) -> u64 {
        getrandom::u64().unwrap_or_else(|_| {
            // Without the system's source (it does not fail on any supported platform once booted), the keyed hasher
            // still differs from call to call, and the time and pid from process to process.
            use std::hash::{BuildHasher, Hasher};
            let mut hasher = std::hash::RandomState::new().build_hasher();
            hasher.write_u32(std::process::id());
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            hasher.write_u128(since.unwrap_or_default().as_nanos());
            hasher.finish()
        })
    }
}

/// A random (version 4) UUID out of 128 bits of `random`.
pub(crate) fn uuid_v4(random: &dyn Random) -> String {
    let high = random.next_u64() & 0xffff_ffff_ffff_0fff | 0x4000;
    let low = random.next_u64() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// A uniform number in [0, 1) out of the high 53 bits of `random`.
pub(crate) fn unit(random: &dyn Random) -> f64 {
    // 53 bits fit a double's mantissa, so the division is exact.
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_their_version_and_variant() {
        assert_eq!(uuid_v4(&|| 0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(
            uuid_v4(&|| u64::MAX),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_ne!(uuid_v4(&SystemRandom), uuid_v4(&SystemRandom));
    }

    #[test]
    fn unit_stays_below_one() {
        assert_eq!(unit(&|| 0), 0.0);
        let most = unit(&|| u64::MAX);
        assert!(most < 1.0 && most > 0.999_999);
    }
}
