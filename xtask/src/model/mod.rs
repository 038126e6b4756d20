//! The intermediate model: what templates are written against.
//!
//! One [`Model`] is built from the spec, with every reference resolved and every rule of the conventions checked, and
//! is given to each template as its top-level variables (`api`, `resources`, `models`, …). `cargo xtask model` prints it
//! as JSON. Nothing in it belongs to one language: names are those of the wire, and the filters of
//! [`crate::render`] spell them. Order is the order of the spec everywhere.

mod build;
mod limits;
mod objects;
mod operations;
mod roles;
mod samples;
mod types;

pub use build::build;
pub use operations::{page, rust_function};
pub use roles::{Roles, roles};
pub use types::{variants, wire};

use serde::Serialize;
use serde_json::Value;

use crate::yaml::Node;

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

/// An operation: one method on one path.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// `links.rotate_secret`: resource and verb.
    pub id: String,
    /// Name of its resource.
    pub resource: String,
    /// The verb in snake_case, such as `rotate_secret`.
    pub verb: String,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Path template, such as `/v1/links/{link_id}`.
    pub path: String,
    /// The path cut at its slashes.
    pub segments: Vec<Segment>,
    /// Parameters in the path, in the order of the path; all required.
    pub path_params: Vec<Param>,
    /// Parameters in the query.
    pub query_params: Vec<Param>,
    /// Headers that are arguments of this operation (`If-Match`), not call options.
    pub header_params: Vec<Param>,
    /// Names of the call options whose headers the API reads here, such as `idempotency_key`.
    pub call_options: Vec<String>,
    /// The request's body, where it has one.
    pub body: Option<Body>,
    /// The one answer that means success.
    pub success: Success,
    /// All other answers by status, `304` included.
    pub answers: Vec<Answer>,
    /// How pages hang together, on operations that list.
    pub pagination: Option<Pagination>,
    /// Whether repeating the request by itself has no further effect (GET, PUT, DELETE).
    pub idempotent: bool,
    /// What the key must be allowed to do: `read` for GET, else `write`.
    pub scope: Scope,
    /// One line about it.
    pub summary: Option<String>,
    /// Markdown about it.
    pub description: Option<String>,
    /// Whether it is on its way out.
    pub deprecated: bool,
    /// Examples of the request's body.
    pub request_examples: Vec<Example>,
    /// Examples of the successful answer's body.
    pub response_examples: Vec<Example>,
    /// Arguments of the function that progenitor generates for it, in that function's own order. Read from its
    /// signature; see [`RustArgument`].
    pub rust_arguments: Vec<RustArgument>,
    /// Name of that function, such as `links_rotate_secret`.
    pub rust_function: String,
}

/// A part of a path between slashes.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Segment {
    /// Text that is sent as it is.
    Literal(String),
    /// Name of the path parameter that stands here, percent-encoded.
    Param(String),
}

/// What an API key must be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Any key.
    Read,
    /// A `read_write` key.
    Write,
}

