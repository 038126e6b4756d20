//! Reads a query string by the spec: unknown and repeated parameters are refused.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::contract::{Kind, OperationRules, Place};
use crate::problem::{Code, FieldCode, FieldError, Problem};

/// Decodes `query` into one JSON object, by parameter name.
pub fn read(query: &str, rules: &OperationRules) -> Result<Map<String, Value>, Problem> {
    let mut values = Map::new();
    let mut errors = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        let known = rules
            .parameters
            .iter()
            .find(|known| known.place == Place::Query && known.name == name);
        let Some(parameter) = known else {
            let name: String = name.chars().take(64).collect();
            let message = format!("{name} is not a parameter of this operation; remove it.");
            errors.push(FieldError::new(
                format!("query:{name}"),
                FieldCode::UnknownParameter,
                message,
            ));
            continue;
        };
        match (parameter.kind, values.get_mut(&name)) {
            (Kind::List, Some(Value::Array(list))) => list.push(Value::String(value)),
            (Kind::List, _) => {
                values.insert(name, Value::Array(vec![Value::String(value)]));
            }
            (_, Some(_)) => {
                let message = format!("{name} is given more than once; give it once.");
                let error = FieldError::new(
                    format!("query:{name}"),
                    FieldCode::RepeatedParameter,
                    message.clone(),
                );
                return Err(Problem {
                    errors: vec![error],
                    ..Problem::new(Code::MalformedRequest, message)
                });
            }
            (kind, None) => {
                values.insert(name, scalar(kind, value));
            }
        }
    }
    for parameter in rules
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Query)
    {
        if let Some(value) = values.get(&parameter.name) {
            errors.extend(parameter.check(value));
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(Problem::validation(errors))
    }
}

/// What does not read as its kind stays text, and the validator says what is wrong with it.
fn scalar(kind: Kind, text: String) -> Value {
    match kind {
        Kind::Integer => match text.parse::<i64>() {
            Ok(number)
                if text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'-') =>
            {
                number.into()
            }
            _ => Value::String(text),
        },
        Kind::Boolean => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(text),
        },
        Kind::Text | Kind::List => Value::String(text),
    }
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Problem::new(
            Code::MalformedRequest,
            "The query is not UTF-8; percent-encode its bytes as UTF-8.",
        )),
    }
}
