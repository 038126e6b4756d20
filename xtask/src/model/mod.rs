//! The intermediate model: what templates are written against.
//!
//! One [`Model`] is built from the spec, with every reference resolved and every rule of the conventions checked, and
//! is given to each template as its top-level variables (`api`, `resources`, `models`, …). `cargo xtask model` prints it
//! as JSON. Nothing in it belongs to one language: names are those of the wire, and the filters of
//! [`crate::render`] spell them. Order is the order of the spec everywhere.

mod build;
mod call;
mod data;

pub use build::{Roles, build, page, roles, variants, wire};
pub use call::{
    Answer, Body, Example, Operation, Pagination, Param, ResponseHeader, RustArgument, Scope,
    Segment, Success, SuccessBody,
};
pub use data::{Enum, Field, Map, Object, Part, Shape, Type, Union, UnionVariant, Variant};

use serde::Serialize;

/// The whole API.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    /// Name, version and address of the API.
    pub api: Api,
    /// The resources with their operations, one per tag.
    pub resources: Vec<Resource>,
    /// Headers that a call option fills on some or all operations (idempotency key, confirmation, API version).
    pub call_options: Vec<CallOption>,
    /// Objects with named fields.
    pub models: Vec<Object>,
    /// Enumerations.
    pub enums: Vec<Enum>,
    /// Objects whose keys are data.
    pub maps: Vec<Map>,
    /// Choices between models, told apart by a field.
    pub unions: Vec<Union>,
    /// What webhooks deliver.
    pub events: Vec<Event>,
    /// What errors look like; null where no operation answers with a problem document.
    pub errors: Option<Errors>,
}

/// `info` and `servers`.
#[derive(Clone, Debug, Serialize)]
pub struct Api {
    /// Title, such as `AppRoute API`.
    pub title: String,
    /// The version that SDKs pin, `YYYY-MM-DD`.
    pub version: String,
    /// One line about the API.
    pub summary: Option<String>,
    /// Markdown about the API.
    pub description: Option<String>,
    /// Default base URL, without a trailing slash.
    pub base_url: String,
    /// Name of the license, such as `MIT`.
    pub license: Option<String>,
}

/// A resource: `client.links()` in Rust, `client.links` elsewhere.
#[derive(Clone, Debug, Serialize)]
pub struct Resource {
    /// Name in snake_case, such as `links`.
    pub name: String,
    /// Markdown about it.
    pub description: Option<String>,
    /// Its operations.
    pub operations: Vec<Operation>,
}

/// A header that an option of each call fills.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallOption {
    /// Name of the option, such as `idempotency_key`.
    pub name: String,
    /// Name of the header, such as `Idempotency-Key`.
    pub header: String,
    /// Markdown about it.
    pub description: Option<String>,
    /// Whether its value must not be shown.
    pub secret: bool,
}

/// What a webhook delivers.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Its type, such as `link.created`.
    pub name: String,
    /// Name of its model.
    pub model: String,
    /// Headers of the delivery.
    pub headers: Vec<Param>,
    /// One line about it.
    pub summary: Option<String>,
    /// Markdown about it.
    pub description: Option<String>,
}

/// What errors look like.
#[derive(Clone, Debug, Serialize)]
pub struct Errors {
    /// Name of the model of `application/problem+json`.
    pub model: String,
    /// Name of the enum of its `code`, where it has one.
    pub codes: Option<String>,
}
