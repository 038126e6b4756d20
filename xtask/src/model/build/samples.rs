//! Examples where the spec has none: the smallest value that fits.

use crate::spec::{Kind, Schema, Spec};
use crate::yaml::{Entry, Node, Value};

/// How deep a sample nests before null stands for the rest.
const MAX_DEPTH: usize = 8;

/// The first example of a schema, else one that is made up: required fields only.
pub fn sample(spec: &Spec, schema: &Schema) -> Node {
    at_depth(spec, schema, 0)
}

fn at_depth(spec: &Spec, schema: &Schema, depth: usize) -> Node {
    if let Some(example) = schema.examples.first() {
        return example.clone();
    }
    if schema.nullable || depth > MAX_DEPTH {
        return Node::new(Value::Null);
    }
    let text = |text: &str| Node::text(text);
    match &schema.kind {
        Kind::Ref(target) => match spec.schema(&target.name) {
            Some(target) => at_depth(spec, target, depth + 1),
            None => Node::new(Value::Null),
        },
        Kind::Text { format, .. } => text(match format.as_deref() {
            Some("date-time") => "2026-01-01T00:00:00Z",
            Some("date") => "2026-01-01",
            Some("uri") => "https://example.com",
            Some("email") => "mail@example.com",
            _ => "text",
        }),
        Kind::Integer(limits) => {
            let minimum = limits.minimum.as_ref().and_then(serde_json::Number::as_i64);
            Node::new(Value::Int(minimum.unwrap_or(1)))
        }
        Kind::Number(_) => Node::new(Value::Float(0.5)),
        Kind::Boolean => Node::new(Value::Bool(true)),
        Kind::Const(value) => scalar(value),
        Kind::Enum { values, .. } => values.first().map_or(Node::new(Value::Null), scalar),
        Kind::List { .. } => Node::new(Value::List(Vec::new())),
        Kind::Map { .. } => Node::new(Value::Map(Vec::new())),
        Kind::Object { fields, .. } => {
            let required = fields.iter().filter(|field| field.required);
            let entry = |field: &crate::spec::Field| Entry {
                key: field.name.clone(),
                at: field.place.at,
                value: at_depth(spec, &field.schema, depth + 1),
            };
            Node::new(Value::Map(required.map(entry).collect()))
        }
        Kind::Union { variants, .. } => {
            let first = variants
                .first()
                .and_then(|target| spec.schema(&target.name));
            first.map_or(Node::new(Value::Null), |schema| {
                at_depth(spec, schema, depth + 1)
            })
        }
        Kind::Any => Node::new(Value::Null),
    }
}

fn scalar(value: &serde_json::Value) -> Node {
    Node::new(match value {
        serde_json::Value::String(text) => Value::Text(text.clone()),
        other => other.as_i64().map_or(Value::Null, Value::Int),
    })
}
