//! A network that misbehaves, between every SDK and the real server.
//!
//! The [`proxy`] hurts connections by chance; [`trial`] has a driver create links through it and then asks the server
//! itself what is there. Every acknowledged link must exist once, `unknown` ones once or not at all, `not_sent` ones
//! never, and repeating an `unknown` call with its key must double nothing.
#![forbid(unsafe_code)]

pub mod chance;
pub mod proxy;
pub mod server;
pub mod trial;