/// A parameter of an operation.
#[derive(Clone, Debug, Serialize)]
pub struct Param {
    /// Name on the wire, such as `utm_source` or `If-Match`.
    pub name: String,
    /// Its type; never nullable.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Whether it must be given.
    pub required: bool,
    /// Whether its type is a list, which is sent by repeating the parameter.
    pub repeated: bool,
    /// Whether an empty text, 0 or false says nothing that leaving it out does not say. Languages where a plain value
    /// always has such a zero can then leave it out by that.
    pub zero_says_nothing: bool,
    /// Markdown about it.
    pub description: Option<String>,
    /// Its bounds as English phrases, such as `1 to 100`.
    pub constraints: Vec<String>,
    /// What the server assumes without it; null where it has no default.
    pub default: Option<Node>,
    /// An example of its value.
    pub example: Option<Node>,
    /// Whether it is on its way out.
    pub deprecated: bool,
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

/// A request's body, always `application/json`.
#[derive(Clone, Debug, Serialize)]
pub struct Body {
    /// Name of the model.
    pub model: String,
    /// Whether it must be given.
    pub required: bool,
    /// Whether `{}` is a valid body, since every field of the model is optional.
    pub may_be_empty: bool,
    /// Markdown about it.
    pub description: Option<String>,
    /// An example: the first of the operation, else that of the model.
    pub example: Node,
}

/// The answer that means success.
#[derive(Clone, Debug, Serialize)]
pub struct Success {
    /// Its status, such as 201.
    pub status: u16,
    /// What its body is.
    pub body: SuccessBody,
    /// Its headers.
    pub headers: Vec<ResponseHeader>,
    /// What it means.
    pub description: String,
}

/// What the body of a successful answer is.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SuccessBody {
    /// A JSON document.
    Json {
        /// Name of the model.
        model: String,
    },
    /// Bytes.
    Binary {
        /// The media types that it can have, the default first.
        media_types: Vec<String>,
    },
    /// Nothing.
    Empty,
}

/// A header of an answer.
#[derive(Clone, Debug, Serialize)]
pub struct ResponseHeader {
    /// Its name.
    pub name: String,
    /// What it says.
    pub description: Option<String>,
}

/// Any answer other than success.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// `404`, `5XX` or `default`.
    pub status: String,
    /// Name of the response component, where it has one.
    pub name: Option<String>,
    /// What it means.
    pub description: String,
    /// Name of the model of its body, where it has one.
    pub model: Option<String>,
}

/// How the pages of a list hang together.
#[derive(Clone, Debug, Serialize)]
pub struct Pagination {
    /// Field of the page with the items.
    pub items: String,
    /// Query parameter that takes the cursor.
    pub cursor: String,
    /// Field of the page with the next cursor, null on the last page.
    pub next: String,
    /// Name of the page's model.
    pub page_model: String,
    /// Name of the items' model.
    pub item_model: String,
}

/// An argument of a function that progenitor generated. It sorts arguments by itself, so templates must follow this
/// list: for each, pass the path, query or header parameter `name`, or the body.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RustArgument {
    /// Name of the parameter on the wire, or `body`.
    pub name: String,
    /// `path`, `query`, `header` or `body`.
    pub location: String,
    /// Name in the function's signature.
    pub ident: String,
    /// Type in the signature as Rust source, such as `Option<&'a str>`.
    #[serde(rename = "type")]
    pub ty: String,
}

/// An example from the spec.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub summary: Option<String>,
    /// The value.
    pub value: Node,
}

/// The part that a model plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Written by clients; other fields are refused (closed).
    Request,
    /// Like `request`, with at least one field that tells absent, null and a value apart.
    Patch,
    /// Read by clients; other fields are kept (open). Events are responses too.
    Response,
}

/// A model: an object with named fields.
#[derive(Clone, Debug, Serialize)]
pub struct Object {
    /// Name in PascalCase.
    pub name: String,
    /// The part that it plays.
    pub part: Part,
    /// Markdown about it.
    pub description: Option<String>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Whether any field, or any model in it, is secret.
    pub secret: bool,
    /// On the page of a list: the name of its items' model.
    pub page_of: Option<String>,
    /// On an event: the value of its `type`.
    pub event: Option<String>,
    /// Whether it is on its way out.
    pub deprecated: bool,
    /// An example: the spec's, else one that is made up and has the required fields only.
    pub example: Node,
}

/// A field of a model.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    /// Name on the wire.
    pub name: String,
    /// Its type; [`Type::nullable`] says whether it can be null.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Whether it is always there.
    pub required: bool,
    /// In requests: whether absent, null and a value mean three different things (optional and nullable).
    pub tri_state: bool,
    /// Whether its value must never be shown in logs, `Debug`, `repr` or `inspect`.
    pub secret: bool,
    /// Whether it is only sent, never returned.
    pub write_only: bool,
    /// Markdown about it: its own, else that of its named scalar.
    pub description: Option<String>,
    /// Its bounds as English phrases, such as `at most 255 characters`.
    pub constraints: Vec<String>,
    /// What the server assumes without it; null where it has no default.
    pub default: Option<Node>,
    /// An example of its value.
    pub example: Option<Node>,
    /// Whether it is on its way out.
    pub deprecated: bool,
}

