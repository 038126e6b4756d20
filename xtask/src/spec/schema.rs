//! Schemas as they are written.

use indexmap::IndexMap;
use serde_json::{Number, Value};

use super::Ref;
use crate::problems::Place;
use crate::yaml::Node;

/// A schema: what it is, plus what is said about it.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    /// Whether null is allowed too.
    pub nullable: bool,
    /// `description`.
    pub description: Option<String>,
    /// `default`.
    pub default: Option<Node>,
    /// `examples`.
    pub examples: Vec<Node>,
    /// `deprecated`.
    pub deprecated: bool,
    /// `writeOnly`.
    pub write_only: bool,
}

/// What a schema describes.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A component.
    Ref(Ref),
    /// A string.
    Text {
        /// `date-time`, `uri`, `binary`, `password` and the like.
        format: Option<String>,
        /// Bounds.
        limits: Limits,
    },
    /// A whole number.
    Integer(Limits),
    /// Any number.
    Number(Limits),
    /// `true` or `false`.
    Boolean,
    /// One fixed value.
    Const(Value),
    /// One of some values.
    Enum {
        /// Whether the values are integers (else strings).
        integers: bool,
        /// The values in the order of the file.
        values: Vec<Value>,
        /// `x-enum-descriptions`: docs by value.
        descriptions: IndexMap<String, String>,
        /// `x-enum-names`: names by value, for values that make no good names.
        names: IndexMap<String, String>,
        /// `x-open-enum`: values may be added at any time.
        open: bool,
    },
    /// A list.
    List {
        /// What is in it.
        items: Box<Schema>,
        /// Bounds.
        limits: Limits,
    },
    /// An object with named fields.
    Object {
        /// The fields in the order of the file.
        fields: Vec<Field>,
        /// `additionalProperties: false`: a request with other fields is refused.
        closed: bool,
        /// Bounds (`minProperties`).
        limits: Limits,
    },
    /// An object whose keys are data.
    Map {
        /// What is in it.
        values: Box<Schema>,
        /// What its keys look like.
        keys: Option<Box<Schema>>,
        /// Bounds.
        limits: Limits,
    },
    /// One of several models.
    Union {
        /// The models.
        variants: Vec<Ref>,
        /// The field that tells them apart.
        tag: String,
        /// Value of that field → model.
        mapping: Vec<(String, Ref)>,
    },
    /// Any JSON value.
    Any,
}

/// A field of an object.
#[derive(Debug, Clone)]
pub struct Field {
    /// Where its name stands.
    pub place: Place,
    /// Its name on the wire.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// Its type.
    pub schema: Schema,
}

/// Bounds of a value. SDKs document them and leave the checking to the server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// `minLength`, `minItems` or `minProperties`.
    pub min_size: Option<u64>,
    /// `maxLength`, `maxItems` or `maxProperties`.
    pub max_size: Option<u64>,
    /// `uniqueItems`.
    pub unique: bool,
    /// `pattern`.
    pub pattern: Option<String>,
    /// `minimum`.
    pub minimum: Option<Number>,
    /// `maximum`.
    pub maximum: Option<Number>,
    /// `exclusiveMinimum`.
    pub above: Option<Number>,
    /// `exclusiveMaximum`.
    pub below: Option<Number>,
    /// `multipleOf`.
    pub multiple_of: Option<Number>,
}

impl Schema {
    /// The references in it, itself included: those of its fields, items, values and variants, not of their targets.
    pub fn references(&self) -> Vec<&Ref> {
        match &self.kind {
            Kind::Ref(target) => vec![target],
            Kind::List { items, .. } => items.references(),
            Kind::Map { values, keys, .. } => {
                let mut list = values.references();
                list.extend(keys.iter().flat_map(|keys| keys.references()));
                list
            }
            Kind::Object { fields, .. } => fields
                .iter()
                .flat_map(|field| field.schema.references())
                .collect(),
            Kind::Union {
                variants, mapping, ..
            } => variants
                .iter()
                .chain(mapping.iter().map(|(_, target)| target))
                .collect(),
            _ => Vec::new(),
        }
    }
}
