//! Operations of the model.

use serde::Serialize;

use super::Type;
use crate::yaml::Node;

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
    /// Whether an empty text or 0 says nothing that leaving it out does not say. Languages where a plain value
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
    /// Whether every such answer has it.
    pub required: bool,
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
