#![doc = include_str!("../README.md")]
//!
//! # Where to look
//!
//! - [`Client`] and [`ClientBuilder`]: everything starts here.
//! - [`resources`]: the operations, one builder each; [`models`]: what they take and return.
//! - [`Response`], [`Error`]: how every call ends. [`page`]: lists.
//! - [`webhook`]: checking what AppRoute sends to you.
//! - [`mock`]: testing your own code without a network.
//! - [`transport`], [`time`], [`hooks`]: what can be put in place of the defaults.
#![forbid(unsafe_code)]

mod binary;
#[cfg(feature = "blocking")]
pub mod blocking;
mod budget;
mod call;
#[cfg(feature = "blocking")]
mod cancel;
mod client;
pub mod error;
mod generated;
mod glimpse;
pub mod hooks;
mod log;
pub mod mock;
mod moment;
mod open;
mod operation;
mod options;
pub mod page;
mod patch;
mod redacted;
mod request;
mod response;
mod retry;
mod script;
mod secret;
pub mod time;
mod trace;
pub mod transport;
pub mod webhook;

pub use binary::Binary;
pub use bytes;
pub use chrono;
pub use client::{Client, ClientBuilder};
pub use error::{Error, ErrorKind, Outcome};
pub use generated::{API_VERSION, models, parts, resources};
pub use http;
pub use log::LogLevel;
pub use options::CallOptions;
pub use patch::Patch;
pub use response::{RateLimit, Response};
pub use secret::Secret;

/// For the SDKs of other languages, which stand on this one: calls without I/O. No part of it is stable.
#[doc(hidden)]
pub mod bridge {
    #[cfg(feature = "blocking")]
    pub use crate::blocking::wait as block_on;
    pub use crate::call::{Action, Call, Event, timed_out};
    pub use crate::operation::Operation;
    pub use crate::request::{binary as decode_binary, empty as decode_empty, json as decode_json};
    pub use crate::response::{RawResponse, split};
    pub use crate::script::Script;
}
