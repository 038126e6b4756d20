//! Turns what the validator finds into field errors with stable codes and messages that say what to do.

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::problem::{FieldCode, FieldError};

/// More than anybody reads; a batch of broken items would otherwise give megabytes.
const MAX_ERRORS: usize = 100;

/// What is wrong with `value`, at most the first hundred.
pub fn collect(validator: &Validator, value: &Value) -> Vec<FieldError> {
    if validator.is_valid(value) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for error in validator.iter_errors(value) {
        describe(&error, "", &mut found);
        if found.len() >= MAX_ERRORS {
            found.truncate(MAX_ERRORS);
            break;
        }
    }
    found
}

fn describe(error: &ValidationError<'_>, prefix: &str, found: &mut Vec<FieldError>) {
    let at = format!("{prefix}{}", error.instance_path().as_str());
    let name = name(&at);
    let mut push = |pointer: String, code, message| {
        found.push(FieldError {
            pointer,
            code,
            message,
        })
    };
    match error.kind() {
        Kind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            push(
                format!("{at}/{}", escape(property)),
                FieldCode::Required,
                format!("{property} is required; add it."),
            );
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for property in unexpected {
                let message = format!("{} is not a field of this; remove it.", shorten(property));
                push(
                    format!("{at}/{}", escape(property)),
                    FieldCode::UnknownField,
                    message,
                );
            }
        }
        Kind::PropertyNames { error: inner } => {
            let key = inner.instance().as_str().unwrap_or_default();
            let message = format!(
                "{} is no valid key here{}.",
                shorten(key),
                hint(inner.kind())
            );
            push(
                format!("{at}/{}", escape(key)),
                FieldCode::InvalidValue,
                message,
            );
        }
        // `oneOf: [X, null]` is how the spec writes "X or null": what matters is what is wrong with X.
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            let branch = context
                .iter()
                .find(|errors| !errors.iter().any(expects_null));
            match branch {
                Some(errors) if !errors.is_empty() => {
                    errors
                        .iter()
                        .for_each(|inner| describe(inner, prefix, found));
                }
                _ => push(
                    at,
                    FieldCode::InvalidValue,
                    format!("{name} has a value that is not allowed here."),
                ),
            }
        }
        kind => {
            let (code, message) = simple(kind, error.instance(), &name);
            push(at, code, message);
        }
    }
}

fn expects_null(error: &ValidationError<'_>) -> bool {
    error.schema_path().as_str().ends_with("/type")
        && matches!(error.kind(), Kind::Type { kind } if format!("{kind:?}").contains("Null"))
}

fn simple(kind: &Kind, value: &Value, name: &str) -> (FieldCode, String) {
    let length = || value.as_str().map_or(0, |text| text.chars().count());
    match kind {
        Kind::Type { kind } => {
            if value.is_null() {
                return (
                    FieldCode::NotNull,
                    format!("{name} cannot be null; leave it out or give a value."),
                );
            }
            let wanted = format!("{kind:?}").to_lowercase();
            let wanted = [
                "integer", "number", "string", "boolean", "array", "object", "null",
            ]
            .into_iter()
            .find(|word| wanted.contains(word))
            .unwrap_or("another type");
            (
                FieldCode::InvalidType,
                format!("{name} must be of type {wanted}."),
            )
        }
        Kind::MaxLength { limit } => (
            FieldCode::TooLong,
            format!(
                "{name} has {} characters; it may have {limit} at most.",
                length()
            ),
        ),
        Kind::MinLength { limit } => (
            FieldCode::TooShort,
            format!(
                "{name} has {} characters; it needs {limit} at least.",
                length()
            ),
        ),
        Kind::Pattern { pattern } if pattern.contains("://") => (
            FieldCode::InvalidUrl,
            format!("{name} must be a complete http or https URL."),
        ),
        Kind::Pattern { pattern } if pattern == "^[^\\x00]*$" => (
            FieldCode::InvalidFormat,
            format!("{name} contains a NUL character; remove it."),
        ),
        Kind::Pattern { .. } => (
            FieldCode::InvalidFormat,
            format!("{name} has the wrong form{}.", hint(kind)),
        ),
        Kind::Format { format } if format == "uri" => (
            FieldCode::InvalidUrl,
            format!("{name} must be a complete http or https URL."),
        ),
        Kind::Format { format } if format == "date-time" => (
            FieldCode::InvalidFormat,
            format!("{name} must be a time such as 2026-11-05T09:30:00Z."),
        ),
        Kind::Format { format } => (
            FieldCode::InvalidFormat,
            format!("{name} is no valid {format}."),
        ),
        Kind::Maximum { limit } | Kind::ExclusiveMaximum { limit } => (
            FieldCode::TooLarge,
            format!("{name} is too large; the most is {limit}."),
        ),
        Kind::Minimum { limit } | Kind::ExclusiveMinimum { limit } => (
            FieldCode::TooSmall,
            format!("{name} is too small; the least is {limit}."),
        ),
        Kind::MaxItems { limit } | Kind::MaxProperties { limit } => (
            FieldCode::TooMany,
            format!("{name} has too many entries; the most is {limit}."),
        ),
        Kind::MinItems { limit } | Kind::MinProperties { limit } => (
            FieldCode::TooFew,
            format!("{name} has too few entries; the least is {limit}."),
        ),
        Kind::UniqueItems => (
            FieldCode::Duplicate,
            format!("{name} has an entry twice; name each once."),
        ),
        Kind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let words: Vec<String> = options
                .iter()
                .map(|word| {
                    word.as_str()
                        .map_or_else(|| word.to_string(), str::to_owned)
                })
                .collect();
            (
                FieldCode::InvalidValue,
                format!("{name} must be one of {}.", words.join(", ")),
            )
        }
        _ => (
            FieldCode::InvalidValue,
            format!("{name} has a value that is not allowed here."),
        ),
    }
}

