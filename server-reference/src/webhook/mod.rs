//! Sending webhooks: everything about a delivery but the queue that it waits in.
//!
//! - [`sign`]: the headers that prove where a delivery comes from
//! - [`schedule`]: when a failed delivery is tried again
//! - [`outcome`]: what an attempt's answer means for the delivery and for the endpoint
//! - [`address`], [`target`], [`connector`]: what may be called at all, so that nobody reaches our own network through us
//! - [`send`]: one attempt
//! - [`vault`], [`key`]: the secrets at rest

pub mod address;
pub mod connector;
pub mod key;
pub mod outcome;
pub mod schedule;
pub mod send;
pub mod sign;
pub mod target;
pub mod vault;
