//! The spec as it is written: every construct that xtask understands, references unresolved, places kept.

mod schema;

pub use schema::{Field, Kind, Limits, Schema};

use indexmap::IndexMap;

use crate::problems::Place;
use crate::yaml::Node;

/// A whole OpenAPI document.
#[derive(Debug, Default)]
pub struct Spec {
    /// `info`.
    pub info: Info,
    /// `servers`, the first one is the default base URL.
    pub servers: Vec<Server>,
    /// `tags`, one per resource, in the order of the file.
    pub tags: Vec<Tag>,
    /// The operations under `paths`, in the order of the file.
    pub operations: Vec<Operation>,
    /// The entries under `webhooks`.
    pub webhooks: Vec<Webhook>,
    /// `components`.
    pub components: Components,
}

/// `info`.
#[derive(Debug, Default)]
pub struct Info {
    /// Title of the API.
    pub title: String,
    /// Version of the API, `YYYY-MM-DD`.
    pub version: String,
    /// One line about it.
    pub summary: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// Name of the license.
    pub license: Option<String>,
}

/// One of `servers`.
#[derive(Debug)]
pub struct Server {
    /// Base URL without a trailing slash.
    pub url: String,
}

/// One of `tags`: a resource.
#[derive(Debug)]
pub struct Tag {
    /// Where it stands.
    pub place: Place,
    /// The resource's name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
}

/// `components`, each by name in the order of the file.
#[derive(Debug, Default)]
pub struct Components {
    /// Models, enums, maps, unions and named scalars.
    pub schemas: IndexMap<String, Schema>,
    /// Parameters.
    pub parameters: IndexMap<String, Parameter>,
    /// Response headers.
    pub headers: IndexMap<String, Header>,
    /// Responses.
    pub responses: IndexMap<String, Response>,
    /// Request bodies.
    pub request_bodies: IndexMap<String, RequestBody>,
    /// Examples.
    pub examples: IndexMap<String, Example>,
}

/// A reference to a component, or the thing itself.
#[derive(Debug, Clone)]
pub enum OrRef<T> {
    /// `$ref`.
    Ref(Ref),
    /// Written out in place.
    Here(T),
}

/// A `$ref` to a component.
#[derive(Debug, Clone)]
pub struct Ref {
    /// Where the `$ref` stands.
    pub place: Place,
    /// Name of the component.
    pub name: String,
}

/// An operation: a method on a path.
#[derive(Debug)]
pub struct Operation {
    /// Where it stands.
    pub place: Place,
    /// `POST` and the like.
    pub method: String,
    /// `/v1/links/{link_id}` and the like.
    pub path: String,
    /// `links.create` and the like.
    pub id: String,
    /// Where the id stands.
    pub id_place: Place,
    /// Its tags; exactly one is right.
    pub tags: Vec<String>,
    /// One line about it.
    pub summary: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// Whether it is on its way out.
    pub deprecated: bool,
    /// Parameters, those of the path item first.
    pub parameters: Vec<OrRef<Parameter>>,
    /// The body, where there is one.
    pub request_body: Option<OrRef<RequestBody>>,
    /// Responses by status (`201`, `5XX`, `default`).
    pub responses: Vec<(String, OrRef<Response>)>,
    /// `x-pagination`.
    pub pagination: Option<Pagination>,
}

/// An entry under `webhooks`: an event that the API sends.
#[derive(Debug)]
pub struct Webhook {
    /// Where it stands.
    pub place: Place,
    /// Its key, the event's type.
    pub name: String,
    /// One line about it.
    pub summary: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// Headers that the delivery carries.
    pub parameters: Vec<OrRef<Parameter>>,
    /// The event's body.
    pub request_body: Option<OrRef<RequestBody>>,
    /// What the receiver may answer.
    pub responses: Vec<(String, OrRef<Response>)>,
}

