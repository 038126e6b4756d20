//! YAML text → tree.
//!
//! Built directly on the event stream of `saphyr-parser`: its own tree resolves anchors before they can be refused, and
//! ends at the first duplicate key. Anchors, aliases, tags and several documents in one file are refused, because a spec
//! that many tools read should not depend on them.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::{Entry, Node, Position, Value};
use crate::problems::Problems;

/// How deep a spec may nest before it is refused (a guard for the stack, far above any real spec).
const MAX_DEPTH: usize = 96;

/// Reads one YAML document. `None` where it could not be read; the reasons are in `problems`.
pub fn parse(text: &str, problems: &Problems) -> Option<Node> {
    let before = problems.len();
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        problems,
    };
    let node = reader.document();
    (problems.len() == before).then_some(node).flatten()
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    problems: &'a Problems,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        match self.events.next_event()? {
            Ok(event) => Some(event),
            Err(error) => {
                let message = format!("not valid YAML: {}", error.info());
                self.problems.add(error.marker().into(), "", message);
                None
            }
        }
    }

    fn document(&mut self) -> Option<Node> {
        let mut document = None;
        loop {
            let (event, span) = self.next()?;
            let at = Position::from(&span.start);
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                _ if document.is_some() => {
                    let message =
                        "a second YAML document: a spec is one document, remove the `---`";
                    self.problems.add(at, "", message);
                    return None;
                }
                event => document = Some(self.node(event, at, "", 0)?),
            }
        }
        if document.is_none() {
            self.problems
                .add(Position { line: 1, column: 1 }, "", "the file is empty");
        }
        document
    }

    fn node(
        &mut self,
        event: Event<'a>,
        at: Position,
        pointer: &str,
        depth: usize,
    ) -> Option<Node> {
        if depth > MAX_DEPTH {
            self.problems.add(at, pointer, "nested too deeply");
            return None;
        }
        let value = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.plain(anchor, tag.is_some(), at, pointer);
                scalar(text, style)
            }
            Event::SequenceStart(anchor, tag) => {
                self.plain(anchor, tag.is_some(), at, pointer);
                Value::List(self.list(pointer, depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                self.plain(anchor, tag.is_some(), at, pointer);
                Value::Map(self.map(pointer, depth)?)
            }
            Event::Alias(_) => {
                self.problems.add(
                    at,
                    pointer,
                    "YAML aliases are not supported: use $ref or repeat",
                );
                Value::Null
            }
            _ => Value::Null,
        };
        Some(Node { at, value })
    }

    fn plain(&self, anchor: usize, tagged: bool, at: Position, pointer: &str) {
        if anchor > 0 {
            let message = "YAML anchors are not supported: use $ref or repeat";
            self.problems.add(at, pointer, message);
        }
        if tagged {
            self.problems
                .add(at, pointer, "YAML tags are not supported: remove the tag");
        }
    }

    fn list(&mut self, pointer: &str, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Some(items);
            }
            let pointer = format!("{pointer}/{}", items.len());
            items.push(self.node(event, Position::from(&span.start), &pointer, depth + 1)?);
        }
    }

    fn map(&mut self, pointer: &str, depth: usize) -> Option<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let at = Position::from(&span.start);
            let key = match event {
                Event::MappingEnd => return Some(entries),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => {
                    self.problems.add(at, pointer, "a key must be a string");
                    return None;
                }
            };
            let child = format!("{pointer}/{}", escape(&key));
            let (event, span) = self.next()?;
            let value = self.node(event, Position::from(&span.start), &child, depth + 1)?;
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let line = first.at.line;
                let message =
                    format!("duplicate key `{key}`, first on line {line}: remove one of them");
                self.problems.add(at, &child, message);
            } else {
                entries.push(Entry { key, at, value });
            }
        }
    }
}

/// A key as a token of a JSON pointer.
pub fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

/// The core schema of YAML 1.2: only what JSON knows, and every other plain scalar is a string (dates, `yes`, `no`).
fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.into_owned());
    }
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(value) = text.parse::<i64>() {
        return Value::Int(value);
    }
    // Rust reads `nan` and `inf` as numbers, which JSON has not.
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Value::Float(value),
        _ => Value::Text(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Node, String> {
        let problems = Problems::new("t.yaml");
        parse(text, &problems).ok_or_else(|| problems.to_string())
    }

    #[test]
    fn keeps_order_and_places() {
        let node = parsed("b: 1\na:\n  - x\n  - 'true'\n").unwrap();
        assert_eq!(
            serde_json::to_string(&node).unwrap(),
            r#"{"b":1,"a":["x","true"]}"#
        );
        let second = &node.get("a").unwrap().items()[1];
        assert_eq!(second.at, Position { line: 4, column: 5 });
    }

    #[test]
    fn reads_plain_scalars_by_the_core_schema() {
        let node =
            parsed("[2026-11-01, no, ~, 1.5, -3, 1e3, 5XX, '1', True, .nan, +, inf, nan]").unwrap();
        assert_eq!(
            serde_json::to_string(&node).unwrap(),
            r#"["2026-11-01","no",null,1.5,-3,1000.0,"5XX","1",true,".nan","+","inf","nan"]"#
        );
    }

    #[test]
    fn refuses_what_other_tools_read_differently() {
        for (text, expected) in [
            (
                "a: 1\na: 2\n",
                "t.yaml:2:1: /a: duplicate key `a`, first on line 1",
            ),
            (
                "a: &x 1\nb: *x\n",
                "t.yaml:1:4: /a: YAML anchors are not supported",
            ),
            ("a: !!str 1\n", "YAML tags are not supported"),
            ("a: 1\n---\nb: 2\n", "a second YAML document"),
            ("", "t.yaml:1:1: the file is empty"),
            ("a: [1\n", "not valid YAML"),
            ("[1]: 2\n", "a key must be a string"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(expected), "{text:?} gave {error:?}");
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(parsed(&deep).unwrap_err().contains("nested too deeply"));
    }
}
