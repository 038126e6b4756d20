//! A call's arguments and options, as a facade writes them: one JSON document, read straight into the request's types.

use approute::CallOptions;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::milliseconds;
use crate::failure::{Failure, LanguageType};

/// What a facade sends for a call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Incoming<A> {
    /// The operation's parameters by name, and its `body`.
    pub(crate) args: A,
    #[serde(default)]
    pub(crate) options: Options,
}

/// Options of a call. Times are milliseconds.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    timeout: Option<f64>,
    attempt_timeout: Option<f64>,
    max_retries: Option<u32>,
    max_response_bytes: Option<u64>,
    idempotency_key: Option<String>,
    confirmation: Option<String>,
    headers: Option<Vec<(String, String)>>,
    query: Option<Vec<(String, String)>>,
    /// The key that the user's function gave for this call.
    api_key: Option<String>,
}

impl Options {
    pub(crate) fn build(self) -> Result<CallOptions, Failure> {
        let mut options = CallOptions::new();
        if let Some(time) = self.timeout {
            options = options.timeout(milliseconds("timeout", time)?);
        }
        if let Some(time) = self.attempt_timeout {
            options = options.attempt_timeout(milliseconds("attempt_timeout", time)?);
        }
        if let Some(retries) = self.max_retries {
            options = options.max_retries(retries);
        }
        if let Some(bytes) = self.max_response_bytes {
            options = options.max_response_bytes(bytes);
        }
        if let Some(key) = self.idempotency_key {
            options = options.idempotency_key(key);
        }
        if let Some(token) = self.confirmation {
            options = options.confirmation(token);
        }
        for (name, value) in self.headers.into_iter().flatten() {
            options = options.header(name, value);
        }
        for (name, value) in self.query.into_iter().flatten() {
            options = options.query(name, value);
        }
        if let Some(key) = self.api_key {
            options = options.api_key(key);
        }
        Ok(options)
    }
}

/// Reads a document. One that does not fit is read a second time, to learn where.
pub(crate) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(json).map_err(|error| {
        let mut again = serde_json::Deserializer::from_slice(json);
        match serde_path_to_error::deserialize::<_, T>(&mut again) {
            Err(located) => refusal(&located.path().to_string(), located.inner()),
            Ok(_) => refusal(".", &error),
        }
    })
}

/// What is wrong with an argument, without its value: it may be a secret.
fn refusal(path: &str, error: &serde_json::Error) -> Failure {
    let words = error.to_string();
    // What follows is the position in a document that the user has never seen.
    let words = words
        .rsplit_once(" at line ")
        .map_or(&*words, |found| found.0);
    let name = path
        .strip_prefix("args.")
        .or_else(|| path.strip_prefix("options."))
        .unwrap_or(path);
    let at = |inner: &str| match inner {
        "." | "args" | "options" => String::new(),
        inner => format!("`{inner}` "),
    };
    if let Some((kind, rest)) = words.split_once(": ")
        && kind.starts_with("invalid ")
    {
        let expected = rest
            .rsplit_once(", expected ")
            .map_or(rest, |found| found.1);
        let language_type = match kind {
            "invalid type" => LanguageType::Type,
            _ => LanguageType::Value,
        };
        return Failure::bad_argument(
            language_type,
            format!("{}must be {}", at(name), plain(expected)),
        );
    }
    if let Some(field) = words.strip_prefix("missing field ") {
        let inside = at(name);
        let place = if inside.is_empty() {
            inside
        } else {
            format!(" in {}", inside.trim_end())
        };
        return Failure::bad_argument(LanguageType::Type, format!("{field} is missing{place}"));
    }
    if words.starts_with("unknown field ") || words.starts_with("duplicate field ") {
        let inside = name.rsplit_once('.').map_or("", |found| found.0);
        let place = if inside.is_empty() {
            String::new()
        } else {
            format!(" in `{inside}`")
        };
        return Failure::bad_argument(LanguageType::Type, format!("{words}{place}"));
    }
    let words =
        if words.contains("surrogate") || words.contains("unicode") || words.contains("hex escape")
        {
            "holds a lone surrogate, which has no UTF-8 form"
        } else if error.is_data() {
            "has a value that cannot be sent"
        } else {
            // A facade wrote broken JSON.
            "cannot be written as JSON"
        };
    let place = at(name);
    let place = if place.is_empty() {
        "an argument ".to_owned()
    } else {
        place
    };
    Failure::bad_argument(LanguageType::Value, format!("{place}{words}"))
}

/// Rust's name of a type in everybody's words.
fn plain(expected: &str) -> &str {
    match expected {
        "i64" | "i32" => "an integer",
        "u64" | "u32" | "u16" => "an integer of 0 or more",
        "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object",
        "a tuple of size 2" => "a pair of strings",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[allow(dead_code, reason = "only read")]
        title: String,
        #[allow(dead_code, reason = "only read")]
        limit: Option<i64>,
        #[allow(dead_code, reason = "only read")]
        at: Option<approute::chrono::DateTime<approute::chrono::Utc>>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Args {
        #[allow(dead_code, reason = "only read")]
        body: Body,
    }

    #[test]
    fn bad_arguments_are_named_and_not_repeated() {
        use LanguageType::{Type, Value};
        for (json, kind, message) in [
            (
                r#"{"args":{"body":{"title":41735}}}"#,
                Type,
                "`body.title` must be a string",
            ),
            (
                r#"{"args":{"body":{"title":"x","limit":"s3cret, expected nothing"}}}"#,
                Type,
                "`body.limit` must be an integer",
            ),
            (
                r#"{"args":{"body":{"limit":1}}}"#,
                Type,
                "`title` is missing in `body`",
            ),
            (
                r#"{"args":{"body":{"title":"x","colour":"s3cret"}}}"#,
                Type,
                "unknown field `colour`, expected one of `title`, `limit`, `at` in `body`",
            ),
            (r#"{"args":{}}"#, Type, "`body` is missing"),
            (
                r#"{"args":{"body":{"title":"\ud800"}}}"#,
                Value,
                "`body.title` holds a lone surrogate, which has no UTF-8 form",
            ),
            (
                r#"{"args":{"body":{"title":"x","at":"s3cret"}}}"#,
                Value,
                "`body.at` has a value that cannot be sent",
            ),
            (
                r#"{"args":{"body":{"title":"x"}},"options":{"timeout":"1"}}"#,
                Type,
                "`timeout` must be a number",
            ),
        ] {
            let failure = read::<Incoming<Args>>(json.as_bytes())
                .err()
                .unwrap_or_else(|| panic!("{json} is taken"));
            assert_eq!(failure.message, message, "{json}");
            assert_eq!(failure.language_type, kind, "{json}");
            assert_eq!(failure.class, "ConfigurationError");
            assert!(!failure.text.contains("s3cret"));
        }
    }
}
