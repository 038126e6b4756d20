//! Who writes a schema and who reads it: what request bodies reach, and what answers and events reach.

use std::collections::HashSet;

use crate::spec::{Media, Spec};

/// The names of schemas by the part that they play. A schema can be in both sets.
#[derive(Debug, Default)]
pub struct Roles {
    /// Reached from request bodies.
    pub written: HashSet<String>,
    /// Reached from answers and webhooks.
    pub read: HashSet<String>,
}

/// Follows every body of every operation and webhook.
pub fn roles(spec: &Spec) -> Roles {
    let mut roles = Roles::default();
    for operation in &spec.operations {
        if let Some(body) = operation
            .request_body
            .as_ref()
            .and_then(|body| spec.body(body))
        {
            reach(spec, &body.content, &mut roles.written);
        }
        for (_, response) in &operation.responses {
            if let Some(response) = spec.response(response) {
                reach(spec, &response.content, &mut roles.read);
            }
        }
    }
    for webhook in &spec.webhooks {
        if let Some(body) = webhook
            .request_body
            .as_ref()
            .and_then(|body| spec.body(body))
        {
            reach(spec, &body.content, &mut roles.read);
        }
    }
    // A union of events is decoded by the SDKs even where no operation answers with it.
    for (name, schema) in &spec.components.schemas {
        if matches!(schema.kind, crate::spec::Kind::Union { .. }) && !roles.written.contains(name) {
            follow(spec, name, &mut roles.read);
        }
    }
    roles
}

fn reach(spec: &Spec, content: &[Media], names: &mut HashSet<String>) {
    for reference in content.iter().flat_map(|media| media.schema.references()) {
        follow(spec, &reference.name, names);
    }
}

fn follow(spec: &Spec, name: &str, names: &mut HashSet<String>) {
    if !names.insert(name.to_owned()) {
        return;
    }
    if let Some(schema) = spec.schema(name) {
        for reference in schema.references() {
            follow(spec, &reference.name, names);
        }
    }
}