/// A type. In templates its `kind` and the members of that kind lie flat beside `nullable` and `alias`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Type {
    /// What it is.
    #[serde(flatten)]
    pub shape: Shape,
    /// Whether null is allowed too.
    pub nullable: bool,
    /// Name of the scalar or list in the spec that it came from, such as `LinkId`. No type of that name is generated;
    /// templates may use it for docs.
    pub alias: Option<String>,
}

/// What a type is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shape {
    /// A string.
    String {
        /// `uri`, `email`, `password` and the like.
        format: Option<String>,
    },
    /// A time, RFC 3339.
    DateTime,
    /// A whole number of at most 53 bits.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Bytes.
    Binary,
    /// Any JSON value.
    Json,
    /// One fixed string.
    Const {
        /// That string.
        value: String,
    },
    /// One of [`Model::models`].
    Model {
        /// Its name.
        name: String,
    },
    /// One of [`Model::enums`].
    Enum {
        /// Its name.
        name: String,
        /// Whether its values are integers.
        integers: bool,
    },
    /// One of [`Model::unions`].
    Union {
        /// Its name.
        name: String,
    },
    /// One of [`Model::maps`].
    Map {
        /// Its name.
        name: String,
        /// What is in it.
        values: Box<Type>,
    },
    /// A list.
    List {
        /// What is in it.
        items: Box<Type>,
    },
}

/// An enumeration.
#[derive(Clone, Debug, Serialize)]
pub struct Enum {
    /// Name in PascalCase.
    pub name: String,
    /// Markdown about it.
    pub description: Option<String>,
    /// Whether values may be added at any time, so that SDKs must decode ones that they do not know.
    pub open: bool,
    /// Whether its values are integers (else strings).
    pub integers: bool,
    /// Its values.
    pub variants: Vec<Variant>,
    /// What the server assumes without it; null where it has no default.
    pub default: Option<Node>,
    /// Whether it is on its way out.
    pub deprecated: bool,
}

/// A value of an enumeration.
#[derive(Clone, Debug, Serialize)]
pub struct Variant {
    /// The value on the wire, a string or an integer.
    pub value: Value,
    /// A name in snake_case that is an identifier in every language but may be a keyword. Made from the value, unique
    /// in its enum; `x-enum-names` of the spec overrides it.
    pub name: String,
    /// Markdown about it (`x-enum-descriptions`).
    pub description: Option<String>,
}

/// An object whose keys are data.
#[derive(Clone, Debug, Serialize)]
pub struct Map {
    /// Name in PascalCase.
    pub name: String,
    /// Markdown about it.
    pub description: Option<String>,
    /// What is in it; in a PATCH the values are nullable, and null removes the entry.
    pub values: Type,
    /// Bounds of keys and number of entries as English phrases.
    pub constraints: Vec<String>,
    /// Whether it is on its way out.
    pub deprecated: bool,
}

/// A choice between models, told apart by a field; SDKs decode values that they do not know.
#[derive(Clone, Debug, Serialize)]
pub struct Union {
    /// Name in PascalCase.
    pub name: String,
    /// Markdown about it.
    pub description: Option<String>,
    /// The field that tells the models apart.
    pub tag: String,
    /// The models.
    pub variants: Vec<UnionVariant>,
}

/// A model of a union.
#[derive(Clone, Debug, Serialize)]
pub struct UnionVariant {
    /// Value of the union's tag field.
    pub value: String,
    /// Name of the model.
    pub model: String,
    /// A name for it in snake_case, made from the value: `link.created` → `link_created`.
    pub name: String,
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
