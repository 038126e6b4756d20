//! The spec, embedded, with a validator compiled at start for each body and parameter.

use std::collections::HashMap;
use std::sync::OnceLock;

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Map, Value, json};

use super::errors;
use crate::problem::FieldError;

/// The spec as it is served at `/api/openapi.json`.
pub const OPENAPI: &str = include_str!("../../../spec/openapi.json");
/// The same in OpenAPI 3.0, for tools that stop there.
pub const OPENAPI_3_0: &str = include_str!("../../../spec/openapi-3.0.json");

/// The address under which schemas refer to the spec's components.
const SCHEMAS: &str = "approute:///spec";

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the query.
    Query,
    /// In a header.
    Header,
}

/// How a parameter's text becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Stays text.
    Text,
    /// Becomes an integer.
    Integer,
    /// Becomes a boolean.
    Boolean,
    /// Collects its repetitions.
    List,
}

/// A parameter of an operation.
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// How it is read.
    pub kind: Kind,
    validator: Validator,
}

impl Parameter {
    /// What is wrong with `value`, if anything.
    pub fn check(&self, value: &Value) -> Vec<FieldError> {
        let place = match self.place {
            Place::Query => "query",
            Place::Header => "header",
        };
        let mut found = errors::collect(&self.validator, value);
        for error in &mut found {
            error.pointer = format!("{place}:{}", self.name);
            error.message = error.message.replacen("The value", &self.name, 1);
        }
        found
    }
}

/// What the spec says about one operation's input.
pub struct OperationRules {
    /// Its parameters in query and headers.
    pub parameters: Vec<Parameter>,
    /// Its body's schema.
    pub body: Option<Validator>,
    /// The media types of its normal answer.
    pub produces: Vec<String>,
}

impl OperationRules {
    /// What is wrong with a body, if anything.
    pub fn check_body(&self, body: &Value) -> Vec<FieldError> {
        self.body
            .as_ref()
            .map_or_else(Vec::new, |validator| errors::collect(validator, body))
    }
}

/// The spec, ready for use.
pub struct Contract {
    operations: HashMap<String, OperationRules>,
    document: Validator,
}

impl Contract {
    /// The embedded spec, compiled once for the whole process.
    pub fn load() -> Result<&'static Self, String> {
        static CONTRACT: OnceLock<Result<Contract, String>> = OnceLock::new();
        CONTRACT
            .get_or_init(Self::compile)
            .as_ref()
            .map_err(Clone::clone)
    }

    fn compile() -> Result<Self, String> {
        let spec: Value = serde_json::from_str(OPENAPI).map_err(|error| error.to_string())?;
        let schemas = json!({ "components": { "schemas": spec["components"]["schemas"] } });
        let schemas = Registry::new()
            .draft(Draft::Draft202012)
            .add(SCHEMAS, &schemas)
            .and_then(|registry| registry.prepare())
            .map_err(|error| error.to_string())?;
        let schemas = &schemas;
        let mut operations = HashMap::new();
        for item in spec["paths"].as_object().into_iter().flat_map(Map::values) {
            let shared = item["parameters"].as_array().cloned().unwrap_or_default();
            for operation in item.as_object().into_iter().flat_map(Map::values) {
                let Some(id) = operation["operationId"].as_str() else {
                    continue;
                };
                let own = operation["parameters"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let rules = rules(&spec, schemas, operation, shared.iter().chain(&own))
                    .map_err(|error| format!("{id}: {error}"))?;
                operations.insert(id.to_owned(), rules);
            }
        }
        let document = compile(
            schemas,
            &json!({ "$ref": "#/components/schemas/LinkCreate" }),
        )?;
        Ok(Self {
            operations,
            document,
        })
    }

    /// The rules of an operation.
    pub fn operation(&self, id: &str) -> Option<&OperationRules> {
        self.operations.get(id)
    }

    /// What is wrong with what a link consists of after an update, if anything: it must still be something that
    /// could have been created.
    pub fn check_link(&self, document: &Value) -> Vec<FieldError> {
        errors::collect(&self.document, document)
    }
}

fn rules<'a>(
    spec: &Value,
    schemas: &Registry<'_>,
    operation: &Value,
    parameters: impl Iterator<Item = &'a Value>,
) -> Result<OperationRules, String> {
    let mut found = Vec::new();
    for parameter in parameters {
        let parameter = resolve(spec, parameter);
        let place = match parameter["in"].as_str() {
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            _ => continue,
        };
        let schema = &parameter["schema"];
        let kind = match resolve(spec, schema)["type"].as_str() {
            Some("integer") => Kind::Integer,
            Some("boolean") => Kind::Boolean,
            Some("array") => Kind::List,
            _ => Kind::Text,
        };
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        found.push(Parameter {
            name,
            place,
            kind,
            validator: compile(schemas, schema)?,
        });
    }
    let body = match &operation["requestBody"] {
        Value::Null => None,
        body => Some(compile(
            schemas,
            &resolve(spec, body)["content"]["application/json"]["schema"],
        )?),
    };
    let mut produces = Vec::new();
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        if status.starts_with('2') {
            let content = resolve(spec, response)["content"].as_object();
            produces.extend(content.into_iter().flat_map(Map::keys).cloned());
        }
    }
    Ok(OperationRules {
        parameters: found,
        body,
        produces,
    })
}

/// Follows a `$ref` within the document.
fn resolve<'a>(spec: &'a Value, node: &'a Value) -> &'a Value {
    match node["$ref"]
        .as_str()
        .and_then(|target| spec.pointer(target.strip_prefix('#')?))
    {
        Some(target) => resolve(spec, target),
        None => node,
    }
}

/// Compiles a schema that refers to the spec's components.
fn compile(schemas: &Registry<'_>, schema: &Value) -> Result<Validator, String> {
    let schema = match schema["$ref"].as_str() {
        Some(target) => json!({ "$ref": format!("{SCHEMAS}{target}") }),
        None => schema.clone(),
    };
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_registry(schemas)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .build(&schema)
        .map_err(|error| error.to_string())
}
