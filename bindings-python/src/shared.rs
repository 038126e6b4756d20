//! A part of an answer that keeps the whole answer alive.
//!
//! An answer is decoded once, without the interpreter's lock, into the core's models. What Python gets of it (the page,
//! its items, their parts) points into that one value: nothing is copied before it is read.
//!
//! All unsafe code of this crate is in this file.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::sync::Arc;

use approute_bridge::Answer;

/// What keeps the parts alive.
pub(crate) trait Owner: Send + Sync {
    /// The facts of the response that the value came in, where it came in one.
    fn answer(&self) -> Option<&Answer>;
}

struct Decoded<T> {
    value: T,
    answer: Option<Answer>,
}

impl<T: Send + Sync> Owner for Decoded<T> {
    fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }
}

/// A part of an answer, for a Python object to hold.
pub(crate) struct Shared<T> {
    /// Points into what `owner` owns.
    value: NonNull<T>,
    owner: Arc<dyn Owner>,
}

// SAFETY: A `Shared` gives nothing but `&T`, to a value that nobody changes, so what it may do is what `&T` and an
// `Arc` of the owner, which is `Send + Sync`, may do.
unsafe impl<T: Sync> Send for Shared<T> {}
// SAFETY: As above.
unsafe impl<T: Sync> Sync for Shared<T> {}

impl<T: Send + Sync + 'static> Shared<T> {
    /// A whole answer.
    pub(crate) fn new(value: T, answer: Option<Answer>) -> Self {
        let owner = Arc::new(Decoded { value, answer });
        Self {
            value: NonNull::from(&owner.value),
            owner,
        }
    }
}

impl<T> Shared<T> {
    /// The value.
    pub(crate) fn get(&self) -> &T {
        // SAFETY: The pointer was made of a reference into the value that `owner` owns (in `Shared::new`, or in
        // `Part::share`, see there). An `Arc` does not move what it owns; nothing in this crate takes a `Decoded` out of
        // its `Arc` or changes it, and the models have no inner mutability. So the reference is good while `owner` is.
        unsafe { self.value.as_ref() }
    }

    /// The value, for looking into it.
    pub(crate) fn part(&self) -> Part<'_, T> {
        Part {
            value: self.get(),
            owner: &self.owner,
        }
    }

    /// What the value came in.
    pub(crate) fn owner(&self) -> &Arc<dyn Owner> {
        &self.owner
    }
}

/// A look at a part of an answer, which can be made to last.
pub(crate) struct Part<'a, T> {
    value: &'a T,
    owner: &'a Arc<dyn Owner>,
}

impl<'a, T> Part<'a, T> {
    pub(crate) fn get(&self) -> &'a T {
        self.value
    }

    /// A part of this part. The function's signature lets it give nothing but what is in its argument, or lasts forever.
    pub(crate) fn map<U>(&self, inner: impl for<'b> FnOnce(&'b T) -> &'b U) -> Part<'a, U> {
        Part {
            value: inner(self.value),
            owner: self.owner,
        }
    }

    /// A part that may not be there.
    pub(crate) fn find<U>(
        &self,
        inner: impl for<'b> FnOnce(&'b T) -> Option<&'b U>,
    ) -> Option<Part<'a, U>> {
        inner(self.value).map(|value| Part {
            value,
            owner: self.owner,
        })
    }

    /// Keeps it.
    ///
    /// The value is in what `owner` owns, or lasts forever: that is so for [`Shared::part`], and every way from there to
    /// another `Part` keeps it so, by the signatures of the functions above.
    pub(crate) fn share(&self) -> Shared<T> {
        Shared {
            value: NonNull::from(self.value),
            owner: Arc::clone(self.owner),
        }
    }
}

impl<'a, T> Part<'a, Vec<T>> {
    /// All entries of a list.
    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = Part<'a, T>> + use<'a, T> {
        let owner = self.owner;
        self.value.iter().map(move |value| Part { value, owner })
    }
}
