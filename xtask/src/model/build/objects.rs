//! Object schemas → models with fields. Expects a spec that passed its checks.

use std::collections::HashSet;

use super::{Roles, limits, samples, types};
use crate::model::{Field, Object, Part, Shape, Type};
use crate::spec::{self, Kind, Schema, Spec};

/// The model that a named schema describes.
pub fn object(spec: &Spec, roles: &Roles, name: &str, schema: &Schema) -> Option<Object> {
    let Kind::Object { fields, closed, .. } = &schema.kind else {
        return None;
    };
    let written = *closed || roles.written.contains(name) && !roles.read.contains(name);
    let fields: Vec<_> = fields
        .iter()
        .map(|item| field(spec, item, written))
        .collect();
    let part = match written {
        true if fields.iter().any(|field| field.tri_state) => Part::Patch,
        true => Part::Request,
        false => Part::Response,
    };
    let event = fields.iter().find_map(|field| match &field.ty.shape {
        Shape::Const { value } if field.name == "type" => Some(value.clone()),
        _ => None,
    });
    Some(Object {
        name: name.to_owned(),
        part,
        description: schema.description.clone(),
        constraints: limits::phrases(schema),
        fields,
        secret: holds_secret(spec, schema, &mut HashSet::new()),
        page_of: page_of(spec, name),
        event,
        deprecated: schema.deprecated,
        example: samples::sample(spec, schema),
    })
}

fn field(spec: &Spec, field: &spec::Field, written: bool) -> Field {
    let schema = &field.schema;
    let target = spec.target(schema).unwrap_or(schema);
    let ty = types::type_of(spec, schema);
    // The docs of a model or an enum stand at that type; only a scalar's must be repeated where it is used.
    let scalar = ty.alias.is_some();
    Field {
        name: field.name.clone(),
        required: field.required,
        tri_state: written && !field.required && ty.nullable,
        secret: is_secret(target),
        write_only: schema.write_only || target.write_only,
        description: schema
            .description
            .clone()
            .or_else(|| target.description.clone()),
        constraints: if scalar || ty == own_type(&ty) {
            limits::phrases(target)
        } else {
            Vec::new()
        },
        default: schema.default.clone().or_else(|| target.default.clone()),
        example: schema.examples.first().or(target.examples.first()).cloned(),
        deprecated: schema.deprecated || target.deprecated,
        ty,
    }
}

/// The type as it would be if it came from no name; equal to it exactly for types written in place.
fn own_type(ty: &Type) -> Type {
    match ty.shape {
        Shape::Model { .. } | Shape::Enum { .. } | Shape::Union { .. } | Shape::Map { .. } => {
            Type {
                shape: Shape::Json,
                ..ty.clone()
            }
        }
        _ => ty.clone(),
    }
}

/// `format: password` marks what must never be shown, and so does being only written.
fn is_secret(schema: &Schema) -> bool {
    schema.write_only
        || matches!(&schema.kind, Kind::Text { format: Some(format), .. } if format == "password")
}

/// Whether a schema, or anything that it refers to, is secret.
fn holds_secret<'a>(spec: &'a Spec, schema: &'a Schema, seen: &mut HashSet<&'a str>) -> bool {
    if is_secret(schema) {
        return true;
    }
    if let Kind::Object { fields, .. } = &schema.kind
        && fields.iter().any(|field| is_secret(&field.schema))
    {
        return true;
    }
    let references = schema.references();
    references.into_iter().any(|target| {
        let target_schema = spec.schema(&target.name);
        seen.insert(&target.name)
            && target_schema.is_some_and(|schema| holds_secret(spec, schema, seen))
    })
}

/// The model of the items where `name` is the page of a paginated operation.
fn page_of(spec: &Spec, name: &str) -> Option<String> {
    let operations = spec
        .operations
        .iter()
        .filter(|operation| operation.pagination.is_some());
    for operation in operations {
        let pagination = super::operations::pagination(spec, operation)?;
        if pagination.page_model == name {
            return Some(pagination.item_model);
        }
    }
    None
}
