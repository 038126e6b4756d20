//! The document that progenitor reads, made from the model.
//!
//! progenitor takes OpenAPI 3.0, panics on several types of answers per operation, and turns bounds into checks that
//! would refuse what a newer server sends. So it gets a document that has nothing of the kind: operations with their
//! arguments and their one successful answer, and schemas that are only names, each of them replaced by a type of ours.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{Model, Operation, Param, Shape, SuccessBody, Type};

/// The reduced document. Call options are no arguments, and neither errors nor webhooks are in it.
#[derive(Debug, Serialize)]
pub struct Document {
    openapi: &'static str,
    info: Value,
    /// In the order of the spec, which the generated functions keep.
    paths: IndexMap<String, IndexMap<String, Value>>,
    components: Value,
}

/// Makes the document.
pub fn document(model: &Model) -> Document {
    let mut paths: IndexMap<String, IndexMap<String, Value>> = IndexMap::new();
    for operation in model
        .resources
        .iter()
        .flat_map(|resource| &resource.operations)
    {
        let path = paths.entry(operation.path.clone()).or_default();
        path.insert(operation.method.to_lowercase(), self::operation(operation));
    }
    let stub = json!({ "type": "object" });
    let schemas: IndexMap<_, _> = named(model).map(|name| (name, &stub)).collect();
    Document {
        openapi: "3.0.3",
        info: json!({ "title": model.api.title, "version": model.api.version }),
        paths,
        components: json!({ "schemas": schemas }),
    }
}

/// The names of all types that our own template writes.
pub fn named(model: &Model) -> impl Iterator<Item = String> {
    let models = model.models.iter().map(|item| item.name.clone());
    let enums = model.enums.iter().map(|item| item.name.clone());
    let maps = model.maps.iter().map(|item| item.name.clone());
    let unions = model.unions.iter().map(|item| item.name.clone());
    models.chain(enums).chain(maps).chain(unions)
}

fn operation(operation: &Operation) -> Value {
    let places = [
        ("path", &operation.path_params),
        ("query", &operation.query_params),
        ("header", &operation.header_params),
    ];
    let parameters = places
        .iter()
        .flat_map(|(place, params)| params.iter().map(|param| parameter(place, param)));
    let parameters: Vec<_> = parameters.collect();
    let mut answer = json!({ "description": operation.success.description });
    match &operation.success.body {
        SuccessBody::Json { model } => {
            answer["content"] = json!({ "application/json": { "schema": named_ref(model) } })
        }
        SuccessBody::Binary { .. } => {
            let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
            answer["content"] = json!({ "application/octet-stream": bytes });
        }
        SuccessBody::Empty => {}
    }
    let mut object = json!({
        "operationId": operation.rust_function,
        "parameters": parameters,
        "responses": { operation.success.status.to_string(): answer },
    });
    if let Some(body) = &operation.body {
        let content = json!({ "application/json": { "schema": named_ref(&body.model) } });
        object["requestBody"] = json!({ "required": true, "content": content });
    }
    object
}

fn parameter(place: &str, param: &Param) -> Value {
    json!({ "name": param.name, "in": place, "required": param.required, "schema": schema(&param.ty) })
}

fn schema(ty: &Type) -> Value {
    match &ty.shape {
        Shape::String { .. } | Shape::Const { .. } | Shape::Binary => json!({ "type": "string" }),
        Shape::DateTime => json!({ "type": "string", "format": "date-time" }),
        Shape::Integer => json!({ "type": "integer", "format": "int64" }),
        Shape::Number => json!({ "type": "number", "format": "double" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Json => json!({}),
        Shape::Model { name }
        | Shape::Enum { name, .. }
        | Shape::Union { name }
        | Shape::Map { name, .. } => named_ref(name),
        Shape::List { items } => json!({ "type": "array", "items": schema(items) }),
    }
}

fn named_ref(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
