//! Schemas → types, enums, maps and unions of the model. Expects a spec that passed its checks.

use serde_json::Value;

use super::limits;
use crate::model::{Enum, Field, Map, Object, Shape, Type, Union, UnionVariant, Variant};
use crate::names;
use crate::spec::{Kind, Schema, Spec};

/// The type that a schema describes where it is used.
pub fn type_of(spec: &Spec, schema: &Schema) -> Type {
    let Kind::Ref(target) = &schema.kind else {
        return Type {
            shape: shape(spec, schema, ""),
            nullable: schema.nullable,
            alias: None,
        };
    };
    let name = &target.name;
    let (shape, nullable) = match spec.schema(name) {
        Some(target) => (shape(spec, target, name), target.nullable),
        None => (Shape::Json, true),
    };
    let named = matches!(
        shape,
        Shape::Model { .. } | Shape::Enum { .. } | Shape::Union { .. } | Shape::Map { .. }
    );
    Type {
        shape,
        nullable: nullable || schema.nullable,
        alias: (!named).then(|| name.clone()),
    }
}

fn shape(spec: &Spec, schema: &Schema, name: &str) -> Shape {
    let name = name.to_owned();
    match &schema.kind {
        Kind::Ref(_) => type_of(spec, schema).shape,
        Kind::Text { format, .. } => match format.as_deref() {
            Some("date-time") => Shape::DateTime,
            Some("binary") => Shape::Binary,
            _ => Shape::String {
                format: format.clone(),
            },
        },
        Kind::Integer(_) => Shape::Integer,
        Kind::Number(_) => Shape::Number,
        Kind::Boolean => Shape::Boolean,
        Kind::Const(Value::String(value)) => Shape::Const {
            value: value.clone(),
        },
        Kind::Const(_) | Kind::Any => Shape::Json,
        Kind::Enum { integers, .. } => Shape::Enum {
            name,
            integers: *integers,
        },
        Kind::List { items, .. } => Shape::List {
            items: Box::new(type_of(spec, items)),
        },
        Kind::Object { .. } => Shape::Model { name },
        Kind::Map { values, .. } => Shape::Map {
            name,
            values: Box::new(type_of(spec, values)),
        },
        Kind::Union { .. } => Shape::Union { name },
    }
}

/// The enum that a named schema describes.
pub fn enumeration(name: &str, schema: &Schema) -> Option<Enum> {
    let Kind::Enum { integers, open, .. } = &schema.kind else {
        return None;
    };
    Some(Enum {
        name: name.to_owned(),
        description: schema.description.clone(),
        open: *open,
        integers: *integers,
        variants: variants(schema),
        default: schema.default.clone(),
        deprecated: schema.deprecated,
    })
}

/// The values of an enum with their names; none where the schema is no enum.
pub fn variants(schema: &Schema) -> Vec<Variant> {
    let Kind::Enum {
        values,
        descriptions,
        names,
        ..
    } = &schema.kind
    else {
        return Vec::new();
    };
    let variant = |value: &Value| {
        let text = wire(value);
        Variant {
            name: names
                .get(&text)
                .cloned()
                .unwrap_or_else(|| names::value_name(&text)),
            description: descriptions.get(&text).cloned(),
            value: value.clone(),
        }
    };
    values.iter().map(variant).collect()
}

/// A value as it is written in a URL: strings without quotes.
pub fn wire(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The map that a named schema describes.
pub fn map(spec: &Spec, name: &str, schema: &Schema) -> Option<Map> {
    let Kind::Map { values, keys, .. } = &schema.kind else {
        return None;
    };
    let mut constraints = limits::phrases(schema);
    let keys = keys.as_ref().and_then(|keys| spec.target(keys));
    let phrase = |phrase| format!("keys: {phrase}");
    let named = keys.filter(|keys| !matches!(keys.kind, Kind::Ref(_)));
    for text in named.map(limits::phrases).unwrap_or_default() {
        let text = phrase(text);
        if !constraints.contains(&text) {
            constraints.push(text);
        }
    }
    Some(Map {
        name: name.to_owned(),
        description: schema.description.clone(),
        values: type_of(spec, values),
        constraints,
        deprecated: schema.deprecated,
    })
}

/// The union that a named schema describes. `models` are all that there are.
pub fn union(name: &str, schema: &Schema, models: &[Object]) -> Option<Union> {
    let Kind::Union { tag, mapping, .. } = &schema.kind else {
        return None;
    };
    let variants = mapping.iter().map(|(value, target)| UnionVariant {
        value: value.clone(),
        model: target.name.clone(),
        name: names::value_name(value),
    });
    let variants: Vec<_> = variants.collect();
    Some(Union {
        name: name.to_owned(),
        description: schema.description.clone(),
        tag: tag.clone(),
        shared: shared_fields(&variants, models, tag),
        variants,
    })
}

fn shared_fields(variants: &[UnionVariant], models: &[Object], tag: &str) -> Vec<Field> {
    let fields = |variant: &UnionVariant| {
        let model = models.iter().find(|model| model.name == variant.model);
        model.map_or(&[][..], |model| &model.fields)
    };
    let [first, others @ ..] = variants else {
        return Vec::new();
    };
    let alike = |field: &&Field| {
        others.iter().all(|other| {
            let mut theirs = fields(other).iter();
            theirs.any(|its| its.required && its.name == field.name && its.ty == field.ty)
        })
    };
    let candidates = fields(first).iter();
    let candidates =
        candidates.filter(|field| field.required && !field.secret && field.name != tag);
    candidates.filter(alike).cloned().collect()
}
