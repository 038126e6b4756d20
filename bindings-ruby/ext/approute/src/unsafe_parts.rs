//! Everything in this crate that the compiler cannot check, in one place.
//!
//! References into shared values live as long as a Ruby object does; magnus has no safe function for the calls of Ruby's
//! that give up the GVL (the lock that lets one thread at a time run Ruby code); and what is new and cannot fail is made
//! without the net that magnus spans beneath it.
#![allow(unsafe_code)]

use std::any::Any;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use magnus::rb_sys::{AsRawValue, FromRawValue, protect};
use magnus::{Error, Value};

// --- references into shared values --------------------------------------------------------------------------------------

/// Keeps a value alive in which others point.
type Owner = Arc<dyn Any + Send + Sync>;

/// A value inside of something shared: a whole page, or one link of it, or that link's UTM parameters.
///
/// Whoever has one keeps the whole alive, and nobody copies anything.
pub(crate) struct Shared<T> {
    owner: Owner,
    /// Points into `owner`, or to a constant.
    value: NonNull<T>,
}

/// What is dropped by another thread.
struct Large<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> Drop for Large<T> {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            approute_bridge::drop_elsewhere(value);
        }
    }
}

// SAFETY: a `Shared` gives out shared references only, and owns through an `Arc` what may be dropped on another thread.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T: Send + Sync + 'static> Shared<T> {
    /// Shares a whole.
    pub(crate) fn new(value: T) -> Self {
        let owner = Arc::new(value);
        let value = NonNull::from(&*owner);
        Self { owner, value }
    }

    /// Shares a large whole, whose parts are given back elsewhere: Ruby's garbage collector is what lets go of it, and
    /// everything stands still meanwhile.
    pub(crate) fn large(value: T) -> Self {
        let owner = Arc::new(Large(Some(value)));
        let value = NonNull::from(owner.0.as_ref().expect("it was just put in"));
        Self { owner, value }
    }

    /// The value.
    pub(crate) fn get(&self) -> &T {
        // SAFETY: it points into `owner`, which this keeps alive, which never moves, since it is behind an `Arc`, and
        // which nobody changes, since the `Arc` never leaves this module; or to a constant.
        unsafe { self.value.as_ref() }
    }

    /// The value, as a place to go on from.
    pub(crate) fn inside(&self) -> In<'_, T> {
        In {
            owner: &self.owner,
            value: self.get(),
        }
    }
}

/// A reference of which it is known in what it points: only [`Shared::inside`] and the steps below make one.
pub(crate) struct In<'a, T> {
    owner: &'a Owner,
    value: &'a T,
}

impl<T> Clone for In<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for In<'_, T> {}

impl<'a, T> In<'a, T> {
    pub(crate) fn get(self) -> &'a T {
        self.value
    }

    /// A step to a part. The lifetime of the closure's argument is anything, so that what it returns can only be a part
    /// of it, or a constant.
    pub(crate) fn part<U>(self, step: impl for<'b> FnOnce(&'b T) -> &'b U) -> In<'a, U> {
        self.with(step(self.value))
    }

    /// As [`part`](Self::part), to a part that may not be there.
    pub(crate) fn maybe<U>(
        self,
        step: impl for<'b> FnOnce(&'b T) -> Option<&'b U>,
    ) -> Option<In<'a, U>> {
        Some(self.with(step(self.value)?))
    }

    pub(crate) fn shared(self) -> Shared<T> {
        Shared {
            owner: Arc::clone(self.owner),
            value: NonNull::from(self.value),
        }
    }

    fn with<U>(self, value: &'a U) -> In<'a, U> {
        In {
            owner: self.owner,
            value,
        }
    }
}

impl<'a, T> In<'a, Vec<T>> {
    pub(crate) fn each(self) -> impl ExactSizeIterator<Item = In<'a, T>> {
        self.value.iter().map(move |item| self.with(item))
    }
}

impl<'a, T> In<'a, BTreeMap<String, T>> {
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a str, In<'a, T>)> {
        self.value
            .iter()
            .map(move |(key, value)| (key.as_str(), self.with(value)))
    }
}

// --- freezing -----------------------------------------------------------------------------------------------------------

