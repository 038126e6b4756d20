//! What `Debug` shows instead of a secret.

use std::fmt;

/// Prints as `[redacted]`, whether or not there is a value: even that is nobody's business.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
