//! The native library of `@approute/node`: the bridge as Node.js sees it.
//!
//! Nothing here knows an operation. A call comes as an operation's number and JSON, and goes back as the text of its
//! answer's body, which `JSON.parse` reads faster than any object could be built from here.
//!
//! - `queue`: calls that the I/O thread carries out, with one wake-up of the event loop for a batch of answers.
//! - `host`: calls without I/O, for the user's own `fetch` and for the mock.
//! - `answer`: what crosses.

#![cfg_attr(
    test,
    allow(dead_code, reason = "under test, `#[napi]` exports nothing")
)]

mod answer;
mod client;
mod host;
mod queue;
mod webhooks;

use approute_bridge::{Failure, guard, panic_on_purpose};
use napi::{Error, Status};
use napi_derive::napi;

/// The version of the native library, which must be the package's.
#[napi]
pub fn version() -> &'static str {
    approute_bridge::VERSION
}

/// The operations by their numbers.
#[napi]
pub fn operations() -> Vec<&'static str> {
    approute_bridge::OPERATIONS.to_vec()
}

/// Panics, to show that the process and the client survive it.
///
/// # Errors
/// Always.
#[napi]
pub fn panic_for_test() -> napi::Result<()> {
    guard(panic_on_purpose).map_err(thrown)
}

/// A failure as an exception whose message is the failure as JSON; JavaScript makes the real error of it.
fn thrown(failure: Failure) -> Error {
    Error::new(Status::GenericFailure, failure.to_json())
}
