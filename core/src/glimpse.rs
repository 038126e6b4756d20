//! A look at one field of a JSON object before it is decoded.

/// How far the look goes: what tells events apart stands at their beginning.
const FAR_ENOUGH: usize = 512;

/// The string that follows the first occurrence of `"name":`.
///
/// A guess, and right for whatever writes its fields in the usual order; but the name may be met deeper down first, or
/// inside a string. Whoever uses it compares it with what was decoded.
pub(crate) fn glimpse<'a>(json: &'a [u8], name: &str) -> Option<&'a str> {
    let near = &json[..json.len().min(FAR_ENOUGH)];
    let quoted = |at: &usize| {
        let rest = &near[at + 1..];
        rest.starts_with(name.as_bytes()) && rest.get(name.len()) == Some(&b'"')
    };
    let quotes = near.iter().enumerate().filter(|(_, byte)| **byte == b'"');
    let at = quotes.map(|(at, _)| at).find(quoted)?;
    let value = json[at + name.len() + 2..].trim_ascii_start();
    let value = value.strip_prefix(b":")?.trim_ascii_start();
    let value = value.strip_prefix(b"\"")?;
    let end = value.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    if value[end] == b'\\' {
        return None;
    }
    std::str::from_utf8(&value[..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_string_of_that_name() {
        for (json, expected) in [
            (r#"{"id":"1","type":"a"}"#, Some("a")),
            (r#"{ "type" : "a" }"#, Some("a")),
            (r#"{"type":"a","type":"b"}"#, Some("a")),
            (r#"{"data":{"type":"a"},"type":"b"}"#, Some("a")),
            (r#"{"type":"a\u0062"}"#, None),
            (r#"{"type":7}"#, None),
            (r#"{"type":"never ends"#, None),
            (r#"{"type"}"#, None),
            (r#"{"type"#, None),
            (r#"{"a type":"b"}"#, None),
            ("", None),
        ] {
            assert_eq!(glimpse(json.as_bytes(), "type"), expected, "{json}");
        }
        let far = format!(r#"{{"x":"{}","type":"a"}}"#, "x".repeat(FAR_ENOUGH));
        assert_eq!(glimpse(far.as_bytes(), "type"), None);
        assert_eq!(glimpse(b"{\"type\":\"\xff\"}", "type"), None);
    }
}
