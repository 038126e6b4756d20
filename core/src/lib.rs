//! The official AppRoute SDK for Rust.
