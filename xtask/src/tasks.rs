//! The tasks of `cargo xtask`, each for the repository at `root`. The error is what a person should read.

use std::path::Path;

use crate::generate::{self, Api};
use crate::outputs::{self, Output};
use crate::targets::TARGETS;

/// The one file that is written by hand.
pub const SPEC: &str = "spec/openapi.yaml";

const TEMPLATES: &str = "xtask/templates";

/// Makes every generated file. Returns a line for each that changed, and a summary.
pub fn generate(root: &Path) -> Result<String, String> {
    let files = finished(root)?;
    let mut lines = outputs::write(root, &folders(), &files).map_err(|error| error.to_string())?;
    let changed = lines.len();
    lines.push(format!("{} files, {changed} changed", files.len()));
    Ok(lines.join("\n"))
}

/// Fails where a generated file is not what the spec gives, or where nothing generates it any more.
pub fn check(root: &Path) -> Result<String, String> {
    let files = finished(root)?;
    let lines =
        outputs::differences(root, &folders(), &files).map_err(|error| error.to_string())?;
    if lines.is_empty() {
        return Ok(format!("{} generated files are up to date", files.len()));
    }
    Err(format!(
        "{}\nrun `cargo xtask generate` and commit what it changes",
        lines.join("\n")
    ))
}

/// What templates see, as JSON.
pub fn model(root: &Path) -> Result<String, String> {
    let api = api(root)?;
    serde_json::to_string_pretty(&api.model).map_err(|error| error.to_string())
}

fn api(root: &Path) -> Result<Api, String> {
    let text =
        std::fs::read_to_string(root.join(SPEC)).map_err(|error| format!("{SPEC}: {error}"))?;
    generate::read(&text, SPEC)
}

fn finished(root: &Path) -> Result<Vec<Output>, String> {
    generate::outputs(&api(root)?, &root.join(TEMPLATES), TARGETS)
}

fn folders() -> Vec<&'static str> {
    TARGETS
        .iter()
        .flat_map(|target| target.folders)
        .copied()
        .collect()
}
