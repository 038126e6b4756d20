//! What ends the demo early: one sentence that says what to do.

use std::fmt;

/// The result of a step of the demo.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why the demo cannot go on, in words for the person who runs it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<crate::creators::CsvError> for Failure {
    fn from(error: crate::creators::CsvError) -> Self {
        Self::new(error.to_string())
    }
}
