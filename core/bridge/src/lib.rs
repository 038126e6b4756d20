//! What the SDKs of other languages have in common between the Rust core and their own side.
//!
//! A binding (Node.js, Python, Ruby) is thin: it turns a method call into JSON, hands it over here, and turns what
//! comes back into its language's values. Everything in between that is not one language's affair is in this crate:
//!
//! - [`Client`]: made of a [`Config`] that came as JSON; [`Client::start`] makes a call of an operation's number and
//!   its arguments as JSON. The request itself is built by the core's generated operation, as for Rust's users.
//! - Three ways to carry a call out: [`wait`] on the calling thread, which looks for interrupts ([`Resumable`] where
//!   those run code of the user); a [`Queue`] for event
//!   loops, filled by one I/O thread per process; and [`HostCall`] without any I/O, for the language's own HTTP client.
//! - [`Failure`]: every error as plain fields, from which a language makes its exception.
//! - [`Notice`]: what hooks and loggers are told.
//! - [`guard`]: a panic becomes a [`Failure`], and the next call works.
//! - [`webhooks`]: signatures, without a client.
//!
//! Runtimes and connections belong to a process: in the child of a fork new ones are made, and the parent's are left
//! alone. No part of this crate is stable; the native library and its facade are released together, and [`VERSION`]
//! tells them apart when they are not.
#![forbid(unsafe_code)]

mod answer;
mod arguments;
mod client;
mod clock;
mod config;
mod discard;
mod failure;
#[rustfmt::skip]
mod generated;
mod guarding;
mod host;
mod notice;
mod queue;
mod resumable;
mod runtime;
mod waiting;
pub mod webhooks;

pub use answer::{Answer, headers_of};
pub use approute::bridge::{RawResponse, Script, decode_binary, decode_empty, decode_json, split};
pub use client::{Client, PendingCall};
pub use clock::Clock;
pub use config::Config;
pub use discard::drop_elsewhere;
pub use failure::{Details, Failure, FieldProblem, LanguageType, RequiredConfirmation};
pub use generated::OPERATIONS;
pub use guarding::{guard, panic_on_purpose};
pub use host::{HostAction, HostAnswer, HostCall, HostFailure};
pub use notice::{Listener, Notice};
pub use queue::{Completion, Queue, What};
pub use resumable::{Pause, Resumable};
pub use waiting::wait;

/// The version of this crate. A facade refuses a native library of another version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
