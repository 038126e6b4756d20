//! The generator behind `cargo xtask generate`: one spec in, five SDKs out.
//!
//! The stations, in order:
//!
//! 1. [`yaml`] reads the text into a tree that remembers places, [`load`] reads the tree into a [`spec::Spec`], and
//!    [`check`] holds the spec to its conventions. Everything that is wrong becomes one of [`problems`].
//! 2. [`model`] turns the spec into the model that templates are written against.
//! 3. [`progenitor`] makes Rust's requests, [`openapi30`] the document for older tools, and [`render`] runs the templates
//!    of [`targets`]; [`format`](mod@format) finishes each file, and [`outputs`] writes or compares it.
//!
//! See `docs/generator.md` for how to add a field, an operation or a language.

pub mod check;
pub mod cursor;
pub mod format;
pub mod generate;
pub mod go;
pub mod load;
pub mod markdown;
pub mod model;
pub mod names;
pub mod node;
pub mod openapi30;
pub mod outputs;
pub mod problems;
pub mod progenitor;
pub mod python;
pub mod render;
pub mod ruby;
pub mod rust;
pub mod spec;
pub mod targets;
pub mod tasks;
pub mod yaml;
