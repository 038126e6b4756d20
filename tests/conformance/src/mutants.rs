//! Breaks each rule of the Rust core, one at a time, and shows that a case of the rule turns red.

use crate::load::Kit;

/// `approute-conformance mutants [FILTER]...`.
///
/// # Errors
/// When the mutants cannot be built.
pub fn command(_kit: &Kit, _filters: &[String]) -> Result<bool, String> {
    Err("not written yet".to_owned())
}
