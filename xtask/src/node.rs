//! How TypeScript spells names, types, and checks of what an answer holds.

use minijinja::Value;

use crate::names;
use crate::rust::member;

/// Words that a variable cannot be called in strict code, and names that generated methods use themselves.
const RESERVED: &[&str] = &[
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "options",
    "package",
    "params",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// The name of a parameter: `link_id` → `linkId`.
pub fn local(name: &str) -> String {
    let name = names::camel(name);
    if RESERVED.contains(&name.as_str()) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("{name}_")
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .to_owned();
    }
    name
}

/// A property's name, quoted where it has to be.
pub fn key(name: &str) -> String {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if plain { name.to_owned() } else { text(name) }
}

/// A property of a value: `value.title`, or `value["2fa"]`.
pub fn property(of: &str, name: &str) -> String {
    let key = key(name);
    if key == name {
        format!("{of}.{key}")
    } else {
        format!("{of}[{key}]")
    }
}

fn text(value: &str) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn named(ty: &Value) -> String {
    member(ty, "name").to_string()
}

fn is_nullable(ty: &Value) -> bool {
    member(ty, "nullable").is_true()
}

/// A type. What is sent takes a `Date` for a time; `prefix` is where named types come from.
pub fn full_type(ty: &Value, sent: bool, prefix: &str) -> String {
    let base = base_type(ty, sent, prefix);
    if is_nullable(ty) {
        format!("{base} | null")
    } else {
        base
    }
}

fn base_type(ty: &Value, sent: bool, prefix: &str) -> String {
    match member(ty, "kind").as_str().unwrap_or_default() {
        "date_time" if sent => "string | Date".to_owned(),
        "string" | "date_time" | "binary" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "const" => text(member(ty, "value").as_str().unwrap_or_default()),
        "list" => {
            let items = full_type(&member(ty, "items"), sent, prefix);
            let items = if items.contains(" | ") {
                format!("({items})")
            } else {
                items
            };
            // What is sent may be a constant of the caller's.
            if sent {
                format!("readonly {items}[]")
            } else {
                format!("{items}[]")
            }
        }
        "model" | "enum" | "union" | "map" => format!("{prefix}{}", named(ty)),
        _ => "unknown".to_owned(),
    }
}

/// An expression that says whether `it` is what the type promises.
pub fn fits(ty: &Value, it: &str) -> String {
    let base = match member(ty, "kind").as_str().unwrap_or_default() {
        "date_time" => format!("isTime({it})"),
        "string" | "binary" => format!("typeof {it} === \"string\""),
        "const" => format!("{it} === {}", base_type(ty, false, "")),
        "integer" => format!("Number.isInteger({it})"),
        "number" => format!("typeof {it} === \"number\""),
        "boolean" => format!("typeof {it} === \"boolean\""),
        "enum" if member(ty, "integers").is_true() => format!("Number.isInteger({it})"),
        "enum" => format!("typeof {it} === \"string\""),
        "model" | "union" => format!("is{}({it})", named(ty)),
        "list" => format!(
            "isList({it}, (item) => {})",
            fits(&member(ty, "items"), "item")
        ),
        "map" => format!(
            "isMap({it}, (item) => {})",
            fits(&member(ty, "values"), "item")
        ),
        // Any JSON value.
        _ => return format!("{it} !== undefined"),
    };
    if is_nullable(ty) {
        format!("({it} === null || {base})")
    } else {
        base
    }
}

/// A type as data, from which the place of a misfit is found.
pub fn shape(ty: &Value) -> String {
    let kind = member(ty, "kind");
    let base = match kind.as_str().unwrap_or_default() {
        "enum" if member(ty, "integers").is_true() => "[\"integer\"]".to_owned(),
        "string" | "enum" | "binary" => "[\"string\"]".to_owned(),
        "const" => format!("[\"const\", {}]", base_type(ty, false, "")),
        "list" => format!("[\"list\", {}]", shape(&member(ty, "items"))),
        "map" => format!("[\"map\", {}]", shape(&member(ty, "values"))),
        "model" | "union" => format!(
            "[{}, {}]",
            text(kind.as_str().unwrap_or_default()),
            text(&named(ty))
        ),
        other => format!("[{}]", text(other)),
    };
    if is_nullable(ty) {
        format!("[\"null\", {base}]")
    } else {
        base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_in_typescript() {
        for (name, expected) in [
            ("link_id", "linkId"),
            ("class", "class_"),
            ("options", "options_"),
            ("2fa", "fa_"),
            ("If-Match", "ifMatch"),
        ] {
            assert_eq!(local(name), expected);
        }
        assert_eq!(key("link_id"), "link_id");
        assert_eq!(key("2fa"), "\"2fa\"");
        assert_eq!(property("v", "If-Match"), "v[\"If-Match\"]");
    }
}
