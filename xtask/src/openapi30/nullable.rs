//! Schemas that may be null, which 3.0 cannot say at the place where they are used.

use super::{NULLABLE, SCHEMAS, describe, references};
use crate::yaml::{Entry, Node, Value};

/// Adds `NullableX` after each `X` that is referred to as nullable. Where nothing refers to it otherwise, `X` itself
/// becomes nullable and keeps its name.
pub fn add_schemas(document: &mut Node) {
    let mut used = Vec::new();
    references(document, SCHEMAS, &mut used);
    let schemas = document
        .get_mut("components")
        .and_then(|all| all.get_mut("schemas"));
    let Some(entries) = schemas.and_then(Node::entries_mut) else {
        return;
    };
    let mut only_nullable = Vec::new();
    for mut entry in std::mem::take(entries) {
        let name = format!("{NULLABLE}{}", entry.key);
        if !used.contains(&name) {
            entries.push(entry);
        } else if used.contains(&entry.key) {
            let mut value = entry.value.clone();
            make_nullable(&mut value);
            let at = entry.at;
            entries.push(entry);
            entries.push(Entry {
                key: name,
                at,
                value,
            });
        } else {
            make_nullable(&mut entry.value);
            only_nullable.push((
                format!("{SCHEMAS}{name}"),
                format!("{SCHEMAS}{}", entry.key),
            ));
            entries.push(entry);
        }
    }
    for (old, new) in only_nullable {
        redirect(document, &old, &new);
    }
}

fn make_nullable(schema: &mut Node) {
    schema.set("nullable", Node::new(Value::Bool(true)));
    described_values(schema);
}

/// 3.0.3 wants null among the values, and generators would make a constant of it. So the description names the values.
fn described_values(schema: &mut Node) {
    let Some(values) = schema.remove("enum") else {
        return;
    };
    schema.remove("x-open-enum");
    schema.remove("x-enum-names");
    let values: Vec<String> = values
        .items()
        .iter()
        .map(|value| serde_json::to_string(value).unwrap_or_default())
        .collect();
    describe(schema, &format!("One of {}, or null.", values.join(", ")));
}

/// Makes every reference to `old` one to `new`.
fn redirect(node: &mut Node, old: &str, new: &str) {
    match &mut node.value {
        Value::Map(entries) => {
            for entry in entries {
                if entry.key == "$ref" && entry.value.as_text() == Some(old) {
                    entry.value = Node::text(new);
                }
                redirect(&mut entry.value, old, new);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| redirect(item, old, new)),
        _ => {}
    }
}