/// Freezes a string, array, hash, time or wrapper that was just made.
///
/// `rb_obj_freeze` looks for a singleton class, which what is new does not have, and costs as much as a getter.
pub(crate) fn freeze_new(value: Value) {
    let raw = value.as_raw();
    if rb_sys::SPECIAL_CONST_P(raw) {
        // Frozen already, and no pointer.
        return;
    }
    // SAFETY: it is no special constant, so that it points to an object, whose first word is its flags. Only this thread
    // knows it, and it has the GVL.
    unsafe {
        (*(raw as *mut rb_sys::RBasic)).flags |=
            rb_sys::ruby_fl_type::RUBY_FL_FREEZE as rb_sys::VALUE;
    }
}

// --- times --------------------------------------------------------------------------------------------------------------

/// A `Time` in UTC. `nanoseconds` may be those of a leap second, which Ruby's times do not know.
pub(crate) fn utc_time(seconds: i64, nanoseconds: u32) -> Value {
    /// Stands for UTC in place of an offset.
    const UTC: i32 = i32::MAX - 1;
    const SECOND: u32 = 1_000_000_000;
    let time = rb_sys::timespec {
        tv_sec: seconds + i64::from(nanoseconds / SECOND),
        tv_nsec: i64::from(nanoseconds % SECOND),
    };
    // SAFETY: the pointer is good for the call, and Ruby raises for nothing but nanoseconds of a second and more, which
    // these are not, and offsets of a day and more, which UTC is not. The caller has the GVL.
    unsafe { Value::from_raw(rb_sys::rb_time_timespec_new(&raw const time, UTC)) }
}

// --- the GVL ------------------------------------------------------------------------------------------------------------

/// Runs `work` without the GVL, and says whether it was run: it is not when an interrupt is pending already.
///
/// When Ruby wants something of this thread meanwhile, `wanted` becomes true; `work` is to return soon after.
///
/// No exception is raised in here, and none is jumped over `work`'s frames: `RB_NOGVL_INTR_FAIL` makes Ruby leave the
/// interrupt pending, for [`check_interrupts`].
pub(crate) fn without_gvl(wanted: &AtomicBool, work: impl FnOnce()) -> bool {
    struct State<F> {
        work: Option<F>,
        panic: Option<Box<dyn Any + Send>>,
        ran: bool,
    }

    unsafe extern "C" fn run<F: FnOnce()>(state: *mut c_void) -> *mut c_void {
        // SAFETY: it is the `State` below, which nobody else touches until `rb_nogvl` returns.
        let state = unsafe { &mut *state.cast::<State<F>>() };
        state.ran = true;
        if let Some(work) = state.work.take() {
            // A panic must not unwind through Ruby's frames.
            state.panic = catch_unwind(AssertUnwindSafe(work)).err();
        }
        std::ptr::null_mut()
    }

    unsafe extern "C" fn want(flag: *mut c_void) {
        // SAFETY: it is `wanted`, which outlives the call of `rb_nogvl`. Storing is all that is allowed here, since Ruby
        // may call this in a signal handler.
        unsafe { &*flag.cast::<AtomicBool>() }.store(true, Ordering::Relaxed);
    }

    fn start<F: FnOnce()>(state: &mut State<F>, wanted: &AtomicBool) {
        let flags = rb_sys::RB_NOGVL_INTR_FAIL | rb_sys::RB_NOGVL_UBF_ASYNC_SAFE;
        // SAFETY: both functions take what they are given here, and both pointers outlive the call. The caller has the
        // GVL: this crate's functions are only called by Ruby.
        unsafe {
            rb_sys::rb_nogvl(
                Some(run::<F>),
                std::ptr::from_mut(state).cast(),
                Some(want),
                std::ptr::from_ref(wanted).cast_mut().cast(),
                flags as _,
            );
        }
    }

    let mut state = State {
        work: Some(work),
        panic: None,
        ran: false,
    };
    start(&mut state, wanted);
    if let Some(panic) = state.panic {
        resume_unwind(panic);
    }
    state.ran
}

/// Does what Ruby wants of this thread: signal handlers, `Thread#raise`, `Thread#kill`, `Timeout`.
///
/// # Errors
/// What they raise.
pub(crate) fn check_interrupts() -> Result<(), Error> {
    // SAFETY: it has no arguments, and `protect` catches what it raises before it can jump over a Rust frame.
    protect(|| unsafe {
        rb_sys::rb_thread_check_ints();
        magnus::Ruby::get_unchecked().qnil().as_raw()
    })
    .map(drop)
}
