//! How Ruby spells names and types.

use minijinja::Value;

use crate::names;
use crate::rust::member;

/// Words that no local variable may be.
const KEYWORDS: &[&str] = &[
    "alias", "and", "begin", "break", "case", "class", "def", "defined", "do", "else", "elsif",
    "end", "ensure", "false", "for", "if", "in", "module", "next", "nil", "not", "or", "redo",
    "rescue", "retry", "return", "self", "super", "then", "true", "undef", "unless", "until",
    "when", "while", "yield",
];

/// Names that generated methods use themselves, so that no argument may have them.
const LOCALS: &[&str] = &["args", "body", "options"];

/// Methods that every object, or every model, has; a field must not take their place.
const METHODS: &[&str] = &[
    "class",
    "clone",
    "deconstruct_keys",
    "define_singleton_method",
    "display",
    "dup",
    "each",
    "enum_for",
    "extend",
    "extra",
    "freeze",
    "hash",
    "inspect",
    "instance_eval",
    "instance_exec",
    "itself",
    "method",
    "methods",
    "object_id",
    "public_send",
    "response",
    "send",
    "singleton_class",
    "singleton_methods",
    "tap",
    "then",
    "to_enum",
    "to_h",
    "to_json",
    "to_s",
];

/// A getter's name.
pub fn method(name: &str) -> String {
    let name = identifier(name);
    if METHODS.contains(&name.as_str()) {
        return format!("{name}_");
    }
    name
}

/// The name of an argument.
pub fn local(name: &str) -> String {
    let name = identifier(name);
    if KEYWORDS.contains(&name.as_str()) || LOCALS.contains(&name.as_str()) {
        return format!("{name}_");
    }
    name
}

fn identifier(name: &str) -> String {
    let name = names::snake(name);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("n{name}");
    }
    name
}

/// The name of a class in `Approute::Models`.
pub fn class(name: &str) -> String {
    let name = names::pascal(name);
    if name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return name;
    }
    format!("N{name}")
}

/// The name of an enum's value.
pub fn constant(name: &str) -> String {
    let name = names::screaming(name);
    if name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return name;
    }
    format!("N{name}")
}

/// A type of a model that is received, as RBS writes it: `Array[String]?`.
pub fn rbs(ty: &Value) -> String {
    let base = match text(ty, "kind").as_str() {
        "string" | "const" => "String".to_owned(),
        "date_time" => "Time".to_owned(),
        "integer" => "Integer".to_owned(),
        "number" => "Float".to_owned(),
        "boolean" => "bool".to_owned(),
        "binary" => "String".to_owned(),
        "json" => return "untyped".to_owned(),
        "enum" => enum_base(ty).to_owned(),
        "list" => format!("Array[{}]", rbs(&member(ty, "items"))),
        "map" => format!("Hash[String, {}]", rbs(&member(ty, "values"))),
        "union" => format!("Models::{}", names::snake(&text(ty, "name"))),
        _ => format!("Models::{}", class(&text(ty, "name"))),
    };
    nullable(ty, base)
}

/// A type of what is sent, as RBS writes it: models are hashes, and times may be text.
pub fn rbs_argument(ty: &Value) -> String {
    let base = match text(ty, "kind").as_str() {
        "string" | "const" => "Approute::text".to_owned(),
        "date_time" => "Approute::moment".to_owned(),
        "integer" => "Integer".to_owned(),
        "number" => "Numeric".to_owned(),
        "boolean" => "bool".to_owned(),
        "json" => return "untyped".to_owned(),
        "enum" if member(ty, "integers").is_true() => "Integer".to_owned(),
        "enum" => "Approute::text".to_owned(),
        "list" => format!("Array[{}]", rbs_argument(&member(ty, "items"))),
        "map" => format!(
            "Hash[Approute::text, {}]",
            rbs_argument(&member(ty, "values"))
        ),
        "binary" => "String".to_owned(),
        _ => format!("Models::{}", names::snake(&text(ty, "name"))),
    };
    nullable(ty, base)
}

/// A type in YARD's words: `Array<String>, nil`.
pub fn yard(ty: &Value) -> String {
    let base = match text(ty, "kind").as_str() {
        "string" | "const" | "binary" => "String".to_owned(),
        "date_time" => "Time".to_owned(),
        "integer" => "Integer".to_owned(),
        "number" => "Float".to_owned(),
        "boolean" => "Boolean".to_owned(),
        "json" => "Object".to_owned(),
        "enum" => enum_base(ty).to_owned(),
        "list" => format!("Array<{}>", yard(&member(ty, "items"))),
        "map" => format!("Hash{{String => {}}}", yard(&member(ty, "values"))),
        "union" => "Model".to_owned(),
        _ => class(&text(ty, "name")),
    };
    if member(ty, "nullable").is_true() {
        format!("{base}, nil")
    } else {
        base
    }
}

/// A type of what is sent in YARD's words.
pub fn yard_argument(ty: &Value) -> String {
    let base = match text(ty, "kind").as_str() {
        "date_time" => "Time, String".to_owned(),
        "enum" if !member(ty, "integers").is_true() => "String, Symbol".to_owned(),
        "list" => format!("Array<{}>", yard_argument(&member(ty, "items"))),
        "map" | "model" | "union" => "Hash".to_owned(),
        _ => return yard(ty),
    };
    if member(ty, "nullable").is_true() {
        format!("{base}, nil")
    } else {
        base
    }
}

fn enum_base(ty: &Value) -> &'static str {
    if member(ty, "integers").is_true() {
        "Integer"
    } else {
        "String"
    }
}

fn nullable(ty: &Value, base: String) -> String {
    if member(ty, "nullable").is_true() {
        format!("{base}?")
    } else {
        base
    }
}

fn text(ty: &Value, key: &str) -> String {
    member(ty, key).as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_names_as_ruby_does() {
        assert_eq!(method("short_url"), "short_url");
        assert_eq!(method("class"), "class_");
        assert_eq!(method("If-Match"), "if_match");
        assert_eq!(method("2fa"), "n2fa");
        assert_eq!(local("if"), "if_");
        assert_eq!(local("options"), "options_");
        assert_eq!(local("class"), "class_");
        assert_eq!(class("IosTarget"), "IosTarget");
        assert_eq!(constant("link_created"), "LINK_CREATED");
        assert_eq!(constant("301"), "N301");
    }
}
