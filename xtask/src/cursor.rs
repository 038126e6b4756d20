//! Strict reading: every key of a mapping is either asked for or reported.

use std::cell::RefCell;

use crate::problems::{Place, Problems};
use crate::yaml::{Entry, Node, Position, Value, escape};

/// A node together with its JSON pointer and the place where problems go.
#[derive(Clone)]
pub struct Cursor<'a> {
    /// The node.
    pub node: &'a Node,
    /// Its JSON pointer.
    pub pointer: String,
    problems: &'a Problems,
}

impl<'a> Cursor<'a> {
    /// The top of a document.
    pub fn root(node: &'a Node, problems: &'a Problems) -> Self {
        Self {
            node,
            pointer: String::new(),
            problems,
        }
    }

    /// Notes a problem here.
    pub fn problem(&self, message: impl Into<String>) {
        self.problems.add(self.node.at, &self.pointer, message);
    }

    /// This place, for later checks.
    pub fn place(&self) -> Place {
        Place {
            at: self.node.at,
            pointer: self.pointer.clone(),
        }
    }

    fn child(&self, key: &str, node: &'a Node) -> Self {
        Self {
            node,
            pointer: format!("{}/{}", self.pointer, escape(key)),
            problems: self.problems,
        }
    }

    /// This node as an object; a problem where it is none.
    pub fn object(&self) -> Option<Object<'a>> {
        if let Value::Map(entries) = &self.node.value {
            return Some(Object {
                cursor: self.clone(),
                entries,
                asked: RefCell::default(),
            });
        }
        self.problem(format!("must be an object, is {}", self.node.kind()));
        None
    }

    /// The items of a list; a problem where it is none.
    pub fn list(&self) -> Vec<Cursor<'a>> {
        let Value::List(items) = &self.node.value else {
            self.problem(format!("must be a list, is {}", self.node.kind()));
            return Vec::new();
        };
        let item = |(index, node): (usize, &'a Node)| self.child(&index.to_string(), node);
        items.iter().enumerate().map(item).collect()
    }

    /// The entries of an object whose keys are names, not keywords: each with its key, the key's place, and its value.
    pub fn named(&self) -> Vec<(&'a str, Place, Cursor<'a>)> {
        let Value::Map(entries) = &self.node.value else {
            self.problem(format!("must be an object, is {}", self.node.kind()));
            return Vec::new();
        };
        let item = |entry: &'a Entry| {
            let cursor = self.child(&entry.key, &entry.value);
            let place = Place {
                at: entry.at,
                pointer: cursor.pointer.clone(),
            };
            (entry.key.as_str(), place, cursor)
        };
        entries.iter().map(item).collect()
    }

    /// This node as a string; a problem where it is none.
    pub fn text(&self) -> Option<&'a str> {
        let text = self.node.as_text();
        if text.is_none() {
            self.problem(format!(
                "must be a string, is {}: quote it",
                self.node.kind()
            ));
        }
        text
    }

    /// This node as a boolean; a problem where it is none.
    pub fn boolean(&self) -> bool {
        if let Value::Bool(value) = self.node.value {
            return value;
        }
        self.problem(format!("must be true or false, is {}", self.node.kind()));
        false
    }

    /// This node as an integer; a problem where it is none.
    pub fn integer(&self) -> Option<i64> {
        if let Value::Int(value) = self.node.value {
            return Some(value);
        }
        self.problem(format!("must be an integer, is {}", self.node.kind()));
        None
    }

    /// This node as a count; a problem where it is none.
    pub fn count(&self) -> Option<u64> {
        let value = u64::try_from(self.integer()?).ok();
        if value.is_none() {
            self.problem("must not be negative");
        }
        value
    }

    /// This node as a number; a problem where it is none.
    pub fn number(&self) -> Option<serde_json::Number> {
        match self.node.value {
            Value::Int(value) => Some(value.into()),
            Value::Float(value) => serde_json::Number::from_f64(value),
            _ => {
                self.problem(format!("must be a number, is {}", self.node.kind()));
                None
            }
        }
    }
}

/// A mapping whose keys are keywords. [`Object::finish`] reports those that nobody asked for.
pub struct Object<'a> {
    /// The mapping itself.
    pub cursor: Cursor<'a>,
    entries: &'a [Entry],
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Object<'a> {
    /// The value under `key`, which counts as known from now on.
    pub fn get(&self, key: &'static str) -> Option<Cursor<'a>> {
        self.asked.borrow_mut().push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(self.cursor.child(key, &entry.value))
    }

    /// The value under `key`; a problem where it is missing.
    pub fn require(&self, key: &'static str) -> Option<Cursor<'a>> {
        let value = self.get(key);
        if value.is_none() {
            self.cursor.problem(format!("`{key}` is missing: add it"));
        }
        value
    }

    /// An optional string.
    pub fn text(&self, key: &'static str) -> Option<String> {
        Some(self.get(key)?.text()?.to_owned())
    }

    /// A string that must be there.
    pub fn require_text(&self, key: &'static str) -> String {
        let text = self.require(key).and_then(|value| value.text());
        text.unwrap_or_default().to_owned()
    }

    /// An optional boolean, false where it is missing.
    pub fn flag(&self, key: &'static str) -> bool {
        self.get(key).is_some_and(|value| value.boolean())
    }

    /// An optional count.
    pub fn count(&self, key: &'static str) -> Option<u64> {
        self.get(key)?.count()
    }

    /// Whether `key` is there, without asking for it.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Reports every key that nobody asked for; `what` names the kind of object.
    pub fn finish(self, what: &str) {
        let asked = self.asked.borrow();
        for entry in self.entries {
            if asked.contains(&entry.key.as_str()) {
                continue;
            }
            let mut known = asked.clone();
            known.sort_unstable();
            known.dedup();
            let way_out = match closest(&entry.key, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "remove it, or teach it to xtask".to_owned(),
            };
            let message = format!(
                "unknown keyword `{}` in {what}: {way_out} (known here: {})",
                entry.key,
                known.join(", ")
            );
            self.report(entry.at, &entry.key, message);
        }
    }

    fn report(&self, at: Position, key: &str, message: String) {
        let pointer = format!("{}/{}", self.cursor.pointer, escape(key));
        self.cursor.problems.add(at, &pointer, message);
    }
}

/// The one of `known` that `word` was probably meant to be.
fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let distances = known.iter().map(|name| (distance(word, name), *name));
    let (distance, name) = distances.min()?;
    (distance <= 2 && distance < word.chars().count() / 2).then_some(name)
}

/// How many letters must be put in, left out or replaced to get from one word to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, here) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, there) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(here != *there);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_its_keyword() {
        let known = ["description", "maxItems", "maxLength", "type"];
        for (word, expected) in [
            ("maxLenght", Some("maxLength")),
            ("descripton", Some("description")),
            ("tpye", None),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(closest(word, &known), expected, "{word}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
