//! The official AppRoute SDK for Rust.

mod generated;
mod open;
mod patch;
mod redacted;

pub use generated::{models, parts};
pub use patch::Patch;
