//! Types of the model.

use serde::Serialize;
use serde_json::Value;

use crate::yaml::Node;

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
    /// Its bounds as English phrases, such as `at least 1 field`.
    pub constraints: Vec<String>,
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
    /// One of [`Model::models`](super::Model::models).
    Model {
        /// Its name.
        name: String,
    },
    /// One of [`Model::enums`](super::Model::enums).
    Enum {
        /// Its name.
        name: String,
        /// Whether its values are integers.
        integers: bool,
    },
    /// One of [`Model::unions`](super::Model::unions).
    Union {
        /// Its name.
        name: String,
    },
    /// One of [`Model::maps`](super::Model::maps).
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
    /// The fields that all models have and always set, alike in name and type; without the tag.
    pub shared: Vec<Field>,
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
