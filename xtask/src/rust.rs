//! How Rust spells names, types and literals.

use minijinja::Value;

use crate::names;

/// Words that no Rust identifier may be; `union`, `macro_rules` and the like are allowed.
const KEYWORDS: &[&str] = &[
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Type names that a model must not have, since the generated Rust uses them.
pub const RESERVED_TYPES: &[&str] = &[
    "Box", "Client", "Error", "Extra", "Into", "None", "Ok", "Option", "Patch", "Response",
    "Result", "Self", "Some", "String", "Vec",
];

/// A field, variable or function name. Keywords get an underscore, because `self` cannot be raw and one rule is enough.
pub fn ident(name: &str) -> String {
    let name = names::snake(name);
    match name.as_str() {
        "" => "empty".to_owned(),
        keyword if KEYWORDS.contains(&keyword) => format!("{name}_"),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("n{name}"),
        _ => name,
    }
}

/// The setter of a field. Some names are taken by what every model has.
pub fn setter(name: &str) -> String {
    let name = ident(name);
    match name.as_str() {
        "new" | "clone" | "eq" | "fmt" | "into" => format!("with_{name}"),
        _ => name,
    }
}

/// The variant of an enum with that snake_case name.
pub fn variant(name: &str) -> String {
    let name = names::pascal(name);
    if name == "Self" {
        "Self_".to_owned()
    } else {
        name
    }
}

/// A type of the model as Rust source, without `Option`. `prefix` goes before generated names.
pub fn base_type(ty: &Value, prefix: &str) -> String {
    let text = |key: &str| member(ty, key).as_str().unwrap_or_default().to_owned();
    match text("kind").as_str() {
        "string" | "const" => "String".to_owned(),
        "date_time" => "chrono::DateTime<chrono::Utc>".to_owned(),
        "integer" => "i64".to_owned(),
        "number" => "f64".to_owned(),
        "boolean" => "bool".to_owned(),
        "binary" => "bytes::Bytes".to_owned(),
        "json" => "serde_json::Value".to_owned(),
        "list" => format!("Vec<{}>", full_type(&member(ty, "items"), prefix)),
        _ => format!("{prefix}{}", text("name")),
    }
}

/// A type of the model as Rust source, in `Option` where it is nullable.
pub fn full_type(ty: &Value, prefix: &str) -> String {
    let base = base_type(ty, prefix);
    let nullable = member(ty, "nullable").is_true() && base != "serde_json::Value";
    if nullable {
        format!("Option<{base}>")
    } else {
        base
    }
}

/// A member of an object; undefined where it has none.
pub fn member(value: &Value, key: &str) -> Value {
    value.get_attr(key).unwrap_or_default()
}

/// A string literal.
pub fn string(text: &str) -> String {
    proc_macro2::Literal::string(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_identifier_is_a_keyword() {
        for (name, expected) in [
            ("type", "type_"),
            ("self", "self_"),
            ("Self", "self_"),
            ("utm_source", "utm_source"),
            ("If-Match", "if_match"),
            ("2fa", "n2fa"),
        ] {
            assert_eq!(ident(name), expected);
            assert!(syn::parse_str::<syn::Ident>(&ident(name)).is_ok());
        }
        for keyword in KEYWORDS {
            assert!(
                syn::parse_str::<syn::Ident>(&ident(keyword)).is_ok(),
                "{keyword}"
            );
        }
        assert_eq!(variant("self"), "Self_");
    }
}
