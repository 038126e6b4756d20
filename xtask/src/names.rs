//! Names in the spellings of the languages.

/// The words of a name: cut at everything that is no letter or digit, and where a capital begins a new word.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (index, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
            continue;
        }
        let before = index.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(index + 1);
        let starts = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if starts && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(c.to_ascii_lowercase());
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// `link_created`.
pub fn snake(name: &str) -> String {
    words(name).join("_")
}

/// `LINK_CREATED`.
pub fn screaming(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// `link-created`.
pub fn kebab(name: &str) -> String {
    words(name).join("-")
}

/// `LinkCreated`.
pub fn pascal(name: &str) -> String {
    words(name).iter().map(|word| capital(word)).collect()
}

/// `linkCreated`.
pub fn camel(name: &str) -> String {
    let mut out = String::new();
    for (index, word) in words(name).iter().enumerate() {
        out += &if index == 0 {
            word.clone()
        } else {
            capital(word)
        };
    }
    out
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// A value of an enum as a snake_case name that starts with a letter: `in-progress` → `in_progress`, `1x` → `value_1x`,
/// nothing → `empty`.
pub fn value_name(value: &str) -> String {
    let name = snake(value);
    if name.is_empty() {
        return if value.is_empty() {
            "empty".into()
        } else {
            "value".into()
        };
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("value_{name}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_names() {
        for (name, expected) in [
            (
                "link.created",
                ["link_created", "LinkCreated", "linkCreated"],
            ),
            ("If-Match", ["if_match", "IfMatch", "ifMatch"]),
            (
                "HTTPServer2Name",
                ["http_server2_name", "HttpServer2Name", "httpServer2Name"],
            ),
            ("utm_source", ["utm_source", "UtmSource", "utmSource"]),
            ("QrImage", ["qr_image", "QrImage", "qrImage"]),
            ("", ["", "", ""]),
        ] {
            assert_eq!([snake(name), pascal(name), camel(name)], expected, "{name}");
        }
        assert_eq!(screaming("apiVersion"), "API_VERSION");
        assert_eq!(kebab("apiVersion"), "api-version");
    }

    #[test]
    fn values_become_names() {
        for (value, expected) in [
            ("in-progress", "in_progress"),
            ("1x", "value_1x"),
            ("", "empty"),
            ("+", "value"),
            ("301", "value_301"),
        ] {
            assert_eq!(value_name(value), expected);
        }
    }
}
