//! Spec → model.

mod limits;
mod objects;
mod operations;
mod roles;
mod samples;
mod types;

pub use operations::page;
pub use roles::{Roles, roles};
pub use types::{variants, wire};

use super::{Api, CallOption, Errors, Model, Resource, Shape};
use crate::spec::{Kind, Spec};

/// Builds the model of a spec that passed its checks.
pub fn build(spec: &Spec) -> Model {
    let roles = roles(spec);
    let schemas = || spec.components.schemas.iter();
    let models: Vec<_> = schemas()
        .filter_map(|(name, schema)| objects::object(spec, &roles, name, schema))
        .collect();
    let unions = schemas()
        .filter_map(|(name, schema)| types::union(name, schema, &models))
        .collect();
    Model {
        api: Api {
            title: spec.info.title.clone(),
            version: spec.info.version.clone(),
            summary: spec.info.summary.clone(),
            description: spec.info.description.clone(),
            base_url: spec
                .servers
                .first()
                .map(|server| server.url.clone())
                .unwrap_or_default(),
            license: spec.info.license.clone(),
        },
        resources: resources(spec),
        call_options: call_options(spec),
        models,
        enums: schemas()
            .filter_map(|(name, schema)| types::enumeration(name, schema))
            .collect(),
        maps: schemas()
            .filter_map(|(name, schema)| types::map(spec, name, schema))
            .collect(),
        unions,
        events: spec
            .webhooks
            .iter()
            .filter_map(|webhook| operations::event(spec, webhook))
            .collect(),
        errors: errors(spec),
    }
}

fn resources(spec: &Spec) -> Vec<Resource> {
    let resource = |tag: &crate::spec::Tag| {
        let own = spec.operations.iter().filter(|operation| {
            operation
                .resource_and_verb()
                .is_some_and(|(resource, _)| resource == tag.name)
        });
        Resource {
            name: tag.name.clone(),
            description: tag.description.clone(),
            operations: own
                .filter_map(|operation| operations::operation(spec, operation))
                .collect(),
        }
    };
    let with_operations = |resource: &Resource| !resource.operations.is_empty();
    spec.tags
        .iter()
        .map(resource)
        .filter(with_operations)
        .collect()
}

fn call_options(spec: &Spec) -> Vec<CallOption> {
    let mut options: Vec<CallOption> = Vec::new();
    for option in spec
        .operations
        .iter()
        .flat_map(|operation| operations::call_options(spec, operation))
    {
        if !options.iter().any(|known| known.name == option.name) {
            options.push(option);
        }
    }
    options
}

/// The model of problem documents, which every error answer shares.
fn errors(spec: &Spec) -> Option<Errors> {
    let responses = spec.components.responses.values();
    let media = responses.flat_map(|response| &response.content);
    let problem = media
        .into_iter()
        .find(|media| media.media_type == "application/problem+json")?;
    let Kind::Ref(target) = &problem.schema.kind else {
        return None;
    };
    let Kind::Object { fields, .. } = &spec.schema(&target.name)?.kind else {
        return None;
    };
    let code = fields.iter().find(|field| field.name == "code");
    let codes = code.and_then(|field| match types::type_of(spec, &field.schema).shape {
        Shape::Enum { name, .. } => Some(name),
        _ => None,
    });
    Some(Errors {
        model: target.name.clone(),
        codes,
    })
}
