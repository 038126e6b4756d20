//! Models play one part, enums that are read are open, unions tell their models apart, secrets are marked.

use crate::model::{Roles, roles};
use crate::problems::Problems;
use crate::spec::{Field, Kind, Ref, Schema, Spec};

/// Names of fields that hold secrets; a string of that name must be marked.
const SECRETS: &[&str] = &["api_key", "password", "secret", "token"];

pub fn check(spec: &Spec, problems: &Problems) {
    let roles = roles(spec);
    for (name, schema) in &spec.components.schemas {
        match &schema.kind {
            Kind::Object { fields, closed, .. } => {
                part(name, schema, *closed, &roles, problems);
                for field in fields {
                    self::field(spec, field, problems);
                }
            }
            Kind::Enum { open, .. } if roles.read.contains(name) && !open => {
                let message = "answers carry this enum, so SDKs must be able to read new values: add `x-open-enum: true`";
                problems.add_at(&schema.place, message);
            }
            Kind::Union {
                variants,
                tag,
                mapping,
            } => union(spec, schema, variants, tag, mapping, problems),
            _ => {}
        }
    }
}

fn part(name: &str, schema: &Schema, closed: bool, roles: &Roles, problems: &Problems) {
    let (written, read) = (roles.written.contains(name), roles.read.contains(name));
    let message = match (written, read, closed) {
        (true, true, _) => {
            "is both sent and answered: make two models, since requests are closed and answers are open"
        }
        (true, _, false) => {
            "is sent, so unknown fields must be refused: add `additionalProperties: false`"
        }
        (_, true, true) => {
            "is answered, so SDKs must be able to read new fields: remove `additionalProperties: false`"
        }
        _ => return,
    };
    problems.add_at(&schema.place, format!("`{name}` {message}"));
}

fn field(spec: &Spec, field: &Field, problems: &Problems) {
    let Some(target) = spec.target(&field.schema) else {
        return;
    };
    if let Kind::Text { format, .. } = &target.kind {
        let marked =
            format.as_deref() == Some("password") || field.schema.write_only || target.write_only;
        if SECRETS.contains(&field.name.as_str()) && !marked {
            let message = format!(
                "`{}` looks secret: add `format: password`, so that no SDK shows it",
                field.name
            );
            problems.add_at(&field.place, message);
        }
    }
    if let Kind::Const(value) = &target.kind
        && !value.is_string()
    {
        problems.add_at(&target.place, "a constant must be a string");
    }
}

/// Every variant has exactly the tag values that lead to it.
fn union(
    spec: &Spec,
    schema: &Schema,
    variants: &[Ref],
    tag: &str,
    mapping: &[(String, Ref)],
    problems: &Problems,
) {
    for variant in variants {
        if !mapping
            .iter()
            .any(|(_, target)| target.name == variant.name)
        {
            problems.add_at(
                &variant.place,
                format!("`{}` is missing from the mapping: add it", variant.name),
            );
        }
    }
    for (value, target) in mapping {
        if !variants.iter().any(|variant| variant.name == target.name) {
            problems.add_at(
                &target.place,
                format!("`{}` is missing from oneOf: add it", target.name),
            );
        }
        let fields = match spec.schema(&target.name).map(|schema| &schema.kind) {
            Some(Kind::Object { fields, .. }) => fields.as_slice(),
            _ => {
                problems.add_at(&target.place, format!("`{}` is no model", target.name));
                continue;
            }
        };
        let constant = fields.iter().any(|field| {
            field.name == tag
                && field.required
                && matches!(&field.schema.kind, Kind::Const(constant) if constant == value.as_str())
        });
        if !constant {
            let message = format!(
                "`{tag}` of `{}` must be required and `const: {value}`",
                target.name
            );
            problems.add_at(&target.place, message);
        }
    }
    if schema.nullable {
        problems.add_at(
            &schema.place,
            "a union cannot be null by itself: say so where it is used",
        );
    }
}
