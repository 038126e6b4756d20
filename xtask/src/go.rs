//! How Go spells names and types.

use minijinja::Value;

use crate::names;
use crate::rust::member;

/// Words that Go writes in capitals.
const INITIALISMS: &[&str] = &[
    "api", "html", "http", "https", "id", "ios", "ip", "json", "os", "pdf", "png", "qr", "svg",
    "tv", "url", "utm", "uuid",
];

/// Words that no Go identifier may be, and names that the generated code uses itself.
const KEYWORDS: &[&str] = &[
    "any",
    "bool",
    "break",
    "byte",
    "case",
    "chan",
    "const",
    "continue",
    "ctx",
    "default",
    "defer",
    "else",
    "error",
    "fallthrough",
    "false",
    "for",
    "func",
    "go",
    "goto",
    "if",
    "import",
    "interface",
    "len",
    "map",
    "nil",
    "opts",
    "package",
    "params",
    "range",
    "req",
    "return",
    "select",
    "string",
    "struct",
    "switch",
    "time",
    "true",
    "type",
    "var",
    "wire",
];

/// An exported name: `link_id` → `LinkID`.
pub fn exported(name: &str) -> String {
    let words = names::words(name);
    let name: String = words.iter().map(|word| capital(word)).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        return format!("N{name}");
    }
    name
}

/// The name of a parameter or variable: `link_id` → `linkID`.
pub fn local(name: &str) -> String {
    let words = names::words(name);
    let mut out = words.first().cloned().unwrap_or_default();
    out.extend(words.iter().skip(1).map(|word| capital(word)));
    if KEYWORDS.contains(&out.as_str()) || out.is_empty() {
        out.push('_');
    }
    out
}

fn capital(word: &str) -> String {
    let singular = word.strip_suffix('s').unwrap_or(word);
    if INITIALISMS.contains(&word) {
        word.to_ascii_uppercase()
    } else if INITIALISMS.contains(&singular) {
        format!("{}s", singular.to_ascii_uppercase())
    } else {
        names::pascal(word)
    }
}

/// A type of the model as Go source, without what makes it optional. Models named in `params` are the arguments of an
/// operation, which shows in their names.
pub fn base_type(ty: &Value, params: &[String]) -> String {
    let text = |key: &str| member(ty, key).as_str().unwrap_or_default().to_owned();
    match text("kind").as_str() {
        "string" | "const" => "string".to_owned(),
        "date_time" => "time.Time".to_owned(),
        "integer" => "int64".to_owned(),
        "number" => "float64".to_owned(),
        "boolean" => "bool".to_owned(),
        "binary" => "[]byte".to_owned(),
        "json" => "json.RawMessage".to_owned(),
        "list" => format!("[]{}", full_type(&member(ty, "items"), params)),
        _ => model_name(&text("name"), params),
    }
}

/// A type of the model as Go source, in `Field` where it is nullable.
pub fn full_type(ty: &Value, params: &[String]) -> String {
    let base = base_type(ty, params);
    if member(ty, "nullable").is_true() {
        format!("Field[{base}]")
    } else {
        base
    }
}

/// The name of a model, enum, map or union.
pub fn model_name(name: &str, params: &[String]) -> String {
    let suffix = if params.iter().any(|param| param == name) {
        "Params"
    } else {
        ""
    };
    format!("{}{suffix}", exported(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_names_as_go_does() {
        for (name, exported_name, local_name) in [
            ("link_id", "LinkID", "linkID"),
            ("id", "ID", "id"),
            ("short_url", "ShortURL", "shortURL"),
            ("IosTarget", "IOSTarget", "iosTarget"),
            ("qr", "QR", "qr"),
            ("delete_ids", "DeleteIDs", "deleteIDs"),
            ("If-Match", "IfMatch", "ifMatch"),
            ("status", "Status", "status"),
            ("type", "Type", "type_"),
            ("301", "N301", "301"),
        ] {
            assert_eq!(exported(name), exported_name);
            assert_eq!(local(name), local_name);
        }
    }
}
