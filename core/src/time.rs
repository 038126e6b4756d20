//! Time and chance, both injected.
//!
//! Nothing in this crate asks the operating system for the time, sleeps or draws a random number by itself: it asks the
//! client's [`Timer`] and [`Random`]. That is why its tests never wait, and why a host language can bring its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
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

    /// Completes when a try has used up its time limit; as [`sleep`](Self::sleep) unless it is overridden.
    ///
    /// A timer for tests on which waits take no time must let a try have its real time, or every try would end at once.
    fn limit(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.sleep(time)
    }
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

/// The default [`Timer`]: the system's monotonic clock and tokio's timer, or a thread where there is no tokio.
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
        // Only when it is polled: most waits are for timeouts that never come.
        Box::pin(async move {
            if tokio::runtime::Handle::try_current().is_ok() {
                tokio::time::sleep(time).await;
            } else {
                ThreadSleep::new(time).await;
            }
        })
    }
}

/// A wait on a thread of its own, which ends with it.
struct ThreadSleep {
    time: Duration,
    shared: Option<Arc<Shared>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    dropped: Condvar,
}

#[derive(Default)]
struct State {
    over: bool,
    waker: Option<Waker>,
}

impl ThreadSleep {
    fn new(time: Duration) -> Self {
        Self { time, shared: None }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, time: Duration) {
        let waiting = |state: &mut State| !state.over;
        let waited = self.dropped.wait_timeout_while(self.state(), time, waiting);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.over = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for ThreadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let time = self.time;
        let shared = self.shared.get_or_insert_with(|| {
            let shared = Arc::new(Shared::default());
            let own = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name("approute-sleep".to_owned());
            if thread.spawn(move || own.run(time)).is_err() {
                // No thread to be had: better too early than never.
                shared.state().over = true;
            }
            shared
        });
        let mut state = shared.state();
        if state.over {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for ThreadSleep {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            let mut state = shared.state();
            state.over = true;
            state.waker = None;
            drop(state);
            shared.dropped.notify_one();
        }
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
    fn without_tokio_a_thread_waits_and_ends_with_the_wait() {
        struct Unpark(std::thread::Thread);
        impl std::task::Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let timer = TokioTimer::default();
        let waker = Arc::new(Unpark(std::thread::current())).into();
        let mut context = Context::from_waker(&waker);
        let mut short = timer.sleep(Duration::from_millis(10));
        while short.as_mut().poll(&mut context).is_pending() {
            std::thread::park();
        }
        assert!(timer.now() >= Duration::from_millis(10));

        let mut long = ThreadSleep::new(Duration::from_secs(3600));
        assert!(Pin::new(&mut long).poll(&mut context).is_pending());
        let shared = long.shared.clone().unwrap();
        drop(long);
        while Arc::strong_count(&shared) > 1 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn unit_stays_below_one() {
        assert_eq!(unit(&|| 0), 0.0);
        let most = unit(&|| u64::MAX);
        assert!(most < 1.0 && most > 0.999_999);
    }
}
