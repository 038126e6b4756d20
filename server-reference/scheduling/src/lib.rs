//! How a thread asks to be run soon rather than long.
//!
//! A thread that answers visits works for microseconds and waits for the next. Beside it, an import or a batch computes for
//! tens of milliseconds. Linux lets whoever runs finish a slice of some milliseconds, and a visit waits that long. A thread
//! that asks for a short slice takes over from one with a longer slice as soon as it wakes up; its share of the
//! processor stays the same, since it gives it back sooner. No privilege is needed, and a kernel before 6.12 ignores it.

use std::io;
use std::time::Duration;

/// Asks for slices of this length for the calling thread. Linux makes 0.1 to 100 ms of it; elsewhere it does nothing.
///
/// # Errors
/// What the system says, where it refuses; in a sandbox that forbids the call, for instance. The thread goes on as before.
pub fn ask_for_slices(length: Duration) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return linux::set_slice(length);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = length;
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::time::Duration;

    /// The first version of the kernel's `struct sched_attr` (linux/sched/types.h).
    #[repr(C)]
    #[derive(Default)]
    pub(super) struct Attributes {
        size: u32,
        policy: u32,
        flags: u64,
        nice: i32,
        priority: u32,
        /// The slice, in nanoseconds, for threads without real-time demands.
        pub(super) runtime: u64,
        deadline: u64,
        period: u64,
    }

    const SIZE: u32 = size_of::<Attributes>() as u32;
    const THIS_THREAD: libc::pid_t = 0;
    const NO_FLAGS: libc::c_uint = 0;

    /// What the calling thread has.
    #[expect(unsafe_code, reason = "no library wraps this call")]
    pub(super) fn get() -> io::Result<Attributes> {
        let mut attributes = Attributes::default();
        // SAFETY: the kernel writes SIZE bytes at most, which is what `attributes` has; every pattern of them is valid.
        let outcome = unsafe {
            libc::syscall(
                libc::SYS_sched_getattr,
                THIS_THREAD,
                &raw mut attributes,
                SIZE,
                NO_FLAGS,
            )
        };
        if outcome == 0 {
            Ok(attributes)
        } else {
            Err(io::Error::last_os_error())
        }
    }

    #[expect(unsafe_code, reason = "no library wraps this call")]
    pub(super) fn set_slice(length: Duration) -> io::Result<()> {
        // What it has besides, such as a lower priority that somebody gave to the whole process, stays.
        let attributes = Attributes {
            runtime: u64::try_from(length.as_nanos()).unwrap_or(u64::MAX),
            ..get()?
        };
        // SAFETY: the kernel reads as many bytes as `size` says, which `get` has set to what `attributes` has.
        let outcome = unsafe {
            libc::syscall(
                libc::SYS_sched_setattr,
                THIS_THREAD,
                &raw const attributes,
                NO_FLAGS,
            )
        };
        if outcome == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use super::{ask_for_slices, linux};

    #[test]
    fn a_thread_gets_the_slices_that_it_asked_for_and_others_do_not() {
        let before = linux::get().expect("attributes").runtime;
        std::thread::spawn(move || {
            let asked = Duration::from_micros(300);
            ask_for_slices(asked).expect("accepted");
            let now = linux::get().expect("attributes").runtime;
            // A kernel before 6.12 knows no slices and says 0.
            assert!(now == 300_000 || (now, before) == (0, 0), "{now}");
        })
        .join()
        .expect("no panic");
        assert_eq!(linux::get().expect("attributes").runtime, before);
    }
}
