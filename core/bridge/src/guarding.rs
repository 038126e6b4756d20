//! Panics stay on this side.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::Failure;

/// Runs something and makes an ordinary error of a panic.
///
/// Nothing that a panic may have left half done is used again: calls own their state.
///
/// # Errors
/// Those of `work`, and a [`Failure`] of class `ApprouteError` for a panic.
pub fn guard<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Failure::internal(format!(
        "the SDK's native part failed ({words}): this is a bug, please report it; the client can be used on"
    ))
}

/// Panics, so that a binding can show that it survives that.
///
/// # Errors
/// Never; it panics.
pub fn panic_on_purpose<T>() -> Result<T, Failure> {
    panic!("on purpose")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_that_names_it() {
        let failure = guard(panic_on_purpose::<()>).unwrap_err();
        assert_eq!(failure.class, "ApprouteError");
        assert!(
            failure.message.contains("on purpose"),
            "{}",
            failure.message
        );
        assert_eq!(failure.outcome, "unknown");
        assert_eq!(guard(|| Ok(1)).unwrap(), 1);
    }
}
