//! Text from the spec as documentation comments.

use std::fmt::Write as _;

use pulldown_cmark::{Event, Options, Parser};

/// Markdown as HTML. HTML inside it is shown as text: descriptions are no place for it.
pub fn html(text: &str) -> String {
    push(
        Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| match event {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            other => other,
        }),
    )
}

/// A whole page of the documentation as HTML, with the anchors that are in it.
pub fn page(text: &str) -> String {
    push(Parser::new_ext(text, Options::ENABLE_TABLES))
}

fn push<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, events);
    out.trim_end().to_owned()
}

/// Lines of at most `width` characters. Paragraphs are refilled; code blocks, lists, tables and headings keep their
/// lines.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut paragraph = String::new();
    let mut fenced = false;
    for line in text.trim().lines() {
        let line = line.trim_end();
        let start = line.trim_start();
        let fence = start.starts_with("```");
        let keeps = fenced
            || fence
            || start.starts_with(['-', '*', '|', '#', '>'])
            || line.starts_with("    ");
        if keeps || line.is_empty() {
            fill(&mut paragraph, width, &mut lines);
            lines.push(line.to_owned());
        } else {
            paragraph.push_str(start);
            paragraph.push(' ');
        }
        fenced ^= fence;
    }
    fill(&mut paragraph, width, &mut lines);
    lines
}

fn fill(paragraph: &mut String, width: usize, lines: &mut Vec<String>) {
    let mut line = String::new();
    for word in paragraph.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    paragraph.clear();
}

/// Text with each line behind `prefix`, wrapped to `width` characters in all. `*/` and `"""` are broken up where they
/// would end the comment.
pub fn comment(text: &str, prefix: &str, width: usize) -> String {
    let room = width.saturating_sub(prefix.chars().count()).max(40);
    let text = text
        .replace("*/", "*\u{200b}/")
        .replace("\"\"\"", "\\\"\\\"\\\"");
    let mut out = String::new();
    for line in wrap(&text, room) {
        let _ = writeln!(out, "{}", format!("{prefix}{line}").trim_end());
    }
    out.trim_end_matches('\n').to_owned()
}

/// Markdown that rustdoc reads as it is meant: brackets and angles outside of code are text, and addresses are links.
pub fn rustdoc(text: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            out.push_str(line);
            // A block without a language would be compiled as a Rust example.
            if fenced && line.trim() == "```" {
                out.push_str("text");
            }
        } else if fenced {
            out.push_str(line);
        } else {
            escape_line(line, &mut out);
        }
        out.push('\n');
    }
    out.trim_end().to_owned()
}

fn escape_line(line: &str, out: &mut String) {
    let closed = line.matches('`').count() / 2 * 2;
    for (index, part) in line.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        if index % 2 == 1 && index < closed {
            out.push_str(part);
            continue;
        }
        for (index, word) in part.split(' ').enumerate() {
            if index > 0 {
                out.push(' ');
            }
            if word.starts_with("https://") || word.starts_with("http://") {
                let end = word.trim_end_matches([',', '.', ';', ':', ')']);
                let _ = write!(out, "<{end}>{}", &word[end.len()..]);
            } else {
                for c in word.chars() {
                    if matches!(c, '[' | ']' | '<' | '>') && !word.starts_with('>') {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_paragraphs_and_keeps_lists() {
        let text = "one two three\nfour\n\n- a b c d e f g\n- b\n";
        assert_eq!(
            wrap(text, 9),
            ["one two", "three", "four", "", "- a b c d e f g", "- b"]
        );
    }

    #[test]
    fn comments_cannot_be_ended_from_within() {
        let out = comment("a */ b \"\"\" c", " * ", 80);
        assert!(!out.contains("*/") && !out.contains("\"\"\""), "{out}");
        assert_eq!(comment("a\n\nb", "// ", 80), "// a\n//\n// b");
    }

    #[test]
    fn rustdoc_takes_brackets_as_text() {
        assert_eq!(
            rustdoc("in [from, to) with `Vec<u8>` <x>"),
            r"in \[from, to) with `Vec<u8>` \<x\>"
        );
        assert_eq!(
            rustdoc("see https://a.example/b."),
            "see <https://a.example/b>."
        );
        assert_eq!(rustdoc("```\nlet x;\n```"), "```text\nlet x;\n```");
        assert_eq!(rustdoc("a ` [b]"), r"a ` \[b\]");
    }
}
