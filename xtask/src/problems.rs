//! What is wrong with a spec, collected so that one run shows as much of it as possible.

use std::cell::RefCell;
use std::fmt;

use crate::yaml::Position;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Place in the YAML file.
    pub at: Position,
    /// JSON pointer to the value, empty for the whole document.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// A place in the spec that a later check can still point at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Place in the YAML file.
    pub at: Position,
    /// JSON pointer to the value.
    pub pointer: String,
}

/// The problems of one file. Shared by reference while the spec is read, hence the inner mutability.
#[derive(Debug)]
pub struct Problems {
    file: String,
    list: RefCell<Vec<Problem>>,
}

impl Problems {
    /// No problems yet, in `file` (as it shall be named in messages).
    pub fn new(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            list: RefCell::default(),
        }
    }

    /// Notes a problem.
    pub fn add(&self, at: Position, pointer: &str, message: impl Into<String>) {
        self.list.borrow_mut().push(Problem {
            at,
            pointer: pointer.to_owned(),
            message: message.into(),
        });
    }

    /// Notes a problem at a place that was kept.
    pub fn add_at(&self, place: &Place, message: impl Into<String>) {
        self.add(place.at, &place.pointer, message);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.borrow().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }
}

/// One line each, `file:line:column: pointer: message`, in the order of the file.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = self.list.borrow().clone();
        list.sort();
        list.dedup();
        for (index, problem) in list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let Position { line, column } = problem.at;
            write!(f, "{}:{line}:{column}: ", self.file)?;
            if !problem.pointer.is_empty() {
                write!(f, "{}: ", problem.pointer)?;
            }
            f.write_str(&problem.message)?;
        }
        Ok(())
    }
}
