//! The Rust crate, as rustdoc sees it.
//!
//! rustdoc's JSON is not stable, and asks for a nightly toolchain or for being told that this is known. Only rustdoc is told;
//! the compiler and what it has built stay as they are. Every version of the compiler writes its own format, so that this
//! crate's `public-api` has to move with the toolchain; where the two do not fit, it says so.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use public_api::Builder;

/// The crate's items, with all features.
pub fn extract(repository: &Path) -> Result<String, String> {
    let target = env::current_exe().map_err(|error| error.to_string())?;
    let target = target
        .ancestors()
        .nth(2)
        .ok_or("this program lies in no target folder")?;
    let rustdoc = repository.join("tests/surface/extract/rustdoc");
    let made = Command::new("cargo")
        .args([
            "rustdoc",
            "--locked",
            "--quiet",
            "--package",
            "approute",
            "--lib",
            "--all-features",
            "--target-dir",
        ])
        .arg(target)
        .args([
            "--",
            "-Z",
            "unstable-options",
            "--output-format",
            "json",
            "--cap-lints",
            "allow",
        ])
        .env("RUSTDOC", rustdoc)
        .current_dir(repository)
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into_owned());
    }
    let json = target.join("doc/approute.json");
    let listed = Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build();
    let listed = listed.map_err(|error| format!("{}: {error}", json.display()))?;
    let _ = fs::remove_file(json);
    Ok(listed.items().map(|item| format!("{item}\n")).collect())
}
