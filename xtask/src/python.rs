//! How Python spells names and types.

use minijinja::Value;

use crate::markdown;
use crate::names;
use crate::rust::member;

/// Words that no Python identifier may be; soft keywords are allowed.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// What every model has beside its fields.
const ATTRIBUTES: &[&str] = &[
    "extra",
    "from_dict",
    "from_json",
    "response",
    "to_dict",
    "to_json",
];

/// What every method takes beside its own arguments, and names that its text uses.
const ARGUMENTS: &[&str] = &[
    "api_key",
    "attempt_timeout",
    "bool",
    "bytes",
    "confirmation",
    "extra_headers",
    "extra_query",
    "float",
    "idempotency_key",
    "int",
    "max_response_bytes",
    "max_retries",
    "options",
    "prefetch",
    "self",
    "str",
    "timeout",
];

/// A name that is an identifier: `from` → `from_`.
pub fn ident(name: &str) -> String {
    let name = names::snake(name);
    match name.as_str() {
        "" => "empty".to_owned(),
        keyword if KEYWORDS.contains(&keyword) => format!("{name}_"),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("n{name}"),
        _ => name,
    }
}

/// An attribute of a model.
pub fn attribute(name: &str) -> String {
    unlike(ident(name), ATTRIBUTES)
}

/// A constant of an enum.
pub fn constant(name: &str) -> String {
    ident(name).to_ascii_uppercase()
}

/// An argument of a method.
pub fn argument(name: &str) -> String {
    unlike(ident(name), ARGUMENTS)
}

fn unlike(name: String, taken: &[&str]) -> String {
    if taken.contains(&name.as_str()) {
        format!("{name}_")
    } else {
        name
    }
}

/// Whether a class body can have it as the name of a field, as it is on the wire.
pub fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name)
        // In a class, two underscores at the start mean something else.
        && !name.starts_with("__")
}

/// The type of a value that is read.
pub fn read_type(ty: &Value) -> String {
    let text = |key: &str| member(ty, key).as_str().unwrap_or_default().to_owned();
    let base = match text("kind").as_str() {
        "list" => format!("Sequence[{}]", read_type(&member(ty, "items"))),
        "map" => format!("Mapping[str, {}]", read_type(&member(ty, "values"))),
        "json" => return "Any".to_owned(),
        "model" | "union" | "enum" => text("name"),
        _ => plain_type(ty),
    };
    or_none(base, ty)
}

/// The type of a value that is sent. `prefix` goes before the types of request objects and closed enums.
pub fn write_type(ty: &Value, prefix: &str) -> String {
    let text = |key: &str| member(ty, key).as_str().unwrap_or_default().to_owned();
    let base = match text("kind").as_str() {
        "list" => format!("Sequence[{}]", write_type(&member(ty, "items"), prefix)),
        "map" => format!(
            "Mapping[str, {}]",
            write_type(&member(ty, "values"), prefix)
        ),
        "json" => return "object".to_owned(),
        "model" | "union" | "enum" => format!("{prefix}{}", text("name")),
        _ => plain_type(ty),
    };
    or_none(base, ty)
}

fn plain_type(ty: &Value) -> String {
    let kind = member(ty, "kind");
    match kind.as_str().unwrap_or_default() {
        "date_time" => "datetime".to_owned(),
        "integer" => "int".to_owned(),
        "number" => "float".to_owned(),
        "boolean" => "bool".to_owned(),
        "binary" => "bytes".to_owned(),
        "const" => {
            let value = member(ty, "value");
            format!("Literal[{}]", string(value.as_str().unwrap_or_default()))
        }
        _ => "str".to_owned(),
    }
}

fn or_none(base: String, ty: &Value) -> String {
    if member(ty, "nullable").is_true() {
        format!("{base} | None")
    } else {
        base
    }
}

/// A string literal.
pub fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A docstring, indented by so many spaces behind its first line, wrapped.
pub fn docstring(text: &str, indent: usize) -> String {
    let lines = markdown::wrap(text, 100_usize.saturating_sub(indent).max(40));
    let lines: Vec<_> = lines.iter().map(|line| escaped(line)).collect();
    let pad = " ".repeat(indent);
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("\"\"\"{}\"\"\"", closing(line)),
        [first, rest @ ..] => {
            let mut out = format!("\"\"\"{first}\n");
            for line in rest {
                out.push_str(format!("{pad}{line}").trim_end());
                out.push('\n');
            }
            out.push_str(&pad);
            out.push_str("\"\"\"");
            out
        }
    }
}

fn escaped(line: &str) -> String {
    line.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"")
}

/// A quotation mark right before the closing ones would join them.
fn closing(line: &str) -> String {
    match line.strip_suffix('"') {
        Some(start) => format!("{start}\\\""),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers_and_taken_by_nothing_else() {
        assert_eq!(ident("If-Match"), "if_match");
        assert_eq!(ident("from"), "from_");
        assert_eq!(ident("2fa"), "n2fa");
        assert_eq!(attribute("response"), "response_");
        assert_eq!(attribute("self"), "self");
        assert_eq!(argument("self"), "self_");
        assert_eq!(argument("timeout"), "timeout_");
        assert!(is_plain("url") && !is_plain("from") && !is_plain("a-b") && !is_plain("1a"));
    }

    #[test]
    fn docstrings_end_where_they_should() {
        assert_eq!(
            docstring("One \\d \"quoted\"", 4),
            "\"\"\"One \\\\d \"quoted\\\"\"\"\""
        );
        assert_eq!(
            docstring("One.\n\nTwo.", 4),
            "\"\"\"One.\n\n    Two.\n    \"\"\""
        );
        assert_eq!(docstring("", 4), "");
    }
}
