//! The last station of a generated file: its mark and its format.

use crate::targets::{Format, MARK};

/// Marks a rendered text as generated, and formats it where that is done here.
pub fn finish(text: &str, format: Format) -> Result<String, String> {
    match format {
        Format::Plain => Ok(text.to_owned()),
        Format::Comment(prefix) => Ok(format!("{prefix} {MARK}\n\n{}\n", text.trim())),
        Format::Html => {
            let lines: Vec<&str> = text.trim().lines().collect();
            let (doctype, rest) = lines
                .split_first()
                .ok_or("the template gives nothing".to_owned())?;
            Ok(format!("{doctype}\n<!-- {MARK} -->\n{}\n", rest.join("\n")))
        }
        Format::Rust => {
            let parsed = syn::parse_file(text).map_err(|error| not_rust(text, &error))?;
            Ok(format!(
                "// {MARK}\n\n{}",
                spaced(&prettyplease::unparse(&parsed))
            ))
        }
    }
}

/// With an empty line between items and between methods, which prettyplease leaves out.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 20);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(next) = lines.peek() else { break };
        let closes = matches!(line, "}" | "    }" | "};")
            || line.starts_with("pub type")
            || line.starts_with("use ");
        let inner = |line: &str| line.starts_with("//!") || line.starts_with("#![");
        let header = inner(line) && !inner(next) && !next.is_empty();
        let ends = next.is_empty() || next.trim_start().starts_with(['}', ')']);
        if header || closes && !ends && !next.starts_with("use ") {
            out.push('\n');
        }
    }
    out
}

/// Where and why rendered text is no Rust, with the line in question.
fn not_rust(text: &str, error: &syn::Error) -> String {
    let line = error.span().start().line;
    let source = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    format!(
        "the template gives no valid Rust: {error}, in line {line} of its text: `{}`",
        source.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_is_marked_parsed_and_spaced() {
        let text = "//! Docs.\nuse a::B; use c::D; struct E; impl E { fn f() { if x {} y() } fn g() {} } fn h() {}";
        let expected = "//! Docs.\n\nuse a::B;\nuse c::D;\n\nstruct E;\nimpl E {\n    fn f() {\n        if x {}\n        y()\n    \
                        }\n\n    fn g() {}\n}\n\nfn h() {}\n";
        assert_eq!(
            finish(text, Format::Rust).unwrap(),
            format!("// {MARK}\n\n{expected}")
        );
    }

    #[test]
    fn what_is_no_rust_is_shown() {
        let error = finish("struct A;\nstruct 1;\n", Format::Rust).unwrap_err();
        assert!(
            error.contains("in line 2 of its text: `struct 1;`"),
            "{error}"
        );
    }

    #[test]
    fn other_languages_are_marked_by_a_comment() {
        assert_eq!(
            finish("x\n", Format::Comment("#")).unwrap(),
            format!("# {MARK}\n\nx\n")
        );
        assert_eq!(finish("{}", Format::Plain).unwrap(), "{}");
    }
}
