//! A spec as a tree that remembers where everything stood.

mod parse;

pub use parse::{escape, parse};

use saphyr_parser::Marker;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// A place in the YAML file, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl From<&Marker> for Position {
    fn from(marker: &Marker) -> Self {
        Self {
            line: marker.line(),
            column: marker.col() + 1,
        }
    }
}

/// A YAML value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where the value starts.
    pub at: Position,
    /// The value itself.
    pub value: Value,
}

/// What a [`Node`] holds: the JSON data model, with mappings in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping; keys are unique.
    Map(Vec<Entry>),
}

/// One `key: value` of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key; numbers and the like are taken as they are written.
    pub key: String,
    /// Where the key starts.
    pub at: Position,
    /// Its value.
    pub value: Node,
}

/// Positions do not count: two nodes are equal when they say the same.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    /// A node that comes from no file.
    pub fn new(value: Value) -> Self {
        Self {
            at: Position::default(),
            value,
        }
    }

    /// A string that comes from no file.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Value::Text(text.into()))
    }

    /// A mapping that comes from no file.
    pub fn map(entries: impl IntoIterator<Item = (&'static str, Node)>) -> Self {
        let entry = |(key, value): (&str, Node)| Entry {
            key: key.to_owned(),
            at: Position::default(),
            value,
        };
        Self::new(Value::Map(entries.into_iter().map(entry).collect()))
    }

    /// The string, where this is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, where this is a list; else none.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The entries, where this is a mapping; else none.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entries for changing them; `None` where this is no mapping.
    pub fn entries_mut(&mut self) -> Option<&mut Vec<Entry>> {
        match &mut self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under `key`, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries().iter().find(|entry| entry.key == key)?;
        Some(&entry.value)
    }

    /// Like [`Node::get`], for changing it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let entry = self
            .entries_mut()?
            .iter_mut()
            .find(|entry| entry.key == key)?;
        Some(&mut entry.value)
    }

    /// Takes `key` out of the mapping.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let entries = self.entries_mut()?;
        let index = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(index).value)
    }

    /// Sets `key`: in its place where it is there, at the end where it is not.
    pub fn set(&mut self, key: &str, value: Node) {
        if let Some(old) = self.get_mut(key) {
            *old = value;
        } else if let Some(entries) = self.entries_mut() {
            entries.push(Entry {
                key: key.to_owned(),
                at: value.at,
                value,
            });
        }
    }

    /// The same data as a `serde_json` value.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// What kind of value this is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "an object",
        }
    }
}

/// Keeps the order of the file.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(value) => serializer.serialize_str(value),
            Value::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.key, &entry.value)?;
                }
                map.end()
            }
        }
    }
}