fn hint(kind: &Kind) -> String {
    match kind {
        Kind::Pattern { pattern } => format!("; it must match {pattern}"),
        _ => String::new(),
    }
}

/// The last part of a pointer, for the message.
fn name(pointer: &str) -> String {
    match pointer.rsplit('/').next() {
        None | Some("") => "The value".to_owned(),
        Some(last) => last.replace("~1", "/").replace("~0", "~"),
    }
}

fn escape(key: &str) -> String {
    shorten(&key.replace('~', "~0").replace('/', "~1"))
}

/// Keys are the caller's own text, and may be as long as the body.
fn shorten(key: &str) -> String {
    match key.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", &key[..end]),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: Value, value: Value) -> Vec<(String, &'static str)> {
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        collect(&validator, &value)
            .into_iter()
            .map(|error| (error.pointer, error.code.as_str()))
            .collect()
    }

    #[test]
    fn names_each_field_with_a_stable_code() {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["url"],
            "properties": {
                "url": { "type": "string", "minLength": 3, "maxLength": 5 },
                "n": { "type": "integer", "minimum": 1, "maximum": 3 },
                "tags": { "type": "array", "maxItems": 2, "uniqueItems": true, "items": { "type": "string" } },
                "title": { "oneOf": [{ "type": "string", "maxLength": 2 }, { "type": "null" }] },
                "geo": { "type": "object", "propertyNames": { "pattern": "^[A-Z]{2}$" } }
            }
        });
        for (value, pointer, code) in [
            (json!({}), "/url", "required"),
            (json!({ "url": null }), "/url", "not_null"),
            (json!({ "url": 5 }), "/url", "invalid_type"),
            (json!({ "url": "ab" }), "/url", "too_short"),
            (json!({ "url": "abcdef" }), "/url", "too_long"),
            (json!({ "url": "abc", "a/b": 1 }), "/a~1b", "unknown_field"),
            (json!({ "url": "abc", "n": 0 }), "/n", "too_small"),
            (json!({ "url": "abc", "n": 4 }), "/n", "too_large"),
            (json!({ "url": "abc", "n": 1.5 }), "/n", "invalid_type"),
            (
                json!({ "url": "abc", "tags": ["a", "a"] }),
                "/tags",
                "duplicate",
            ),
            (
                json!({ "url": "abc", "tags": ["a", "b", "c"] }),
                "/tags",
                "too_many",
            ),
            (
                json!({ "url": "abc", "tags": [1] }),
                "/tags/0",
                "invalid_type",
            ),
            (
                json!({ "url": "abc", "title": "abc" }),
                "/title",
                "too_long",
            ),
            (
                json!({ "url": "abc", "title": 1 }),
                "/title",
                "invalid_type",
            ),
            (
                json!({ "url": "abc", "geo": { "de": 1 } }),
                "/geo/de",
                "invalid_value",
            ),
            (json!([]), "", "invalid_type"),
        ] {
            assert_eq!(
                check(schema.clone(), value.clone()),
                [(pointer.to_owned(), code)],
                "{value}"
            );
        }
        assert!(check(schema, json!({ "url": "abc", "title": null })).is_empty());
    }
}
