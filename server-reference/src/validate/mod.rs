//! Checks requests against the embedded spec: the rules are written once, in `spec/openapi.yaml`.

pub mod contract;
mod errors;
pub mod items;
pub mod json;
pub mod query;

pub use self::contract::{Contract, Parameter, Place};