/// `x-pagination`: how an operation's pages hang together.
#[derive(Debug, Clone)]
pub struct Pagination {
    /// Where it stands.
    pub place: Place,
    /// Field of the page with the items.
    pub items: String,
    /// Query parameter that takes the cursor.
    pub cursor: String,
    /// Field of the page with the next cursor.
    pub next: String,
}

/// Where a parameter travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Where it stands.
    pub place: Place,
    /// Its name on the wire.
    pub name: String,
    /// Where it travels.
    pub location: Location,
    /// What it is.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// Whether it is on its way out.
    pub deprecated: bool,
    /// Its type.
    pub schema: Schema,
    /// Examples of its value.
    pub examples: Vec<Node>,
    /// `x-call-option`: the option of a call that fills it, instead of an argument.
    pub call_option: Option<String>,
}

/// A response header.
#[derive(Debug, Clone)]
pub struct Header {
    /// What it says.
    pub description: Option<String>,
    /// Whether every such answer has it.
    pub required: bool,
    /// Its type.
    pub schema: Schema,
}

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    /// Where it stands.
    pub place: Place,
    /// What it means.
    pub description: String,
    /// Its headers by name.
    pub headers: Vec<(String, OrRef<Header>)>,
    /// Its bodies by media type; empty = no body.
    pub content: Vec<Media>,
}

/// A request body.
#[derive(Debug, Clone)]
pub struct RequestBody {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// Its media types.
    pub content: Vec<Media>,
}

/// A body in one media type.
#[derive(Debug, Clone)]
pub struct Media {
    /// Where it stands.
    pub place: Place,
    /// `application/json` and the like.
    pub media_type: String,
    /// Its type.
    pub schema: Schema,
    /// Examples by name.
    pub examples: Vec<(String, OrRef<Example>)>,
}

/// A named example.
#[derive(Debug, Clone)]
pub struct Example {
    /// One line about it.
    pub summary: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// The example itself.
    pub value: Node,
}

impl Spec {
    /// The schema of that name.
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.components.schemas.get(name)
    }

    /// The schema itself, or the one that it refers to.
    pub fn target<'a>(&'a self, schema: &'a Schema) -> Option<&'a Schema> {
        match &schema.kind {
            Kind::Ref(target) => self.schema(&target.name),
            _ => Some(schema),
        }
    }

    /// The parameter itself, or the component that is referred to.
    pub fn parameter<'a>(&'a self, parameter: &'a OrRef<Parameter>) -> Option<&'a Parameter> {
        parameter.get(&self.components.parameters)
    }

    /// The response itself, or the component that is referred to.
    pub fn response<'a>(&'a self, response: &'a OrRef<Response>) -> Option<&'a Response> {
        response.get(&self.components.responses)
    }

    /// The body itself, or the component that is referred to.
    pub fn body<'a>(&'a self, body: &'a OrRef<RequestBody>) -> Option<&'a RequestBody> {
        body.get(&self.components.request_bodies)
    }
}

impl<T> OrRef<T> {
    /// The thing itself, or the one of `components` that is referred to.
    pub fn get<'a>(&'a self, components: &'a IndexMap<String, T>) -> Option<&'a T> {
        match self {
            Self::Ref(target) => components.get(&target.name),
            Self::Here(item) => Some(item),
        }
    }

    /// The component's name, where this is a reference.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Ref(target) => Some(&target.name),
            Self::Here(_) => None,
        }
    }
}

impl Operation {
    /// Its resource and its verb; none where the id is not made of these two.
    pub fn resource_and_verb(&self) -> Option<(&str, &str)> {
        self.id.split_once('.')
    }

    /// The answers that mean success, with their status.
    pub fn successes(&self) -> impl Iterator<Item = (u16, &OrRef<Response>)> {
        self.responses.iter().filter_map(|(status, response)| {
            let code = status
                .parse()
                .ok()
                .filter(|code| (200..300).contains(code))?;
            Some((code, response))
        })
    }
}
